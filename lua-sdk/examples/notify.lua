local fazt = require "fazt"
local sent = fazt.notify{ title = "Three new leads", body = "Anna, Ben and Mia", tags = { "tada" }, click = "/leads" }
assert(sent.id and sent.topic)
