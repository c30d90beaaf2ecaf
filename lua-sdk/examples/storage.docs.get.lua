local docs = require "fazt".storage.docs
local note = docs.insert("notes", { title = "Milk" })
assert(docs.get("notes", note.id).title == "Milk")
assert(docs.get("notes", "no such id") == nil)
