-- storage.tx writes this for you.
local fazt = require "fazt"
local note = fazt.storage.docs.insert("notes", { title = "Milk" })
fazt.storage.commit {
  reads = fazt.list { { collection = "notes", id = note.id, rev = 1 } },
  writes = fazt.list { { op = "update", collection = "notes", id = note.id, changes = { title = "Tea" } } },
}
assert(fazt.storage.docs.get("notes", note.id).title == "Tea")
