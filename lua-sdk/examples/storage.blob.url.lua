local blob = require "fazt".storage.blob
blob.put("hello.txt", "Hello!")
local url = blob.url("hello.txt", { expires = 600 }) -- for ten minutes, for anyone who has it
assert(url:find("/_fazt/blob?", 1, true))
