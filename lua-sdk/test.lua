-- `fazt.test`: what an app's own tests in t/*.lua are written with. A file names its tests while it loads; each then runs
-- on what was there after that, against a throw-away Fazt whose clients, people and clock are calls of the kernel.

local fazt = ...
local native, json, null = fazt.test, fazt.json, fazt.null
local error, getmetatable, next, pcall, setmetatable, tostring, type = error, getmetatable, next, pcall, setmetatable, tostring, type
local char, format, gsub, lower, match, rep, sub = string.char, string.format, string.gsub, string.lower, string.match, string.rep, string.sub
local concat, sort = table.concat, table.sort

local TESTS_MAX, SHOWN = 1000, 300

local names, functions = {}, {}

-- values, for a person

local function show(value)
  if type(value) == "string" then
    local text = #value > SHOWN and sub(value, 1, SHOWN) .. "…" or value
    return '"' .. gsub(gsub(text, "\n", "\\n"), '"', '\\"') .. '"'
  elseif type(value) == "table" then
    local done, text = pcall(json.encode, value)
    text = done and text or tostring(value)
    return #text > SHOWN and sub(text, 1, SHOWN) .. "…" or text
  end
  return value == null and "null" or tostring(value)
end

local function same(a, b, depth)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" or depth > 50 then return false end
  for k, v in next, a do
    if not same(v, b[k], depth + 1) then return false end
  end
  for k in next, b do
    if a[k] == nil then return false end
  end
  return true
end

-- Always called from a function that a test calls, so the position is the test's.
local function fail(what, text)
  error((what and tostring(what) .. ": " or "") .. text, 3)
end

-- addresses and bodies

local function encode(text)
  return (gsub(tostring(text), "[^%w%-%._~]", function(c) return format("%%%02X", c:byte()) end))
end

local function pairs_of(fields)
  local list = {}
  for name, value in next, fields do
    for _, one in next, type(value) == "table" and value or { value } do
      list[#list + 1] = encode(name) .. "=" .. encode(one)
    end
  end
  sort(list)
  return concat(list, "&")
end

local OPTIONS = { json = true, form = true, body = true, headers = true, query = true }

local function body_of(opts, headers)
  if opts.json ~= nil then
    headers["content-type"] = headers["content-type"] or "application/json"
    return json.encode(opts.json)
  elseif opts.form then
    headers["content-type"] = headers["content-type"] or "application/x-www-form-urlencoded"
    return pairs_of(opts.form)
  end
  return opts.body
end

-- A client keeps the cookies that the app sets, as a browser would.

local function take_cookie(jar, text)
  local name, value = match(text, "^%s*([^=;%s]+)=([^;]*)")
  if not name then return end
  local gone = match(lower(text), ";%s*max%-age=%-?0*%s*;?") or match(lower(text), ";%s*max%-age=%-")
  jar[name] = not gone and value or nil
end

local function cookies_of(jar)
  local list = {}
  for name, value in next, jar do list[#list + 1] = name .. "=" .. value end
  sort(list)
  return #list > 0 and concat(list, "; ") or nil
end

local function answer_of(self, raw)
  local head, body = match(raw, "^([^\n]*)\n(.*)$")
  local answer = json.decode(head)
  local headers = {}
  for i = 1, #answer.headers do
    local name, value = answer.headers[i][1], answer.headers[i][2]
    if name == "set-cookie" then take_cookie(self.cookies, value) end
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
  answer.headers, answer.body, answer.text = headers, body, body
  local kind = headers["content-type"] or ""
  if match(kind, "^text/html") then answer.html = body end
  if match(kind, "^application/json") or match(kind, "%+json") then
    local done, value = pcall(json.decode, body)
    if done then answer.json = value end
  end
  return answer
end

local Client = {}
Client.__index = Client

function Client:request(method, path, opts)
  if type(path) ~= "string" then error("a request needs a path, got " .. show(path), 2) end
  opts = opts or {}
  for name in next, opts do
    if not OPTIONS[name] then error('a request has no option "' .. tostring(name) .. '"; it has json form body headers query', 2) end
  end
  local headers = {}
  for name, value in next, opts.headers or {} do headers[lower(name)] = tostring(value) end
  headers.cookie = headers.cookie or cookies_of(self.cookies)
  local body = body_of(opts, headers)
  if opts.query then path = path .. (match(path, "?") and "&" or "?") .. pairs_of(opts.query) end
  return answer_of(self, native.request(self.account, method, path, headers, body))
end

for _, method in next, { "get", "post", "put", "patch", "delete", "head" } do
  Client[method] = function(self, path, opts) return self:request(method, path, opts) end
end

-- fn(…) with the calls of `fazt` made as this person.
function Client:as(fn, ...)
  native.become(self.account)
  local results = table.pack(pcall(fn, ...))
  native.become()
  if not results[1] then error(results[2], 0) end
  return table.unpack(results, 2, results.n)
end

-- other servers

local ANSWER = { status = true, headers = true, body = true, json = true, fails = true }
local answers, served

local function answer(url, a)
  if type(a) == "string" then a = { fails = a } end
  if type(a) ~= "table" then error("t.server: what " .. url .. " answers must be a table or an error's code", 4) end
  local made = { status = 200, headers = {}, body = a.body or "" }
  for name, value in next, a do
    if not ANSWER[name] then error('t.server: an answer has no "' .. tostring(name) .. '"; it has status headers json body, or fails', 4) end
    if name ~= "json" and name ~= "headers" then made[name] = value end
  end
  if a.json ~= nil then made.headers["content-type"], made.body = "application/json", json.encode(a.json) end
  for name, value in next, a.headers or {} do made.headers[lower(name)] = tostring(value) end
  return made
end

local clients

local function client(account, person)
  local known = clients[account]
  if not known then
    known = setmetatable({ account = account, cookies = {} }, Client)
    clients[account] = known
  end
  for k, v in next, person do known[k] = v end
  return known
end

-- what a test gets

local t = {}

function t.user(name, opts)
  return client(name, native.person(name, opts and opts.role))
end

function t.owner()
  return client("owner", native.person("owner"))
end

function t.stranger()
  return client("nobody", {})
end

function t.advance(seconds)
  return native.advance(seconds)
end

function t.now()
  return native.advance()
end

function t.env(name, value)
  native.env(name, value)
end

function t.approve(data, note)
  return native.answer(true, data, note)
end

function t.deny(note)
  return native.answer(false, nil, note)
end

function t.mails()
  return native.mails()
end

function t.notifications()
  return native.notifications()
end

function t.server(said)
  for url, a in next, said do
    if type(url) ~= "string" or not match(url, "^%u+ https?://[^/]") then error('t.server: write ["GET https://host/path"] = { json = … }', 2) end
    local list = {}
    if type(a) == "table" and a[1] ~= nil then
      for i = 1, #a do list[i] = answer(url, a[i]) end
    else
      list[1] = answer(url, a)
    end
    answers[url] = list
  end
  native.server(answers)
  served = true
end

function t.sent()
  local list = native.sent()
  for i = 1, #list do
    local done, value = pcall(json.decode, list[i].body)
    if done then list[i].json = value end
  end
  return list
end

function t.equal(got, expected, what)
  if not same(got, expected, 0) then fail(what, "got " .. show(got) .. ", expected " .. show(expected)) end
end

function t.ok(value, what)
  if not value then fail(what, "got " .. show(value) .. ", expected something true") end
end

function t.match(text, pattern, what)
  if type(text) ~= "string" or not match(text, pattern) then fail(what, "got " .. show(text) .. ', which does not match "' .. tostring(pattern) .. '"') end
end

function t.fails(code, fn, ...)
  local done, why = pcall(fn, ...)
  if done then fail(nil, 'it worked, expected the error "' .. tostring(code) .. '"') end
  local got = type(why) == "table" and why.code or why
  if got ~= code then fail(nil, "it failed with " .. show(got) .. ', expected the error "' .. tostring(code) .. '"') end
  return why
end

local function run(n)
  clients, answers, served = {}, {}, false
  functions[n](t)
  local list = served and native.sent() or {}
  for i = 1, #list do
    if not list[i].answered then error("the app asked " .. list[i].method .. " " .. list[i].url .. ", and t.server does not say what comes of it", 0) end
  end
end

local function test(name, fn)
  if type(name) ~= "string" or #name > 200 then error("a test has a name of at most 200 bytes: test(name, function(t) … end)", 2) end
  if type(fn) ~= "function" then error("test(name, function(t) … end): there is no function", 2) end
  if #names == TESTS_MAX then error("a file has at most " .. TESTS_MAX .. " tests", 2) end
  names[#names + 1], functions[#functions + 1] = name, fn
end

return test, names, run
