local validate = require "fazt.validate"
local note = validate.schema { { "title", "string", required = true, max = 10 }, { "stars", "integer", min = 1, max = 5 } }
local value, errors = validate.check(note, { stars = 9 })
assert(value == nil and errors.title == "Title is missing." and errors.stars == "At most 5.")
-- what is absent stays absent: for an update
assert(validate.check(note, { stars = 3 }, { partial = true }).title == nil)
