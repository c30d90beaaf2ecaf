-- A fingerprint of everything an app can reach from its globals and the SDK. The same for every request, whatever
-- the one before did.
local rawget, next, type, tostring, getmetatable = rawget, next, type, tostring, getmetatable
local sort, concat = table.sort, table.concat
local fazt = require "fazt"

local function walk(value, path, seen, out)
  if type(value) ~= "table" then
    out[#out + 1] = path .. "=" .. (type(value) == "function" and "function" or tostring(value))
    return
  end
  if seen[value] then return end
  seen[value] = true
  for k, v in next, value do walk(v, path .. "." .. tostring(k), seen, out) end
end

return function()
  local out, seen = {}, {}
  walk(_G, "_G", seen, out)
  walk(fazt, "fazt", seen, out)
  walk({ ("").upper, ("").rep, #"x" }, "string", seen, out)
  sort(out)
  return { text = concat(out, "\n") }
end
