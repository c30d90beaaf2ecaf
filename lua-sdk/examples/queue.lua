local fazt = require "fazt"
local id = fazt.queue("api/main.lua", { to = "everyone" }, { delay = 60, key = "newsletter" })
assert(#id == 26)
assert(fazt.queue("api/main.lua", nil, { key = "newsletter" }) == id) -- one is under way already
fazt.cancel(id)
