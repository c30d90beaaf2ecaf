local fazt = require "fazt"
local function close(task)
  if task.closed then fazt.fail("conflict", "It was closed already.") end
end
local done, why = pcall(close, { closed = true })
assert(not done and why.code == "conflict" and why.message == "It was closed already.")
