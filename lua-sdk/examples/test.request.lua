local test = require "fazt.test"
test("the page greets", function(t)
  local answer = t.stranger():get("/hello") -- test.request, as somebody
  t.equal(answer.status, 200)
  t.match(answer.body, "Hello")
end)
