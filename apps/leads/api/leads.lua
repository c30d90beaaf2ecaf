-- leads: what is known about somebody, and how far it has come.
--
-- A lead is a row of "leads": name, email, phone, company, message, worth, source, stage, moved (when it got there), words (for
-- searching), and key: what an answer to the same question twice would be counted by. Anybody may add one, only admins
-- read and change them: a letter-box. That is said in app.json.

local fazt = require "fazt"
local validate = require "fazt.validate"
local docs, tx = fazt.storage.docs, fazt.storage.tx

local PAGE, CARDS, ALL = 25, 50, 5000
local LISTED = { "name", "email", "company", "worth", "stage", "source", "created", "moved" }

local leads = {}

leads.stages = { { "new", "New" }, { "contacted", "Contacted" }, { "won", "Won" }, { "lost", "Lost" } }

local name = { "name", "string", required = true, max = 100, message = "Please tell us your name." }
local email = { "email", "email", required = true, label = "E-mail", message = "This does not look like an e-mail address." }

-- What strangers may say, on the form and through the webhook.
leads.from_outside = validate.schema {
  name, email,
  { "phone", "string", max = 40 },
  { "company", "string", max = 100 },
  { "message", "string", required = true, max = 4000, lines = 6, label = "What can we do for you?",
    message = "Please write a few words, at most 4000 letters." },
}

-- What we write ourselves, and what stands in a table that is imported.
leads.schema = validate.schema {
  { "name", "string", required = true, max = 100 },
  { "email", "email", label = "E-mail" },
  { "phone", "string", max = 40 },
  { "company", "string", max = 100 },
  { "worth", "integer", min = 0, max = 1000000000 },
  { "message", "string", max = 4000, lines = 5, label = "What it is about" },
  { "stage", "enum", values = leads.stages, required = true, default = "new" },
}

leads.note = validate.schema {
  { "text", "string", required = true, max = 4000, lines = 3, label = "Add a note", message = "Write something, of at most 4000 letters." },
}

-- Small letters, also of É, Ü and their like.
local function small(text)
  return (text:lower():gsub("\xC3([\x80-\x9E])", function(c) return "\xC3" .. string.char(c:byte() + 32) end))
end

local function words_of(lead)
  return small(table.concat({ lead.name or "", lead.email or "", lead.phone or "", lead.company or "", lead.message or "" }, " "))
end

local function row(value, source, key)
  value.stage, value.moved, value.source, value.key = value.stage or "new", fazt.now(), source, key
  value.words = words_of(value)
  return value
end

-- ---- coming in ----

function leads.add(value, source)
  return docs.insert("leads", row(value, source))
end

-- The same delivery twice is one lead: the unique index knows, whoever comes first. True when it was new.
function leads.deliver(value, source, key)
  local done, why = pcall(docs.insert, "leads", row(value, source, key))
  if not done and not (type(why) == "table" and why.code == "conflict") then error(why, 0) end
  return done
end

-- All of them or none.
function leads.import(values)
  tx(function()
    for _, value in ipairs(values) do docs.insert("leads", row(value, "import")) end
  end)
end

-- ---- looking ----

local function conditions(q)
  local all = { { stage = q.stage ~= "" and q.stage or nil }, { source = q.source ~= "" and q.source or nil } }
  for word in small(q.q or ""):gmatch("%S+") do
    if #all < 10 then all[#all + 1] = { words = { contains = word } } end
  end
  return { ["and"] = all }
end

-- One page of what fits the search and the filters in q (q, stage, source), newest first.
function leads.find(q, cursor)
  return docs.find("leads", conditions(q), { sort = "-created", limit = PAGE, cursor = cursor, fields = LISTED })
end

-- Everything that fits, with these fields.
function leads.all(q, fields)
  local all, cursor = {}, nil
  repeat
    local found
    found, cursor = docs.find("leads", conditions(q), { sort = "-created", limit = 100, cursor = cursor, fields = fields })
    for _, lead in ipairs(found) do all[#all + 1] = lead end
    if #all > ALL then fazt.fail("too_large", "These are more than " .. ALL .. " leads. Search or filter first.") end
  until not cursor
  return all
end

-- What is to be told of the time from one moment to another: { fresh, waiting, worth } — who came, newest first, how many have not
-- been answered yet whenever they came, and what those that are not won or lost are worth.
function leads.summary(from, to)
  local fresh = docs.find("leads", { created = { gte = from, lt = to } }, { sort = "-created", limit = CARDS })
  local worth, cursor = 0, nil
  repeat
    local open
    open, cursor = docs.find("leads", { stage = { ["in"] = { "new", "contacted" } } }, { cursor = cursor, limit = 1000, fields = { "worth" } })
    for _, lead in ipairs(open) do worth = worth + (lead.worth or 0) end
  until not cursor
  return { fresh = fresh, waiting = docs.count("leads", { stage = "new" }), worth = worth }
end

-- The columns of the board, each { stage, label, leads, count, worth }.
function leads.board()
  local columns = {}
  for i, stage in ipairs(leads.stages) do
    local found, more = docs.find("leads", { stage = stage[1] }, { sort = "-moved", limit = CARDS, fields = LISTED })
    local worth = 0
    for _, lead in ipairs(found) do worth = worth + (lead.worth or 0) end
    columns[i] = { stage = stage[1], label = stage[2], leads = found, worth = worth, more = more, count = more and CARDS .. "+" or #found }
  end
  return columns
end

function leads.get(id)
  return docs.get("leads", id) or fazt.fail("not_found", "There is no such lead. Somebody may have deleted it.")
end

function leads.notes(id)
  return (docs.find("notes", { parent = id }, { sort = "-created", limit = 200 }))
end

-- ---- changing ----

local is_stage = {}
for _, stage in ipairs(leads.stages) do is_stage[stage[1]] = stage[2] end
leads.label_of = is_stage

function leads.move(id, stage)
  if not is_stage[stage] then fazt.fail("bad_request", "There is no such column.") end
  local lead = leads.get(id)
  if lead.stage == stage then return lead end
  return docs.update("leads", id, { stage = stage, moved = fazt.now() })
end

-- A field that was emptied is taken away.
function leads.save(id, value)
  value.words = words_of(value)
  if value.stage ~= leads.get(id).stage then value.moved = fazt.now() end
  for _, field in ipairs(leads.schema.fields) do
    if value[field.name] == nil then value[field.name] = fazt.null end
  end
  return docs.update("leads", id, value)
end

function leads.remark(id, text, user)
  return docs.insert("notes", { parent = id, text = text, author = user and user.name })
end

return leads
