local fazt = require "fazt"
local docs = fazt.storage.docs
local a = docs.insert("accounts", { money = 10 })
local b = docs.insert("accounts", { money = 0 })
local function move(amount)
  local from, to = docs.get("accounts", a.id), docs.get("accounts", b.id)
  docs.update("accounts", a.id, { money = from.money - amount })
  docs.update("accounts", b.id, { money = to.money + amount })
end
fazt.storage.tx(function() move(4) end) -- both or none
assert(docs.get("accounts", a.id).money == 6 and docs.get("accounts", b.id).money == 4)
