-- fazt.html: templates. {{ expression }} is shown, {% statement %} is run, {# comment #} is neither.
--
-- A template becomes one Lua function whose lines are those of the template. While it is compiled, its text is followed
-- as a browser would read it, so every {{ }} is escaped for the place it stands in, and a place where no escaping
-- helps (a script, an attribute without quotes) is an error of the template. Text lies in a table beside the code.

local fazt, native = ...
local load, encode, null = native.compile, fazt.json.encode, fazt.null
local error, getmetatable, next, pcall, setmetatable, tostring, type = error, getmetatable, next, pcall, setmetatable, tostring, type
local find, format, gsub, lower, match, rep, sub = string.find, string.format, string.gsub, string.lower, string.match,
  string.rep, string.sub
local byte, concat, tointeger = string.byte, table.concat, math.tointeger

local DEPTH = 20        -- templates inside each other
local CLOSINGS = 8      -- places where an expression may end that are tried

local html = {}

-- ---- text ----

local Safe = {} -- the metatable of what needs no escaping
Safe.__name = "Html"
Safe.__tostring = function(v) return v.html end
Safe.__concat = function(a, b) return html.safe(tostring(html.escape(a)) .. tostring(html.escape(b))) end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function is_safe(v) return type(v) == "table" and getmetatable(v) == Safe end

-- What is shown of a value. Level 3 of an error is the template's line.
local function text_of(v)
  local kind = type(v)
  if kind == "string" then return v end
  if v == nil or v == false or v == null then return "" end
  if kind == "number" or kind == "boolean" then return tostring(v) end
  if is_safe(v) then return v.html end
  error("a " .. kind .. " cannot be shown; name a field of it", 3)
end

local function escaped(v)
  local s = gsub(text_of(v), "[&<>\"']", ENTITIES)
  return s
end

-- The marks of an attribute's value or of a text that has no tags: an entity stays what it is.
local function closed(v)
  local s = is_safe(v) and gsub(v.html, "[<>\"']", ENTITIES) or gsub(text_of(v), "[&<>\"']", ENTITIES)
  return s
end

function html.safe(text)
  if is_safe(text) then return text end
  if type(text) ~= "string" then error("html.safe: text must be a string, not a " .. type(text), 2) end
  return setmetatable({ html = text }, Safe)
end
local safe = html.safe

function html.escape(value)
  if is_safe(value) then return value end
  return setmetatable({ html = escaped(value) }, Safe)
end

local function percent(c) return format("%%%02X", byte(c)) end

function html.url(value)
  local s = gsub(text_of(value), "[^%w%-._~]", percent)
  return s
end

-- ---- values in their places ----

local SCHEMES = { http = true, https = true, mailto = true, tel = true }

-- An address whose scheme runs code, or none we know, becomes one that leads nowhere. Browsers leave out control
-- characters and blanks before they look at the scheme.
local function address(v, pictures)
  local s = text_of(v)
  local scheme = match(gsub(s, "[%c%s]", ""), "^([^/?#]*):")
  if scheme and not SCHEMES[lower(scheme)] then
    local picture = pictures and match(lower(s), "^data:image/(%a+);base64,[%w+/=]*$")
    if not (picture == "png" or picture == "jpeg" or picture == "gif" or picture == "webp") then return "about:invalid" end
  end
  return s
end

local show = {}
function show.text(v) if is_safe(v) then return v.html end return escaped(v) end
function show.closed(v) return closed(v) end
function show.url(v) return (gsub(address(v), "[&<>\"']", ENTITIES)) end
function show.picture(v) return (gsub(address(v, true), "[&<>\"']", ENTITIES)) end

function show.style(v)
  local s = text_of(v)
  if find(s, "[^%w #%%.,_+-]") then error("a value in style has letters, digits, blanks and # % . , - only", 2) end
  return s
end

function show.name(v)
  local s = text_of(v)
  if s ~= "" and (not match(s, "^%a[%w_:-]*$") or match(lower(s), "^on")) then
    error('"' .. s .. '" is not the name of an attribute; values of attributes stand in quotes', 2)
  end
  return s
end

function show.json(v)
  if is_safe(v) then v = v.html end
  local done, s = pcall(encode, v)
  if not done then error(tostring(s), 2) end
  s = gsub(s, "[<>&]", { ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026" })
  return s
end

-- ---- where in a page a text ends ----

local RAW = { script = true, style = true, textarea = true, title = true, xmp = true, iframe = true, noembed = true,
  noframes = true, plaintext = true, noscript = false }
local ADDRESSES = { href = "url", src = "picture", action = "url", formaction = "url", poster = "picture", cite = "url",
  data = "url", ping = "url", background = "url", manifest = "url", srcset = "url", ["xlink:href"] = "url" }

local step = {}

function step.text(s, text, at)
  local from = find(text, "<", at, true)
  if not from then return #text + 1 end
  if sub(text, from, from + 3) == "<!--" then
    s.kind = "comment"
    return from + 4
  end
  local slash, name = match(text, "^<(/?)(%a[^%s/>]*)", from)
  if not name then
    if not match(text, "^</?$", from) then return from + 1 end
    s.kind = "open"
    return #text + 1
  end
  s.kind, s.element, s.closing, s.script = "tag", lower(name), slash == "/", ""
  return from + 1 + #slash + #name
end

function step.open(s, text, at)
  s.kind = "text"
  return at
end

function step.tag(s, text, at)
  local from = find(text, "[^%s/]", at)
  if not from then return #text + 1 end
  if sub(text, from, from) == ">" then
    s.kind = not s.closing and RAW[s.element] and "raw" or "text"
    return from + 1
  end
  local name = match(text, "^=?[^%s/>=]*", from)
  s.kind, s.attribute = "attribute", lower(name)
  return from + #name
end

function step.attribute(s, text, at)
  local from = find(text, "%S", at)
  if not from then return #text + 1 end
  if sub(text, from, from) == "=" then
    s.kind = "before"
    return from + 1
  end
  s.kind = "tag"
  return from
end

function step.before(s, text, at)
  local from = find(text, "%S", at)
  if not from then return #text + 1 end
  local c = sub(text, from, from)
  s.prefix, s.shown = "", false
  if c == '"' or c == "'" then
    s.kind, s.quote = "value", c
    return from + 1
  end
  s.kind = "bare"
  return from
end

function step.value(s, text, at)
  local to = find(text, s.quote, at, true)
  local part = sub(text, at, (to or 0) - 1)
  if s.shown and ADDRESSES[s.attribute] and not match(s.prefix, "[/?#]") and match(part, "^[^/?#]*:") then s.scheme = true end
  s.prefix = sub(s.prefix .. part, 1, 1000)
  if not to then return #text + 1 end
  if s.attribute == "type" then s.script = lower(s.prefix) end
  s.kind = "tag"
  return to + 1
end

function step.bare(s, text, at)
  local to = find(text, "[%s>]", at)
  if to then s.kind = "tag" end
  return to or #text + 1
end

function step.comment(s, text, at)
  local _, to = find(text, "-->", at, true)
  if to then s.kind = "text" end
  return (to or #text) + 1
end

function step.raw(s, text, at)
  while true do
    local from = find(text, "</", at, true)
    if not from then return #text + 1 end
    if lower(sub(text, from + 2, from + 1 + #s.element)) == s.element then
      s.kind, s.closing = "tag", true
      return from + 2 + #s.element
    end
    at = from + 2
  end
end

local function follow(s, text)
  local at = 1
  while at <= #text do at = step[s.kind](s, text, at) end
end

-- Which function of `show` fits here, or nil and why none does.
local place = {}

function place.text() return "text" end
function place.comment() return "closed" end
function place.open() return nil, "the name of a tag must be written out" end
function place.bare(s) return nil, "the value of " .. s.attribute .. " needs quotes" end
place.before = place.bare

function place.tag(s)
  s.kind, s.attribute = "attribute", nil
  return "name"
end
place.attribute = place.tag

function place.raw(s)
  if s.element == "textarea" or s.element == "title" then return "closed" end
  if s.element == "script" and find(s.script, "json", 1, true) then return "json" end
  return nil, "a value inside <" .. s.element .. "> would be code; put it into a data- attribute, or a <script type=\"application/json\">"
end

function place.value(s)
  local name, first = s.attribute, not match(s.prefix, "[:/?#]")
  s.shown = true
  if not name then return nil, "the name of this attribute must be written out" end
  if match(name, "^on") or name == "srcdoc" then
    return nil, "a value inside " .. name .. " would be code; put it into a data- attribute"
  end
  if name == "style" then return "style" end
  if not ADDRESSES[name] then return "closed" end
  if match(lower(gsub(s.prefix, "[%c%s]", "")), "^%a*script:") then return nil, "a value inside a script's address would be code" end
  return first and ADDRESSES[name] or "closed"
end

-- ---- compiling ----

local templates = {}

local function file_of(name) return "views/" .. name .. ".html" end

local function fault(t, line, why)
  error(t.file .. ":" .. line .. ": " .. why, 0)
end

local function lines_of(text)
  local _, n = gsub(text, "\n", "")
  return n
end

-- Where the expression that begins at `from` ends: the first }} that leaves one. Else the first, and what Lua says.
local function close_expression(t, text, from, line)
  local first, why
  local at = from
  for _ = 1, CLOSINGS do
    local to = find(text, "}}", at, true)
    if not to then break end
    if sub(text, to, to + 2) == "}}}" then to = to + 1 end
    local fn, said = load("return " .. sub(text, from, to - 1) .. "\n", "=template")
    if fn and find(sub(text, from, to - 1), "%S") then return to end
    first, why, at = first or to, why or said, to + 1
  end
  if not first then fault(t, line, "{{ without }}") end
  local n, said = match(why or "", "^template:(%d+): (.*)$")
  fault(t, line + (n or 1) - 1, said or "{{ }} shows nothing; write an expression")
end

local function close_statement(t, text, from, line, mark)
  local to = find(text, mark, from, true)
  if not to then fault(t, line, "{" .. sub(mark, 1, 1) .. " without " .. mark) end
  return to
end

-- Names of other templates, as far as they are written out; they are looked up when all are compiled.
local function note_names(t, code, line)
  for _, word in next, { "include", "extends" } do
    local name = match(code, "^%s*" .. word .. "%s*%(?%s*[\"']([^\"']*)[\"']")
    if name then t.names[#t.names + 1] = { name = name, line = line } end
  end
end

local function add_text(t, text, shown)
  if shown ~= "" then
    follow(t.state, shown)
    if t.state.scheme then fault(t, t.line, "a scheme of an address must be written out before anything that is shown") end
    t.pieces[#t.pieces + 1] = shown
    t.code[#t.code + 1] = " _write(_text[" .. #t.pieces .. "])"
  end
  local n = lines_of(text)
  t.code[#t.code + 1] = rep("\n", n)
  t.line = t.line + n
end

local add = {}

add["{"] = function(t, text, from)
  local to = close_expression(t, text, from, t.line)
  local code = sub(text, from, to - 1)
  local how, why = place[t.state.kind](t.state)
  if not how then fault(t, t.line, why) end
  note_names(t, code, t.line)
  t.code[#t.code + 1] = " _write(_show." .. how .. "((" .. code .. ")))"
  t.line = t.line + lines_of(code)
  return to + 2
end

add["%"] = function(t, text, from)
  local to = close_statement(t, text, from, t.line, "%}")
  local code = sub(text, from, to - 1)
  if t.state.kind == "open" then fault(t, t.line, "the name of a tag must be written out") end
  note_names(t, code, t.line)
  t.code[#t.code + 1] = " " .. code .. " "
  t.line = t.line + lines_of(code)
  return to + 2
end

add["#"] = function(t, text, from)
  local to = close_statement(t, text, from, t.line, "#}")
  local n = lines_of(sub(text, from, to - 1))
  t.code[#t.code + 1] = rep("\n", n)
  t.line = t.line + n
  return to + 2
end

-- A {% %} or {# #} that has its line for itself takes the line away: what follows its end at `to` up to the line's.
local function rest_of_line(text, before, at, mark, from)
  local to = mark ~= "{" and find(text, mark .. "}", from + 2, true)
  local left = find(before, "\n[ \t]*$") or at == 1 and not find(before, "[^ \t]")
  return to and left and match(text, "^[ \t]*\r?\n()", to + 2)
end

-- The text up to `from` and what stands there. Returns where to go on, and where the text that is shown does.
local function add_next(t, text, at, shown_at, from, mark)
  local before, shown = sub(text, at, from - 1), sub(text, shown_at, from - 1)
  local rest = rest_of_line(text, before, at, mark, from)
  if rest then shown = match(shown, "^.*[^ \t]") or "" end
  add_text(t, before, shown)
  local next_at = add[mark](t, text, from + 2)
  return next_at, rest or next_at
end

local function compile(file, text)
  local t = { file = file, line = 1, code = {}, pieces = {}, names = {}, state = { kind = "text" } }
  local at, shown_at = 1, 1
  while true do
    local from, _, mark = find(text, "{([{%%#])", at)
    if not from then break end
    at, shown_at = add_next(t, text, at, shown_at, from, mark)
  end
  add_text(t, sub(text, at), sub(text, shown_at))
  local code = "local _text, _show = ... return function(_ENV, _write)" .. concat(t.code) .. "\nend"
  local chunk, why = load(code, "@" .. file)
  if not chunk then
    local line, said = match(why, ":(%d+): (.*)$") -- the function's own `end` stands behind the last line
    said = gsub(said or why, " near '_write'$", " before the end of its {%% %%}")
    fault(t, line and tointeger(line) < t.line and line or t.line, said)
  end
  t.run = chunk(t.pieces, show)
  t.code, t.pieces, t.state = nil, nil, nil
  return t
end

-- ---- running ----

local BASE = { html = html, ipairs = ipairs, math = math, next = next, pairs = pairs, require = require, select = select,
  string = string, table = table, tonumber = tonumber, tostring = tostring, type = type, utf8 = utf8, null = null }

local run

-- What a template sees: its tools, the values it was given, then those of whoever included it, then Lua's functions. What it assigns
-- is its own, and its layout's.
local function environment(tools, values, parent)
  return setmetatable({}, { __index = function(_, name)
    local v = tools[name]
    if v == nil and values then v = values[name] end
    if v == nil then v = parent[name] end
    return v
  end })
end

local function describe(chain)
  local names = { chain.file }
  while chain.up do
    chain = chain.up
    names[#names + 1] = chain.file
    if #names > 5 then names[#names + 1] = "…" break end
  end
  return concat(names, ", in ")
end

local function named(name, level)
  local t = templates[name]
  if not t then error("there is no " .. file_of(tostring(name)), level + 1) end
  return t
end

function run(t, values, parent, up)
  local chain = { file = t.file, up = up, depth = (up and up.depth or 0) + 1 }
  if chain.depth > DEPTH then error("templates include each other more than " .. DEPTH .. " deep: " .. describe(chain), 0) end
  local out, n, layout, env = {}, 0, nil, nil
  local tools = {}
  function tools.include(name, more)
    if more ~= nil and type(more) ~= "table" then error("include: values must be a table, not a " .. type(more), 2) end
    return safe(run(named(name, 2), more, env, chain))
  end
  function tools.extends(name) layout = named(name, 2) end
  function tools.capture(fn)
    local outer, length = out, n
    out, n = {}, 0
    fn()
    local text = concat(out, "", 1, n)
    out, n = outer, length
    return safe(text)
  end
  env = environment(tools, values, parent)
  t.run(env, function(s) n = n + 1 out[n] = s end)
  local text = concat(out, "", 1, n)
  if not layout then return text end
  return run(layout, { content = safe(text) }, env, chain)
end

local function check_values(name, values)
  if values ~= nil and type(values) ~= "table" then error(name .. ": values must be a table, not a " .. type(values), 3) end
end

function html.render(name, values)
  check_values("html.render", values)
  return run(named(name, 2), values, BASE)
end

local Template = {}
Template.__name = "Template"
Template.__index = Template
Template.__call = function(self, values)
  check_values("template", values)
  return run(self.template, values, BASE)
end

function html.template(text, name)
  if type(text) ~= "string" then error("html.template: text must be a string, not a " .. type(text), 2) end
  local t = compile(name or "template", text)
  if name then templates[name] = t end
  return setmetatable({ template = t }, Template)
end

-- ---- the app's own, while it loads ----

for _, view in next, native.views do
  local name = match(view.path, "^views/(.*)%.html$")
  templates[name] = compile(view.path, view.text)
end
for _, t in next, templates do
  for _, other in next, t.names do
    if not templates[other.name] then fault(t, other.line, "there is no " .. file_of(other.name)) end
  end
end

return html
