local http = require "fazt".http
local answer = http.post("https://api.example.com/notes", { form = { text = "Milk & bread" } })
assert(answer.status == 201 and answer.json.text == "Milk & bread")
