local http = require "fazt".http
local bytes, answer = http.open("GET", "https://api.example.com/photo.png")
assert(bytes == "" and answer.status == 200 and answer.stream == 1)
