-- What would use up memory: an error at the cap, in time, and the next request is as if nothing had been.
local pristine = require "pristine"
local fazt = require "fazt"

return {
  ["GET /pristine"] = pristine,
  ["GET /expect/app_memory/strings"] = function()
    local t = {}
    while true do t[#t + 1] = ("x"):rep(1000000) .. #t end
  end,
  ["GET /expect/app_memory/rep"] = function() return ("x"):rep(1 << 40) end,
  ["GET /expect/app_memory/tables"] = function()
    local t = {}
    while true do t = { t } end
  end,
  ["GET /expect/app_memory/array"] = function()
    local t = {}
    for i = 1, math.maxinteger do t[i] = i end
  end,
  ["GET /expect/app_memory/keys"] = function()
    local t = {}
    for i = 1, math.maxinteger do t["k" .. i] = i end
  end,
  ["GET /expect/app_memory/stacks"] = function()
    local function grow(n) return n > 0 and 1 + grow(n - 1) or coroutine.yield() end
    local all = {}
    for i = 1, 1000 do
      all[i] = coroutine.create(grow)
      assert(coroutine.resume(all[i], 150000))
      if coroutine.status(all[i]) == "dead" then error("not enough memory", 0) end
    end
  end,
  ["GET /expect/app_memory/concat"] = function()
    local s = "x"
    while true do s = s .. s end
  end,
  ["GET /expect/app_memory/recursion"] = function()
    local function f(n) return 1 + f(n + 1) end
    return f(1)
  end,
  ["GET /expect/app_memory/buffer"] = function() return (("x"):rep(1000000):gsub(".", ("y"):rep(1000))) end,
  ["GET /expect/bad_request/coroutines"] = function()
    local all = {}
    for i = 1, 2000 do
      all[i] = coroutine.create(function() coroutine.yield() end)
      coroutine.resume(all[i])
    end
  end,
  ["GET /expect/ok/many-dead-coroutines"] = function()
    for _ = 1, 20000 do coroutine.wrap(function() end)() end
    return "ok"
  end,
  ["GET /expect/ok/many-forgotten-coroutines"] = function()
    for _ = 1, 5000 do
      local co = coroutine.create(function() coroutine.yield() end)
      coroutine.resume(co)
    end
    return "ok"
  end,
  ["GET /expect/ok/garbage"] = function() -- thirty times the cap, never much at once
    local s = ""
    for i = 1, 3000 do s = ("x"):rep(80000) .. i end
    return "ok"
  end,
  ["GET /expect/ok/caught"] = function()
    for _ = 1, 5 do
      pcall(function()
        local t = {}
        while true do t[#t + 1] = { #t } end
      end)
    end
    return "ok"
  end,
  ["GET /expect/ok/stringbuilder"] = function() -- every size of string once, the earlier ones garbage
    local s = ""
    for i = 1, 3000 do s = s .. ("x"):rep(1000) end
    return #s == 3000000 and "ok" or "no"
  end,
  ["GET /expect/ok/spent-json"] = function()
    for _ = 1, 20 do pcall(fazt.json.encode, { ("x"):rep(3000000), print }) end
    return #fazt.json.encode { 1 } == 3 and "ok" or "no"
  end,
}
