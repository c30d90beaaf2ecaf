local test = require "fazt.test"
test("the owner hears of it", function(t)
  t.user("anna"):post("/tell", { form = { news = "The ship is in" } })
  t.equal(t.notifications()[1].title, "tested: The ship is in") -- test.notifications: as the phone shows it
end)
