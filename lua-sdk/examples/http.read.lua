local http = require "fazt".http
local _, answer = http.open("GET", "https://api.example.com/photo.png")
local size, piece = 0, http.read(answer.stream)
while piece ~= "" do
  size = size + #piece
  piece = http.read(answer.stream)
end
assert(size == 3000000)
