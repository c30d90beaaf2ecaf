local fazt = require "fazt"
-- in a run: local result = fazt.join(fazt.queue("api/part.lua", 1))
local fine, why = pcall(fazt.join, "no run")
assert(not fine and why.code == "bad_request")
