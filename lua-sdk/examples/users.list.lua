local fazt = require "fazt"
local people = fazt.users.list()
assert(people[1].id and people[1].name)
