local fazt = require "fazt"
-- local answer = fazt.app.propose("blog", { ["public/app.css"] = css }, { reason = "Larger letters.", base = "1.4.0" })
-- if answer.approved then fazt.log.info("version " .. answer.version .. " serves") end
local fine, why = pcall(fazt.app.propose, "os", { ["public/app.css"] = "" }, { reason = "A dashboard of my own." })
assert(not fine and why.code == "reserved_name") -- Fazt's own apps are Fazt's
