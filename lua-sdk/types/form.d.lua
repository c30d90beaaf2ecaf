---@meta fazt.form
-- Written from fcgi/sys/module.def; do not edit.

---A schema as an HTML form that works without a script, and what comes back from one.
---@class fazt.form
local form = {}

---Checks what was sent, as a form or as JSON, by the same schema: the value, or nil and the errors; third, what was typed, to show it again. In a form an empty field is absent, a checkbox is true or false, name[] or a repeated name is a list, and a.b is a field of an object. Errors: bad_request, unsupported_type (neither a form nor JSON).
---@param schema Schema
---@param req Request
---@param opts? CheckOptions
---@return table<string,any>?, table<string,string>?, table<string,any>
function form.read(schema, req, opts) end

---The answer with status 422: the page (or what the function returns) for a browser; { error = { code = "invalid", message, fields } } for a program.
---@param req Request
---@param errors table<string,string>
---@param page? string|Html|function
---@return Response
function form.invalid(req, errors, page) end

---The whole form: fields with labels, values and errors, and a button. opts: action method values errors submit id class.
---@param schema Schema
---@param opts? FormOptions
---@return Html
function form.render(schema, opts) end

---All fields, to put into a form of your own.
---@param schema Schema
---@param values? table<string,any>
---@param errors? table<string,string>
---@return Html
function form.fields(schema, values, errors) end

---One field.
---@param schema Schema
---@param name string
---@param values? table<string,any>
---@param errors? table<string,string>
---@return Html
function form.field(schema, name, values, errors) end

return form
