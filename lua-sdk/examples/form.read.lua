-- POST title=Milk&done=on&tags[]=a&tags[]=b
local form, validate = require "fazt.form", require "fazt.validate"
local task = validate.schema {
  { "title", "string", required = true }, { "done", "boolean" }, { "amount", "integer" },
  { "tags", "list", of = { "string" } },
}
local value, errors = form.read(task, req)
assert(not errors and value.title == "Milk" and value.done == true and value.amount == nil and #value.tags == 2)
