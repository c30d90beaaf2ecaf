local kv = require "fazt".storage.kv
assert(kv.cas("leader", nil, "me"))        -- it was absent
assert(not kv.cas("leader", nil, "you"))   -- and is not any more
assert(kv.get("leader") == "me")
