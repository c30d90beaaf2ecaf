local form, validate = require "fazt.form", require "fazt.validate"
local task = validate.schema { { "title", "string", required = true, max = 80, hint = "What is to be done?" } }
local page = tostring(form.render(task, { action = "/tasks", values = { title = "Tea" }, errors = {}, submit = "Add" }))
assert(page:find('<label for="field-title">Title</label>', 1, true) and page:find('value="Tea"', 1, true))
return { html = page }
