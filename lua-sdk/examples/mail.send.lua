local fazt = require "fazt"
local id = fazt.mail.send{ to = "owner", subject = "Three new leads", text = "Anna, Ben and Mia want to hear from you.\n" }
assert(#id == 26)
