-- What would run for ever: refused at once, or ended by the leash. A route is /expect/OUTCOME/WHAT.
local pristine = require "pristine"

local function refused(fn, ...)
  return pcall(fn, ...) and "not refused" or "ok"
end

return {
  ["GET /pristine"] = pristine,
  ["GET /expect/killed/loop"] = function() while true do end end,
  ["GET /expect/killed/pcall-loop"] = function() while true do pcall(function() while true do end end) end end,
  ["GET /expect/killed/coroutine"] = function()
    coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()
  end,
  ["GET /expect/killed/xpcall-handler"] = function()
    local function f() while true do end end
    xpcall(error, f)
  end,
  ["GET /expect/killed/close"] = function()
    local c <close> = setmetatable({}, { __close = function() while true do end end })
    error("x")
  end,
  ["GET /expect/killed/index"] = function()
    local t = setmetatable({}, {})
    getmetatable(t).__index = function(_, k) return t[k] end
    while true do pcall(function() return t.x end) end
  end,
  ["GET /expect/killed/find"] = function() return { text = tostring(("a"):rep(60):find((".-"):rep(14) .. "b")) } end,
  ["GET /expect/killed/patterns"] = function()
    local s, p = ("a"):rep(1000000), ("a"):rep(200) .. "b"
    for _ = 1, 1000 do s:find(p) end
    while true do s:find(".-.-b") end
  end,
  ["GET /expect/killed/rehash"] = function()
    local t = {}
    for i = 1, 1000000 do t[i * 65535] = true end
    while true do end
  end,
  ["GET /expect/killed/tostring-loop"] = function()
    print(setmetatable({}, { __tostring = function() while true do end end }))
  end,
  ["GET /expect/killed/as-app"] = function() require("fazt").as_app(function() while true do end end) end,
  ["GET /expect/ok/rep-empty"] = function() return #(""):rep(1 << 62) == 0 and "ok" or "no" end,
  ["GET /expect/ok/plain-find"] = function()
    return refused(function() return (("a"):rep(4000000)):find(("a"):rep(2000000) .. "b", 1, true) end)
  end,
  ["GET /expect/ok/long-pattern"] = function() return refused(string.find, "a", ("a?"):rep(200)) end,
  ["GET /expect/ok/move"] = function() return refused(table.move, {}, 1, 1 << 62, 1, {}) end,
  ["GET /expect/ok/len"] = function()
    local t = setmetatable({}, { __len = function() return 1 << 62 end })
    if pcall(table.insert, t, 1, 1) or pcall(table.remove, t, 1) or pcall(table.sort, t) then return "no" end
    return "ok"
  end,
  ["GET /expect/ok/concat"] = function()
    return refused(table.concat, setmetatable({}, { __index = function() return "" end }), "", 1, 1 << 62)
  end,
  ["GET /expect/ok/unpack"] = function() return refused(table.unpack, {}, 1, 1 << 40) end,
  ["GET /expect/ok/sort"] = function()
    local t = {}
    for i = 1, 150000 do t[i] = -i end
    return refused(table.sort, t)
  end,
  ["GET /expect/ok/packsize"] = function() return refused(string.packsize, ("i"):rep(2000000)) end,
  ["GET /expect/ok/utf8"] = function() return refused(utf8.len, ("x"):rep(2000000)) end,
  ["GET /expect/ok/format-args"] = function() return refused(string.format, ("%.0s"):rep(50000), "x") end,
  ["GET /expect/ok/compiler"] = function()
    return load("return 1" .. (" and x"):rep(80000)) == nil and "ok" or "compiled"
  end,
  ["GET /expect/ok/json-deep"] = function()
    return refused(require("fazt").json.decode, ("["):rep(100000))
  end,
}
