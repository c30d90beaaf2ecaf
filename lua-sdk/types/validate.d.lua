---@meta fazt.validate
-- Written from fcgi/sys/module.def; do not edit.

---What a value must be, said once, for JSON and for forms; what is wrong with it, in sentences for whoever typed it.
---@class fazt.validate
local validate = {}

---Makes a schema. A field is { name, type, options… }; types are string integer number boolean date time datetime email url enum list object. Options of all: required default label hint message. Of text: min max (characters) pattern trim lines secret placeholder. Of numbers, dates and times: min max; datetime: zone. Of an enum: values, each a value or { value, label }. Of a list: of (a field without a name) min max. Of an object: fields unknown. opts.unknown: "drop" what is not in it (the default) or "refuse". A mistake in it is an error at its line.
---@param fields SchemaField[]
---@param opts? SchemaOptions
---@return Schema
function validate.schema(fields, opts) end

---The value with trimmed texts, defaults and nothing unknown; or nil and the errors, a sentence for each path ("title", "address.city", "tags.2"). A datetime may be text and becomes milliseconds. opts.partial: what is absent stays absent, as for an update.
---@param schema Schema
---@param value any
---@param opts? CheckOptions
---@return table<string,any>?, table<string,string>?
function validate.check(schema, value, opts) end

---The first of the errors in order of the fields, and its path.
---@param schema Schema
---@param errors table<string,string>
---@return string, string
function validate.first(schema, errors) end

---Whether a value is a schema.
---@param value any
---@return boolean
function validate.is_schema(value) end

return validate
