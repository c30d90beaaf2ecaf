-- import: a table of leads, checked whole before any row of it is taken.

local fazt = require "fazt"
local csv, validate = require "fazt.csv", require "fazt.validate"
local leads = require "leads"
local blob = fazt.storage.blob

local ROWS = 400

-- The text of the form: a file, which lies among the person's own for a moment, or what was pasted.
local function text_of(req)
  local file = req.files.file
  if not file or file.size == 0 then return req.form.text or "" end
  blob.put("import.csv", file)
  local text = blob.get("import.csv")
  blob.delete("import.csv")
  return text
end

-- Tables come with commas, or with semicolons or tabs where the comma is in numbers.
local function separator_of(text)
  local head = text:match("^[^\r\n]*")
  for _, separator in ipairs { "\t", ";" } do
    if head:find(separator, 1, true) and not head:find(",", 1, true) then return separator end
  end
  return ","
end

local function value_of(field, text)
  text = text:match("^%s*(.-)%s*$")
  if text == "" then return nil end
  if field.type == "integer" then return math.tointeger(tonumber(text)) or text end
  if field.name == "stage" then return text:lower() end
  return text
end

-- A spreadsheet's guard against formulas is not part of the text (fazt.csv writes it).
local function unguarded(text)
  return (text:gsub("^'([=+%-@])", "%1"))
end

local function fault(line, field, message, value)
  return { line = line, field = field, message = message, value = value }
end

-- One row as the schema wants it, and what is wrong with it.
local function check(record, column, line, wrong)
  local raw = {}
  for _, field in ipairs(leads.schema.fields) do
    local name = column[field.name]
    if name then raw[field.name] = value_of(field, unguarded(record[name])) end
  end
  local value, errors = validate.check(leads.schema, raw)
  for _, field in ipairs(errors and leads.schema.fields or {}) do
    local message = errors[field.name]
    if message then wrong[#wrong + 1] = fault(line, field.label, message, record[column[field.name]]) end
  end
  return value
end

-- The values of a table's rows; or nil and what is wrong: a list of { line, field, message, value }.
local function read(text)
  local done, records, names = pcall(csv.decode, text, { separator = separator_of(text) })
  if not done then return nil, { fault(1, "", type(records) == "table" and records.message or "This is not a table.") } end
  local column = {}
  for _, name in ipairs(names) do column[name:lower()] = name end
  if not column.name then return nil, { fault(1, "name", 'There is no column "name". The first line names the columns.') } end
  if #records == 0 then return nil, { fault(2, "", "There are no rows below the first line.") } end
  if #records > ROWS then return nil, { fault(ROWS + 2, "", "At most " .. ROWS .. " rows at once. Split the table.") } end
  local values, wrong = {}, {}
  for i, record in ipairs(records) do values[i] = check(record, column, i + 1, wrong) or false end
  if #wrong > 0 then return nil, wrong end
  return values
end

return { text_of = text_of, read = read }
