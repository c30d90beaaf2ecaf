local fazt = require "fazt"
-- local answer = fazt.halt("Send it to all of them?", { people = 1200 }, { timeout = 86400 })
-- if answer.approved then send() end
local fine, why = pcall(fazt.halt, "")
assert(not fine and why.code == "bad_request") -- a question has a reason
