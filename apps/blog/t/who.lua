local test = require "fazt.test"

-- A post of somebody, published unless it shall stay a draft: where it is edited.
local function write(who, title, more)
  local fields = { title = title, body = "Text of " .. title, ["then"] = "publish" }
  for name, value in pairs(more or {}) do fields[name] = value end
  return who:post("/new", { form = fields })
end

local function draft(who, title)
  return write(who, title, { ["then"] = "save" }).headers.location:match("^/edit/[^?]+")
end

local function shows(page, text)
  return page.html:find(text, 1, true) ~= nil
end

test("a draft is its writer's alone", function(t)
  local owner, eve, ben, stranger = t.owner(), t.user("eve", { role = "admin" }), t.user("ben"), t.stranger()
  local edit = draft(owner, "Secret plans")
  t.ok(shows(owner:get("/drafts"), "Secret plans"))
  t.equal(owner:get("/posts/secret-plans").status, 200)
  for _, who in ipairs { eve, ben, stranger } do
    t.equal(who:get("/posts/secret-plans").status, 404)
    t.equal(who:get(edit).status, 404)
    t.ok(not shows(who:get("/drafts"), "Secret plans"))
    t.ok(not shows(who:get("/"), "Secret plans"))
    t.ok(not who:get("/feed.xml").body:find("Secret", 1, true))
    t.ok(who:post(edit, { form = { title = "Mine now", rev = 1 } }).status >= 400)
    t.ok(who:post("/posts/secret-plans", { form = { text = "I know" } }).status >= 400)
  end
  t.ok(not shows(owner:get("/"), "Secret plans"), "nor is it on the first page of the writer")
end)

test("publishing shares it with anyone, and taking it back ends that", function(t)
  local owner, stranger = t.owner(), t.stranger()
  local post = write(owner, "Hello").headers.location
  t.equal(post, "/posts/hello")
  t.ok(shows(stranger:get("/"), "Hello"))
  t.match(stranger:get(post).html, "Text of Hello")
  local edit = owner:get(post).html:match('href="(/edit/[^"]+)"')
  local rev = owner:get(edit).html:match('name="rev" value="(%d+)"')
  t.equal(stranger:get(post).html:match('href="(/edit/[^"]+)"'), nil)
  owner:post(edit, { form = { title = "Hello", body = "x", rev = rev, ["then"] = "unpublish" } })
  t.equal(stranger:get(post).status, 404)
  t.ok(not shows(stranger:get("/"), "Hello"))
end)

test("only admins write, and only what is theirs", function(t)
  local eve, ben, stranger = t.user("eve", { role = "admin" }), t.user("ben"), t.stranger()
  t.equal(write(ben, "Ben was here").status, 403)
  t.equal(write(stranger, "So was I").status, 401)
  t.equal(stranger:get("/new").status, 401)
  local edit = draft(eve, "Of Eve")
  t.equal(write(t.owner(), "Of Eve").headers.location, "/posts/of-eve-2", "an address is taken also where one does not see by what")
  local post = write(eve, "Public").headers.location
  local id = eve:get(post).html:match('href="/edit/([^"]+)"')
  local rev = eve:get("/edit/" .. id).html:match('name="rev" value="(%d+)"')
  t.equal(t.owner():get("/edit/" .. id).headers.location, post)
  t.equal(t.owner():post("/edit/" .. id, { form = { title = "x", rev = rev } }).status, 403)
  t.equal(t.owner():post("/edit/" .. id, { form = { title = "x", rev = rev, ["then"] = "unpublish" } }).status, 403)
  t.equal(t.owner():post("/edit/" .. id .. "/delete").status, 403)
  t.equal(ben:post("/settings", { form = { title = "Ben's" } }).status, 403)
  t.equal(eve:post("/settings", { form = { title = "Eve's" } }).status, 303)
  t.ok(shows(stranger:get("/"), "Eve&#39;s"))
  t.equal(eve:post(edit .. "/delete").status, 303)
end)

test("members comment on what they can read, and take back what they wrote", function(t)
  local owner, ben, cleo, stranger = t.owner(), t.user("ben"), t.user("cleo"), t.stranger()
  local post = write(owner, "Soup").headers.location
  t.equal(ben:post(post, { form = { text = "More salt" } }).status, 303)
  t.match(stranger:get(post).html, "More salt")
  t.equal(stranger:post(post, { form = { text = "Buy pills" } }).status, 401)
  t.equal(ben:post(post, { form = { text = " " } }).status, 422)
  local id = stranger:get(post).html:match('<li id="([^"]+)"')
  t.equal(cleo:post("/comments/" .. id .. "/delete").status, 403)
  t.equal(stranger:post("/comments/" .. id .. "/delete").status, 401)
  t.equal(ben:post("/comments/" .. id .. "/delete").status, 303)
  cleo:post(post, { form = { text = "Rude" } })
  id = stranger:get(post).html:match('<li id="([^"]+)"')
  t.equal(owner:post("/comments/" .. id .. "/delete").status, 303, "whose post it is may delete what hangs below it")
end)

test("images follow their post", function(t)
  local owner, stranger = t.owner(), t.stranger()
  local id = draft(owner, "With a cat"):match("[^/]+$")
  local image = "/images/" .. id .. "/cat.png"
  owner:as(function() require "fazt".storage.blob.put(image:sub(2), "PNG", { parent = id, type = "image/png" }) end)
  t.equal(owner:get(image).body, "PNG")
  t.equal(stranger:get(image).status, 404)
  owner:post("/edit/" .. id, { form = { title = "With a cat", rev = 1, ["then"] = "publish" } })
  t.equal(stranger:get(image).body, "PNG")
  owner:post("/edit/" .. id .. "/delete")
  t.equal(owner:get(image).status, 404, "and go with it")
end)
