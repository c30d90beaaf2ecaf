---@meta fazt.html
-- Written from fcgi/sys/module.def; do not edit.

---Templates that escape by themselves. Files below views/ are templates of the app: html.render("notes/list") shows views/notes/list.html.
---@class fazt.html
local html = {}

---The text of a template of views/ with these values.
---@param name string
---@param values? table<string,any>
---@return string
function html.render(name, values) end

---A template from a text in the code. It is a function of its values. With a name others may include and extend it.
---@param text string
---@param name? string
---@return Template
function html.template(text, name) end

---Says that a text is HTML and needs no escaping. Never say it of what somebody typed.
---@param text string|Html
---@return Html
function html.safe(text) end

---A text with & < > " and ' escaped, as HTML; what is HTML already stays as it is. tostring() makes a string of it.
---@param value any
---@return Html
function html.escape(value) end

---Percent-encodes a text as one component of an address.
---@param value any
---@return string
function html.url(value) end

return html
