local validate = require "fazt.validate"
assert(validate.is_schema(validate.schema { { "title", "string" } }))
assert(not validate.is_schema { { "title", "string" } })
