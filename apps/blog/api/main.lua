-- A blog. Who may read, write and comment is said in app.json: a draft is a row that is not shared, publishing shares it
-- with anyone, comments and images follow the post they hang below. No handler checks it again.
--
-- Every page works without scripts; public/app.js shows the preview while one writes.

local fazt = require "fazt"
local date, form, html = require "fazt.date", require "fazt.form", require "fazt.html"
local markdown, page, validate = require "fazt.markdown", require "fazt.page", require "fazt.validate"
local posts, feed = require "posts", require "feed"
local blob, docs, kv = fazt.storage.blob, fazt.storage.docs, fazt.storage.kv

local site_schema = validate.schema {
  { "title", "string", required = true, max = 80, label = "Name of the blog" },
  { "about", "string", max = 300, lines = 3, label = "What it is about", hint = "Stands below the name, and where others link to it." },
}
local comment_schema = validate.schema {
  { "text", "string", required = true, max = 5000, lines = 4, label = "Your comment", message = "Write something, of at most 5000 letters." },
}

local function site()
  return kv.get("site/about") or { title = "A blog" }
end

local function long_date(ms)
  return date.format(ms, "%e %B %Y"):gsub("^ ", "")
end

-- A page: a template with what every page needs besides.
local function show(req, name, values)
  values.site, values.user, values.path, values.origin = site(), req.user, req.path, req.origin
  values.iso, values.long_date, values.may_write = date.iso, long_date, req.user and req.user.role == "admin"
  return html.render(name, values)
end

-- ---- for everyone ----

local function list(req)
  local tag = req.params.tag
  local found, more = posts.public(tag, page.cursor(req))
  if tag and #found == 0 and not page.cursor(req) then return nil end
  return show(req, "home", { tag = tag, posts = found, pages = page.links(req, more, { newer = "← Newer", older = "Older →" }) })
end

local function read(req, post, typed, errors)
  return show(req, "post", {
    post = post, body = markdown.render(post.body), mine = req.user and req.user.id == post.owner,
    comments = docs.find("comments", { parent = post.id }, { sort = "created", limit = 500 }),
    field = form.field(comment_schema, "text", typed, errors),
  })
end

local function read_post(req)
  local post = posts.by_slug(req.params.slug)
  return post and read(req, post)
end

local function atom(req)
  return { body = feed(req.origin, site(), posts.latest()), headers = { ["Content-Type"] = "application/atom+xml; charset=utf-8" } }
end

local function image(req)
  return { blob = "images/" .. req.params.id .. "/" .. req.params.name }
end

-- ---- comments ----

local function comment(req)
  local post = posts.by_slug(req.params.slug)
  if not post then return nil end
  local value, errors, typed = form.read(comment_schema, req)
  if errors then return form.invalid(req, errors, function() return read(req, post, typed, errors) end) end
  local row = docs.insert("comments", { parent = post.id, text = value.text, author = req.user and req.user.name })
  return { redirect = "/posts/" .. post.slug .. "#" .. row.id }
end

local function uncomment(req)
  local row = docs.get("comments", req.params.id) or fazt.fail("not_found", "The comment is gone already.")
  docs.delete("comments", row.id)
  return { redirect = "/posts/" .. posts.get(row.parent).slug .. "#comments" }
end

-- ---- writing ----

-- The editor with what is in the post, or with what was typed when something is wrong with it, or only looked at.
local function editor(req, post, typed, errors)
  local values = typed or post and { title = post.title, body = post.body, slug = post.slug, tags = table.concat(post.tags, ", ") } or {}
  local function field(name) return form.field(posts.schema, name, values, errors) end
  return show(req, "editor", {
    post = post, field = field, rev = post and post.rev or "", saved = not typed and req.query.saved, troubles = errors ~= nil,
    preview = { title = values.title or "", body = markdown.render(values.body or "") }, looked = typed and not errors,
  })
end

local function edit(req)
  local post = posts.get(req.params.id)
  if not req.user or req.user.id ~= post.owner then return { redirect = "/posts/" .. post.slug } end -- who cannot save reads
  return editor(req, post)
end

local function at_editor(id, more)
  return { redirect = "/edit/" .. id .. (more or "") }
end

local pictures = { ["image/png"] = true, ["image/jpeg"] = true, ["image/gif"] = true, ["image/webp"] = true, ["image/avif"] = true }

-- An image hangs below its post, in storage as well: a draft's is as invisible as the draft.
local function add_image(post, req)
  local file = req.files.image
  if not file or file.size == 0 then fazt.fail("bad_request", "Choose an image first. Your text is saved.") end
  if not pictures[file.type] then fazt.fail("unsupported_type", "An image is a PNG, JPEG, GIF, WebP or AVIF file. Your text is saved.") end
  local name = (file.name or "image"):lower():gsub("[^%w.]+", "-"):gsub("^[-.]+", ""):sub(-60)
  local folder = "images/" .. post.id .. "/"
  if blob.head(folder .. name) then name = fazt.id():sub(-6) .. "-" .. name end -- telephones call every picture the same
  blob.put(folder .. name, file, { parent = post.id, type = file.type })
  local path, words = "/" .. folder .. name, name:gsub("%.%w+$", ""):gsub("[-.]", " ")
  docs.update("posts", post.id, {
    body = post.body .. "\n\n![" .. words .. "](" .. path .. ")\n", picture = post.picture or path,
  })
  return at_editor(post.id, "?saved=image")
end

local function publish(post)
  return { redirect = "/posts/" .. posts.publish(post.id).slug }
end

local function unpublish(post)
  posts.unpublish(post.id)
  return at_editor(post.id, "?saved=draft")
end

-- The buttons of the editor save first, so that nothing typed is lost.
local afterwards = { publish = publish, unpublish = unpublish, image = add_image }

local function save(req)
  local id = req.params.id
  local post = id and posts.get(id)
  local value, errors, typed = form.read(posts.schema, req)
  if req.form["then"] == "preview" then return editor(req, post, typed) end
  local saved
  if not errors then
    if id then
      saved, errors = posts.save(id, value, math.tointeger(tonumber(req.form.rev)))
    else
      saved = posts.create(value, req.user)
    end
  end
  if errors then return form.invalid(req, errors, function() return editor(req, post, typed, errors) end) end
  local deed = afterwards[req.form["then"]]
  return deed and deed(saved, req) or at_editor(saved.id, "?saved=yes")
end

local function delete(req)
  docs.delete("posts", req.params.id)
  return { redirect = "/drafts" }
end

local function settings(req, typed, errors)
  return show(req, "settings", { fields = form.fields(site_schema, typed or site(), errors) })
end

local function save_settings(req)
  local value, errors, typed = form.read(site_schema, req)
  if errors then return form.invalid(req, errors, function() return settings(req, typed, errors) end) end
  kv.set("site/about", value)
  return { redirect = "/" }
end

-- Before somebody writes a page and cannot save it, the kernel asks them to sign in. (It would refuse to save anyway.)
local function for_people(handler)
  return function(req)
    if not req.user then fazt.fail("unauthorized", "Sign in to write.") end
    return handler(req)
  end
end

return {
  ["GET /"] = list,
  ["GET /tags/:tag"] = list,
  ["GET /feed.xml"] = atom,
  ["GET /posts/:slug"] = read_post,
  ["GET /images/:id/:name"] = image,
  ["POST /posts/:slug"] = comment,
  ["POST /comments/:id/delete"] = uncomment,

  ["GET /drafts"] = function(req) return show(req, "drafts", { posts = posts.drafts() }) end,
  ["GET /new"] = for_people(editor),
  ["POST /new"] = save,
  ["GET /edit/:id"] = edit,
  ["POST /edit/:id"] = save,
  ["POST /edit/:id/delete"] = delete,
  ["GET /settings"] = for_people(settings),
  ["POST /settings"] = save_settings,
}
