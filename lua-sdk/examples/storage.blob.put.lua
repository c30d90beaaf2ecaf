local blob = require "fazt".storage.blob
local info = blob.put("photos/hello.txt", "Hello!", { type = "text/plain" }) -- or req.files.photo, from a form
assert(info.size == 6 and info.type == "text/plain")
