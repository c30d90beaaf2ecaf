local fazt = require "fazt"
-- in a run: fazt.sleep(24 * 3600), or fazt.sleep(date.add(fazt.now(), { days = 1 }))
local fine, why = pcall(fazt.sleep, 1)
assert(not fine and why.code == "bad_request") -- this is a request, and people wait for it
