-- The `fazt` of an app: the tree of the kernel's calls, of which a few are made of others, in Lua.

local fazt, load_tx, load_http, load_step = ...

fazt.storage.docs, fazt.storage.tx, fazt.as_app = load_tx(fazt)
fazt.http = load_http(fazt)
fazt.step = load_step(fazt)
fazt.hold, fazt.in_tx, fazt.turn = nil, nil, nil -- what these were made with
fazt.env = {}

return fazt
