local fazt = require "fazt"
assert(fazt.users.get(req.user.id).name == req.user.name)
assert(fazt.users.get("u_nobody") == nil)
