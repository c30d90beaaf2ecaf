local test = require "fazt.test"

local function write(t, title)
  return t.owner():post("/write", { form = { title = title, text = "Some *words*." } }).headers.location
end

test("a draft is its author's alone", function(t)
  local post = write(t, "Draft")
  t.match(t.owner():get("/").body, "Draft")
  t.equal(t.stranger():get(post).status, 404)
  t.ok(not t.user("anna"):get("/").body:find("Draft"))
end)

test("a published post is for anyone", function(t)
  local post = write(t, "News")
  t.owner():post(post .. "/publish", { form = { on = "1" } })
  t.match(t.stranger():get("/").body, "News")
  t.match(t.stranger():get(post).body, "<em>words</em>")
  t.owner():post(post .. "/publish", { form = {} })
  t.equal(t.stranger():get(post).status, 404)
end)

test("members comment, and delete what they wrote", function(t)
  local post, anna, ben = write(t, "Talk"), t.user("anna"), t.user("ben")
  t.owner():post(post .. "/publish", { form = { on = "1" } })
  t.equal(anna:post(post .. "/comments", { form = { text = "<b>Hello</b>" } }).status, 303)
  t.match(t.stranger():get(post).body, "&lt;b&gt;Hello")
  t.match(t.stranger():get(post).body, "Sign in to comment")
  local comment = anna:get(post).body:match('action="(/comments/[^"]+)"')
  t.ok(not ben:get(post).body:find("/comments/[^\"]+/delete"))
  t.equal(ben:post(comment).status, 403)
  t.equal(anna:post(comment).status, 303)
  t.ok(not anna:get(post).body:find("Hello"))
end)

test("only admins write", function(t)
  t.equal(t.user("anna"):post("/write", { form = { title = "Mine", text = "x" } }).status, 403)
  t.equal(t.owner():post("/write", { form = { title = "" } }).status, 422)
end)
