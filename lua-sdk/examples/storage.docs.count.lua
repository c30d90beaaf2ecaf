local docs = require "fazt".storage.docs
docs.insert("tasks", { done = false })
docs.insert("tasks", { done = true })
assert(docs.count("tasks") == 2)
assert(docs.count("tasks", { done = false }) == 1)
