local test = require "fazt.test"
local docs = require "fazt".storage.docs

local message = { name = "Mara", email = "mara@example.org", message = "A new kitchen, please." }

local function with(more)
  local fields = {}
  for name, value in pairs(message) do fields[name] = value end
  for name, value in pairs(more) do fields[name] = value end
  return fields
end

local function count(t)
  return t.owner():as(docs.count, "leads")
end

test("a stranger writes, and only admins read it", function(t)
  local owner, eve, ben, stranger = t.owner(), t.user("eve", { role = "admin" }), t.user("ben"), t.stranger()
  t.equal(stranger:get("/contact").status, 200)
  t.equal(stranger:post("/contact", { form = message }).headers.location, "/contact/thanks")
  t.equal(stranger:get("/contact/thanks").status, 200)
  for _, admin in ipairs { owner, eve } do
    t.match(admin:get("/").html, "Mara")
    t.match(admin:get("/leads.csv").body, "mara@example.org")
  end
  local id = owner:get("/").html:match('href="/leads/([^"]+)"')
  t.equal(owner:post("/leads/" .. id .. "/notes", { form = { text = "Called, budget is tight" } }).status, 303)
  t.match(eve:get("/leads/" .. id).html, "budget is tight")
  t.ok(not ben:get("/").html:find("Mara", 1, true))
  t.ok(not ben:get("/leads?q=kitchen").html:find("Mara", 1, true))
  t.ok(not ben:get("/leads.csv").body:find("mara", 1, true))
  t.equal(ben:get("/leads/" .. id).status, 404)
  t.equal(ben:post("/leads/" .. id .. "/move", { form = { stage = "won" } }).status, 404)
  t.equal(ben:post("/leads/" .. id .. "/notes", { form = { text = "x" } }).status, 404)
  t.equal(ben:post("/leads/" .. id .. "/delete").status, 404)
  t.equal(#ben:as(docs.find, "notes"), 0)
  for _, path in ipairs { "/", "/leads", "/leads.csv", "/leads/" .. id, "/import", "/new" } do
    t.equal(stranger:get(path).status, 401, path)
  end
end)

test("a note is changed by whoever wrote it", function(t)
  local owner, eve = t.owner(), t.user("eve", { role = "admin" })
  t.stranger():post("/contact", { form = message })
  local id = owner:get("/").html:match('href="/leads/([^"]+)"')
  eve:post("/leads/" .. id .. "/notes", { form = { text = "Nice" } })
  local note = eve:get("/leads/" .. id).html:match('action="(/notes/[^"]+)"')
  t.equal(owner:post(note).status, 403)
  t.equal(eve:post(note).status, 303)
end)

test("the form keeps what was typed, and turns programs away politely", function(t)
  local stranger = t.stranger()
  local again = stranger:post("/contact", { form = with { email = "mara", company = "Mara & Co" } })
  t.equal(again.status, 422)
  t.match(again.html, "does not look like an e%-mail")
  t.match(again.html, 'value="Mara &amp; Co"')
  t.match(again.html, "A new kitchen, please.")
  t.equal(stranger:post("/contact", { form = with { website = "http://pills.example" } }).headers.location, "/contact/thanks")
  t.equal(count(t), 0)
  local key = stranger:get("/contact").html:match('name="key" value="(%w+)"')
  for _ = 1, 2 do t.equal(stranger:post("/contact", { form = with { key = key } }).status, 303) end
  t.equal(count(t), 1, "sent twice is one lead")
  stranger:post("/contact", { form = with { stage = "won", worth = "9", words = "x", owner = "me" } })
  t.equal(t.owner():as(docs.find, "leads", { stage = "won" }), {}, "a stranger does not say how far it has come")
end)

test("the webhook takes what knows the secret, once", function(t)
  local stranger = t.stranger()
  local function deliver(secret, key, body)
    return stranger:post("/hook", { json = body or message, headers = { ["X-Hook-Secret"] = secret, ["Idempotency-Key"] = key } })
  end
  t.equal(deliver("", "1").status, 401, "without a secret of ours there is none to know")
  t.env("HOOK_SECRET", "sesame")
  t.equal(deliver("", "1").status, 401)
  t.equal(deliver("sesam", "1").status, 401)
  t.equal(count(t), 0)
  t.equal({ deliver("sesame", "1").status, deliver("sesame", "1").status, deliver("sesame", "2").status }, { 201, 200, 201 })
  t.equal(count(t), 2)
  local wrong = deliver("sesame", "3", { name = "Mara", email = "x" })
  t.equal(wrong.status, 422)
  t.ok(wrong.json.error.fields.message and wrong.json.error.fields.email, "each field that is wrong is named")
  t.equal(deliver("sesame", "3").status, 201, "after it was corrected it is taken")
  t.equal(stranger:post("/hook", { body = "{", headers = { ["X-Hook-Secret"] = "sesame", ["Content-Type"] = "application/json" } }).status, 400)
end)
