local page, fazt = require "fazt.page", require "fazt"
local meta = page.meta(req, "CURSOR")
assert(meta.cursor == "CURSOR" and meta.newer == fazt.null and meta.older:find "after=CURSOR")
