-- Every morning, by the job in app.json: a mail to the owner with who came since the morning before, and who still waits. It goes by
-- the moment the job is due, so a mail that is late says the same.

local fazt = require "fazt"
local date, html = require "fazt.date", require "fazt.html"
local leads = require "leads"

local function count(n, one, many)
  return n == 1 and "1 " .. one or (n == 0 and "No" or n) .. " " .. many
end

local function short(text)
  text = (text or ""):gsub("%s+", " ")
  return #text > 120 and text:sub(1, utf8.offset(text, 0, 118) - 1) .. "…" or text
end

local function text_of(values)
  local lines = { values.title .. ".", "" }
  for _, lead in ipairs(values.fresh) do
    lines[#lines + 1] = "- " .. lead.name .. (lead.company and " (" .. lead.company .. ")" or "") .. ": " .. short(lead.message)
    lines[#lines + 1] = "  " .. values.origin .. "/leads/" .. lead.id
  end
  if #values.fresh > 0 then lines[#lines + 1] = "" end
  lines[#lines + 1] = values.state
  lines[#lines + 1] = values.origin .. "/"
  return table.concat(lines, "\n") .. "\n"
end

return function(req)
  local values = leads.summary(date.add(req.due, { days = -1 }, date.zone()), req.due)
  values.origin, values.short = req.origin, short
  values.title = count(#values.fresh, "new lead", "new leads") .. " since yesterday morning"
  values.state = count(values.waiting, "lead waits", "leads wait") .. " for a first answer."
  if values.worth > 0 then values.state = values.state .. " What is open is worth " .. values.worth .. "." end
  return fazt.mail.send{ to = "owner", subject = values.title, text = text_of(values), html = html.render("morning", values) }
end
