local docs = require "fazt".storage.docs
local note = docs.insert("notes", { title = "Milk" })
docs.delete("notes", note.id)
assert(docs.get("notes", note.id) == nil)
