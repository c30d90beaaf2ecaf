local kv = require "fazt".storage.kv
assert(kv.incr("visits") == 1)
assert(kv.incr("visits", 10) == 11)
