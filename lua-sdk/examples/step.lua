local fazt = require "fazt"
local answer = fazt.step("draw a number", function() return math.random(6) end)
assert(answer >= 1 and answer <= 6) -- in a run it is the same one whenever the run goes on
