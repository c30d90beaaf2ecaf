local html = require "fazt.html"
local show = html.template "<p>{{ text }}</p>"
assert(show { text = "<b>" } == "<p>&lt;b&gt;</p>")
assert(show { text = html.safe("<b>bold</b>") } == "<p><b>bold</b></p>")
