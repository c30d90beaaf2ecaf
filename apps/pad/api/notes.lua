-- notes: what Pad keeps, and who may have it.
--
-- A note is a row of the collection "notes": title, body, excerpt, words (for searching), edited (when), editor (who),
-- edition (how often its text was saved), trashed (when, or absent) and shared. Who may read or change a row is decided by
-- the kernel alone; `shared` repeats the row's shares inside it ({ PERSON = "read" | "change" }), so that a list can tell
-- a note that was given to me from one that merely has a public link.
--
-- Pins belong to the person, not to the note: private keys "pin/NOTE".

local fazt = require "fazt"
local words = require "words"

local storage = fazt.storage
local docs, kv = storage.docs, storage.kv

local PAGE = 48
local LIST_FIELDS = { "title", "excerpt", "edited", "owner", "shared", "trashed" }
local TITLE_BYTES, EXCERPT_BYTES = 1000, 280

local notes = {}

-- At most n bytes of text, without half a character at the end.
function notes.cut(text, n)
  if #text <= n then return text end
  return (text:sub(1, n):gsub("[\xC2-\xF4][\x80-\xBF]*$", "")) .. "…"
end

local function content(form)
  local body = (form.body or ""):gsub("\r\n?", "\n")
  local title = (form.title or ""):gsub("%c+", " "):match("^%s*(.-)%s*$")
  return {
    title = notes.cut(title, TITLE_BYTES),
    body = body,
    words = words.of(title .. " " .. body),
    excerpt = notes.cut(body:match("^%s*(.*)$"), EXCERPT_BYTES),
  }
end

local function mine_or_given(user)
  return { ["or"] = {
    { owner = user.id },
    { ["shared." .. user.id] = { exists = true } },
    { ["shared.members"] = { exists = true } },
  } }
end

function notes.mine(note, user)
  return note.owner == user.id
end

-- "change", "read" or nil: what this person may do with a note that is not their own.
function notes.level(note, user)
  local shared = note.shared or {}
  local mine, everyone = shared[user.id], shared.members
  return (mine == "change" or everyone == "change") and "change" or mine or everyone
end

function notes.may_change(note, user)
  return notes.mine(note, user) or notes.level(note, user) == "change"
end

-- ---- reading ----

-- The note, or nil: also when its owner threw it away.
function notes.get(id, user)
  local note = docs.get("notes", id)
  if note and (not note.trashed or user and notes.mine(note, user)) then return note end
end

local function pinned_ids()
  local ids = fazt.list {}
  for _, entry in ipairs((kv.list("pin/", { limit = PAGE }))) do ids[#ids + 1] = entry.key:sub(5) end
  return ids
end

function notes.pinned(id)
  return kv.get("pin/" .. id) == true
end

-- One page of the notes that were not thrown away and meet the conditions.
local function find(user, conditions, cursor)
  local query = { ["and"] = { mine_or_given(user), { trashed = { exists = false } }, table.unpack(conditions) } }
  local found, more = docs.find("notes", query, { sort = "-edited", limit = PAGE, cursor = cursor, fields = LIST_FIELDS })
  return { notes = found, more = more, pinned = {} }
end

-- One page of the list, newest first. The first page without a search begins with what is pinned.
function notes.list(user, search, cursor)
  if search and search ~= "" then return find(user, words.conditions("words", search), cursor) end
  local ids = pinned_ids()
  if #ids == 0 then return find(user, {}, cursor) end
  local page = find(user, { { id = { nin = ids } } }, cursor)
  page.pinned = cursor and {} or find(user, { { id = { ["in"] = ids } } }).notes
  return page
end

function notes.trash(user)
  return (docs.find("notes", { owner = user.id, trashed = { exists = true } }, { sort = "-edited", limit = 200, fields = LIST_FIELDS }))
end

-- ---- writing ----

function notes.create(form, user)
  local note = content(form)
  note.edited, note.editor, note.edition = fazt.now(), user.id, 1
  return docs.insert("notes", note)
end

-- Saves the text if it is still the edition the writer began with. Returns { note = … }, { conflict = the other text },
-- or nil when there is no such note any more. An edition counts saved texts only: that its owner shares a note
-- (which changes its `rev`) disturbs nobody who writes in it.
function notes.save(id, form, user)
  return storage.tx(function()
    local now = notes.get(id, user)
    if not now then return nil end
    local text = content(form)
    if now.title == text.title and now.body == text.body then return { note = now } end
    if now.edition ~= math.tointeger(tonumber(form.edition)) then return { conflict = now } end
    text.edited, text.editor, text.edition = fazt.now(), user.id, now.edition + 1
    return { note = docs.update("notes", id, text) }
  end)
end

function notes.pin(id, on)
  if on then kv.set("pin/" .. id, true) else kv.delete("pin/" .. id) end
end

local function own(id, user)
  local note = docs.get("notes", id)
  if not note then fazt.fail("not_found") end
  if not notes.mine(note, user) then fazt.fail("denied", "Only the person who wrote this note first may do that.") end
  return note
end

function notes.throw_away(id, user)
  own(id, user)
  docs.update("notes", id, { trashed = fazt.now() })
end

function notes.bring_back(id, user)
  own(id, user)
  docs.update("notes", id, { trashed = fazt.null })
end

function notes.delete(id, user)
  own(id, user)
  docs.delete("notes", id)
end

-- ---- sharing ----

-- level is "read", "change", or nil to end it; who is a person's id, "members" or "anyone".
function notes.share(id, who, level, user)
  storage.tx(function()
    local shared = own(id, user).shared or {}
    shared[who] = level
    docs.share("notes", id, who, level)
    docs.update("notes", id, { shared = next(shared) and shared or fazt.null })
  end)
end

function notes.shares(id)
  return docs.shares("notes", id)
end

-- The names of everybody here, by id.
function notes.people()
  local names, list = {}, fazt.users.list()
  for _, person in ipairs(list) do names[person.id] = person.name end
  return names, list
end

return notes
