-- fazt.csv: RFC 4180, as spreadsheets write it and may read it.

local fazt = ...
local null, list = fazt.null, fazt.list
local error, next, tostring, type = error, next, tostring, type
local byte, find, gsub, match, sub = string.byte, string.find, string.gsub, string.match, string.sub
local concat, math_type, sort = table.concat, math.type, table.sort

local TEXT_MAX, ROWS_MAX, COLUMNS_MAX = 1 << 20, 100000, 1000

local csv = {}

local function options(name, opts, known)
  opts = opts or {}
  if type(opts) ~= "table" then error(name .. ": opts must be a table, not a " .. type(opts), 3) end
  for key in next, opts do
    if not known[key] then error(name .. ': there is no option "' .. tostring(key) .. '"', 3) end
  end
  local separator = opts.separator or ","
  if type(separator) ~= "string" or #separator ~= 1 or find(separator, '["\r\n]') then
    error(name .. ": separator must be one character, such as , ; or a tab", 3)
  end
  return opts, separator
end

-- ---- decoding ----

local function fail(line, why) fazt.fail("bad_request", "line " .. line .. ": " .. why) end

-- The field that begins with a quote at `at`: its text, and where the next thing is.
local function quoted(text, at, line)
  local parts, from = {}, at + 1
  while true do
    local to = find(text, '"', from, true)
    if not to then fail(line, "a quote is not closed") end
    parts[#parts + 1] = sub(text, from, to - 1)
    if byte(text, to + 1) ~= 34 then return concat(parts, '"'), to + 1 end
    from = to + 2
  end
end

-- Rows of fields, each a text. A field with quotes may hold line breaks.
local function rows_of(text, separator)
  local stop = "[\r\n" .. gsub(separator, "%W", "%%%0") .. "]"
  local rows, row, at, line = {}, {}, 1, 1
  while at <= #text do
    local value, to
    if byte(text, at) == 34 then
      value, to = quoted(text, at, line)
      local _, breaks = gsub(value, "\n", "")
      line = line + breaks
      if to <= #text and find(text, stop, to) ~= to then fail(line, "text after a closing quote") end
    else
      to = find(text, stop, at) or #text + 1
      value = sub(text, at, to - 1)
    end
    row[#row + 1] = value
    if #row > COLUMNS_MAX then fail(line, "more than " .. COLUMNS_MAX .. " columns") end
    if sub(text, to, to) == separator then
      at = to + 1
      if at > #text then row[#row + 1] = "" end
    else
      at = match(text, "^\r?\n()", to) or to + 1
      if #rows == ROWS_MAX then fail(line, "more than " .. ROWS_MAX .. " rows") end
      if #row > 1 or row[1] ~= "" then rows[#rows + 1] = row end
      row, line = {}, line + 1
    end
  end
  if #row > 0 then rows[#rows + 1] = row end
  return rows
end

local function records_of(rows)
  local names, to = rows[1] or {}, list {}
  local seen = {}
  for i = 1, #names do
    names[i] = match(names[i], "^%s*$") and "" or match(names[i], "^%s*(.*%S)") -- in linear time
    if seen[names[i]] then fail(1, 'the column "' .. names[i] .. '" is there twice') end
    seen[names[i]] = true
  end
  for i = 2, #rows do
    local record = {}
    if #rows[i] > #names then fail(i, "more fields than the header has columns") end
    for k = 1, #names do record[names[k]] = rows[i][k] or "" end
    to[i - 1] = record
  end
  return to, names
end

function csv.decode(text, opts)
  local separator
  opts, separator = options("csv.decode", opts, { separator = true, header = true })
  if type(text) ~= "string" then error("csv.decode: text must be a string, not a " .. type(text), 2) end
  if #text > TEXT_MAX then fazt.fail("too_large", "csv.decode: at most 1 MB of text") end
  if sub(text, 1, 3) == "\u{FEFF}" then text = sub(text, 4) end
  local rows = rows_of(text, separator)
  if opts.header == false then return list(rows) end
  return records_of(rows)
end

-- ---- encoding ----

-- A spreadsheet runs a text that begins like a formula, after blanks too, and some with the wide signs of East Asia. A number is none.
local function guarded(s)
  if find(s, "^%s*[=+%-@]") or find(s, "^[\t\r\n]") or find(s, "^%s*\xEF\xBC[\x8B\x8D\x9D\xA0]") then return "'" .. s end
  return s
end

local function field_of(v, separator, guard, where)
  local kind = type(v)
  if v == nil or v == null then return "" end
  if kind == "number" then return tostring(v) end
  if kind == "boolean" then return v and "true" or "false" end
  if kind ~= "string" then error("csv.encode: " .. where .. " is a " .. kind .. "; give text or a number", 4) end
  if guard then v = guarded(v) end
  if find(v, '[",\r\n\t;|]') or find(v, separator, 1, true) or find(v, "^%s") or find(v, "%s$") then
    return '"' .. gsub(v, '"', '""') .. '"'
  end
  return v
end

local function columns_of(rows)
  local names, seen = {}, {}
  for i = 1, #rows do
    if type(rows[i]) ~= "table" then error("csv.encode: row " .. i .. " must be a table", 3) end
    for name in next, rows[i] do
      if type(name) == "string" and not seen[name] then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  sort(names)
  return names
end

local function line_of(values, n, separator, guard, where)
  local parts = {}
  for i = 1, n do parts[i] = field_of(values(i), separator, guard, where) end
  local s = concat(parts, separator)
  return s == "" and n == 1 and '""' or s
end

function csv.encode(rows, opts)
  local separator
  opts, separator = options("csv.encode", opts, { separator = true, header = true, columns = true, guard = true, bom = true })
  if type(rows) ~= "table" then error("csv.encode: rows must be a list, not a " .. type(rows), 2) end
  if #rows > ROWS_MAX then error("csv.encode: at most " .. ROWS_MAX .. " rows", 2) end
  local guard, out = opts.guard ~= false, {}
  local columns = opts.columns or (type(rows[1]) == "table" and rows[1][1] == nil and columns_of(rows)) or nil
  if columns and opts.header ~= false then
    out[1] = line_of(function(i) return columns[i] end, #columns, separator, guard, "the header")
  end
  for i = 1, #rows do
    local row = rows[i]
    if type(row) ~= "table" then error("csv.encode: row " .. i .. " must be a table", 2) end
    local by_name = columns and row[1] == nil
    local n = columns and #columns or #row
    out[#out + 1] = line_of(function(k) return row[by_name and columns[k] or k] end, n, separator, guard, "a field of row " .. i)
  end
  out[#out + 1] = ""
  return (opts.bom and "\u{FEFF}" or "") .. concat(out, "\r\n")
end

return csv
