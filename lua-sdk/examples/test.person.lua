local test = require "fazt.test"
test("it knows who asks", function(t)
  local anna = t.user("anna") -- test.person: a member; t.user("eve", { role = "admin" })
  t.equal(anna:get("/me").json.name, "anna")
end)
