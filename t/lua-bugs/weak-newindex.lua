-- luaV_finishset: an assignment whose __newindex table is held by a weak metatable alone, when an allocation that fails
-- collects it (before 5.4.8). setmetatable refuses __mode, which may be added afterwards all the same.
return function()
  local weak = {}
  local mt = setmetatable({}, weak)
  weak.__mode = "v"
  local caught = 0
  for round = 1, 40 do
    local hog = {}
    local fine = pcall(function()
      for i = 1, 1e7 do
        mt.__newindex = {}
        local t = setmetatable({}, mt)
        for k = 1, 64 do t[k] = k t["k" .. k] = k end
        hog[#hog + 1] = ("x"):rep(1000 * round) .. i
      end
    end)
    if not fine then caught = caught + 1 end
  end
  return caught
end
