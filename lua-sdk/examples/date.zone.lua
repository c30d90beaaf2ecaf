local date = require "fazt.date"
local moment = date.parse("2026-07-01T12:00:00Z")
assert(date.format(moment, "%H:%M", "Europe/Berlin") == "14:00")
assert(date.format(moment, "%H:%M", date.zone()) ~= nil) -- as the owner's clock shows it
