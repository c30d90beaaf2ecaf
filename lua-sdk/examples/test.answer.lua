local test = require "fazt.test"
test("what is dear is asked for", function(t)
  local answer = t.user("anna"):post("/buy", { form = { what = "piano" } })
  t.equal(answer.status, 202) -- it waits
  t.equal(t.approve({ price = 250 }).reason, "Buy a piano?") -- test.answer; t.deny("too dear") says no
  t.fails("not_found", t.deny) -- nothing else waits
end)
