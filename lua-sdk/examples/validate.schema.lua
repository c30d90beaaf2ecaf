local validate = require "fazt.validate"
local person = validate.schema {
  { "name", "string", required = true, max = 80 },
  { "born", "date", max = "2020-12-31" },
  { "size", "enum", values = { { "s", "Small" }, { "l", "Large" } }, default = "s" },
  { "tags", "list", of = { "string", max = 20 }, max = 5 },
  { "address", "object", fields = { { "city", "string", required = true } } },
}
local value = assert(validate.check(person, { name = " Anna ", address = { city = "Bern" }, admin = true }))
assert(value.name == "Anna" and value.size == "s" and value.admin == nil)
