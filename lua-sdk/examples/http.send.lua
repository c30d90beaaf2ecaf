local bytes, answer = require "fazt".http.send("GET", "https://api.example.com/hello")
assert(bytes == "Hello!" and answer.status == 200)
