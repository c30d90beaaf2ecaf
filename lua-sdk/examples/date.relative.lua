local date, fazt = require "fazt.date", require "fazt"
assert(date.relative(fazt.now() - 3 * 24 * 60 * 60 * 1000) == "3 days ago")
assert(date.relative(fazt.now()) == "just now")
