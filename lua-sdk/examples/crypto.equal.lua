local fazt = require "fazt"
assert(fazt.crypto.equal("secret", "secret"))
assert(not fazt.crypto.equal("secret", "guess"))
