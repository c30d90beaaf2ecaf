-- A draft is a post that is shared with nobody. Publishing shares it with anyone; its comments follow it.
local fazt = require "fazt"
local date, form, html, markdown, page, validate =
  require "fazt.date", require "fazt.form", require "fazt.html", require "fazt.markdown", require "fazt.page", require "fazt.validate"
local docs = fazt.storage.docs

local post_form = validate.schema {
  { "title", "string", required = true, max = 120 },
  { "text", "string", required = true, max = 100000, lines = 16, hint = "Markdown: **bold**, [links](https://…), # headings" },
}
local comment_form = validate.schema { { "text", "string", required = true, max = 2000, lines = 4, label = "Your comment" } }

local function found(row) return row or fazt.fail "not_found" end

local function writes(req) return req.user ~= nil and req.user.role == "admin" end

local function links(req)
  if writes(req) then return html.safe '<a href="/write">Write</a>' end
  if not req.user then return html.safe '<a href="/_fazt/sign-in?next=/">Sign in</a>' end
end

local function day(ms) return date.format(ms, "%e %B %Y") end

-- May anyone read it? Only whoever wrote a post can ask.
local function published(post)
  for _, share in ipairs(docs.shares("posts", post.id)) do
    if share.who == "anyone" then return true end
  end
  return false
end

local function name_of(id)
  local person = id and fazt.users.get(id)
  return person and person.name or "Somebody"
end

local function show(req, id, typed, errors)
  local post = found(docs.get("posts", id))
  local mine = req.user ~= nil and post.owner == req.user.id
  local comments = docs.find("comments", { parent = id }, { sort = "created", limit = 200 })
  for _, comment in ipairs(comments) do
    comment.by, comment.day = name_of(comment.owner), day(comment.created)
    comment.mine = mine or (req.user ~= nil and comment.owner == req.user.id)
  end
  return html.render("post", {
    links = links(req), post = post, day = day(post.created), text = markdown.render(post.text), comments = comments,
    mine = mine, public = mine and published(post),
    field = req.user and form.field(comment_form, "text", typed, errors),
  })
end

local function edit(req, id, values, errors)
  local fields = form.render(post_form, { values = values, errors = errors, submit = id and "Save" or "Save as a draft" })
  return html.render("write", { links = links(req), form = fields, new = not id })
end

return {
  ["GET /"] = function(req)
    local posts, more = docs.find("posts", nil, { sort = "-created", limit = 20, cursor = page.cursor(req) })
    for _, post in ipairs(posts) do
      post.day = day(post.created)
      post.draft = req.user ~= nil and post.owner == req.user.id and not published(post)
    end
    return { html = html.render("posts", { links = links(req), posts = posts, pages = page.links(req, more) }) }
  end,

  ["GET /write"] = function(req) return { html = edit(req) } end,

  ["POST /write"] = function(req)
    local value, errors, typed = form.read(post_form, req)
    if errors then return form.invalid(req, errors, function() return edit(req, nil, typed, errors) end) end
    return { redirect = "/posts/" .. docs.insert("posts", value).id }
  end,

  ["GET /posts/:id"] = function(req) return { html = show(req, req.params.id) } end,
  ["GET /posts/:id/edit"] = function(req) return { html = edit(req, req.params.id, found(docs.get("posts", req.params.id))) } end,

  ["POST /posts/:id/edit"] = function(req)
    local id = req.params.id
    local value, errors, typed = form.read(post_form, req)
    if errors then return form.invalid(req, errors, function() return edit(req, id, typed, errors) end) end
    docs.update("posts", id, value)
    return { redirect = "/posts/" .. id }
  end,

  ["POST /posts/:id/publish"] = function(req)
    docs.share("posts", req.params.id, "anyone", req.form.on and "read" or nil)
    return { redirect = "/posts/" .. req.params.id }
  end,

  ["POST /posts/:id/delete"] = function(req)
    docs.delete("posts", req.params.id)
    return { redirect = "/" }
  end,

  ["POST /posts/:id/comments"] = function(req)
    local id = req.params.id
    local value, errors, typed = form.read(comment_form, req)
    if errors then return form.invalid(req, errors, function() return show(req, id, typed, errors) end) end
    docs.insert("comments", { parent = id, text = value.text })
    return { redirect = "/posts/" .. id }
  end,

  ["POST /comments/:id/delete"] = function(req)
    local comment = found(docs.get("comments", req.params.id))
    docs.delete("comments", comment.id)
    return { redirect = "/posts/" .. comment.parent }
  end,
}
