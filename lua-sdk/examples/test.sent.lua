local test = require "fazt.test"
test("it says who asks", function(t)
  t.server { ["GET https://api.example.com/weather"] = { { status = 503 }, { json = { city = "Aachen" } } } } -- one after the other
  t.owner():get("/weather")
  t.owner():get("/weather")
  t.equal(#t.sent(), 2) -- test.sent
  t.equal(t.sent()[1].headers["x-app"], "examples")
end)
