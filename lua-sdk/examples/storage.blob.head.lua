local blob = require "fazt".storage.blob
blob.put("hello.txt", "Hello!")
assert(blob.head("hello.txt").size == 6)
return { blob = "hello.txt" } -- answers with the file itself, however large it is
