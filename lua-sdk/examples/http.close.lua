local http = require "fazt".http
local _, answer = http.open("GET", "https://api.example.com/photo.png")
assert(#http.read(answer.stream) > 0)
http.close(answer.stream) -- the rest is not fetched
assert(not pcall(http.read, answer.stream))
