---@meta fazt.markdown
-- Written from fcgi/sys/module.def; do not edit.

---What people write, as HTML.
---@class fazt.markdown
local markdown = {}

---CommonMark with tables, strikethrough, task lists and bare links, safe to show: HTML in the text is left out, links run no script. opts.breaks: a line break of the text is one of the page. At most 256 KB. Errors: too_large, unsupported (a build without it).
---@param text string
---@param opts? MarkdownOptions
---@return Html
function markdown.render(text, opts) end

return markdown
