local fazt = require "fazt"
local docs = fazt.storage.docs
local note = docs.insert("notes", { title = "Milk", amount = 2 })
local changed = docs.update("notes", note.id, { title = "Oat milk", amount = fazt.null })
assert(changed.title == "Oat milk" and changed.amount == nil and changed.rev == 2)
-- somebody else was faster: this revision is not the newest any more
local done, why = pcall(docs.update, "notes", note.id, { title = "Tea" }, { rev = note.rev })
assert(not done and why.code == "conflict")
