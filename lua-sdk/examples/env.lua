local city = require "fazt".env.CITY or "Lisbon" -- what the owner told the app, of what app.json names
assert(city == "Lisbon")
