local date = require "fazt.date"
local moment = date.parse "2026-11-25T17:30Z"
assert(date.format(moment, "%A, %e %B %Y") == "Wednesday, 25 November 2026")
assert(date.format(moment, "%H:%M", "+02:00") == "19:30")
