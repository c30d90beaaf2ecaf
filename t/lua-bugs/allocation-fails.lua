-- Every allocation fails once: memory is filled up to ever more bytes below the cap, and then everything that allocates is tried.
local json = require("fazt").json
local tries = {
  function() return {} end, function() return { 1, 2, 3, a = 1, b = 2 } end, function() return ("x"):rep(100) .. "y" end, function() return function() return tries end end,
  function() return coroutine.wrap(function(...) coroutine.yield(...) end)(1, 2, 3) end, function() return load("local a, b = 1, 'text' return function() return a, b, { a } end") end,
  function() return ("abc"):gsub("%w", "%0%0") end, function() return table.concat({ "a", "b", 1, 2.5 }, ", ") end, function() return string.format("%s %d %q %5.2f", "x", 1, "y", 2.5) end,
  function() return json.decode('{"a":[1,{"b":null}],"c":"text"}') end, function() return json.encode({ a = { 1, 2, { b = "x" } } }) end, function() return select(2, pcall(error, { code = "conflict" })) end,
  function() local t = {} for i = 1, 20 do t[i] = i t["k" .. i] = i end return t end, function() return table.pack(table.unpack({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })) end, function() return setmetatable({}, { __index = function(_, k) return k .. k end }).some end,
  function() local x <close> = setmetatable({}, { __close = function() return {} end }) return ("text"):upper() end, function() return os.date("%Y-%m-%d", 0), tostring(1.5), utf8.char(8364, 9731) end,
  function() for a, b in ("k=v, l=w"):gmatch("(%w+)=(%w+)") do local _ = a .. b end end, function() return string.pack("z i4 s2", "a", 1, "b") end, function() local function deep(n) return n == 0 and 0 or 1 + deep(n - 1) end return deep(150) end,
  function() return xpcall(error, function(m) return { m } end, "x") end, function() return coroutine.resume(coroutine.create(function() error({}) end)) end, function() error("a text made of " .. #tries) end,
}

return function()
  local failed, done, most = 0, 0, {}
  pcall(function() while true do most[#most + 1] = ("x"):rep(65536) .. #most end end)
  most[#most], most[#most - 1], most[#most - 2] = nil, nil, nil
  for round = 0, 180, 3 do
    local hog = {}
    pcall(function() while true do hog = { hog, ("x"):rep(2000) .. round } end end)
    pcall(function() while true do hog = { hog } end end)
    for _ = 1, round do hog = type(hog[1]) == "table" and hog[1] or hog end
    for i = 1, #tries do
      if pcall(tries[i]) then done = done + 1 else failed = failed + 1 end
    end
  end
  return failed .. " " .. done
end
