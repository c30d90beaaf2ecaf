-- POST title=
local form, validate = require "fazt.form", require "fazt.validate"
local task = validate.schema { { "title", "string", required = true } }
local value, errors, typed = form.read(task, req)
if errors then
  return form.invalid(req, errors, function() return form.render(task, { values = typed, errors = errors }) end)
end
return { status = 201, json = value }
