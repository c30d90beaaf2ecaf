local test = require "fazt.test"

local function list_of(who, ...)
  local list, ids = who:post("/lists", { form = { name = "Groceries" } }).headers.location, {}
  for _, text in ipairs { ... } do
    ids[text] = who:post(list, { json = { text = text }, headers = { accept = "application/json" } }).json.id
  end
  return list, ids
end

test("ticked, unticked, removed", function(t)
  local anna = t.user("anna")
  local list, ids = list_of(anna, "Milk", "Eggs")
  anna:post("/items/" .. ids.Milk .. "/tick")
  t.match(anna:get(list).html, 'aria%-checked="true">Milk<')
  t.match(anna:get("/").html, '"count">1<', "one is to get")
  anna:post("/items/" .. ids.Milk .. "/tick")
  t.match(anna:get(list).html, 'aria%-checked="true">Milk<', "ticking twice is ticking")
  anna:post("/items/" .. ids.Milk .. "/untick")
  t.match(anna:get(list).html, 'aria%-checked="false">Milk<')
  anna:post("/items/" .. ids.Eggs .. "/remove")
  t.ok(not anna:get(list).html:find("Eggs", 1, true))
end)

test("what is ticked is cleared at once", function(t)
  local anna = t.user("anna")
  local list, ids = list_of(anna, "Milk", "Eggs", "Bread")
  anna:post("/items/" .. ids.Milk .. "/tick")
  anna:post("/items/" .. ids.Bread .. "/tick")
  t.equal(anna:post(list .. "/clear").status, 303)
  local page = anna:get(list).html
  t.ok(page:find(">Eggs<", 1, true) and not page:find(">Milk<", 1, true) and not page:find(">Bread<", 1, true))
  t.equal(anna:post(list .. "/clear").status, 303, "nothing to clear is no error")
end)

test("what is typed is shown as it was typed", function(t)
  local anna = t.user("anna")
  local list = list_of(anna, "<b>Milk</b> & honey")
  t.match(anna:get(list).html, "&lt;b&gt;Milk&lt;/b&gt; &amp; honey")
  local refused = anna:post(list, { form = { text = " " } })
  t.equal(refused.status, 422)
  t.match(refused.html, "Write what is needed")
  t.equal(anna:post("/lists", { form = { name = ("a"):rep(81) } }).status, 422)
end)
