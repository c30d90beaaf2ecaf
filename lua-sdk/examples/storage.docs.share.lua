local docs = require "fazt".storage.docs
local list = docs.insert("lists", { title = "Groceries" })
docs.share("lists", list.id, "members", "read")
assert(docs.shares("lists", list.id)[1].who == "members")
docs.share("lists", list.id, "members") -- no level: not any more
assert(#docs.shares("lists", list.id) == 0)
