-- Needs the permission storage:app.
local fazt = require "fazt"
local count = fazt.as_app(function()
  fazt.storage.docs.insert("statistics", { visits = 1 }) -- a row of the app, not of a person
  return fazt.storage.docs.count("statistics")
end)
assert(count == 1)
