local test = require "fazt.test"
test("it answers with what it was told", function(t)
  t.env("API_KEY", "sesame") -- test.env: app.json asks for it
  t.equal(t.stranger():get("/key").text, "sesame")
end)
