local http = require "fazt".http
local answer = http.request("PUT", "https://api.example.com/notes/7", { json = { text = "Milk" }, headers = { ["If-Match"] = '"3"' }, retries = 2 })
assert(answer.status == 200 and answer.json.text == "Milk")
assert(answer.headers["content-type"] == "application/json")
