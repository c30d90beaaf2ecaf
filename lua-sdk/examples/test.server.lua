local test = require "fazt.test"
test("the weather comes from elsewhere", function(t)
  t.server { ["GET https://api.example.com/weather"] = { json = { city = "Aachen" } } } -- test.server
  t.equal(t.owner():get("/weather").text, "Aachen")
  t.server { ["GET https://api.example.com/weather"] = "timeout" } -- an error's code
  t.equal(t.owner():get("/weather").status, 504)
end)
