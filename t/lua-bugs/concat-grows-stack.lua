-- luaV_concat keeps a pointer into the stack while a __concat makes the stack move (5.4.4 with the patch for CVE-2022-33099).
local function grow(n) return n == 0 and 0 or 1 + grow(n - 1) end

return function()
  local wrong = 0
  for depth = 1, 4000, 7 do
    local object = setmetatable({}, { __concat = function() grow(depth) return "r" end })
    coroutine.wrap(function()
      local a, b = "a", "b"
      local s = a .. b .. object
      local t = a .. b .. a .. b .. object .. a .. b
      local u = object .. object .. object
      if s ~= "ar" or type(t) ~= "string" or type(u) ~= "string" then wrong = wrong + 1 end
    end)()
  end
  return wrong
end
