-- views/hello.html:  {% extends "layout" %}{% title = "Hello" %}<p>Hello {{ name }}!</p>
-- views/layout.html: <!doctype html><title>{{ title }}</title>{{ content }}
local html = require "fazt.html"
local page = html.render("hello", { name = "<Anna>" })
assert(page == "<!doctype html><title>Hello</title><p>Hello &lt;Anna&gt;!</p>")
return { html = page }
