-- The `fazt` of an app: the kernel's calls, less what only the SDK needs, plus what is made of them in Lua.

local native, load_tx = ...
local storage, as_app = load_tx(native)

return {
  storage = storage,
  as_app = as_app,
  users = native.users,
  env = {},
  log = native.log,
  crypto = native.crypto,
  json = native.json,
  id = native.id,
  now = native.now,
  fail = native.fail,
  null = native.null,
  list = native.list,
}
