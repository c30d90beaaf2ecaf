local blob = require "fazt".storage.blob
blob.put("hello.txt", "Hello!")
blob.delete("hello.txt")
assert(blob.head("hello.txt") == nil)
