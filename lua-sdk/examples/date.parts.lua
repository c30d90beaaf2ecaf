local date = require "fazt.date"
local p = date.parts(date.parse "2026-11-25T17:30Z", "+02:00")
assert(p.year == 2026 and p.hour == 19 and p.weekday == 3 and p.offset == 120)
