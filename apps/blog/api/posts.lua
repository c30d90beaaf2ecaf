-- posts: what is written, and how it gets into the world.
--
-- A post is a row of "posts": title, slug (its address, unique), body (Markdown), summary, picture, tags, author, and published (when;
-- absent in a draft). What makes it public is its share with "anyone": the kernel shows a row that is not shared to its
-- owner only, and what hangs below it (images, comments) with it. `published` is for the order and for the eye.

local fazt = require "fazt"
local markdown, validate = require "fazt.markdown", require "fazt.validate"
local docs, tx = fazt.storage.docs, fazt.storage.tx

local PAGE, SUMMARY = 10, 180
local LISTED = { "title", "slug", "summary", "tags", "author", "published", "created", "updated" }

local posts = {}

posts.schema = validate.schema {
  { "title", "string", required = true, max = 150, placeholder = "Title", message = "A post needs a title, of at most 150 letters." },
  { "body", "string", max = 60000, trim = false, lines = 14, label = "Text", placeholder = "Write in Markdown…" },
  { "slug", "string", max = 80, pattern = "^[a-z0-9-]*$", label = "Address", message = "Small letters, digits and hyphens, at most 80." },
  { "tags", "string", max = 200, hint = "Up to five, with commas between them." },
}

-- ---- reading ----

-- One page of what the world sees, newest first, of a tag if there is one.
function posts.public(tag, cursor)
  local query = { published = { exists = true }, tags = tag and { contains = tag } }
  return docs.find("posts", query, { sort = "-published", limit = PAGE, cursor = cursor, fields = LISTED })
end

-- Everybody asks the same, and gets their own: nobody else's draft is there for them.
function posts.drafts()
  return (docs.find("posts", { published = { exists = false } }, { sort = "-created", limit = 200, fields = LISTED }))
end

function posts.latest()
  return (docs.find("posts", { published = { exists = true } }, { sort = "-published", limit = 20 }))
end

function posts.by_slug(slug)
  return docs.find("posts", { slug = slug }, { limit = 1 })[1]
end

function posts.get(id)
  return docs.get("posts", id) or fazt.fail("not_found", "There is no such post.")
end

-- ---- from a form to a row ----

local plain = {}
for letter, letters in pairs {
  a = "á à â å ã", ae = "ä æ", c = "ç", e = "é è ê ë", i = "í ì î ï", n = "ñ", o = "ó ò ô õ ø", oe = "ö œ", ss = "ß",
  u = "ú ù û", ue = "ü", y = "ý ÿ",
} do
  for other in letters:gmatch("%S+") do plain[other] = letter end
end

-- "Über Äpfel & Birnen" → "ueber-aepfel-birnen"
local function slug_of(title)
  local text = title:lower():gsub("\xC3([\x80-\x9E])", function(c) return "\xC3" .. string.char(c:byte() + 32) end)
  text = text:gsub("[\xC2-\xF4][\x80-\xBF]*", plain):gsub("[^a-z0-9]+", "-"):gsub("^%-", "")
  return (text:sub(1, 60):gsub("%-$", ""))
end

local function tags_of(text)
  local tags, seen = fazt.list {}, {}
  for word in (text or ""):lower():gmatch("[^,]+") do
    word = word:match("^[%s#]*(.-)%s*$"):gsub("[/%c]", "-")
    if word ~= "" and not seen[word] and #tags < 5 then
      seen[word] = true
      tags[#tags + 1] = word
    end
  end
  return tags
end

-- The first words, without marks, for lists and for those who share the link.
local function summary_of(html)
  local text = html:gsub("<pre.-</pre>", " "):gsub("<[^>]*>", ""):gsub("&(%a+);", { amp = "&", lt = "<", gt = ">", quot = '"' })
  text = text:gsub("%s+", " "):match("^ ?(.-) ?$")
  local stop = utf8.offset(text, SUMMARY + 1)
  return stop and stop <= #text and text:sub(1, stop - 1):gsub("%s+%S*$", "") .. "…" or text
end

-- XML, and so the feed, has no control characters.
local function clean(text)
  return (text:gsub("[\0-\8\11\12\14-\31\127]", ""):gsub("\xEF\xBF[\xBE\xBF]", ""))
end

function posts.content(form)
  local body = clean(form.body or "")
  local html = tostring(markdown.render(body))
  return {
    title = clean(form.title), body = body, tags = tags_of(form.tags), summary = summary_of(html),
    picture = html:match('<img src="(/images/[^"]+)"') or fazt.null,
    slug = form.slug, -- nil: as it was
  }
end

-- ---- writing ----

-- A new post takes the first free one of hello, hello-2, hello-3 …: the unique index says which are free.
function posts.create(form, user)
  local post = posts.content(form)
  local slug = post.slug or slug_of(post.title)
  if slug == "" then slug = "post" end
  post.author = user and user.name
  for n = 1, 50 do
    post.slug = n == 1 and slug or slug .. "-" .. n
    local done, result = pcall(docs.insert, "posts", post)
    if done then return result end
    if type(result) ~= "table" or result.code ~= "conflict" then error(result, 0) end
  end
  fazt.fail("conflict", "Fifty posts have that title already. Choose another one.")
end

-- The saved post; or nil and what is wrong, for the form.
function posts.save(id, form, rev)
  if posts.get(id).rev ~= rev then
    return nil, { body = "This post was saved in another window. Copy your text, and open the post again." }
  end
  local done, result = pcall(docs.update, "posts", id, posts.content(form), { rev = rev })
  if done then return result end
  if type(result) ~= "table" or result.code ~= "conflict" then error(result, 0) end
  return nil, { slug = "Another post has that address." }
end

function posts.publish(id)
  return tx(function()
    local published = posts.get(id).published or fazt.now()
    docs.share("posts", id, "anyone", "read")
    return docs.update("posts", id, { published = published })
  end)
end

function posts.unpublish(id)
  tx(function()
    docs.share("posts", id, "anyone")
    docs.update("posts", id, { published = fazt.null })
  end)
end

return posts
