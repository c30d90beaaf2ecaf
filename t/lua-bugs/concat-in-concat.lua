-- The same, with a __concat that concatenates, and collects by making garbage.
return function()
  local wrong, mt = 0, {}
  local function object(n) return setmetatable({ n = n }, mt) end
  mt.__concat = function(a, b)
    local n = type(a) == "table" and a.n or b.n
    local garbage = ("x"):rep(10000) .. n
    if n == 0 then return garbage:sub(1, 1) end
    return "(" .. n .. object(n - 1) .. ")" .. object(n - 1)
  end
  for n = 1, 10 do
    local fine, s = pcall(function() return "a" .. "b" .. object(n) .. "c" end)
    if not fine or #s < 3 then wrong = wrong + 1 end
  end
  return wrong
end
