-- CVE-2022-33099: an error's message is made while the stack has no room left. Every kind of error, at every depth near the limit.
local fails = {
  function() local x = nil return x.y end, function() return {} .. {} end, function() return {} + 1 end, function() return {} < {} end,
  function() local f = 1 f() end, function() error("x") end, function() error({}) end, function() return #1 end, function() return 1 & 1.5 end,
  function() return ("x"):rep(1e9) end, function() string.format("%d", "x") end, function() return setmetatable({}, { __index = function() error("y") end }).x end,
  function() for i = 1, {} do end end, function() for i in 1 do end end, function() return ("x"):nothing() end, function() load("x = = 1")() end,
}

local function depth()
  local deepest = 0
  local function endless(n) deepest = n return 1 + endless(n + 1) end
  pcall(endless, 1)
  return deepest
end

return function()
  local deepest = depth()
  for i, fail in ipairs(fails) do
    local function down(left) if left == 0 then return fail() end return 1 + down(left - 1) end
    if i % 3 == 1 then pcall(down, deepest) end
    local function fails_within(left) if left == 0 then return pcall(xpcall, fail, fail) end return (fails_within(left - 1)) end
    if i % 3 == 2 then pcall(fails_within, deepest - 20) end
    for left = 190, 200 do pcall(function(n) return (("x"):gsub("x", function() return down(n) end)) end, left) end
  end
  return #fails .. " at " .. deepest
end
