local blob = require "fazt".storage.blob
blob.put("hello.txt", "Hello!")
local bytes, info = blob.get("hello.txt")
assert(bytes == "Hello!" and info.size == 6)
assert(blob.get("nosuch.txt") == nil)
