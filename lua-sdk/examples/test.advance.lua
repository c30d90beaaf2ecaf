local test = require "fazt.test"
test("time goes by", function(t)
  local before = t.now()
  t.advance(3600) -- test.advance: an hour
  t.ok(t.now() - before >= 3600 * 1000)
end)
