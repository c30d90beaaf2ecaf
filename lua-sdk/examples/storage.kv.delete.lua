local kv = require "fazt".storage.kv
kv.set("draft", "Dear all,")
kv.delete("draft")
assert(kv.get("draft") == nil)
