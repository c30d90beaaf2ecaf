-- fazt.validate: what a value must be, said once; what is wrong with one, in sentences for whoever typed it.

local fazt = ...
local null, list = fazt.null, fazt.list
local date = require "fazt.date"
local error, getmetatable, next, setmetatable, tonumber, tostring, type =
  error, getmetatable, next, setmetatable, tonumber, tostring, type
local find, format, gsub, lower, match, upper, sub = string.find, string.format, string.gsub, string.lower, string.match,
  string.upper, string.sub
local concat, huge, len, sort, math_type, tointeger = table.concat, math.huge, utf8.len, table.sort, math.type, math.tointeger

local validate = {}
local Schema = {}
Schema.__name = "Schema"
Schema.__index = Schema

-- ---- the types: fn(field, value) → value, or nil and a sentence ----

local function bounded(field, n, what)
  if field.min and n < field.min then return "At least " .. field.min .. what .. "." end
  if field.max and n > field.max then return "At most " .. field.max .. what .. "." end
end

-- Without blanks around. In linear time: "^%s*(.-)%s*$" looks at blanks in the middle again from each of them.
local function trim(s) return match(s, "^%s*$") and "" or match(s, "^%s*(.*%S)") end

local types = {}

function types.string(field, v)
  if type(v) ~= "string" then return nil, "Must be text." end
  local n = len(v)
  if not n then return nil, "Must be text." end
  v = gsub(v, "\r\n?", "\n")
  if field.trim ~= false then v = trim(v) end
  if v == "" and (field.required or field.min) then return nil end
  local why = bounded(field, len(v), " characters")
  if why then return nil, why end
  if field.pattern and not find(v, field.pattern) then return nil, "Does not look right." end
  return v
end

function types.integer(field, v)
  local n = type(v) == "number" and v == v and tointeger(v)
  if not n then return nil, "Must be a whole number." end
  local why = bounded(field, n, "")
  if why then return nil, why end
  return n
end

function types.number(field, v)
  if type(v) ~= "number" or v ~= v or v == huge or v == -huge then return nil, "Must be a number." end
  local why = bounded(field, v, "")
  if why then return nil, why end
  return v
end

function types.boolean(_, v)
  if type(v) ~= "boolean" then return nil, "Must be yes or no." end
  return v
end

local function text_like(check, sentence)
  return function(field, v)
    local s, why = types.string(field, v)
    if not s then return nil, why end
    if #s > 2048 or not check(s) then return nil, sentence end
    return s
  end
end

types.email = text_like(function(s)
  return #s <= 254 and match(s, "^[^%s@<>\"',;:]+@[^%s@<>\"',;:]+%.[^%s@.<>\"',;:]+$") and not find(s, "%c")
end, "Not an e-mail address.")
types.url = text_like(function(s)
  return match(lower(s), "^https?://[^%s/?#%c\"<>\\]+") and not find(s, "[%s%c\"<>\\]")
end, "Not a web address; one begins with https://.")

local function ordered(check, sentence)
  return function(field, v)
    if type(v) ~= "string" or not check(v) then return nil, sentence end
    if field.min and v < field.min then return nil, "Not before " .. field.min .. "." end
    if field.max and v > field.max then return nil, "Not after " .. field.max .. "." end
    return v
  end
end

types.date = ordered(function(s) return match(s, "^%d%d%d%d%-%d%d%-%d%d$") and date.parse(s) end, "Not a date; write it as 2026-11-25.")
types.time = ordered(function(s)
  local h, m, sec = match(s, "^(%d%d):(%d%d):?(%d*)$")
  return h and tonumber(h) < 24 and tonumber(m) < 60 and (sec == "" or #s == 8 and tonumber(sec) < 60)
end, "Not a time; write it as 17:30.")

-- Milliseconds; or text, which means the field's zone when it names none.
function types.datetime(field, v)
  local ms = math_type(v) == "integer" and v or type(v) == "string" and date.parse(v, field.zone)
  if not ms then return nil, "Not a date and time; write it as 2026-11-25T17:30." end
  if field.min and ms < field.min then return nil, "Not before " .. date.format(field.min, "%Y-%m-%d %H:%M", field.zone) .. "." end
  if field.max and ms > field.max then return nil, "Not after " .. date.format(field.max, "%Y-%m-%d %H:%M", field.zone) .. "." end
  return ms
end

local function labels(field)
  local names = {}
  for i = 1, #field.values do names[i] = field.values[i].label end
  return concat(names, ", ")
end

function types.enum(field, v)
  for i = 1, #field.values do
    if field.values[i].value == v then return v end
  end
  return nil, "Choose one of: " .. labels(field) .. "."
end

-- ---- checking ----

local check_field, check_fields

-- An element of a list or a field of an object puts its errors under its own path.
function types.list(field, v, errors, path, opts)
  if type(v) ~= "table" or (next(v) ~= nil and v[1] == nil) then return nil, "Must be a list." end
  local why = bounded(field, #v, field.max == 1 and " entry" or " entries")
  if why then return nil, why end
  local to = list {}
  for i = 1, #v do to[i] = check_field(field.of, v[i], errors, path .. "." .. i, opts) end
  return to
end

function types.object(field, v, errors, path, opts)
  if type(v) ~= "table" then return nil, "Must be an object." end
  return check_fields(field.schema, v, errors, path .. ".", opts)
end

local function default_of(field)
  local v = field.default
  if type(v) == "function" then v = v() end
  return v
end

local function missing(field)
  return field.message or field.label .. " is missing."
end

function check_field(field, v, errors, path, opts)
  if v == nil or v == null then
    if opts.partial then return v end -- null means: remove it
    v = default_of(field)
    if v == nil and field.required then errors[path] = missing(field) end
    return v
  end
  local value, why = types[field.type](field, v, errors, path, opts)
  if value == nil and why then errors[path] = field.message or why end
  if value == nil and not why and not errors[path] then errors[path] = missing(field) end
  return value
end

function check_fields(schema, value, errors, path, opts)
  local to = {}
  for i = 1, #schema.fields do
    local field = schema.fields[i]
    to[field.name] = check_field(field, value[field.name], errors, path .. field.name, opts)
  end
  if schema.unknown == "refuse" then
    for name in next, value do
      if not schema.by[name] then errors[path .. tostring(name)] = "There is no such field." end
    end
  end
  return to
end

local function must_be_schema(name, schema)
  if getmetatable(schema) ~= Schema then
    error(name .. ": the first argument must be a schema, made once by validate.schema { … }", 3)
  end
end

function validate.check(schema, value, opts)
  must_be_schema("validate.check", schema)
  if type(value) ~= "table" or value == null then return nil, { [""] = "Must be an object." } end
  local errors = {}
  local to = check_fields(schema, value, errors, "", opts or {})
  if next(errors) ~= nil then return nil, errors end
  return to
end

-- The first sentence in order of the fields, and where it belongs.
function validate.first(schema, errors)
  must_be_schema("validate.first", schema)
  for i = 1, #schema.fields do
    local name = schema.fields[i].name
    if errors[name] then return errors[name], name end
  end
  local paths = {}
  for path in next, errors do paths[#paths + 1] = path end
  sort(paths)
  return errors[paths[1]], paths[1]
end

-- ---- schemas, whose own mistakes are the app's ----

local ANY = { name = "string", type = "string", required = "boolean", label = "string", hint = "string", message = "string", default = "any" }
local LENGTH = { min = "number", max = "number" }
local TEXT = { min = "number", max = "number", trim = "boolean", pattern = "string", lines = "number", secret = "boolean", placeholder = "string" }
local OPTIONS = {
  string = TEXT, email = TEXT, url = TEXT, boolean = {},
  integer = LENGTH, number = { min = "number", max = "number", step = "number" },
  date = { min = "string", max = "string" }, time = { min = "string", max = "string" },
  datetime = { min = "number", max = "number", zone = "string" },
  enum = { values = "table" }, list = { of = "table", min = "number", max = "number" },
  object = { fields = "table", unknown = "string" },
}

local function names_of(map)
  local names = {}
  for name in next, map do names[#names + 1] = name end
  sort(names)
  return concat(names, " ")
end

local function title(name)
  local words = gsub(name, "[_%-]+", " ")
  return upper(sub(words, 1, 1)) .. sub(words, 2)
end

local build -- rows → schema, or nil and what is wrong

local function build_values(values)
  local to = {}
  for i = 1, #values do
    local v = values[i]
    if type(v) == "table" then to[i] = { value = v[1], label = v[2] or tostring(v[1]) }
    else to[i] = { value = v, label = title(tostring(v)) } end
    if to[i].value == nil then return nil, "values must be a list of values or of { value, label }" end
  end
  if #to == 0 then return nil, 'an enum needs values = { "a", "b" }' end
  return to
end

-- What stands in a row under a key: its name and type by position, and the options.
local function build_field(row, named)
  if type(row) ~= "table" then return nil, 'a field is a table such as { "title", "string", required = true }' end
  local field = { name = named and row[1] or "", type = named and row[2] or row[1] }
  if named and (type(field.name) ~= "string" or not match(field.name, "^[%a_][%w_-]*$")) then
    return nil, 'a field begins with its name, as in { "title", "string" }'
  end
  local options = type(field.type) == "string" and OPTIONS[field.type]
  if not options then
    return nil, 'there is no type "' .. tostring(field.type) .. '"; there are ' .. names_of(OPTIONS)
  end
  for key, v in next, row do
    local want = ANY[key] or options[key]
    if not (key == 1 or key == 2 and named) then
      if not want or key == "name" or key == "type" then
        return nil, 'there is no option "' .. tostring(key) .. '" for a ' .. field.type .. "; there are " .. names_of(ANY) .. " " .. names_of(options)
      end
      if want ~= "any" and type(v) ~= want then return nil, key .. " must be a " .. want .. ", not a " .. type(v) end
      field[key] = v
    end
  end
  field.label = field.label or title(field.name)
  local why
  if field.type == "enum" then field.values, why = build_values(field.values or {}) end
  if field.type == "list" then field.of, why = build_field(field.of or { "string" }, false) end
  if field.type == "object" then field.schema, why = build(field.fields or {}, field) end
  if why then return nil, why end
  if field.type == "list" then field.of.label = field.of.label ~= "" and field.of.label or field.label end
  return field
end

function build(rows, opts)
  local schema = { fields = {}, by = {}, unknown = opts and opts.unknown or "drop" }
  if schema.unknown ~= "drop" and schema.unknown ~= "refuse" then return nil, 'unknown must be "drop" or "refuse"' end
  if type(rows) ~= "table" or #rows == 0 then return nil, 'a schema is a list of fields: { { "title", "string" }, … }' end
  for i = 1, #rows do
    local field, why = build_field(rows[i], true)
    if not field then
      local name = type(rows[i]) == "table" and type(rows[i][1]) == "string" and '"' .. rows[i][1] .. '"' or i
      return nil, "field " .. name .. ": " .. why
    end
    if schema.by[field.name] then return nil, 'field "' .. field.name .. '" is there twice' end
    schema.fields[i], schema.by[field.name] = field, field
  end
  return setmetatable(schema, Schema)
end

function validate.schema(rows, opts)
  local schema, why = build(rows, opts)
  if not schema then error("validate.schema: " .. why, 2) end
  return schema
end

validate.is_schema = function(v) return getmetatable(v) == Schema end

return validate
