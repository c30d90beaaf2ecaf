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

-- The values of a table's rows; or nil and what is wrong: a list of { line, field, message }.
local function read(text)
  local done, records, names = pcall(csv.decode, text, { separator = separator_of(text) })
  if not done then return nil, { { line = 1, field = "", message = type(records) == "table" and records.message or "This is not a table." } } end
  local column = {}
  for _, name in ipairs(names) do column[name:lower()] = name end
  if not column.name then return nil, { { line = 1, field = "name", message = 'There is no column "name". The first line names the columns.' } } end
  if #records == 0 then return nil, { { line = 2, field = "", message = "There are no rows below the first line." } } end
  if #records > ROWS then return nil, { { line = ROWS + 2, field = "", message = "At most " .. ROWS .. " rows at once. Split the table." } } end
  local values, wrong = {}, {}
  for i, record in ipairs(records) do
    local raw = {}
    for _, field in ipairs(leads.schema.fields) do
      local name = column[field.name]
      if name then raw[field.name] = value_of(field, unguarded(record[name])) end
    end
    local value, errors = validate.check(leads.schema, raw)
    values[i] = value
    for _, field in ipairs(leads.schema.fields) do
      if errors and errors[field.name] then
        wrong[#wrong + 1] = { line = i + 1, field = field.label, value = column[field.name] and record[column[field.name]], message = errors[field.name] }
      end
    end
  end
  if #wrong > 0 then return nil, wrong end
  return values
end

return { text_of = text_of, read = read }
