local docs = require("fazt").storage.docs
local test = require "fazt.test"
test("rows are their owner's", function(t)
  local anna, ben = t.user("anna"), t.user("ben")
  local note = anna:as(function() return docs.insert("notes", { text = "Milk" }) end) -- test.become, and back
  t.ok(not ben:as(function() return docs.get("notes", note.id) end))
end)
