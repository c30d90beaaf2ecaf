-- The same by way of coroutine.wrap, which closes a coroutine that failed.
return function()
  local function chain(n)
    return coroutine.wrap(function()
      local c <close> = setmetatable({}, { __close = function() if n > 0 then pcall(chain(n - 1)) end error("close") end })
      error("body")
    end)
  end
  local _, why = pcall(chain(5000))
  local function wrapped(n) return n == 0 and error("deep") or coroutine.wrap(wrapped)(n - 1) end
  local _, other = pcall(wrapped, 5000)
  return tostring(why) .. tostring(other)
end
