local date = require "fazt.date"
assert(date.parse "1970-01-02" == 24 * 60 * 60 * 1000)
assert(date.parse "2026-11-25T17:30+01:00" == date.parse "2026-11-25T16:30:00Z")
assert(date.parse "Wed, 25 Nov 2026 17:30:00 GMT" == date.parse "2026-11-25T17:30Z")
assert(date.parse "2026-02-30" == nil)
