local date = require "fazt.date"
local moment = date.parse "2026-11-25T17:30Z"
assert(date.start_of(moment, "week") == date.parse "2026-11-23")
assert(date.start_of(moment, "month") == date.parse "2026-11-01")
