local docs = require "fazt".storage.docs
local list = docs.insert("lists", { title = "Groceries" })
docs.share("lists", list.id, "members", "change")
local share = docs.shares("lists", list.id)[1]
assert(share.who == "members" and share.level == "change")
