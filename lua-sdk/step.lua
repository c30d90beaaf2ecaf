-- step(name, fn): what fn returned when it ran to its end, in this life of the run or an earlier one. Value and error pass
-- through the journal, so that both are the same in every life; and so is chance behind it, however much fn drew.

local native = ...
local look_up, keep, drop = native.run.look, native.run.keep, native.run.drop
local turn, fail, null = native.turn, native.fail, native.null
local error, pcall, tostring, type = error, pcall, tostring, type

local function run(name, fn)
  local done, value = pcall(fn)
  turn()
  if done then return keep(name, value) end
  if type(value) == "table" then drop(name, value.code, value.message) end
  drop(name, nil, tostring(value))
end

return function(name, fn)
  if type(fn) ~= "function" then fail("bad_request", "step: fn must be a function") end
  local fine, known = pcall(look_up, name)
  if fine and not known then return run(name, fn) end
  turn()
  if not fine then error(known, 0) end
  local value = known.value
  if value == null then return nil end
  return value
end
