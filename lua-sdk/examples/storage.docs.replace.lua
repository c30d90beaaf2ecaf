local docs = require "fazt".storage.docs
local note = docs.insert("notes", { title = "Milk", amount = 2 })
note = docs.replace("notes", note.id, { title = "Tea" })
assert(note.title == "Tea" and note.amount == nil and note.id)
