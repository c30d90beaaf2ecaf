local fazt = require "fazt"
local tomorrow = fazt.now() + 24 * 60 * 60 * 1000
assert(tomorrow > fazt.now() and fazt.now() == fazt.now())
