local date = require "fazt.date"
local week, year = date.week(date.parse "2027-01-01")
assert(week == 53 and year == 2026)
