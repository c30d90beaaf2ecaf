local validate = require "fazt.validate"
local note = validate.schema { { "title", "string", required = true }, { "text", "string", required = true } }
local _, errors = validate.check(note, {})
local sentence, field = validate.first(note, errors)
assert(sentence == "Title is missing." and field == "title")
