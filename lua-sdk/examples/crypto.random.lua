local fazt = require "fazt"
local bytes = fazt.crypto.random(16)
assert(#bytes == 16 and bytes ~= fazt.crypto.random(16))
