local fazt = require "fazt"
local value = fazt.json.decode '{"tags":["a","b"],"parent":null}'
assert(value.tags[2] == "b" and value.parent == fazt.null)
