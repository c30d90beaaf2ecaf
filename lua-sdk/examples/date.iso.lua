local date = require "fazt.date"
assert(date.iso(0) == "1970-01-01T00:00:00Z")
assert(date.iso(0, "+02:00") == "1970-01-01T02:00:00+02:00")
