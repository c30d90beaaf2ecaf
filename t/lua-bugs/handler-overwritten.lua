-- A coroutine that failed within xpcall is closed while the place of the handler holds something else (before 5.4.8).
return function()
  local says = {}
  for i = 1, 200 do
    local co = coroutine.wrap(function()
      xpcall(function()
        local c <close> = setmetatable({}, { __close = function() local a, b, c2, d = 1, {}, "x", print error("second") end })
        coroutine.yield()
        error("first")
      end, function(m) if i % 2 == 0 then error(m) end return coroutine.yield and m end)
      local d <close> = setmetatable({}, { __close = function() error({ "third" }) end })
      error("fourth")
    end)
    co()
    says[#says + 1] = type(select(2, pcall(co)))
    local dying = coroutine.create(function()
      local x <close> = setmetatable({}, { __close = function() local _ = { xpcall(error, function() error("again") end) } end })
      xpcall(coroutine.yield, print)
      error("end")
    end)
    coroutine.resume(dying)
    coroutine.resume(dying, 1)
    coroutine.resume(dying, 2)
  end
  return says[1] .. says[#says]
end
