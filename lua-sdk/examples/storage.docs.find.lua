local docs = require "fazt".storage.docs
for n = 1, 3 do docs.insert("books", { title = "Book " .. n, stars = n }) end
local good, more = docs.find("books", { stars = { gte = 2 } }, { sort = "-stars", limit = 1 })
assert(good[1].title == "Book 3" and more)
local rest = docs.find("books", { stars = { gte = 2 } }, { sort = "-stars", limit = 1, cursor = more })
assert(rest[1].title == "Book 2")
