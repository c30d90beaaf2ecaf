local html = require "fazt.html"
local list = html.template [[
<ul>
  {% for _, note in ipairs(notes) do %}
  <li><a href="/notes/{{ note.id }}">{{ note.title }}</a></li>
  {% end %}
</ul>
]]
local page = list { notes = { { id = "7", title = "Milk & tea" } } }
assert(page:find('<li><a href="/notes/7">Milk &amp; tea</a></li>', 1, true))
return { html = page }
