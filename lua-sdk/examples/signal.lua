local fazt = require "fazt"
local id = fazt.queue("api/main.lua", nil, { delay = 3600 })
fazt.signal(id, "paid", { amount = 12 }) -- kept until the run says fazt.wait("paid")
fazt.cancel(id)
