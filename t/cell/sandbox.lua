-- What an app must not reach. A route is /expect/OUTCOME/WHAT; outcome "ok" means the answer is "ok".
local fazt = require "fazt"
local pristine = require "pristine"

local function absent(...)
  for i = 1, select("#", ...) do
    if (select(i, ...)) ~= nil then return "reachable: " .. i end
  end
  return "ok"
end

local function refused(fn, ...)
  local done, why = pcall(fn, ...)
  if done then return "not refused" end
  return "ok"
end

local function no_address(text)
  if text:find("0x") or text:find("%x%x%x%x%x%x%x%x") then return "an address: " .. text end
  return "ok"
end

return {
  ["GET /pristine"] = pristine,
  ["GET /expect/ok/libraries"] = function()
    return absent(io, os.execute, os.getenv, os.exit, os.remove, os.rename, os.tmpname, os.setlocale, package, debug, dofile,
      loadfile, string.dump, warn, _G.io, _ENV.debug, rawget(_G, "package"))
  end,
  ["GET /expect/ok/binary-load"] = function()
    local f, why = load("\27Lua", "x", "b")
    if f then return "loaded" end
    return why:find("Compiled") and "ok" or why
  end,
  ["GET /expect/ok/binary-mode"] = function()
    local f = load("return 1", "x", "b")
    return f and f() == 1 and "ok" or "no"
  end,
  ["GET /expect/ok/load-env"] = function()
    local f = load("return _G, x", "x", "t", { x = 5 })
    local g, x = f()
    return g == nil and x == 5 and "ok" or "no"
  end,
  ["GET /expect/ok/load-size"] = function() return load(("x"):rep(70000)) == nil and "ok" or "no" end,
  ["GET /expect/ok/require-file"] = function() return refused(require, "/etc/passwd") end,
  ["GET /expect/ok/require-up"] = function() return refused(require, "../../etc/passwd") end,
  ["GET /expect/ok/require-stock"] = function() return refused(require, "io") end,
  ["GET /expect/ok/collectgarbage"] = function()
    if type(collectgarbage("count")) ~= "number" then return "no count" end
    for _, what in ipairs { "generational", "stop", "setpause", "step", "collect" } do
      if pcall(collectgarbage, what) then return what end
    end
    return "ok"
  end,
  ["GET /expect/ok/finalizers"] = function() return refused(setmetatable, {}, { __gc = print }) end,
  ["GET /expect/ok/addresses"] = function()
    local text = table.concat({ tostring(print), tostring({}), tostring(coroutine.create(print)), tostring(fazt.null),
      ("%s %s"):format(print, {}), tostring((math.randomseed(1))), tostring(fazt.storage.docs.get) }, " ")
    return no_address(text)
  end,
  ["GET /expect/ok/pointer-format"] = function() return refused(string.format, "%p", print) end,
  ["GET /expect/ok/error-address"] = function()
    local _, why = pcall(function() return {} .. {} end)
    return no_address(why)
  end,
  ["GET /expect/ok/string-metatable"] = function()
    if getmetatable("") ~= false then return "the metatable of strings" end
    if getmetatable(print) ~= false then return "the metatable of functions" end
    return refused(setmetatable, "", {})
  end,
  ["GET /expect/ok/captured"] = function()
    local function evil() error("evil") end
    table.insert, pairs, ipairs, tostring, next, type, pcall, select, rawget, error = evil, evil, evil, evil, evil, evil, evil, evil, evil, evil
    string.format, table.pack, table.unpack = evil, evil, evil
    fazt.log.info("fine")
    fazt.storage.tx(function()
      fazt.storage.docs.insert("posts", { a = 1 })
      fazt.storage.docs.get("posts", "1")
    end)
    return "ok"
  end,
  ["GET /expect/ok/nesting"] = function()
    for _, open in ipairs { "(", "{", "do ", "function() " } do
      local f = load("return " .. open:rep(500))
      if f then return "compiled" end
    end
    if pcall(string.find, ("a"):rep(300), ("(a"):rep(100)) then return "a pattern" end
    local function nest(n) return (("x"):gsub("x", function() return n > 0 and nest(n - 1) or "y" end)) end
    return pcall(nest, 250) and "no bound" or "ok"
  end,
  ["GET /expect/ok/log-bytes"] = function()
    print("a\nb\27[31m")
    print(("x"):rep(100000))
    return "ok"
  end,
  ["GET /expect/ok/close-chain"] = function()
    local previous
    for i = 1, 900 do
      local before = previous
      local co = coroutine.wrap(function()
        local c <close> = setmetatable({}, { __close = function() if before then before() end end })
        coroutine.yield()
      end)
      co()
      previous = co
    end
    pcall(previous)
    return "ok"
  end,
  ["GET /expect/ok/error-values"] = function()
    local done, why = pcall(fazt.fail, "conflict", "because")
    if why.code ~= "conflict" or why.message ~= "because" or tostring(why) ~= "because" then return "fields" end
    return getmetatable(why) == false and "ok" or "its metatable"
  end,
  ["GET /expect/app_error/error-metamethod"] = function()
    error(setmetatable({}, { __tostring = function() while true do end end, __index = function() while true do end end }))
  end,
  ["GET /expect/app_error/error-table"] = function() error({ code = {}, message = {} }) end,
  ["GET /expect/app_error/error-nil"] = function() error() end,
  ["GET /expect/app_error/error-unknown-code"] = function() error({ code = "no_such_code", message = "x" }) end,
  ["GET /expect/denied/error-code"] = function() error({ code = "denied", message = "x" }) end,
  ["GET /expect/bad_request/arg-missing"] = function() fazt.storage.docs.get("posts") end,
  ["GET /expect/bad_request/arg-type"] = function() fazt.storage.docs.get("posts", 5) end,
  ["GET /expect/bad_request/arg-many"] = function() fazt.storage.docs.get("posts", "1", "2") end,
  ["GET /expect/bad_request/arg-utf8"] = function() fazt.storage.docs.get("posts", "\xC0\x80") end,
  ["GET /expect/bad_request/arg-function"] = function() fazt.storage.docs.insert("posts", { a = print }) end,
  ["GET /expect/bad_request/arg-nan"] = function() fazt.storage.kv.set("k", 0 / 0) end,
  ["GET /expect/bad_request/arg-cycle"] = function() local t = {} t.t = t fazt.storage.docs.insert("posts", t) end,
  ["GET /expect/too_deep/arg-deep"] = function()
    local t = {}
    for _ = 1, 100 do t = { t } end
    fazt.storage.docs.insert("posts", t)
  end,
  ["GET /expect/too_large/arg-items"] = function()
    local t = {}
    for i = 1, 20000 do t[i] = i end
    fazt.storage.kv.set("k", t)
  end,
  ["GET /expect/too_large/arg-bytes"] = function() fazt.storage.kv.set("k", ("x"):rep(2000000)) end,
  ["GET /expect/bad_request/arg-not-utf8"] = function() fazt.storage.kv.set("k", "\xFF") end,
  ["GET /expect/ok/arg-metamethods"] = function()
    local loop = function() while true do end end
    local t = setmetatable({ a = 1 }, { __index = loop, __pairs = loop, __len = loop, __tostring = loop, __name = "x" })
    fazt.storage.kv.set("k", t)
    return "ok"
  end,
  ["GET /expect/bad_response/number"] = function() return 5 end,
  ["GET /expect/bad_response/two-bodies"] = function() return { text = "a", html = "b" } end,
  ["GET /expect/bad_response/unknown-field"] = function() return { stauts = 200 } end,
  ["GET /expect/bad_response/list"] = function() return { "a" } end,
  ["GET /expect/bad_response/cyclic"] = function() local t = {} t.t = t return { json = t } end,
  ["GET /expect/bad_status/status"] = function() return { status = 999, text = "x" } end,
  ["GET /expect/bad_status/status-type"] = function() return { status = "200", text = "x" } end,
  ["GET /expect/bad_header/newline"] = function() return { headers = { ["x-a"] = "1\nset-cookie: a=b" }, text = "x" } end,
  ["GET /expect/bad_header/name"] = function() return { headers = { ["x a"] = "1" }, text = "x" } end,
  ["GET /expect/bad_header/redirect"] = function() return { redirect = "/\r\nx: y" } end,
  ["GET /expect/bad_response/headers"] = function()
    local t = {}
    for i = 1, 10000 do t["x-" .. i] = "y" end
    return { headers = t, text = "x" }
  end,
  ["GET /expect/bad_response/header-bytes"] = function() return { headers = { ["x-a"] = ("y"):rep(20000) }, text = "x" } end,
  ["GET /expect/bad_response/header-type"] = function() return { headers = { ["x-a"] = {{}} }, text = "x" } end,
  ["GET /expect/response_too_large/json"] = function()
    local t = {}
    for i = 1, 9 do t[i] = ("x"):rep(1000000) end
    return { json = t }
  end,
  ["GET /expect/ok/response-metamethods"] = function()
    local loop = function() while true do end end
    return setmetatable({ text = "ok" }, { __index = loop, __pairs = loop, __len = loop })
  end,
}
