local csv = require "fazt.csv"
local text = csv.encode({ { name = "Anna", note = "=1+1" }, { name = "Ben", note = "a, b" } }, { columns = { "name", "note" } })
assert(text == "name,note\r\nAnna,'=1+1\r\nBen,\"a, b\"\r\n")
return { body = text, headers = { ["Content-Type"] = "text/csv; charset=utf-8" } }
