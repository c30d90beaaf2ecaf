local blob = require "fazt".storage.blob
for _, name in ipairs { "trip/a.txt", "trip/b.txt" } do blob.put(name, "…") end
local files, more = blob.list("trip/", { limit = 1 })
assert(files[1].name == "trip/a.txt")
files = blob.list("trip/", { cursor = more })
assert(files[1].name == "trip/b.txt")
