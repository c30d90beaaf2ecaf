local fazt = require "fazt"
assert(fazt.json.encode { parent = fazt.null } == '{"parent":null}')
assert(fazt.json.decode "null" == fazt.null)
