local date = require "fazt.date"
assert(date.from { year = 2026, month = 11, day = 25 } == date.parse "2026-11-25")
assert(date.from { year = 2026, month = 13 } == date.parse "2027-01-01")
