local test = require "fazt.test"
test("the app knows the city", function(t)
  t.env("CITY", "Lisbon") -- test.env: a name that app.json asks for
  t.equal(t.owner():get("/city").text, "Lisbon")
end)
