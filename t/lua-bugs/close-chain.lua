-- Variables that close one another, twenty thousand of them: the C stack overflows where coroutine.close does not count its
-- depth (before 5.4.8).
return function()
  local last
  for i = 1, 20000 do
    local before = last
    local made, co = pcall(coroutine.create, function()
      local c <close> = setmetatable({}, { __close = function() if before then (coroutine.close or coroutine.resume)(before) end end })
      coroutine.yield()
    end)
    if not made then break end
    coroutine.resume(co)
    last = co
  end
  return tostring(select(2, pcall(coroutine.close or coroutine.resume, last)))
end
