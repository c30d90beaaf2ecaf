local kv = require "fazt".storage.kv
kv.set("draft", "Dear all,", { ttl = 3600 }) -- gone in an hour
assert(kv.get("draft") == "Dear all,")
