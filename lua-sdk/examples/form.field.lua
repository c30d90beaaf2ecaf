local form, validate = require "fazt.form", require "fazt.validate"
local task = validate.schema { { "title", "string", required = true } }
local field = tostring(form.field(task, "title", {}, { title = "Title is missing." }))
assert(field:find('aria-invalid="true"', 1, true) and field:find("Title is missing.", 1, true))
