local test = require "fazt.test"

local function write(t, name, more)
  local fields = { name = name, email = "x@example.org", message = "A new kitchen, please." }
  for field, value in pairs(more or {}) do fields[field] = value end
  t.stranger():post("/contact", { form = fields })
end

test("every morning the owner gets a mail", function(t)
  write(t, "Mara", { company = "Mara & Sons", message = "Two lines,\nand <b>more</b>" })
  write(t, "Ben")
  t.advance(86400)
  local mails = t.mails()
  t.equal(#mails, 1)
  t.equal(mails[1].to, "owner")
  t.equal(mails[1].subject, "2 new leads since yesterday morning")
  t.match(mails[1].text, "Mara %(Mara & Sons%): Two lines, and <b>more</b>\n  http.-/leads/%w+\n")
  t.match(mails[1].text, "2 leads wait for a first answer")
  t.match(mails[1].html, "Mara &amp; Sons%): Two lines, and &lt;b&gt;more")
end)

test("who was there before is not new, but waits", function(t)
  write(t, "Mara")
  t.advance(86400)
  t.owner():post("/new", { form = { name = "Cleo", stage = "contacted", worth = "1200" } })
  t.advance(86400)
  local last = t.mails()[2]
  t.equal(last.subject, "1 new lead since yesterday morning")
  t.match(last.text, "Cleo")
  t.ok(not last.text:find("Mara", 1, true))
  t.match(last.text, "1 lead waits for a first answer. What is open is worth 1200.")
  t.advance(2 * 86400)
  t.equal(#t.mails(), 4)
  t.equal(t.mails()[4].subject, "No new leads since yesterday morning")
end)
