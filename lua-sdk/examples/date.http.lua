local date = require "fazt.date"
return { text = "", headers = { ["Last-Modified"] = date.http(date.parse "2026-11-25") } }
