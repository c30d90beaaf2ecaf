local kv = require "fazt".storage.kv
kv.set("size:s", 1)
kv.set("size:m", 2)
local entries = kv.list("size:")
assert(#entries == 2 and entries[1].key == "size:m" and entries[1].value == 2)
