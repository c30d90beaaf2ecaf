local fazt = require "fazt"
-- in a run: local event = fazt.wait({ "paid", "refused" }, { timeout = 3600 })
local fine, why = pcall(fazt.wait, "paid")
assert(not fine and why.code == "bad_request")
