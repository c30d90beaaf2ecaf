-- check: what can be said about an app's code without running it. Runs in a cell of its own, like any app, so that the
-- files it reads can do no more than an app can; gate/check.c asks it.
--
--   POST /facts?PATH   a Lua file -> { error } or what it mentions: globals, parts of fazt, collections, modules, routes
--   POST /judge        { manifest, files, calls, facts } -> { { file, line, col, level, message }, … }
--
-- The reader is a recursive descent over the grammar of the Lua manual (§9) that keeps scopes and builds no tree. Whether
-- a file compiles, Lua itself says; the reader knows the column.

local fazt = require "fazt"

-- ---- words ----

local keywords = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true until while"):gmatch("%S+") do
  keywords[word] = true
end

local operators = { -- longest first
  "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "..", "+", "-", "*", "/", "%", "^", "#", "&", "~", "|", "<", ">", "=",
  "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
}

local source, at, line, line_start -- the file being read
local token                        -- { kind, value, line, col }; kind: name string number eof, or the word itself

local function refuse(where, message)
  error({ line = where.line, col = where.col, message = message }, 0)
end

local function count_lines(from, to)
  local p = source:find("\n", from, true)
  while p and p <= to do
    line, line_start = line + 1, p + 1
    p = source:find("\n", p + 1, true)
  end
end

-- [[…]] or [==[…]==] that begins at `at`: the index of its last character
local function long_bracket(here)
  local equals = source:match("^%[(=*)%[", at)
  if not equals then return nil end
  local _, last = source:find("]" .. equals .. "]", at + #equals + 2, true)
  if not last then refuse(here, "this long string or comment is not finished") end
  return last, #equals + 2
end

local function skip_blank()
  while true do
    local _, last = source:find("^%s+", at)
    if last then
      count_lines(at, last)
      at = last + 1
    elseif source:find("^%-%-", at) then
      local here = { line = line, col = at - line_start + 1 }
      at = at + 2
      local stop = long_bracket(here)
      if stop then
        count_lines(at, stop)
        at = stop + 1
      else
        at = source:find("\n", at, true) or #source + 1
      end
    else
      return
    end
  end
end

local escapes = { n = "\n", t = "\t", ["\\"] = "\\", ['"'] = '"', ["'"] = "'" }

local function quoted(t)
  local quote, p = source:sub(at, at), at + 1
  while true do
    local stop = source:find("[\\\n" .. quote .. "]", p)
    local c = stop and source:sub(stop, stop)
    if not stop or c == "\n" then refuse(t, "this string is not finished") end
    if c == quote then
      t.kind, t.value = "string", source:sub(at + 1, stop - 1):gsub("\\(.)", escapes)
      at = stop + 1
      return
    end
    local next = source:sub(stop + 1, stop + 1)
    local _, blank = source:find("^z%s*", stop + 1)
    p = blank and blank + 1 or stop + 2
    if next == "\n" or blank then count_lines(stop + 1, p - 1) end
  end
end

local function number(t)
  local hex = source:match("^0[xX]", at)
  local stop = at
  while true do -- digits, and a sign right behind an exponent
    local _, last = source:find("^[%w_.]+", stop)
    stop = last and last + 1 or stop
    if not (source:find("^[+-]", stop) and source:find(hex and "^[pP]" or "^[eE]", stop - 1)) then break end
    stop = stop + 1
  end
  local text = source:sub(at, stop - 1)
  if not tonumber(text) then refuse(t, "malformed number near '" .. text .. "'") end
  t.kind, t.value, at = "number", text, stop
end

local function advance()
  skip_blank()
  local before = token
  local t = { line = line, col = at - line_start + 1 }
  token = t
  local word = source:match("^[%a_][%w_]*", at)
  if at > #source then
    t.kind, t.value = "eof", "<eof>"
  elseif word then
    t.kind, t.value, at = keywords[word] and word or "name", word, at + #word
  elseif source:find("^%.?%d", at) then
    number(t)
  elseif source:find("^[\"']", at) then
    quoted(t)
  else
    local last, head = long_bracket(t)
    if last then
      t.kind, t.value = "string", source:sub(at + head, last - head)
      count_lines(at, last)
      at = last + 1
      return before
    end
    for _, op in ipairs(operators) do
      if source:sub(at, at + #op - 1) == op then
        t.kind, t.value, at = op, op, at + #op
        return before
      end
    end
    refuse(t, "unexpected symbol near '" .. source:sub(at, at) .. "'")
  end
  return before
end

local function accept(kind)
  if token.kind ~= kind then return nil end
  return advance()
end

local function expect(kind, opened)
  local t = accept(kind)
  if t then return t end
  local near = " near '" .. token.value:sub(1, 40) .. "'"
  if opened and opened.line ~= token.line then
    refuse(token, "'" .. kind .. "' expected (to close '" .. opened.value .. "' at line " .. opened.line .. ")" .. near)
  end
  refuse(token, (kind == "name" and "a name" or "'" .. kind .. "'") .. " expected" .. near)
end

-- ---- scopes and what is noted ----

local scope, facts

local function open_scope() scope = { names = {}, outer = scope } end
local function close_scope() scope = scope.outer end
local function declare(name, path) scope.names[name] = { path = path } end

local function find(name)
  local s = scope
  while s do
    if s.names[name] then return s.names[name] end
    s = s.outer
  end
end

local function note(list, name, t, hard)
  local old = list[name]
  if not old or (hard and not old.hard) then list[name] = { line = t.line, col = t.col, hard = hard } end
end

-- A bare name that is read; hard: it is called or indexed, which nil cannot be.
local function read(node, hard)
  if node.kind ~= "name" or node.done then return end
  node.done = true
  if node.global then note(facts.reads, node.name, node.at, hard) end
end

-- A value leaves our sight: a part of fazt that is no call may be used anywhere from now on.
local function escape(node)
  read(node)
  if node.path then note(facts.escapes, node.path, node.at) end
end

-- ---- expressions ----

local expression, block, body

local function arguments(node)
  local first, t = nil, token
  if token.kind == "string" then
    first = advance().value
  elseif token.kind == "{" then
    expression()
  else
    expect("(")
    if token.kind ~= ")" then
      repeat
        local argument = expression()
        escape(argument)
        if first == nil then first = argument.text or false end
      until not accept(",")
    end
    expect(")", t)
  end
  return first or nil
end

local function call(node)
  read(node, true)
  local t = node.at
  local first = arguments(node)
  local result = { kind = "call", at = t }
  if node.kind == "name" and node.global and node.name == "require" and first then
    note(facts.requires, first, t)
    result.path = first == "fazt" and "fazt" or nil
  elseif node.path and first and node.path:find("^fazt%.storage%.docs%.") then
    note(facts.collections, first, t)
  end
  return result
end

local function index(node, key, t)
  read(node, true)
  if node.kind == "name" and node.global and key then note(facts.fields, node.name .. "." .. key, node.at) end
  local path = node.path and key and node.path .. "." .. key
  if path then note(facts.uses, path, node.at) end
  if node.path and not key then note(facts.escapes, node.path, node.at) end
  return { kind = "index", path = path or nil, at = t }
end

local function primary()
  if token.kind == "name" then
    local t = advance()
    local known = find(t.value)
    return { kind = "name", name = t.value, at = t, global = not known and t.value ~= "_ENV" and not find("_ENV"), path = known and known.path }
  end
  local t = token
  if not accept("(") then refuse(token, "unexpected symbol near '" .. token.value:sub(1, 40) .. "'") end
  local node = expression()
  expect(")", t)
  read(node)
  return { kind = "group", path = node.path, at = t }
end

local function suffixed()
  local node = primary()
  while true do
    local kind = token.kind
    if kind == "." then
      advance()
      local t = expect("name")
      node = index(node, t.value, node.at)
    elseif kind == "[" then
      local t = advance()
      local key = expression()
      read(key)
      expect("]", t)
      node = index(node, key.text, node.at)
    elseif kind == ":" then
      advance()
      read(node, true)
      if node.path then note(facts.escapes, node.path, node.at) end
      expect("name")
      node = { kind = "call", at = node.at }
      arguments(node)
    elseif kind == "(" or kind == "string" or kind == "{" then
      node = call(node)
    else
      return node
    end
  end
end

local function constructor()
  local t, seen = expect("{"), {}
  while token.kind ~= "}" do
    local key
    if token.kind == "[" then
      local b = advance()
      local e = expression()
      read(e)
      key = e.text
      expect("]", b)
      expect("=")
      escape(expression())
      local method, path = (key or ""):match("^(%u+) (/%S*)$")
      if method then
        table.insert(facts.routes, { method = method, path = path, line = b.line, col = b.col, twice = seen[key] })
      end
    else
      local value = expression()
      if value.kind == "name" and token.kind == "=" then
        key = value.name
        advance()
        value = expression()
      end
      escape(value)
    end
    if key then seen[key] = true end
    if not (accept(",") or accept(";")) then break end
  end
  expect("}", t)
end

local function simple()
  local t = token
  local kind = t.kind
  if kind == "string" then
    advance()
    return { kind = "value", text = t.value, at = t }
  elseif kind == "number" or kind == "nil" or kind == "true" or kind == "false" or kind == "..." then
    advance()
    return { kind = "value", at = t }
  elseif kind == "{" then
    constructor()
    return { kind = "value", at = t }
  elseif kind == "function" then
    advance()
    body(t)
    return { kind = "value", at = t }
  end
  return suffixed()
end

local binary = {}
for op in ("or and < > <= >= ~= == | ~ & << >> .. + - * / // % ^"):gmatch("%S+") do binary[op] = true end

-- Precedence matters to what is computed, not to what is mentioned.
function expression()
  while token.kind == "not" or token.kind == "-" or token.kind == "#" or token.kind == "~" do advance() end
  local node = simple()
  if not binary[token.kind] then return node end
  local at = node.at
  local path = token.kind == "or" and node.path
  while binary[token.kind] do
    escape(node)
    advance()
    while token.kind == "not" or token.kind == "-" or token.kind == "#" or token.kind == "~" do advance() end
    node = simple()
  end
  escape(node)
  return { kind = "value", path = path, at = at }
end

-- ---- statements ----

function body(opened, method)
  open_scope()
  if method then declare("self") end
  expect("(")
  if token.kind ~= ")" then
    repeat
      if accept("...") then break end
      declare(expect("name").value)
    until not accept(",")
  end
  expect(")")
  block()
  expect("end", opened)
  close_scope()
end

local function assign(node)
  if node.kind == "name" then
    if node.global then note(facts.writes, node.name, node.at) end
    local known = find(node.name)
    if known then known.path = nil end
  elseif node.kind ~= "index" then
    refuse(token, "syntax error near '" .. token.value:sub(1, 40) .. "'")
  end
end

local function local_statement()
  if accept("function") then
    local t = expect("name")
    declare(t.value)
    return body(t)
  end
  local names, values = {}, {}
  repeat
    names[#names + 1] = expect("name").value
    if accept("<") then
      expect("name")
      expect(">")
    end
  until not accept(",")
  if accept("=") then
    repeat
      local value = expression()
      read(value)
      values[#values + 1] = value
    until not accept(",")
  end
  for i, name in ipairs(names) do declare(name, values[i] and values[i].path) end
end

local function function_statement(opened)
  local node, method = primary(), false
  while token.kind == "." or token.kind == ":" do
    method = advance().kind == ":"
    local t = expect("name")
    node = index(node, t.value, t)
    if method then break end
  end
  if node.kind == "name" then assign(node) end
  body(opened, method)
end

local function for_statement(opened)
  local names = {}
  repeat names[#names + 1] = expect("name").value until not accept(",")
  if not accept("=") then expect("in") end
  repeat escape(expression()) until not accept(",")
  expect("do")
  open_scope()
  for _, name in ipairs(names) do declare(name) end
  block()
  close_scope()
  expect("end", opened)
end

local function inner(stop, opened)
  open_scope()
  block()
  close_scope()
  if stop then expect(stop, opened) end
end

local function if_statement(opened)
  repeat
    escape(expression())
    expect("then")
    inner()
  until not accept("elseif")
  if accept("else") then inner() end
  expect("end", opened)
end

local function expression_statement()
  local targets = { suffixed() }
  while accept(",") do targets[#targets + 1] = suffixed() end
  if accept("=") then
    for _, node in ipairs(targets) do assign(node) end
    repeat escape(expression()) until not accept(",")
  elseif #targets > 1 or targets[1].kind ~= "call" then
    refuse(token, "syntax error near '" .. token.value:sub(1, 40) .. "'")
  end
end

local statements = {
  [";"] = function() end,
  ["::"] = function() expect("name") expect("::") end,
  ["break"] = function() end,
  ["goto"] = function() expect("name") end,
  ["do"] = function(t) inner("end", t) end,
  ["while"] = function(t) escape(expression()) expect("do") inner("end", t) end,
  ["repeat"] = function(t)
    open_scope()
    block()
    expect("until", t)
    escape(expression())
    close_scope()
  end,
  ["if"] = if_statement,
  ["for"] = for_statement,
  ["function"] = function_statement,
  ["local"] = local_statement,
}

local ends = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true, eof = true }

function block()
  while not ends[token.kind] do
    if accept("return") then
      if not ends[token.kind] and token.kind ~= ";" then
        repeat escape(expression()) until not accept(",")
      end
      accept(";")
      if not ends[token.kind] then expect("eof") end
      return
    end
    local statement = statements[token.kind]
    if statement then statement(advance()) else expression_statement() end
  end
end

-- ---- the facts of one file ----

local function parse()
  source, at, line, line_start, scope = source:gsub("^#[^\n]*", ""), 1, 1, 1, nil
  open_scope()
  advance()
  block()
  expect("eof")
end

-- Where in its line a message of Lua's may be about.
local function column(text, number, message)
  local n = 0
  for row in (text .. "\n"):gmatch("(.-)\n") do
    n = n + 1
    if n == number then
      local near = message:match("near '(.+)'$") or message:match("^break") or (message:find("label", 1, true) and "goto")
      return near and row:find(near, 1, true) or row:find("%S") or 1
    end
  end
  return 1
end

local function facts_of(path, text)
  facts = { reads = {}, writes = {}, fields = {}, uses = {}, escapes = {}, requires = {}, collections = {}, routes = fazt.list {} }
  source = text
  local fine, mine = pcall(parse)
  local compiled, said = true, nil
  if #text <= 65536 then compiled, said = load(text, "@" .. path, "t") end
  if not compiled then
    local number, message = said:match(":(%d+): (.*)$")
    local what, where = (message or ""):match("^(.+) at line (%d+)$") -- of a goto or break, which is noticed at the end of its function
    number, message = tonumber(where or number) or 1, what or message
    local own = not fine and type(mine) == "table" and mine
    if own and own.line == number then return { error = own } end
    return { error = { line = number, col = column(text, number, message or said), message = message or said } }
  end
  if #text > 65536 and not fine and type(mine) == "table" then return { error = mine } end
  if not fine then facts.escapes.fazt = { line = 1, col = 1 } end -- Lua reads it and we do not: nothing is said about it
  return facts
end

-- ---- judging ----

local findings

local function say(level, file, t, message)
  findings[#findings + 1] = { level = level, file = file, line = t.line, col = t.col, message = message }
end

local function distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      corner, row[j] = row[j], math.min(row[j] + 1, row[j - 1] + 1, corner + cost)
    end
  end
  return row[#b]
end

local function meant(name, list)
  local best, score = nil, 3
  for word in pairs(list) do
    local d = type(word) == "string" and #name > 2 and distance(name, word) or 9
    if d < score or (d == score and best and word < best) then best, score = word, d end
  end
  return best and '; did you mean "' .. best .. '"?' or ""
end

local instead = {
  io = "an app has no files; keep data in fazt.storage", package = "require finds api/*.lua and the SDK", debug = "it is not part of an app's Lua",
  dofile = "use require", loadfile = "use require", warn = "use fazt.log.warn", unpack = "it is table.unpack", setfenv = "Lua 5.4 has none",
  getfenv = "Lua 5.4 has none", loadstring = "it is load", module = "return a table instead", math_pow = "it is ^",
}

local function judge_globals(file, f, written)
  for name, t in pairs(f.reads) do
    if _G[name] == nil and not written[name] then
      local hint = instead[name] and ": " .. instead[name] or meant(name, _G)
      say(t.hard and "error" or "warning", file, t, 'there is no global "' .. name .. '"' .. hint)
    end
  end
  for name, t in pairs(f.writes) do
    say("warning", file, t, 'this makes a global of "' .. name .. '", which is gone when the request ends; write local ' .. name)
  end
  for path, t in pairs(f.fields) do
    local root, key = path:match("^([^.]+)%.(.*)$")
    local library = _G[root]
    if root ~= "_G" and type(library) == "table" and library[key] == nil and not written[root] then
      say("error", file, t, "there is no " .. path .. " here" .. meant(key, library))
    end
  end
end

local function judge_modules(file, f, files)
  for name, t in pairs(f.requires) do
    local test = file:sub(1, 2) == "t/" and name == "fazt.test"
    local own = "api/" .. name:gsub("%.", "/") .. ".lua"
    if not test and not files[own] and not (name:sub(1, 4) == "fazt" and pcall(require, name)) then
      say("error", file, t, 'there is no module "' .. name .. '": neither ' .. own .. " nor a part of the SDK")
    end
  end
  for path, t in pairs(f.uses) do
    local value, name = fazt, "fazt"
    for key in path:gmatch("%.([^.]+)") do
      if type(value) ~= "table" or name == "fazt.env" then break end
      if value[key] == nil then
        say("error", file, t, "there is no " .. name .. "." .. key .. meant(key, value))
        break
      end
      value, name = value[key], name .. "." .. key
    end
  end
end

local function judge_routes(file, f, files)
  for _, route in ipairs(f.routes) do
    local public = "public" .. route.path .. (route.path:sub(-1) == "/" and "index.html" or "")
    if route.twice then
      say("error", file, route, "the route " .. route.method .. " " .. route.path .. " is here twice; only the last one answers")
    elseif route.method == "GET" and files[public] then
      say("warning", file, route, public .. " answers GET " .. route.path .. ", this route never does; remove one of them")
    end
  end
end

-- Where app.json mentions a word.
local function place(json, word)
  local p = json:find('"' .. word .. '"', 1, true)
  local before = json:sub(1, (p or 1) - 1)
  local _, lines = before:gsub("\n", "")
  return { line = lines + 1, col = #before:match("[^\n]*$") + 1 }
end

local function judge_permissions(q)
  local asked, used, known, blind = {}, {}, { ["storage:app"] = true }, false
  for _, permission in ipairs(q.manifest.permissions or {}) do
    asked[permission] = permission
    local family = permission:match("^(%a+):")
    if family == "net" or family == "mail" then asked[family] = permission end
  end
  for _, permission in pairs(q.calls) do known[permission] = true end
  for file, f in pairs(q.facts) do
    local calls = file:sub(1, 4) == "api/" and f.uses or {}
    blind = blind or next(f.escapes or {}) ~= nil and file:sub(1, 4) == "api/"
    for path, t in pairs(calls) do
      local name = path:sub(6)
      local permission = q.calls[name] or (name == "as_app" and "storage:app") or (name == "storage.tx" and "storage") or (name:sub(1, 5) == "http." and "net")
      if permission and not asked[permission] and not used[file .. permission] then
        say("error", file, t, path .. ' needs the permission "' .. (({ net = "net:HOST", mail = "mail:owner" })[permission] or permission) .. '", which app.json does not ask for; add it to permissions')
        used[file .. permission] = true
      end
      if permission then used[permission] = true end
    end
  end
  for permission, written in pairs(asked) do
    if known[permission] and not used[permission] and not blind then
      say("warning", "app.json", place(q.json, written), 'nothing uses the permission "' .. written .. '"; leave it out, and people consent more easily')
    end
  end
end

local function judge_collections(q, file, f)
  for name, t in pairs(f.collections) do
    if not (q.manifest.collections or {})[name] then
      say("hint", file, t, 'the collection "' .. name .. '" is not declared in app.json: people read only what they added themselves')
    end
  end
end

local function judge(q)
  local files, written = {}, {}
  findings = {}
  for _, path in ipairs(q.files) do files[path] = true end
  for _, f in pairs(q.facts) do
    for name in pairs(f.writes or {}) do written[name] = true end
  end
  for file, f in pairs(q.facts) do
    if f.error then
      say("error", file, f.error, f.error.message)
      f.uses, f.escapes = nil, { fazt = true }
    else
      judge_globals(file, f, written)
      judge_modules(file, f, files)
      if file:sub(1, 4) == "api/" then judge_routes(file, f, files) end
      if q.json then judge_collections(q, file, f) end
    end
  end
  if q.json then judge_permissions(q) end
  table.sort(findings, function(a, b)
    if a.file ~= b.file then return a.file < b.file end
    if a.line ~= b.line then return a.line < b.line end
    if a.col ~= b.col then return a.col < b.col end
    return a.message < b.message
  end)
  return fazt.list(findings)
end

return {
  ["POST /facts"] = function(req) return { json = facts_of(req.headers["x-path"], req.body or "") } end,
  ["POST /judge"] = function(req)
    local q = req.json
    if q.json == fazt.null then q.json = nil end
    return { json = judge(q) }
  end,
}
