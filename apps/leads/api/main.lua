-- Leads: who wrote, and what became of it. Strangers come in by a form (/contact) and a webhook (/hook), both `open` in
-- app.json; what they bring can be added by anyone and read by admins only. That is a rule, so no handler checks it.
--
-- Every page works without scripts; public/app.js moves cards without loading the page anew.

local fazt = require "fazt"
local csv, date, form, html = require "fazt.csv", require "fazt.date", require "fazt.form", require "fazt.html"
local page = require "fazt.page"
local leads, import = require "leads", require "import"
local docs = fazt.storage.docs

local sources = { form = "Form", hook = "Webhook", import = "Import", typed = "Typed in" }

local function show(name, req, values)
  values.user, values.path, values.origin = req.user, req.path, req.origin
  values.sources, values.stages = sources, leads.stages
  values.iso, values.ago, values.label_of = date.iso, date.relative, leads.label_of
  return html.render(name, values)
end

local function thousands(n)
  return (tostring(n):reverse():gsub("(%d%d%d)", "%1 "):reverse():gsub("^ ", ""))
end

-- ---- from outside ----

local function contact(req, typed, errors)
  return show("contact", req, {
    company = fazt.env.COMPANY, wrong = errors ~= nil, key = typed and req.form.key or fazt.id(),
    fields = form.fields(leads.from_outside, typed, errors),
  })
end

-- A person leaves the field "website" alone, which the style sheet hides; a program that fills in everything does not, and is
-- thanked all the same. The hidden key makes one lead of a form that is sent twice.
local function write(req)
  local value, errors, typed = form.read(leads.from_outside, req)
  if errors then return form.invalid(req, errors, function() return contact(req, typed, errors) end) end
  local key = (req.form.key or ""):match("^%w+$")
  if (req.form.website or "") == "" then leads.deliver(value, "form", key and "form:" .. key:sub(1, 40)) end
  return { redirect = "/contact/thanks" }
end

-- The one check that no rule can say, for it is not about a person: does the sender know the secret? An idempotency key makes
-- one lead of a delivery that is repeated.
local function hook(req)
  local secret = fazt.env.HOOK_SECRET
  if not secret or not fazt.crypto.equal(secret, req.headers["x-hook-secret"] or "") then
    fazt.fail("unauthorized", "X-Hook-Secret is missing or wrong.")
  end
  local value, errors = form.read(leads.from_outside, req)
  if errors then return form.invalid(req, errors) end
  local key = req.headers["idempotency-key"]
  local new = leads.deliver(value, "hook", key and "hook:" .. fazt.crypto.hash("sha256", key))
  return { status = new and 201 or 200, json = { ok = true, duplicate = not new } }
end

-- ---- the board and the list ----

local function board(req)
  return show("board", req, { columns = leads.board(), thousands = thousands, admin = req.user and req.user.role == "admin" })
end

local function list(req)
  local found, more = leads.find(req.query, page.cursor(req))
  local filter = {}
  for _, name in ipairs { "q", "stage", "source" } do
    if (req.query[name] or "") ~= "" then filter[#filter + 1] = name .. "=" .. html.url(req.query[name]) end
  end
  return show("list", req, {
    leads = found, query = req.query, filter = table.concat(filter, "&"),
    pages = page.links(req, more, { newer = "← Newer", older = "Older →" }),
  })
end

-- What was changed for a script, the page one was on for a browser.
local function changed(req, path, row)
  if (req.headers.accept or ""):find("application/json", 1, true) then return { json = row } end
  return { redirect = path }
end

local function move(req)
  local lead = leads.move(req.params.id, req.form.stage)
  return changed(req, req.form.back == "lead" and "/leads/" .. lead.id or "/#" .. lead.id, { id = lead.id, stage = lead.stage })
end

-- ---- one lead ----

local function lead_page(req, more)
  local lead = leads.get(req.params.id)
  local values = { lead = lead, notes = leads.notes(lead.id), saved = req.query.saved, thousands = thousands }
  values.fields = form.fields(leads.schema, more and more.typed or lead, more and more.errors)
  values.wrong = more and more.errors ~= nil
  values.note = form.field(leads.note, "text", more and more.note, more and more.note_errors)
  return show("lead", req, values)
end

local function save(req)
  local value, errors, typed = form.read(leads.schema, req)
  if errors then return form.invalid(req, errors, function() return lead_page(req, { typed = typed, errors = errors }) end) end
  return { redirect = "/leads/" .. leads.save(req.params.id, value).id .. "?saved=yes" }
end

local function remark(req)
  local value, errors, typed = form.read(leads.note, req)
  if errors then return form.invalid(req, errors, function() return lead_page(req, { note = typed, note_errors = errors }) end) end
  leads.remark(req.params.id, value.text, req.user)
  return { redirect = "/leads/" .. req.params.id .. "#notes" }
end

local function unremark(req)
  local note = docs.get("notes", req.params.id) or fazt.fail("not_found", "The note is gone already.")
  docs.delete("notes", note.id)
  return { redirect = "/leads/" .. note.parent .. "#notes" }
end

local function new(req, typed, errors)
  return show("new", req, { fields = form.fields(leads.schema, typed, errors), wrong = errors ~= nil })
end

local function create(req)
  local value, errors, typed = form.read(leads.schema, req)
  if errors then return form.invalid(req, errors, function() return new(req, typed, errors) end) end
  return { redirect = "/leads/" .. leads.add(value, "typed").id }
end

local function delete(req)
  docs.delete("leads", req.params.id)
  return { redirect = "/" }
end

-- ---- tables ----

local COLUMNS = { "name", "email", "phone", "company", "worth", "stage", "source", "message", "created" }

local function export(req)
  local rows = leads.all(req.query, COLUMNS)
  for _, lead in ipairs(rows) do lead.created = date.iso(lead.created) end
  local name = "leads-" .. date.format(fazt.now(), "%F") .. ".csv"
  return {
    body = csv.encode(rows, { columns = COLUMNS, bom = true }),
    headers = { ["Content-Type"] = "text/csv; charset=utf-8", ["Content-Disposition"] = 'attachment; filename="' .. name .. '"' },
  }
end

local function import_page(req, text, wrong)
  return show("import", req, { text = text or "", wrong = wrong })
end

local function take(req)
  local text = import.text_of(req)
  local values, wrong = import.read(text)
  if not values then return { status = 422, html = import_page(req, text, wrong) } end
  leads.import(values)
  return { redirect = "/leads?source=import" }
end

return {
  ["GET /contact"] = contact,
  ["POST /contact"] = write,
  ["GET /contact/thanks"] = function(req) return show("thanks", req, { company = fazt.env.COMPANY }) end,
  ["POST /hook"] = hook,

  ["GET /"] = board,
  ["GET /leads"] = list,
  ["GET /leads.csv"] = export,
  ["GET /leads/:id"] = lead_page,
  ["POST /leads/:id"] = save,
  ["POST /leads/:id/move"] = move,
  ["POST /leads/:id/notes"] = remark,
  ["POST /leads/:id/delete"] = delete,
  ["POST /notes/:id/delete"] = unremark,
  ["GET /new"] = new,
  ["POST /new"] = create,
  ["GET /import"] = import_page,
  ["POST /import"] = take,
}
