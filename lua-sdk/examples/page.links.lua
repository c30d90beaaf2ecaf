local page, html = require "fazt.page", require "fazt.html"
local notes, more = { "one", "two" }, "CURSOR" -- as find returns them
local show = html.template "{% for _, note in ipairs(notes) do %}<p>{{ note }}</p>{% end %}{{ links }}"
local text = show { notes = notes, links = page.links(req, more, { older = "More" }) }
assert(text:find("after=CURSOR\">More</a>", 1, true))
return { html = text }
