local fazt = require "fazt"
assert(fazt.run.look("draw a number") == nil) -- nothing is known; use fazt.step
fazt.run.keep("draw a number", 4)
