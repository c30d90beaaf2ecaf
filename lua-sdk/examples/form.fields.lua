local form, html, validate = require "fazt.form", require "fazt.html", require "fazt.validate"
local task = validate.schema { { "title", "string" }, { "text", "string", lines = 5 } }
local page = html.template '<form method="post">{{ fields }}<button>Add</button></form>'
return { html = page { fields = form.fields(task, { title = "Tea" }) } }
