-- Lists that a family shares. Who may see and change which row is said in app.json and nowhere here: what a person may
-- not have is not found, or denied. Every page works without scripts; public/app.js asks the same routes.

local fazt = require "fazt"
local form, html, validate = require "fazt.form", require "fazt.html", require "fazt.validate"
local docs, tx = fazt.storage.docs, fazt.storage.tx

local new_list = validate.schema {
  { "name", "string", required = true, max = 80, label = "New list", placeholder = "Groceries, camping…", message = "Give the list a name, of at most 80 letters." },
}
local new_item = validate.schema {
  { "text", "string", required = true, max = 200, label = "Add to the list", placeholder = "Milk, two onions…", message = "Write what is needed, in at most 200 letters." },
}

-- What was changed for a script, the page to see it on for a browser.
local function changed(req, path, row)
  if (req.headers.accept or ""):find("application/json", 1, true) then return { json = row or {} } end
  return { redirect = path }
end

local function get(collection, id)
  return docs.get(collection, id) or fazt.fail("not_found", "It is gone: somebody removed it, or stopped sharing it.")
end

local function names()
  local name_of, people = {}, fazt.users.list()
  for _, person in ipairs(people) do name_of[person.id] = person.name end
  return name_of, people
end

-- ---- all lists ----

local function home(req, typed, errors)
  local open = {}
  for _, item in ipairs((docs.find("items", { done = false }, { fields = { "parent" }, limit = 1000 }))) do
    open[item.parent] = (open[item.parent] or 0) + 1
  end
  return html.render("home", {
    me = req.user.id, names = names(), open = open,
    lists = docs.find("lists", nil, { sort = "-created", limit = 200 }),
    field = form.field(new_list, "name", typed, errors),
  })
end

local function make(req)
  local value, errors, typed = form.read(new_list, req)
  if errors then return form.invalid(req, errors, function() return home(req, typed, errors) end) end
  local list = docs.insert("lists", value)
  return changed(req, "/lists/" .. list.id, list)
end

-- ---- one list ----

local function show(req, id, typed, errors)
  local list = get("lists", id)
  local open, done = {}, {}
  for _, item in ipairs((docs.find("items", { parent = id }, { sort = "created", limit = 1000 }))) do
    local half = item.done and done or open
    half[#half + 1] = item
  end
  return html.render("list", {
    list = list, mine = list.owner == req.user.id, me = req.user.id, names = names(), open = open, done = done,
    field = form.field(new_item, "text", typed, errors),
  })
end

local function add(req)
  local id = req.params.id
  local value, errors, typed = form.read(new_item, req)
  if errors then return form.invalid(req, errors, function() return show(req, id, typed, errors) end) end
  return changed(req, "/lists/" .. id, docs.insert("items", { parent = id, text = value.text, done = false }))
end

local function tick(done)
  return function(req)
    local item = docs.update("items", req.params.id, { done = done })
    return changed(req, "/lists/" .. item.parent, item)
  end
end

local function remove(req)
  local item = get("items", req.params.id)
  docs.delete("items", item.id)
  return changed(req, "/lists/" .. item.parent)
end

local function clear(req)
  local id = req.params.id
  tx(function()
    local ticked = docs.find("items", { parent = id, done = true }, { limit = 500 })
    for _, item in ipairs(ticked) do docs.delete("items", item.id) end
  end)
  return changed(req, "/lists/" .. id)
end

local function delete(req)
  docs.delete("lists", req.params.id)
  return changed(req, "/")
end

-- ---- sharing ----

-- Everyone, then each person but its owner, and whether the list is shared with them.
local function sharing(req)
  local list, shared = get("lists", req.params.id), {}
  for _, share in ipairs(docs.shares("lists", list.id)) do shared[share.who] = true end
  local _, people = names()
  local choices = { { id = "members", name = "Everyone here", shared = shared.members } }
  for _, person in ipairs(people) do
    if person.id ~= req.user.id then choices[#choices + 1] = { id = person.id, name = person.name, shared = shared[person.id] } end
  end
  return { html = html.render("share", { list = list, choices = choices }) }
end

local function share(req)
  docs.share("lists", req.params.id, req.form.who or "", req.form.on and "change" or nil)
  return changed(req, "/lists/" .. req.params.id .. "/share")
end

return {
  ["GET /"] = function(req) return { html = home(req) } end,
  ["POST /lists"] = make,
  ["GET /lists/:id"] = function(req) return { html = show(req, req.params.id) } end,
  ["POST /lists/:id"] = add,
  ["POST /lists/:id/clear"] = clear,
  ["POST /lists/:id/delete"] = delete,
  ["GET /lists/:id/share"] = sharing,
  ["POST /lists/:id/share"] = share,
  ["POST /items/:id/tick"] = tick(true),
  ["POST /items/:id/untick"] = tick(false),
  ["POST /items/:id/remove"] = remove,
}
