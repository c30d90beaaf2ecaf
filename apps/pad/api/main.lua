-- Pad: notes in plain HTML. Every page works without scripts; public/app.js adds saving and searching while one types,
-- through these same routes. It asks for JSON where it does not want a page.
--
-- No handler checks who may see or change a note: a row that the person may not have is not found, or denied.

local fazt = require "fazt"
local notes = require "notes"
local view = require "view"

local function wants_json(req)
  return (req.headers.accept or ""):find("application/json", 1, true) ~= nil
end

local function go(path)
  return { redirect = path }
end

-- pad.DOMAIN and os.DOMAIN are neighbours.
local function dashboard(req)
  return "//os." .. (req.headers.host or ""):gsub("^[^.]*%.", "") .. "/"
end

local function list(req)
  local q = req.query
  local page = notes.list(req.user, q.q, q.more)
  return view.list { user = req.user, words = q.q, page = page, trashed = q.trashed, dashboard = dashboard(req) }
end

local function new(req)
  return view.editor { user = req.user, note = { title = "", body = "" } }
end

local function show(req)
  local note = notes.get(req.params.id, req.user)
  if not note then return nil end
  local model = { user = req.user, note = note, names = notes.people(), pinned = notes.pinned(note.id), saved = req.query.saved }
  if note.trashed then return view.trashed(model) end
  return notes.may_change(note, req.user) and view.editor(model) or view.reader(model)
end

-- The buttons of the editor save the text before they do what they say, so that nothing typed is lost.
local afterwards = {
  pin = function(id) notes.pin(id, true) return "/n/" .. id end,
  unpin = function(id) notes.pin(id, false) return "/n/" .. id end,
  share = function(id) return "/n/" .. id .. "/share" end,
  trash = function(id, user) notes.throw_away(id, user) return "/?trashed=" .. id end,
}

local function saved(req, note)
  if wants_json(req) then return { json = { id = note.id, edition = note.edition } } end
  local deed = afterwards[req.form["then"]]
  return go(deed and deed(note.id, req.user) or "/n/" .. note.id .. "?saved=1")
end

local function create(req)
  return saved(req, notes.create(req.form, req.user))
end

local function save(req)
  local result = notes.save(req.params.id, req.form, req.user)
  if not result then return nil end
  if result.note then return saved(req, result.note) end
  if wants_json(req) then fazt.fail("conflict", "Somebody else saved this note in the meantime.") end
  return view.conflict { user = req.user, mine = req.form, theirs = result.conflict, names = notes.people() }
end

local function pin(req)
  notes.pin(req.params.id, req.form.on ~= nil and req.form.on ~= "")
  return go("/n/" .. req.params.id)
end

local function sharing(req)
  local note = notes.get(req.params.id, req.user)
  if not note then return nil end
  local names, people = notes.people()
  return view.sharing { user = req.user, note = note, shares = notes.shares(note.id), names = names, people = people }
end

local levels = { read = "read", change = "change" }

local function share(req)
  local who = req.form.who
  local level = levels[req.form.level]
  if not who or who == "" then fazt.fail("bad_request", "Choose a person to share the note with.") end
  notes.share(req.params.id, who, who == "anyone" and level and "read" or level, req.user)
  return go("/n/" .. req.params.id .. "/share")
end

local function trash(req)
  return view.trash { user = req.user, notes = notes.trash(req.user) }
end

local function restore(req)
  notes.bring_back(req.params.id, req.user)
  return go("/n/" .. req.params.id)
end

local function delete(req)
  notes.delete(req.params.id, req.user)
  return go "/trash"
end

local function empty(req)
  for _, note in ipairs(notes.trash(req.user)) do notes.delete(note.id, req.user) end
  return go "/trash"
end

-- A stranger's view of a note with a public link: this path is `open` in app.json, so nobody is signed in here.
local function public(req)
  local note = notes.get(req.params.id)
  return note and view.public { note = note }
end

return {
  ["GET /"] = list,
  ["GET /new"] = new,
  ["POST /n"] = create,
  ["GET /n/:id"] = show,
  ["POST /n/:id"] = save,
  ["POST /n/:id/pin"] = pin,
  ["GET /n/:id/share"] = sharing,
  ["POST /n/:id/share"] = share,
  ["POST /n/:id/restore"] = restore,
  ["POST /n/:id/delete"] = delete,
  ["GET /trash"] = trash,
  ["POST /trash/empty"] = empty,
  ["GET /s/:id"] = public,
}
