-- fazt.form: a schema of fazt.validate as an HTML form that works without a script, and what comes back from one.

local fazt = ...
local html, validate, date = require "fazt.html", require "fazt.validate", require "fazt.date"
local safe, is_schema, null, list = html.safe, validate.is_schema, fazt.null, fazt.list
local check = validate.check
local error, getmetatable, math_type, next, tonumber, tostring, type = error, getmetatable, math.type, next, tonumber, tostring, type
local char, find, gmatch, gsub, lower, match = string.char, string.find, string.gmatch, string.gsub, string.lower, string.match
local concat = table.concat

local PAIRS = 1000

local form = {}

local function must_be_schema(name, schema)
  if not is_schema(schema) then error(name .. ": the first argument must be a schema, made once by validate.schema { … }", 3) end
end

-- ---- reading ----

local function decode(s)
  s = gsub(s, "+", " ")
  s = gsub(s, "%%(%x%x)", function(hex) return char(tonumber(hex, 16)) end)
  return s
end

-- Every field with all its values in order. req.form keeps one of each, which a list is not content with.
local function all_values(req)
  local raw, n = {}, 0
  if not match(lower(req.headers["content-type"] or ""), "^%s*application/x%-www%-form%-urlencoded") then
    for name, v in next, req.form do raw[gsub(name, "%[%]$", "")] = type(v) == "table" and v or { v } end
    return raw
  end
  for pair in gmatch(req.body, "[^&]+") do
    n = n + 1
    if n > PAIRS then fazt.fail("bad_request", "more than " .. PAIRS .. " fields") end
    local name, value = match(pair, "^([^=]*)=?(.*)$")
    name = gsub(decode(name), "%[%]$", "")
    local values = raw[name] or {}
    raw[name] = values
    values[#values + 1] = decode(value)
  end
  return raw
end

local convert = {}
function convert.integer(s) return match(s, "^%s*[+-]?%d+%s*$") and math_type(tonumber(s)) == "integer" and tonumber(s) or s end
function convert.number(s) return match(s, "^%s*[+-]?[%d.]+%s*$") and tonumber(s) or s end
function convert.boolean(s) return s ~= "0" and s ~= "false" and s ~= "off" end

-- An enum's values need not be texts.
function convert.enum(s, field)
  for i = 1, #field.values do
    if tostring(field.values[i].value) == s then return field.values[i].value end
  end
  return s
end

local function value_of(field, s)
  if s == "" then return nil end
  return convert[field.type] and convert[field.type](s, field) or not convert[field.type] and s or nil
end

local shape

local function shape_field(field, raw, path)
  local values = raw[path]
  if field.type == "object" then return shape(field.schema, raw, path .. ".") end
  if field.type == "list" then
    local to = list {}
    for i = 1, values and #values or 0 do to[#to + 1] = value_of(field.of, values[i]) end
    return #to > 0 and to or field.required and to or nil
  end
  local last = values and values[#values] or ""
  if field.type == "boolean" then return last ~= "" and convert.boolean(last) end
  return value_of(field, last)
end

function shape(schema, raw, prefix)
  local to = {}
  for i = 1, #schema.fields do
    local field = schema.fields[i]
    to[field.name] = shape_field(field, raw, prefix .. field.name)
  end
  return to
end

local function is_json(req)
  return match(lower(req.headers["content-type"] or ""), "^%s*application/[%w.+-]*json") ~= nil
end

function form.read(schema, req, opts)
  must_be_schema("form.read", schema)
  if is_json(req) then
    local value, errors = check(schema, req.json, opts)
    return value, errors, type(req.json) == "table" and req.json or {}
  end
  local raw = shape(schema, all_values(req), "")
  local value, errors = check(schema, raw, opts)
  return value, errors, raw
end

local function wants_json(req)
  local accept = lower(req.headers.accept or "")
  if find(accept, "text/html", 1, true) then return false end
  return is_json(req) or find(accept, "json", 1, true) ~= nil
end

function form.invalid(req, errors, page)
  if type(errors) ~= "table" then error("form.invalid: errors is what form.read returned, not a " .. type(errors), 2) end
  if page == nil or wants_json(req) then
    return { status = 422, json = { error = { code = "invalid", message = "Some fields are not right.", fields = errors } } }
  end
  if type(page) == "function" then page = page() end
  return { status = 422, html = tostring(page) }
end

-- ---- showing ----

-- attributes in order: name, value, name, value …; false and nil leave one out, true has no value
local function tag(out, name, attributes, n)
  out[#out + 1] = "<" .. name
  for i = 1, n, 2 do
    local v = attributes[i + 1]
    if v == true then out[#out + 1] = " " .. attributes[i]
    elseif v ~= nil and v ~= false then out[#out + 1] = " " .. attributes[i] .. '="' .. html.escape(tostring(v)).html .. '"' end
  end
  out[#out + 1] = ">"
end

local function text(out, s) out[#out + 1] = html.escape(s).html end

local INPUTS = { string = "text", email = "email", url = "url", integer = "number", number = "number", date = "date", time = "time",
  datetime = "datetime-local" }

-- What an input shows of a value: moments as its own kind of text.
local function shown(field, v)
  if v == nil or v == null or type(v) == "table" then return "" end
  if field.type == "datetime" and math_type(v) == "integer" then return date.format(v, "%Y-%m-%dT%H:%M", field.zone) end
  return tostring(v)
end

local function id_of(path) return "field-" .. gsub(path, "[^%w_-]", "-") end

-- What every control has: its name, its id, what describes it, whether it is wrong.
local function common(field, path, at)
  local id = id_of(path)
  local described = {}
  if field.hint then described[1] = id .. "-hint" end
  if at.error then described[#described + 1] = id .. "-error" end
  return id, #described > 0 and concat(described, " ") or nil, at.error and "true" or nil
end

local control = {}

local function input(out, field, path, at)
  local id, described, invalid = common(field, path, at)
  local kind = field.secret and "password" or INPUTS[field.type]
  local texty = field.type == "string" or field.type == "email" or field.type == "url"
  local bounds = not texty and field.type ~= "datetime"
  tag(out, "input", { "id", id, "name", path, "type", kind, "value", not field.secret and shown(field, at.value) or nil,
    "required", field.required and not at.extra, "minlength", texty and field.min, "maxlength", texty and field.max, "min", bounds and field.min,
    "max", bounds and field.max, "step", field.type == "number" and (field.step or "any"), "placeholder", field.placeholder,
    "aria-describedby", described, "aria-invalid", invalid }, 26)
end

function control.string(out, field, path, at)
  if not field.lines then return input(out, field, path, at) end
  local id, described, invalid = common(field, path, at)
  tag(out, "textarea", { "id", id, "name", path, "rows", field.lines, "required", field.required, "minlength", field.min, "maxlength",
    field.max, "placeholder", field.placeholder, "aria-describedby", described, "aria-invalid", invalid }, 18)
  out[#out + 1] = "\n" -- browsers leave out the first line break
  text(out, shown(field, at.value))
  out[#out + 1] = "</textarea>"
end

function control.enum(out, field, path, at)
  local id, described, invalid = common(field, path, at)
  tag(out, "select", { "id", id, "name", path, "required", field.required, "aria-describedby", described, "aria-invalid", invalid }, 10)
  if not field.required or at.value == nil then out[#out + 1] = '<option value=""></option>' end
  for i = 1, #field.values do
    local v = field.values[i]
    tag(out, "option", { "value", tostring(v.value), "selected", v.value == at.value }, 4)
    text(out, v.label)
    out[#out + 1] = "</option>"
  end
  out[#out + 1] = "</select>"
end

local function note(out, field, path, at)
  local id = id_of(path)
  if field.hint then
    tag(out, "small", { "id", id .. "-hint", "class", "hint" }, 4)
    text(out, field.hint)
    out[#out + 1] = "</small>"
  end
  if at.error then
    tag(out, "strong", { "id", id .. "-error", "class", "error" }, 4)
    text(out, at.error)
    out[#out + 1] = "</strong>"
  end
end

local function label(out, field, path)
  tag(out, "label", { "for", id_of(path) }, 2)
  text(out, field.label)
  out[#out + 1] = "</label>"
end

local function checkbox(out, field, path, at, value, id)
  local _, described, invalid = common(field, path, at)
  tag(out, "input", { "id", id, "name", path, "type", "checkbox", "value", value, "checked", at.checked, "aria-describedby", described,
    "aria-invalid", invalid }, 14)
end

local show_fields

local function group(out, field, path, at, body)
  local _, described = common(field, path, at)
  tag(out, "fieldset", { "id", id_of(path), "aria-describedby", described }, 4)
  out[#out + 1] = "<legend>"
  text(out, field.label)
  out[#out + 1] = "</legend>\n"
  body()
  note(out, field, path, at)
  out[#out + 1] = "</fieldset>\n"
end

local function has(values, v)
  for i = 1, #values do
    if values[i] == v then return true end
  end
  return false
end

-- A list of choices is a box for each; any other a line for each entry there is, and one more.
local function show_list(out, field, path, at, errors)
  local values = type(at.value) == "table" and at.value or {}
  group(out, field, path, at, function()
    if field.of.type == "enum" then
      for i = 1, #field.of.values do
        local v = field.of.values[i]
        checkbox(out, field, path, { checked = has(values, v.value), error = at.error }, tostring(v.value), id_of(path .. "." .. i))
        label(out, { label = v.label }, path .. "." .. i)
        out[#out + 1] = "\n"
      end
      return
    end
    for i = 1, #values + 1 do
      local part, why = {}, errors[path .. "." .. i]
      input(part, field.of, path .. "." .. i, { value = values[i], error = why, extra = true })
      local line = gsub(concat(part), ' name="[^"]*"', ' name="' .. path .. '[]" aria-label="' .. gsub(html.escape(field.label).html, "%%", "%%%%") .. '"', 1)
      out[#out + 1] = line
      note(out, {}, path .. "." .. i, { error = why })
      out[#out + 1] = "\n"
    end
  end)
end

local function show_field(out, field, path, value, errors)
  local at = { value = value, error = errors[path] }
  if value == nil and type(field.default) ~= "function" then at.value = field.default end
  if field.type == "list" then return show_list(out, field, path, at, errors) end
  if field.type == "object" then
    return group(out, field, path, at, function()
      show_fields(out, field.schema, type(value) == "table" and value or {}, errors, path .. ".")
    end)
  end
  out[#out + 1] = at.error and '<p class="field wrong">' or '<p class="field">'
  if field.type == "boolean" then
    at.checked = at.value == true
    checkbox(out, field, path, at, "on", id_of(path))
    label(out, field, path)
  else
    label(out, field, path)
    local show = control[field.type] or input
    show(out, field, path, at)
  end
  note(out, field, path, at)
  out[#out + 1] = "</p>\n"
end

function show_fields(out, schema, values, errors, prefix)
  for i = 1, #schema.fields do
    local field = schema.fields[i]
    show_field(out, field, prefix .. field.name, values[field.name], errors)
  end
end

function form.fields(schema, values, errors)
  must_be_schema("form.fields", schema)
  local out = {}
  show_fields(out, schema, values or {}, errors or {}, "")
  return safe(concat(out))
end

function form.field(schema, name, values, errors)
  must_be_schema("form.field", schema)
  local field, out = schema.by[name], {}
  if not field then error('form.field: the schema has no field "' .. tostring(name) .. '"', 2) end
  show_field(out, field, name, (values or {})[name], errors or {})
  return safe(concat(out))
end

local OPTIONS = { action = true, method = true, values = true, errors = true, submit = true, id = true, class = true }

function form.render(schema, opts)
  must_be_schema("form.render", schema)
  opts = opts or {}
  for name in next, opts do
    if not OPTIONS[name] then
      error('form.render: there is no option "' .. tostring(name) .. '"; there are action method values errors submit id class', 2)
    end
  end
  local out = {}
  tag(out, "form", { "method", opts.method or "post", "action", opts.action, "id", opts.id, "class", opts.class }, 8)
  out[#out + 1] = "\n"
  if opts.errors and next(opts.errors) ~= nil then
    out[#out + 1] = '<p role="alert" class="error">Some fields are not right.</p>\n'
  end
  show_fields(out, schema, opts.values or {}, opts.errors or {}, "")
  out[#out + 1] = "<button>"
  text(out, opts.submit or "Save")
  out[#out + 1] = "</button>\n</form>\n"
  return safe(concat(out))
end

return form
