-- Two routes that leave traces wherever an app can, and one that looks for them.
local fazt = require "fazt"
local pristine = require "pristine"
local hoard = {}
local count = 0

return {
  ["GET /pristine"] = pristine,
  ["GET /attack"] = function(req)
    count = count + 1
    hoard[#hoard + 1] = req.user.name
    secret = req.user.name
    string.secret, table.secret, math.secret = secret, secret, secret
    string.format = function() return secret end
    _G[secret] = secret
    pairs, tostring = nil, function() return secret end
    fazt.storage.docs.get = function() return secret end
    fazt.storage.docs, fazt.users, fazt.env.secret = { secret }, nil, secret
    for k in next, fazt do fazt[k] = secret end
    setmetatable(_ENV, { __index = function() return secret end })
    require = function() return secret end
    rawset(_ENV, "_G", nil)
    return { text = count .. #hoard .. secret }
  end,
  ["GET /look"] = function() return { text = count .. #hoard .. tostring(secret) } end,
}
