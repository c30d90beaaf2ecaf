local fazt = require "fazt"
assert(#fazt.id() == 26 and fazt.id() ~= fazt.id())
