-- fazt.http: a request with its options, made into the one call of the kernel, and the answer of it.

local native = ...
local send, open, read, close, fail = native.http.send, native.http.open, native.http.read, native.http.close, native.fail
local encode, decode = native.json.encode, native.json.decode
local error, next, pcall, rawset, setmetatable, tostring, type = error, next, pcall, rawset, setmetatable, tostring, type
local byte, concat, format, gsub, lower, sort = string.byte, table.concat, string.format, string.gsub, string.lower, table.sort

local function quote(value)
  return (gsub(tostring(value), "[^%w%-._~]", function(c) return format("%%%02X", byte(c)) end))
end

local function urlencoded(fields)
  if type(fields) ~= "table" then fail("bad_request", "http.request: form must be a table") end
  local names, out = {}, {}
  for name in next, fields do names[#names + 1] = tostring(name) end
  sort(names)
  for i = 1, #names do out[i] = quote(names[i]) .. "=" .. quote(fields[names[i]]) end
  return concat(out, "&")
end

-- What becomes the body: its type, and how.
local bodies = {
  json = { "application/json", encode },
  form = { "application/x-www-form-urlencoded", urlencoded },
  body = { "application/octet-stream", function(body)
    if type(body) ~= "string" then fail("bad_request", "http.request: body must be a string") end
    return body
  end },
}

local function has(headers, wanted)
  for name in next, headers do
    if type(name) == "string" and lower(name) == wanted then return true end
  end
end

local answer = {}

function answer.__index(self, name)
  if name ~= "json" then return nil end
  local done, value = pcall(decode, self.body or "")
  if not done then fail("fetch_failed", "the answer of the other server is not JSON") end
  rawset(self, "json", value)
  return value
end

-- fn gets the answer's body piece by piece. It may yield, so the answer is closed by hand; whoever yields for good leaves that
-- to the end of the request.
local function pour(made, fn)
  local id = made.stream
  made.stream = nil
  local done, why = pcall(function()
    local piece = read(id)
    while piece ~= "" and fn(piece, made) ~= false do piece = read(id) end
  end)
  close(id)
  if not done then error(why, 0) end
end

local function request(method, url, opts)
  if opts ~= nil and type(opts) ~= "table" then fail("bad_request", "http.request: opts must be a table") end
  local headers, rest, body = {}, {}, nil
  for name, value in next, opts or {} do
    local kind = bodies[name]
    if kind then
      if body then fail("bad_request", "http.request: give one of json, form and body") end
      body, headers["content-type"] = kind[2](value), kind[1]
    elseif name ~= "headers" then
      rest[name] = value
    end
  end
  local own = opts and opts.headers or {}
  if type(own) ~= "table" then fail("bad_request", "http.request: headers must be a table") end
  if has(own, "content-type") then headers["content-type"] = nil end
  for name, value in next, own do
    if type(name) ~= "string" or type(value) == "table" then fail("bad_request", "http.request: headers are texts by name") end
    headers[name] = tostring(value)
  end
  local stream = rest.stream
  rest.stream = nil
  if stream ~= nil and type(stream) ~= "function" then fail("bad_request", "http.request: stream must be a function") end
  local bytes, made = (stream and open or send)(method, url, next(headers) and headers or nil, next(rest) and rest or nil, body)
  made.body = bytes
  setmetatable(made, answer)
  if made.stream then pour(made, stream) end
  return made
end

local function with(method)
  return function(url, opts) return request(method, url, opts) end
end

return { send = send, open = open, read = read, close = close, request = request, get = with "GET", post = with "POST" }
