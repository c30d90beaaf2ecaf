local fazt = require "fazt"
assert(fazt.crypto.hash("sha256", "abc"):sub(1, 8) == "ba7816bf")
