local fazt = require "fazt"
local note = fazt.storage.docs.insert("notes", { title = "Milk", done = false })
assert(note.title == "Milk" and note.rev == 1)
assert(fazt.storage.docs.get("notes", note.id).title == "Milk")
