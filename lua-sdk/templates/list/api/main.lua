-- Who sees which list is said in app.json; here is no check of it.
local fazt = require "fazt"
local form, html, validate = require "fazt.form", require "fazt.html", require "fazt.validate"
local docs = fazt.storage.docs

local list_form = validate.schema { { "name", "string", required = true, max = 80, label = "New list" } }
local item_form = validate.schema { { "text", "string", required = true, max = 200, label = "Add something" } }

local function found(row) return row or fazt.fail "not_found" end

local function home(req, typed, errors)
  return html.render("lists", {
    me = req.user.id,
    lists = docs.find("lists", nil, { sort = "-created", limit = 200 }),
    field = form.field(list_form, "name", typed, errors),
  })
end

-- The people a list may be shared with, and whether it is.
local function people_for(req, list)
  if list.owner ~= req.user.id then return nil end
  local shared, people = {}, {}
  for _, share in ipairs(docs.shares("lists", list.id)) do shared[share.who] = true end
  for _, person in ipairs(fazt.users.list()) do
    if person.id ~= req.user.id then people[#people + 1] = { id = person.id, name = person.name, shared = shared[person.id] } end
  end
  return people
end

local function show(req, id, typed, errors)
  local list = found(docs.get("lists", id))
  return html.render("list", {
    list = list,
    items = docs.find("items", { parent = id }, { sort = "created", limit = 500 }),
    people = people_for(req, list),
    field = form.field(item_form, "text", typed, errors),
  })
end

return {
  ["GET /"] = function(req) return { html = home(req) } end,

  ["POST /lists"] = function(req)
    local value, errors, typed = form.read(list_form, req)
    if errors then return form.invalid(req, errors, function() return home(req, typed, errors) end) end
    return { redirect = "/lists/" .. docs.insert("lists", { name = value.name }).id }
  end,

  ["GET /lists/:id"] = function(req) return { html = show(req, req.params.id) } end,

  ["POST /lists/:id"] = function(req)
    local id = req.params.id
    local value, errors, typed = form.read(item_form, req)
    if errors then return form.invalid(req, errors, function() return show(req, id, typed, errors) end) end
    docs.insert("items", { parent = id, text = value.text, done = false })
    return { redirect = "/lists/" .. id }
  end,

  ["POST /lists/:id/share"] = function(req)
    docs.share("lists", req.params.id, req.form.who or "", req.form.on and "change" or nil)
    return { redirect = "/lists/" .. req.params.id }
  end,

  ["POST /lists/:id/delete"] = function(req)
    docs.delete("lists", req.params.id)
    return { redirect = "/" }
  end,

  ["POST /items/:id"] = function(req)
    local item = found(docs.get("items", req.params.id))
    docs.update("items", item.id, { done = not item.done })
    return { redirect = "/lists/" .. item.parent }
  end,

  ["POST /items/:id/delete"] = function(req)
    local item = found(docs.get("items", req.params.id))
    docs.delete("items", item.id)
    return { redirect = "/lists/" .. item.parent }
  end,
}
