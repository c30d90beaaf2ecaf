-- feed: the newest posts as Atom (RFC 4287). Everything in it has a whole address, since it is read elsewhere.

local fazt = require "fazt"
local date, html, markdown = require "fazt.date", require "fazt.html", require "fazt.markdown"

local feed = html.template([[
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<id>{{ origin }}/</id>
<title>{{ site.title }}</title>
{% if site.about then %}
<subtitle>{{ site.about }}</subtitle>
{% end %}
<updated>{{ iso(updated) }}</updated>
<link rel="self" type="application/atom+xml" href="{{ origin }}/feed.xml"/>
<link rel="alternate" type="text/html" href="{{ origin }}/"/>
{% for _, post in ipairs(posts) do %}
<entry>
<id>{{ urn(post.id) }}</id>
<title>{{ post.title }}</title>
<link rel="alternate" type="text/html" href="{{ origin }}/posts/{{ post.slug }}"/>
<published>{{ iso(post.published) }}</published>
<updated>{{ iso(post.updated) }}</updated>
<author><name>{{ post.author }}</name></author>
{% for _, tag in ipairs(post.tags) do %}
<category term="{{ tag }}"/>
{% end %}
<summary>{{ post.summary }}</summary>
<content type="html">{{ whole(post.body) }}</content>
</entry>
{% end %}
</feed>
]], "feed")

-- A post stays the same post when the blog moves to another address.
local function urn(id)
  local hex = fazt.crypto.hash("sha256", id)
  local parts = { hex:sub(1, 8), hex:sub(9, 12), hex:sub(13, 16), hex:sub(17, 20), hex:sub(21, 32) }
  return "urn:uuid:" .. table.concat(parts, "-")
end

return function(origin, site, posts)
  local updated = 0
  for _, post in ipairs(posts) do updated = math.max(updated, post.updated) end
  local function whole(body)
    return (tostring(markdown.render(body)):gsub('<(%a+) (%a+)="(/[^/"])', "<%1 %2=\"" .. origin .. "%3"))
  end
  return feed { origin = origin, site = site, posts = posts, updated = updated, iso = date.iso, urn = urn, whole = whole }
end
