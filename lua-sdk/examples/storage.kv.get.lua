local kv = require "fazt".storage.kv
kv.set("theme", { dark = true })
assert(kv.get("theme").dark)
assert(kv.get("never set") == nil)
