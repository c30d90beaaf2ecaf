local markdown = require "fazt.markdown"
local text = markdown.render "Hello **you**, <script>alert(1)</script> [there](https://example.com)"
assert(tostring(text):find("<strong>you</strong>", 1, true) and not tostring(text):find "<script")
return { html = tostring(text) }
