local test = require "fazt.test"
test("whoever writes is answered", function(t)
  t.user("anna"):post("/tell", { form = { news = "The ship is in" } })
  local mail = t.mails()[1] -- test.mails: what the app has sent
  t.equal(mail.to, "owner")
  t.match(mail.text, "The ship is in")
end)
