local date = require "fazt.date"
local zone = "CET-1CEST,M3.5.0,M10.5.0/3"
assert(date.add(date.parse "2026-01-31", { months = 1 }) == date.parse "2026-02-28")
-- the same time tomorrow, although that day has 23 hours
local before = date.parse("2026-03-28T12:00", zone)
assert(date.add(before, { days = 1 }, zone) - before == 23 * 60 * 60 * 1000)
