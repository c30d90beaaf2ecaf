---@meta fazt.csv
-- Written from fcgi/sys/module.def; do not edit.

---Tables as text (RFC 4180).
---@class fazt.csv
local csv = {}

---Lines of a list of records or of lists. Records get a header: opts.columns says which columns and their order (else by name), opts.header = false leaves it out. opts.separator: "," by default. opts.bom: a mark for spreadsheets that it is UTF-8. A text that a spreadsheet would run (it begins with = + - @) gets a ' in front, unless opts.guard = false.
---@param rows table[]
---@param opts? CsvOptions
---@return string
function csv.encode(rows, opts) end

---Records by the names in the first line, and these names; with opts.header = false lists. At most 1 MB, 100,000 rows, 1,000 columns. Errors: bad_request (with the line), too_large.
---@param text string
---@param opts? CsvOptions
---@return table[], string[]?
function csv.decode(text, opts) end

return csv
