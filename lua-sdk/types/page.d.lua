---@meta fazt.page
-- Written from fcgi/sys/module.def; do not edit.

---Pages of a long list, by the cursors of storage.docs.find. The address carries ?after=CURSOR and the way one came.
---@class fazt.page
local page = {}

---The cursor of the page that is asked for, for opts.cursor of find.
---@param req Request
---@return string?
function page.cursor(req) end

---Links to the newer and the older page, as far as there are such. opts: newer older label, the words.
---@param req Request
---@param more? string
---@param opts? PageOptions
---@return Html
function page.links(req, more, opts) end

---The same for JSON: { cursor, newer, older }, null where there is none.
---@param req Request
---@param more? string
---@return PageMeta
function page.meta(req, more) end

return page
