local test = require "fazt.test"
local csv = require "fazt.csv"

local function add(who, name, more)
  local fields = { name = name, stage = "new" }
  for k, v in pairs(more or {}) do fields[k] = v end
  return who:post("/new", { form = fields }).headers.location
end

local function column_of(who, name)
  local now
  for stage, text in who:get("/").html:gmatch('<section class="column" data%-stage="(%w+)"(.-)</section>') do
    if text:find(name, 1, true) then now = stage end
  end
  return now
end

test("a card moves through the columns", function(t)
  local owner = t.owner()
  local lead = add(owner, "Mara")
  t.equal(column_of(owner, "Mara"), "new")
  t.equal(owner:post(lead .. "/move", { form = { stage = "won" } }).status, 303)
  t.equal(column_of(owner, "Mara"), "won")
  t.equal(owner:post(lead .. "/move", { form = { stage = "nowhere" } }).status, 400)
  local answer = owner:post(lead .. "/move", { form = { stage = "lost" }, headers = { accept = "application/json" } })
  t.equal(answer.json.stage, "lost")
end)

test("editing, with what was emptied gone", function(t)
  local owner = t.owner()
  local lead = add(owner, "Mara", { company = "Mara & Co", worth = "1200" })
  t.match(owner:get("/").html, "1 200")
  t.equal(owner:post(lead, { form = { name = "Mara", stage = "contacted", company = "" } }).status, 303)
  local page = owner:get(lead).html
  t.ok(not page:find("Mara &amp; Co", 1, true))
  t.equal(column_of(owner, "Mara"), "contacted")
  t.ok(not owner:get("/leads?q=co").html:find(">Mara<", 1, true), "nor is it found")
  local wrong = owner:post(lead, { form = { name = "", stage = "won", worth = "a lot" } })
  t.equal(wrong.status, 422)
  t.match(wrong.html, "Must be a whole number")
end)

test("searching, filtering and pages", function(t)
  local owner = t.owner()
  for n = 1, 30 do add(owner, "Number " .. n .. ".", { company = n % 2 == 0 and "Even" or "Odd", stage = n == 8 and "won" or "new" }) end
  local first = owner:get("/leads").html
  t.match(first, "Number 30%.")
  t.ok(not first:find("Number 2.", 1, true))
  t.match(owner:get((first:match('rel="next" href="([^"]+)"'):gsub("&amp;", "&"))).html, "Number 2%.")
  local found = owner:get("/leads?q=EVEN+8.&stage=won").html
  t.match(found, "Number 8%.")
  t.ok(not found:find("Number 18.", 1, true))
  t.equal(#csv.decode((owner:get("/leads.csv?q=even").body)), 15)
  t.match(owner:get("/leads?q=marzipan").html, "Nothing found")
end)

test("what is exported can be imported", function(t)
  local owner = t.owner()
  add(owner, "=HYPERLINK(1)", { message = 'two "lines"\nof, text', worth = "7" })
  local text = owner:get("/leads.csv").body
  t.match(text, "'=HYPERLINK")
  t.equal(owner:post("/import", { form = { text = text } }).status, 303)
  local rows = csv.decode((owner:get("/leads.csv").body))
  t.equal(#rows, 2)
  for _, field in ipairs { "name", "message", "worth", "stage" } do t.equal(rows[1][field], rows[2][field], field) end
end)

test("a table with mistakes is not imported, and each is said", function(t)
  local owner = t.owner()
  local function import(text) return owner:post("/import", { form = { text = text } }) end
  local wrong = import("Name;E-Mail;Email;Worth\nMara;;mara@example.org;12\n;;x;many\n")
  t.equal(wrong.status, 422)
  t.match(wrong.html, "Row 3, Name: Name is missing")
  t.match(wrong.html, "Row 3, E%-mail “x”: Not an e%-mail address")
  t.match(wrong.html, "Row 3, Worth “many”: Must be a whole number")
  t.ok(not owner:get("/leads").html:find(">Mara<", 1, true), "not even the row that is right")
  t.match(wrong.html, "mara@example.org", "the table is still there to be corrected")
  t.match(import("email\na@example.org\n").html, "no column &quot;name&quot;")
  t.match(import('name\n"open').html, "quote is not closed")
  t.match(import("name\n").html, "no rows")
  t.match(import("").html, "no column")
  t.equal(import("name\tstage\nMara\tWON\n").status, 303)
  t.equal(column_of(owner, "Mara"), "won")
  t.equal(t.user("ben"):post("/import", { form = { text = "name\nBen\n" } }).status, 303, "anyone may add")
end)
