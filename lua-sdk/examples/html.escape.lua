local html = require "fazt.html"
local name = html.escape('<script>"') .. html.safe("<br>")
assert(tostring(name) == "&lt;script&gt;&quot;<br>")
