-- CVE-2021-43519: coroutines that resume one another until the C stack is used up, and errors on the way back.
return function()
  local function deep(n) local co = coroutine.create(deep) local fine, why = coroutine.resume(co, n + 1) if n % 3 == 0 then error(why, 0) end return why end
  local _, why = pcall(deep, 1)
  local function gsubs(n) return (("x"):gsub("x", function() return coroutine.wrap(gsubs)(n + 1) end)) end
  local _, other = pcall(gsubs, 1)
  local function sorts() table.sort({ 3, 2, 1 }, function() return coroutine.wrap(sorts)() end) end
  local _, third = pcall(sorts)
  local mt = {} mt.__index = function(t, k) return coroutine.wrap(function() return setmetatable({}, mt)[k] end)() end
  local _, fourth = pcall(function() return setmetatable({}, mt).x end)
  return tostring(why) .. tostring(other) .. tostring(third) .. tostring(fourth)
end
