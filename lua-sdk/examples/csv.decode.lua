local csv = require "fazt.csv"
local people, names = csv.decode 'name,note\nAnna,"a, ""b"""\n'
assert(people[1].name == "Anna" and people[1].note == 'a, "b"' and names[2] == "note")
local rows = csv.decode("1;2\n", { separator = ";", header = false })
assert(rows[1][2] == "2")
