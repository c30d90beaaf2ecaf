local fazt = require "fazt"
-- in a run: fazt.progress(3, 10, "reading the third part")
local fine, why = pcall(fazt.progress, 3, 10)
assert(not fine and why.code == "bad_request")
