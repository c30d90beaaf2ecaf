local fazt = require "fazt"
assert(fazt.run.look("draw a number") == nil)
local fine, why = pcall(fazt.run.drop, "draw a number", "conflict", "no number is left") -- use fazt.step
assert(not fine and why.code == "conflict")
