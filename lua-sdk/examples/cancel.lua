local fazt = require "fazt"
local id = fazt.queue("api/main.lua", nil, { delay = 3600 })
fazt.cancel(id)
fazt.cancel(id) -- it has ended; nothing happens
