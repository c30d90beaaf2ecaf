-- Anyone may add a message, admins alone read them: app.json says so.
local fazt = require "fazt"
local date, form, html, page, validate =
  require "fazt.date", require "fazt.form", require "fazt.html", require "fazt.page", require "fazt.validate"
local docs = fazt.storage.docs

local message_form = validate.schema {
  { "name", "string", required = true, max = 80 },
  { "email", "email", hint = "Only if you would like an answer." },
  { "text", "string", required = true, max = 4000, lines = 6, label = "Message" },
}

local function links(req)
  if req.user and req.user.role == "admin" then return html.safe '<a href="/inbox">Inbox</a>' end
end

local function ask(req, values, errors)
  local fields = form.render(message_form, { action = "/", values = values, errors = errors, submit = "Send" })
  return html.render("ask", { links = links(req), form = fields })
end

return {
  ["GET /"] = function(req) return { html = ask(req) } end,

  ["POST /"] = function(req)
    local value, errors, typed = form.read(message_form, req)
    if errors then return form.invalid(req, errors, function() return ask(req, typed, errors) end) end
    value.answered = false
    docs.insert("messages", value)
    return { redirect = "/thanks" }
  end,

  ["GET /thanks"] = function(req) return { html = html.render("thanks", { links = links(req) }) } end,

  ["GET /inbox"] = function(req)
    if not req.user then fazt.fail "unauthorized" end
    if req.user.role ~= "admin" then fazt.fail "not_found" end
    local messages, more = docs.find("messages", nil, { sort = "-created", limit = 20, cursor = page.cursor(req) })
    for _, message in ipairs(messages) do message.at = date.format(message.created, "%e %B %Y, %H:%M") end
    return { html = html.render("inbox", { links = links(req), messages = messages, pages = page.links(req, more) }) }
  end,

  ["POST /inbox/:id"] = function(req)
    local message = docs.get("messages", req.params.id) or fazt.fail "not_found"
    docs.update("messages", message.id, { answered = not message.answered })
    return { redirect = "/inbox" }
  end,

  ["POST /inbox/:id/delete"] = function(req)
    docs.delete("messages", req.params.id)
    return { redirect = "/inbox" }
  end,
}
