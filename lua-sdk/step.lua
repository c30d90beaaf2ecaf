-- step(name, fn): what fn returned when it ran to its end, in this life of the run or an earlier one. Value and error pass
-- through the journal, so that both are the same in every life; and so is chance behind it, however much fn drew.

local native = ...
local look_up, keep, drop = native.run.look, native.run.keep, native.run.drop
local turn, fail, null = native.turn, native.fail, native.null
local error, pcall, tostring, type, utf8_len = error, pcall, tostring, type, utf8.len
local LONGEST = 65536

-- What the call would refuse is left out.
local function text(value)
  return type(value) == "string" and #value <= LONGEST and utf8_len(value) and value or nil
end

-- Whatever was raised: the kernel has to hear that the step is over, and raises it again.
local function give_up(name, why)
  if type(why) ~= "table" then drop(name, nil, text(tostring(why))) end
  local fine, code, message = pcall(function() return text(why.code), text(why.message) end)
  drop(name, fine and code or nil, fine and message or nil)
end

local function run(name, fn)
  local done, value = pcall(fn)
  turn()
  if not done then give_up(name, value) end
  local kept, back = pcall(keep, name, value)
  if not kept then give_up(name, back) end
  return back
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
