-- fazt.markdown: CommonMark with tables, strikethrough and links, as HTML that is safe to show.

local _, native = ...
local html = require "fazt.html"
local error, next, tostring, type = error, next, tostring, type
local convert, safe = native.markdown, html.safe

local markdown = {}

function markdown.render(text, opts)
  if type(text) ~= "string" then error("markdown.render: text must be a string, not a " .. type(text), 2) end
  for name, v in next, opts or {} do
    if name ~= "breaks" then error('markdown.render: there is no option "' .. tostring(name) .. '"; there is breaks', 2) end
    if type(v) ~= "boolean" then error("markdown.render: breaks must be true or false", 2) end
  end
  return safe(convert(text, opts and opts.breaks or false))
end

return markdown
