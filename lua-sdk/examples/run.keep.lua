local fazt = require "fazt"
assert(fazt.run.look("draw a number") == nil)
assert(fazt.run.keep("draw a number", 4) == 4) -- use fazt.step
