local fazt = require "fazt"
assert(fazt.json.encode { b = { 1, 2 }, a = "é" } == '{"a":"é","b":[1,2]}')
