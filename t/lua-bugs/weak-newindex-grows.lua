-- The same, where what grows until there is no memory is the table itself.
return function()
  local weak = {}
  local mt = setmetatable({}, weak)
  weak.__mode = "kv"
  for _ = 1, 20 do
    pcall(function()
      mt.__newindex = {}
      local t = setmetatable({}, mt)
      for i = 1, 1e7 do t[i] = i if not mt.__newindex then mt.__newindex = {} end end
    end)
    pcall(function()
      local t, hog = setmetatable({}, mt), {}
      for i = 1, 1e7 do mt.__newindex = setmetatable({}, mt) t["k" .. i] = {} hog[i] = { i } end
    end)
  end
  return "done"
end
