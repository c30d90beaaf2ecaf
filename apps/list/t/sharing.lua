local test = require "fazt.test"

local function make(who, name)
  return who:post("/lists", { form = { name = name } }).headers.location
end

local function add(who, list, text)
  return who:post(list, { json = { text = text }, headers = { accept = "application/json" } }).json
end

test("a list is its owner's alone", function(t)
  local anna, ben = t.user("anna"), t.user("ben")
  local list = make(anna, "Presents for Ben")
  local item = add(anna, list, "A kite")
  t.match(anna:get(list).html, "A kite")
  t.ok(not ben:get("/").html:find("Presents", 1, true), "Ben does not see it")
  t.equal(ben:get(list).status, 404)
  t.equal(ben:get(list .. "/share").status, 404)
  t.equal(ben:post(list, { form = { text = "A bike" } }).status, 404)
  for _, way in ipairs { "tick", "untick", "remove" } do
    t.equal(ben:post("/items/" .. item.id .. "/" .. way).status, 404, way)
  end
  t.equal(t.stranger():get(list).status, 401)
end)

test("shared with a person, and with nobody else", function(t)
  local anna, ben, cleo = t.user("anna"), t.user("ben"), t.user("cleo")
  local list = make(anna, "Dinner")
  anna:post(list .. "/share", { form = { who = ben.id, on = "1" } })
  t.match(ben:get("/").html, "Dinner")
  local item = add(ben, list, "Basil")
  t.match(anna:get(list).html, "Basil")
  t.equal(anna:post("/items/" .. item.id .. "/tick").status, 303, "what Ben added, Anna ticks")
  t.equal(cleo:get(list).status, 404)
  t.equal(cleo:post("/items/" .. item.id .. "/untick").status, 404)
  t.equal(ben:get(list .. "/share").status, 403, "only its owner shares it")
  t.equal(ben:post(list .. "/share", { form = { who = cleo.id, on = "1" } }).status, 403)
  t.equal(ben:post(list .. "/delete").status, 403, "… or deletes it")
  anna:post(list .. "/share", { form = { who = ben.id } })
  t.equal(ben:get(list).status, 404, "until it is not shared any more")
end)

test("shared with everyone", function(t)
  local anna, cleo = t.user("anna"), t.user("cleo")
  local list = make(anna, "Camping")
  anna:post(list .. "/share", { form = { who = "members", on = "1" } })
  t.equal(cleo:post(list, { form = { text = "Tent" } }).status, 303)
  t.match(anna:get(list).html, "Tent")
  t.equal(t.stranger():get(list).status, 401, "but not with strangers")
end)

test("when the list goes, so does what stands on it", function(t)
  local anna = t.user("anna")
  local list = make(anna, "Gone")
  local item = add(anna, list, "Bread")
  anna:post(list .. "/delete")
  t.equal(anna:get(list).status, 404)
  t.equal(anna:post("/items/" .. item.id .. "/tick").status, 404)
end)
