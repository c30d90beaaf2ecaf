-- break, goto and return out of a generic for with a closing value: the wrong slot is closed (5.4.4).
return function()
  local log = {}
  local function closing(name) return setmetatable({}, { __close = function() log[#log + 1] = name end }) end
  for round = 1, 100 do
    local kept = {}
    for k in next, { 1, 2, 3 }, nil, closing("a") do
      local captured = k
      kept[#kept + 1] = function() return captured end
      if k == 2 then break end
    end
    for k in next, { 1, 2, 3 }, nil, closing("b") do
      local inner <close> = closing("c")
      kept[#kept + 1] = function() return k, inner end
      goto out
    end
    ::out::
    local function returns()
      for k in next, { 1 }, nil, closing("d") do
        for j in next, { 1 }, nil, closing("e") do kept[#kept + 1] = function() return k + j end return k, j end
      end
    end
    returns()
    while true do
      local w <close> = closing("f")
      for k in next, { 1, 2 }, nil, closing("g") do kept[#kept + 1] = function() return w, k end break end
      break
    end
    for _, f in ipairs(kept) do pcall(f) end
  end
  return table.concat(log):sub(1, 8)
end
