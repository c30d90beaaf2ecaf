-- A webhook that is signed with a secret.
local fazt = require "fazt"
local signature = fazt.crypto.hmac("sha256", "the secret", "the body")
assert(fazt.crypto.equal(signature, fazt.crypto.hmac("sha256", "the secret", "the body")))
