-- storage.docs and storage.tx. A transaction runs in the cell alone: documents read by id are remembered with their
-- revision, writes are collected and seen by later reads by id, and one storage.commit checks and applies it all.
-- On conflict the function runs again. Nothing is locked meanwhile, and nothing of the app runs in the kernel.

local native = ...
local plain, send_commit = native.storage.docs, native.storage.commit
local hold, set_as_app, set_in_tx = native.hold, native.as_app, native.in_tx
local null, list, fail, new_id = native.null, native.list, native.fail, native.id
local error, getmetatable, next, pcall, type = error, getmetatable, next, pcall, type
local pack, unpack = table.pack, table.unpack

local ATTEMPTS = 5
local RESERVED = { id = true, owner = true, parent = true, created = true, updated = true, rev = true }

local current -- the transaction that is running, or nil
local as_app = false

local function copy(value)
  if type(value) ~= "table" then return value end
  local to = {}
  for k, v in next, value do to[k] = copy(v) end
  if getmetatable(value) == "list" then list(to) end
  return to
end

-- What the app holds of a row becomes what the kernel made of it.
local function refill(doc, from)
  for k in next, doc do doc[k] = nil end
  for k, v in next, from do doc[k] = v end
end

local function key_of(collection, id)
  return (as_app and "app" or "person") .. "\0" .. collection .. "\0" .. id
end

local function check(name, collection, id)
  if type(collection) ~= "string" then fail("bad_request", name .. ": collection must be a string") end
  if type(id) ~= "string" then fail("bad_request", name .. ": id must be a string") end
end

-- The row as this transaction sees it, or nil; remembered with the revision it was read at.
local function look(tx, collection, id)
  local key = key_of(collection, id)
  local known = tx.rows[key]
  if known == nil then
    known = plain.get(collection, id) or false
    tx.rows[key] = known
    tx.reads[#tx.reads + 1] = { collection = collection, id = id, rev = known and known.rev or null, as_app = as_app }
  end
  return known or nil
end

local function must_look(tx, collection, id)
  return look(tx, collection, id) or fail("not_found")
end

local function write(tx, op, collection, fields, doc)
  fields.op, fields.collection, fields.as_app = op, collection, as_app
  local n = #tx.writes + 1
  tx.writes[n], tx.docs[n] = fields, doc or false
  return doc
end

local function merge(row, changes, whole)
  local to = {}
  for k, v in next, row do
    if not whole or RESERVED[k] then to[k] = v end
  end
  for k, v in next, changes do
    if not RESERVED[k] then
      if v == null then to[k] = nil else to[k] = copy(v) end
    end
  end
  return to
end

local collected = {} -- what the calls of storage.docs do inside a transaction

function collected.get(tx, collection, id)
  check("storage.docs.get", collection, id)
  return copy(look(tx, collection, id))
end

-- The row has its id at once; the rest of what the kernel adds is filled in when the transaction is committed.
function collected.insert(tx, collection, doc)
  check("storage.docs.insert", collection, "")
  if type(doc) ~= "table" then fail("bad_request", "storage.docs.insert: doc must be a table") end
  local id, row = new_id(), copy(doc)
  row.id = id
  tx.rows[key_of(collection, id)] = row
  return write(tx, "insert", collection, { ref = id, doc = copy(doc) }, copy(row))
end

local function change(op, field, whole)
  local name = "storage.docs." .. op
  return function(tx, collection, id, value, opts)
    check(name, collection, id)
    if type(value) ~= "table" then fail("bad_request", name .. ": " .. field .. " must be a table") end
    local row = merge(must_look(tx, collection, id), value, whole)
    tx.rows[key_of(collection, id)] = row
    return write(tx, op, collection, { id = id, [field] = copy(value), opts = copy(opts) }, copy(row))
  end
end
collected.update = change("update", "changes", false)
collected.replace = change("replace", "doc", true)

function collected.delete(tx, collection, id)
  check("storage.docs.delete", collection, id)
  must_look(tx, collection, id)
  tx.rows[key_of(collection, id)] = false
  write(tx, "delete", collection, { id = id })
end

function collected.share(tx, collection, id, who, level)
  check("storage.docs.share", collection, id)
  must_look(tx, collection, id)
  write(tx, "share", collection, { id = id, who = who, level = level })
end

local docs = {}
for name, call in next, plain do
  local collect = collected[name]
  docs[name] = not collect and call or function(...)
    if current then return collect(current, ...) end
    return call(...)
  end
end

local function commit(tx)
  if #tx.writes == 0 and #tx.reads < 2 then return end
  local answer = send_commit({ reads = list(tx.reads), writes = list(tx.writes) })
  local results = type(answer) == "table" and answer.results or {}
  for i = 1, #tx.writes do
    if tx.docs[i] and type(results[i]) == "table" then refill(tx.docs[i], results[i]) end
  end
end

local function leave()
  current = nil
  set_in_tx(false)
end

local function tx(fn)
  if type(fn) ~= "function" then fail("bad_request", "storage.tx: fn must be a function") end
  if current then fail("bad_request", "storage.tx: a transaction does not run inside another") end
  for attempt = 1, ATTEMPTS do
    local state = { reads = {}, writes = {}, docs = {}, rows = {} }
    current = state
    set_in_tx(true) -- from here on a write that is not collected is refused
    local results = pack(hold(leave, fn))
    local done, why = pcall(commit, state)
    if done then return unpack(results, 1, results.n) end
    local conflict = type(why) == "table" and why.code == "conflict"
    if not conflict or attempt == ATTEMPTS then error(why, 0) end
  end
end

local function run_as_app(fn, ...)
  if type(fn) ~= "function" then fail("bad_request", "as_app: fn must be a function") end
  local was = set_as_app(true)
  as_app = true
  return hold(function()
    set_as_app(was)
    as_app = was
  end, fn, ...)
end

return docs, tx, run_as_app
