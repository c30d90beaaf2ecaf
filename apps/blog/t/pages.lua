local test = require "fazt.test"

local function write(who, title, more)
  local fields = { title = title, body = "Text", ["then"] = "publish" }
  for name, value in pairs(more or {}) do fields[name] = value end
  return who:post("/new", { form = fields }).headers.location
end

test("addresses are readable, and each is there once", function(t)
  local owner = t.owner()
  t.equal(write(owner, "Über Äpfel & Birnen"), "/posts/ueber-aepfel-birnen")
  t.equal(write(owner, "Über Äpfel & Birnen!"), "/posts/ueber-aepfel-birnen-2")
  t.equal(write(owner, "日本"), "/posts/post")
  t.equal(write(owner, "Any", { slug = "short" }), "/posts/short")
  local edit = owner:get("/posts/short").html:match('href="(/edit/[^"]+)"')
  local rev = owner:get(edit).html:match('name="rev" value="(%d+)"')
  local taken = owner:post(edit, { form = { title = "Any", slug = "post", rev = rev } })
  t.equal(taken.status, 422)
  t.match(taken.html, "Another post has that address")
  t.equal(owner:post(edit, { form = { title = "Any", slug = "../x", rev = rev } }).status, 422)
end)

test("an older window does not undo what was saved since", function(t)
  local owner = t.owner()
  local edit = owner:post("/new", { form = { title = "One" } }).headers.location:match("^[^?]+")
  owner:post(edit, { form = { title = "Two", rev = 1 } })
  local late = owner:post(edit, { form = { title = "Three", rev = 1 } })
  t.equal(late.status, 422)
  t.match(late.html, "another window")
  t.match(late.html, 'value="Three"', "what was typed is still there")
end)

test("the preview saves nothing", function(t)
  local owner = t.owner()
  local page = owner:post("/new", { form = { title = "", body = "**bold** <script>x</script>", ["then"] = "preview" } })
  t.equal(page.status, 200)
  t.match(page.html, "<strong>bold</strong>")
  t.ok(not page.html:find("<script>x", 1, true))
  t.match(owner:get("/drafts").html, "No drafts")
end)

test("older and newer pages, and tags", function(t)
  local owner, stranger = t.owner(), t.stranger()
  for n = 1, 12 do
    write(owner, "Post " .. n, { tags = n % 6 == 0 and "#Garden, soup , garden" or nil })
    t.advance(60)
  end
  local first = stranger:get("/").html
  t.match(first, "Post 12<")
  t.ok(not first:find("Post 2<", 1, true))
  local older = stranger:get((first:match('rel="next" href="([^"]+)"'):gsub("&amp;", "&"))).html
  t.match(older, "Post 2<")
  t.match(older, 'rel="prev"')
  local garden = stranger:get("/tags/garden").html
  t.match(garden, "Post 6<")
  t.ok(not garden:find("Post 7<", 1, true))
  t.equal(stranger:get("/tags/nothing").status, 404)
end)

test("the first words of a post, in any script", function(t)
  local owner = t.owner()
  local function description(body)
    return owner:get(write(owner, "Any", { body = body })).html:match('name="description" content="(.-)">')
  end
  t.equal(description("One **bold**\n\n- list &amp; more\n\n```\ncode\n```"), "One bold list &amp; more")
  t.match(description(("word "):rep(100)), "word word…$")
  t.equal(utf8.len(description(("語"):rep(500))), 181)
  t.equal(description(""), "")
end)

test("what others show of a post", function(t)
  local owner = t.owner()
  local page = t.stranger():get(write(owner, "Tea & <cake>", { body = "# Hi\n\nBoil *water* first.", tags = "tea" })).html
  t.match(page, "<title>Tea &amp; &lt;cake&gt; – A blog</title>")
  t.match(page, '<meta name="description" content="Hi Boil water first%.">')
  t.match(page, '<meta property="og:url" content="http://[^/"]+/posts/tea%-cake">')
  local feed = t.stranger():get("/feed.xml")
  t.match(feed.headers["content-type"], "^application/atom%+xml")
  t.match(feed.body, '<link rel="alternate" type="text/html" href="http://[^/"]+/posts/tea%-cake"/>')
  t.match(feed.body, "<title>Tea &amp; &lt;cake&gt;</title>")
  t.match(feed.body, "&lt;em&gt;water&lt;/em&gt;")
end)
