local test = require "fazt.test"

test("people are greeted by name", function(t)
  local page = t.user("anna"):get("/")
  t.equal(page.status, 200)
  t.match(page.body, "Hello anna")
end)

test("strangers are sent to sign in", function(t)
  t.ok(t.stranger():get("/").status ~= 200)
end)
