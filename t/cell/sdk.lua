-- What lua-sdk makes of the plain calls.
local fazt = require "fazt"
local docs, kv, tx = fazt.storage.docs, fazt.storage.kv, fazt.storage.tx
local runs = 0

return {
  ["GET /tx"] = function()
    local made, kept
    local result, second = tx(function()
      runs = runs + 1
      local a = docs.get("notes", "a")
      docs.update("notes", "a", { title = "new", gone = fazt.null })
      made = docs.insert("notes", { title = "made" })
      docs.insert("lines", { parent = made.id, text = "below" })
      kept = docs.get("notes", "a")
      local again = docs.get("notes", made.id)
      docs.delete("notes", "b")
      return a.title .. kept.title .. tostring(kept.gone) .. again.title, docs.get("notes", "b")
    end)
    return { json = { result = result, second = second or "nil", runs = runs, made = made, kept = kept } }
  end,
  ["GET /tx-read"] = function() return { json = tx(function() return docs.get("notes", "a") end) } end,
  ["GET /tx-absent"] = function() return { json = tx(function() docs.update("notes", "absent", {}) end) } end,
  ["GET /tx-nested"] = function() tx(function() tx(function() end) end) end,
  ["GET /tx-kv"] = function() tx(function() kv.set("a", 1) end) end,
  ["GET /tx-after-error"] = function()
    pcall(tx, function() error("x") end)
    pcall(tx, function() docs.insert("notes", {}) error("x") end)
    docs.insert("notes", { title = "plain" })
    return "ok"
  end,
  ["GET /tx-coroutine"] = function() -- one that fails, and is never closed
    coroutine.resume(coroutine.create(function() tx(function() docs.insert("notes", {}) error("x") end) end))
    docs.insert("notes", { title = "plain" })
    kv.set("a", 1)
    return tx(function() return "ok" end)
  end,
  ["GET /tx-deep"] = function()
    local function deep() error("within") end
    tx(function() deep() return 1 end)
  end,
  ["GET /tx-memory"] = function()
    pcall(tx, function() error("before") end)
    tx(function() local t = {} while true do t = { t } end end)
  end,
  ["GET /tx-yield"] = function()
    local co = coroutine.wrap(function() tx(function() coroutine.yield() end) end)
    return pcall(co) and "yielded" or "ok"
  end,
  ["GET /as-app"] = function()
    local function who() return docs.insert("notes", {}).as_app end
    local seen = { tostring(who()), tostring(fazt.as_app(who)), tostring(who()) }
    pcall(fazt.as_app, function() error("x") end)
    seen[4] = tostring(who())
    fazt.as_app(function()
      pcall(fazt.as_app, function() error("x") end)
      seen[5] = tostring(who())
    end)
    pcall(coroutine.wrap(function() fazt.as_app(function() coroutine.yield() end) end))
    seen[6] = tostring(who())
    coroutine.resume(coroutine.create(function() fazt.as_app(function() error("x") end) end)) -- and is never closed
    seen[7] = tostring(who())
    return { text = table.concat(seen, " ") }
  end,
  ["GET /as-app-tx"] = function()
    tx(function() fazt.as_app(function() docs.insert("notes", {}) end) docs.insert("notes", {}) end)
    return "ok"
  end,
  ["GET /as-app-left"] = function() fazt.as_app(function() error("x") end) end,
  ["GET /spent"] = function()
    for _ = 1, 100 do pcall(function() docs.get("notes", "spent") end) end
    return "swallowed"
  end,
  ["GET /json"] = function()
    local j = fazt.json
    local text = '{"a":[1,2.5,-3,1e3,9007199254740993,"\\u00e9\\n"],"b":{},"c":[],"d":null,"e":true}'
    return { text = j.encode(j.decode(text)) .. j.encode {} .. j.encode(fazt.list()) .. j.encode { 1, 2 } .. j.encode "x" .. j.encode(0.1) }
  end,
  ["GET /crypto"] = function()
    local c = fazt.crypto
    return { text = table.concat({ c.hash("sha256", "abc"):sub(1, 8), c.hmac("sha256", "key", "data"):sub(1, 8),
      tostring(c.equal("a", "a")), tostring(c.equal("a", "b")), #c.random(9), tostring(pcall(c.hash, "md5", "x")) }, " ") }
  end,
  ["GET /date"] = function()
    return { text = os.date("%Y-%m-%d %H:%M", 0) .. os.time { year = 2023, month = 11, day = 14, hour = 0 } .. os.date("!*t").yday .. os.clock() }
  end,
  ["GET /random"] = function()
    for _ = 1, 1000 do
      local a, b, c = math.random(), math.random(6), math.random(-3, 3)
      if a < 0 or a >= 1 or b < 1 or b > 6 or c < -3 or c > 3 then return "out of range" end
      math.random(math.mininteger, math.maxinteger)
    end
    return pcall(math.random, 2, 1) and "an empty range" or "ok"
  end,
  ["GET /job"] = function() return "a route" end,
}
