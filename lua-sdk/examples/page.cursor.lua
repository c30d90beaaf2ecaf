local page, docs = require "fazt.page", require "fazt".storage.docs
local notes, more = docs.find("notes", {}, { sort = "-created", limit = 20, cursor = page.cursor(req) })
return { json = { notes = notes, page = page.meta(req, more) } }
