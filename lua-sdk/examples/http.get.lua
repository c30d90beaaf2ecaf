local fazt = require "fazt"
local weather = fazt.http.get("https://api.example.com/weather", { timeout = 5 }).json
assert(weather.city == "Aachen")

-- A body of any size becomes a file.
local answer = fazt.http.get("https://api.example.com/photo.png", { file = "photo.png" })
local photo = fazt.storage.blob.put("photos/aachen.png", answer.file)
assert(photo.size == 3000000 and photo.type == "image/png")

-- Or it is looked at as it comes, and never held whole.
local size = 0
fazt.http.get("https://api.example.com/photo.png", { stream = function(piece)
  size = size + #piece
  return size < 1000000 -- false: that is enough
end })
assert(size >= 1000000)
