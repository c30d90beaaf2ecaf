-- What the modules of lua-sdk/ do with whatever they are given. A route is /expect/OUTCOME/WHAT.
local fazt = require "fazt"
local pristine = require "pristine"
local html, validate, form, date = require "fazt.html", require "fazt.validate", require "fazt.form", require "fazt.date"
local csv, markdown, page = require "fazt.csv", require "fazt.markdown", require "fazt.page"

local function is(got, want)
  if got ~= want then error("got " .. tostring(got) .. ", not " .. tostring(want), 2) end
end

local function says(want, fn, ...)
  local done, why = pcall(fn, ...)
  why = type(why) == "table" and why.message or tostring(why)
  if done or not why:find(want, 1, true) then error("not refused so: " .. why, 2) end
end

local ALPHABET = { "<", ">", '"', "'", "&", "a", "=", "`", "/", " ", "\n", "{{", "%}", "é", "javascript:", "\0", "\\", "]]", "--", "%" }
local function noise(most)
  local t = {}
  for i = 1, math.random(0, most) do t[i] = ALPHABET[math.random(#ALPHABET)] end
  return table.concat(t)
end

local UNESCAPE = { ["&lt;"] = "<", ["&gt;"] = ">", ["&quot;"] = '"', ["&#39;"] = "'", ["&amp;"] = "&" }
local function shown(text, value) return html.template(text) { v = value } end
local function fails(text, why) says(why, function() html.template(text) { v = "x" } end) end
local function form_req(body, more)
  local headers = { ["content-type"] = "application/x-www-form-urlencoded" }
  for k, v in pairs(more or {}) do headers[k] = v end
  return { headers = headers, body = body, form = {}, query = {}, path = "/" }
end

local r = {}
local function test(name, fn)
  r["GET /expect/ok/" .. name] = function() fn() return "ok" end
end

-- ---- html ----

test("escape-round-trip", function()
  for _ = 1, 2000 do
    local text = noise(12)
    local out = tostring(html.escape(text))
    assert(not out:find "[<>\"']", out)
    is(out:gsub("&%w*#?%d*;", UNESCAPE), text)
    is(shown("{{ v }}", text), out)
    is(shown('<p title="{{ v }}">', text), '<p title="' .. out .. '">')
  end
end)
test("html-places", function()
  local address = { ["javascript:alert(1)"] = "about:invalid", [" JaVa\tScript:x"] = "about:invalid", ["vbscript:x"] = "about:invalid",
    ["data:text/html,x"] = "about:invalid", [":x"] = "about:invalid", ["\1javascript:x"] = "about:invalid", ["/a?b=javascript:x"] = "/a?b=javascript:x",
    ["https://e.x/"] = "https://e.x/", ["mailto:a@b"] = "mailto:a@b", ["a/b:c"] = "a/b:c", ["#x:y"] = "#x:y", [""] = "" }
  for from, to in pairs(address) do
    is(shown('<a href="{{ v }}">', from), '<a href="' .. to .. '">')
    is(shown("<form action='{{ v }}'>", from), "<form action='" .. to .. "'>")
  end
  is(shown('<img src="{{ v }}">', "data:image/png;base64,AA=="), '<img src="data:image/png;base64,AA==">')
  is(shown('<img src="{{ v }}">', "data:image/svg+xml;base64,AA=="), '<img src="about:invalid">')
  is(shown('<a href="/x/{{ v }}">', "javascript:"), '<a href="/x/javascript:">')
  is(shown('<i style="width: {{ v }}%">', 12), '<i style="width: 12%">')
  says("a value in style", function() shown('<i style="{{ v }}">', "x:url(//e)") end)
  is(shown("<textarea>{{ v }}</textarea>", html.safe "</textarea><b>"), "<textarea>&lt;/textarea&gt;&lt;b&gt;</textarea>")
  is(shown('<b title="{{ v }}">', html.safe '"><i>&amp;'), '<b title="&quot;&gt;&lt;i&gt;&amp;">')
  is(shown("<!-- {{ v }} -->", html.safe "--><b>"), "<!-- --&gt;&lt;b&gt; -->")
  is(shown('<script type="application/json">{{ v }}</script>', { a = "</script>" }), '<script type="application/json">{"a":"\\u003c/script\\u003e"}</script>')
  is(shown("<input {{ v }}>", "checked"), "<input checked>")
  says("not the name of an attribute", function() shown("<input {{ v }}>", "a onclick=x") end)
  says("not the name of an attribute", function() shown("<input {{ v }}>", "onclick") end)
  is(shown("{{ v }}{{ nothing }}{{ null }}{{ 1 > 2 }}", 1), "1")
  is(shown("{% for i = 1, 3 do %}{{ i }}{% if i < 3 then %},{% end %}{% end %}"), "1,2,3")
  is(shown("a\n  {% local x = 1 %}\n  {# not\nshown #}\nb{{ x }}\n"), "a\nb1\n")
  is(shown("{{ ({ a = { b = 5 } }).a.b }}{{ '}}' }}"), "5}}")
end)
test("html-refusals", function()
  fails("<a href={{ v }}>", "template:1: the value of href needs quotes")
  fails("\n<script>{{ v }}</script>", "template:2: a value inside <script> would be code")
  fails("<style>\n{{ v }}</style>", "template:2: a value inside <style>")
  fails('<p onclick="{{ v }}">', "template:1: a value inside onclick would be code")
  fails('<iframe srcdoc="{{ v }}">', "a value inside srcdoc")
  fails('<a href="javascript:f({{ v }})">', "would be code")
  fails('<a href="{{ v }}:{{ v }}">', "a scheme of an address must be written out")
  fails("<{{ v }}>", "the name of a tag must be written out")
  fails("</{{ v }}>", "the name of a tag must be written out")
  fails('<p {{ v }}="{{ v }}">', "the name of this attribute must be written out")
  fails("a\n{{ v v }}", "template:2:")
  fails("{{ }}", "template:1: {{ }} shows nothing")
  fails("{{ v", "{{ without }}")
  fails("\n\n{% if v then", "template:3: {% without %}")
  fails("{# v", "{# without #}")
  fails("a\n{% for %}", "template:2:")
  fails("a\n\n{{ v.x.y }}", "template:3: attempt to index")
  fails("\n{{ {} }}", "template:2: a table cannot be shown")
  fails("{{ include 'absent' }}", "there is no views/absent.html")
  says("api/main.lua:", function() return (html.render "absent") end)
end)
test("html-include", function()
  html.template("{{ include 'me' }}", "me")
  says("more than 20 deep: me, in me, in me", html.template "{{ include 'me' }}")
  html.template("{% if depth > 0 then %}<i>{{ include('tree', { depth = depth - 1 }) }}</i>{% end %}", "tree")
  is(html.template "{{ include('tree', { depth = 2 }) }}" {}, "<i><i></i></i>")
  html.template("<t>{{ title }}</t>{{ content }}", "outer")
  html.template("{% extends 'outer' %}<m>{{ content }}</m>", "inner")
  is(html.template "{% extends 'inner' %}{% title = '<' %}{{ v }}" { v = "&" }, "<t>&lt;</t><m>&amp;</m>")
  is(html.template "{% x = capture(function() %}<b>{% end) %}{{ x }}{{ x }}" {}, "<b><b>")
  local values = { v = 1 }
  html.template "{% v = 2 %}{{ v }}" (values)
  is(values.v, 1)
end)
test("html-noise", function()
  for _ = 1, 1500 do
    local text = noise(15)
    local done, why = pcall(function() return html.template(text) {} end)
    if not done then assert(type(why) == "string" and why:find "^template:%d+:", why) end
  end
end)
test("html-large", function()
  local text = ("<p title=\"{{ v }}\">{{ v }}</p>\n"):rep(1000)
  is(#shown(text, "<"), 1000 * #'<p title="&lt;">&lt;</p>\n')
end)

-- ---- validate, form ----

local all = validate.schema {
  { "text", "string", required = true, min = 2, max = 5, pattern = "^%a+$" }, { "n", "integer", min = 1 }, { "x", "number" }, { "b", "boolean" },
  { "d", "date" }, { "t", "time" }, { "m", "datetime", zone = "+01:00" }, { "mail", "email" }, { "u", "url" }, { "e", "enum", values = { 1, 2 } },
  { "l", "list", of = { "string", max = 2 }, max = 2 }, { "o", "object", fields = { { "c", "string", required = true } } },
}
local function wrong(value, path, why)
  local to, errors = validate.check(all, value)
  assert(to == nil and errors, path)
  is(errors[path], why)
end
test("validate", function()
  wrong({}, "text", "Text is missing.")
  wrong({ text = "   " }, "text", "Text is missing.")
  wrong({ text = fazt.null }, "text", "Text is missing.")
  wrong({ text = "a" }, "text", "At least 2 characters.")
  wrong({ text = "éééééé" }, "text", "At most 5 characters.")
  wrong({ text = "a1" }, "text", "Does not look right.")
  wrong({ text = "\255\254" }, "text", "Must be text.")
  wrong({ text = 5 }, "text", "Must be text.")
  wrong({ n = 1.5 }, "n", "Must be a whole number.")
  wrong({ n = "1" }, "n", "Must be a whole number.")
  wrong({ n = 0 }, "n", "At least 1.")
  wrong({ x = 0 / 0 }, "x", "Must be a number.")
  wrong({ x = math.huge }, "x", "Must be a number.")
  wrong({ b = 1 }, "b", "Must be yes or no.")
  for _, bad in ipairs { "2026-02-30", "2026-1-1", "2026-01-01T00:00", 5, "" } do wrong({ d = bad }, "d", "Not a date; write it as 2026-11-25.") end
  for _, bad in ipairs { "24:00", "1:00", "10:60", "10:00:61", "10:00:0" } do wrong({ t = bad }, "t", "Not a time; write it as 17:30.") end
  for _, bad in ipairs { "a@b", "a b@c.de", "@c.de", "a@@c.de", "a@c.de\n", "<a@c.de>" } do
    if bad:match "%S$" or true then
      local v = validate.check(all, { text = "ab", mail = bad })
      if bad ~= "a@c.de\n" then is(v, nil) else is(v.mail, "a@c.de") end -- trimmed
    end
  end
  for _, bad in ipairs { "javascript:alert(1)", "http://", "ftp://x", "https://a b", "//x.y", 'http://x"' } do
    wrong({ u = bad }, "u", "Not a web address; one begins with https://.")
  end
  wrong({ e = 3 }, "e", "Choose one of: 1, 2.")
  wrong({ l = "x" }, "l", "Must be a list.")
  wrong({ l = { a = 1 } }, "l", "Must be a list.")
  wrong({ l = { "a", "b", "c" } }, "l", "At most 2 entries.")
  wrong({ l = { "a", "abc" } }, "l.2", "At most 2 characters.")
  wrong({ o = 1 }, "o", "Must be an object.")
  wrong({ o = {} }, "o.c", "C is missing.")
  wrong(5, "", "Must be an object.")
  local v = validate.check(all, { text = " ab ", n = 2.0, m = "2026-01-01T01:00", l = {}, unknown = 1, e = 2 })
  is(fazt.json.encode(v), '{"e":2,"l":[],"m":1767225600000,"n":2,"text":"ab"}')
end)
test("schema-mistakes", function()
  says("api/main.lua:", function() return (validate.schema(nil)) end)
  says('field "a": there is no type "sting"; there are boolean', validate.schema, { { "a", "sting" } })
  says('there is no option "requird" for a string', validate.schema, { { "a", "string", requird = true } })
  says("max must be a number, not a string", validate.schema, { { "a", "string", max = "5" } })
  says("is there twice", validate.schema, { { "a", "string" }, { "a", "string" } })
  says('an enum needs values', validate.schema, { { "a", "enum" } })
  says('field "b": there is no type', validate.schema, { { "a", "object", fields = { { "b", "x" } } } })
  says("must be a schema", validate.check, {}, {})
end)
test("form-round-trip", function()
  local schema = validate.schema { { "a", "string", trim = false }, { "b", "list", of = { "string", trim = false } } }
  for _ = 1, 500 do
    local a, b = noise(6):gsub("\r", ""), { noise(3) .. "x", noise(3) .. "y" }
    local value, errors = form.read(schema, form_req("a=" .. html.url(a) .. "&b%5B%5D=" .. html.url(b[1]) .. "&b[]=" .. html.url(b[2])))
    assert(value, errors and next(errors))
    is(value.a, a ~= "" and a or nil)
    is(value.b[1], b[1])
    is(value.b[2], b[2])
  end
end)
test("form-hostile", function()
  local hostile = '"><script>alert(1)</script>\''
  local schema = validate.schema { { "a", "string", label = hostile, hint = hostile, placeholder = hostile }, { "b", "list", of = { "string" }, label = hostile .. "%1" },
    { "c", "enum", values = { { "v", hostile } } }, { "d", "string", lines = 2 }, { "p", "string", secret = true } }
  local values = { a = hostile, b = { hostile }, c = hostile, d = "</textarea>" .. hostile, p = "hunter2" }
  local out = tostring(form.render(schema, { action = hostile, values = values, errors = { a = hostile, ["b.1"] = hostile, b = hostile }, submit = hostile }))
  assert(not out:find("<script", 1, true), out)
  assert(not out:find("hunter2", 1, true), "a secret is shown")
  local plus = form.read(validate.schema { { "a", "string" }, { "n", "number" }, { "ok", "boolean" } }, form_req "a=1+%2B+1&n=0x10&ok=0")
  is(plus, nil)
  local tree = form.read(validate.schema { { "o", "object", fields = { { "n", "integer" }, { "x", "number" } } }, { "ok", "boolean" } }, form_req "o.n=-12&o.x=.5&ok=0&ok=on")
  assert(tree.o.n == -12 and tree.o.x == 0.5 and tree.ok == true)
  says("more than 1000 fields", form.read, schema, form_req(("a=1&"):rep(1001)))
  is(form.invalid(form_req("", { accept = "text/html" }), {}, "page").html, "page")
  is(form.invalid(form_req("", { accept = "application/json" }), { a = "x" }, "page").json.error.fields.a, "x")
end)

-- ---- date ----

test("date-round-trip", function()
  local zones = { "UTC", "+05:30", "-08:00", "CET-1CEST,M3.5.0,M10.5.0/3", "NZST-12NZDT,M9.5.0,M4.1.0/3", "<-03>3" }
  for i = 1, 3000 do
    local ms, zone = math.random(-30000000000000, 250000000000000), zones[i % #zones + 1]
    is(date.parse(date.iso(ms, zone)), ms)
    local whole = ms // 1000 * 1000
    is(date.parse(date.http(whole)), whole)
    for _, unit in ipairs { "hour", "day", "week", "month", "year" } do
      local start = date.start_of(ms, unit, zone)
      assert(start <= ms + 3600000 and date.start_of(start, unit, zone) == start, unit .. " " .. ms .. zone)
    end
    is(os.date("!%Y-%m-%dT%H:%M:%SZ", whole // 1000), date.iso(whole))
    is(os.date("!%V %G", whole // 1000), ("%02d %d"):format(date.week(whole)))
  end
end)
test("date-noise", function()
  for _, bad in ipairs { "", "x", "2026", "2026-13-01", "2026-00-10", "2026-01-01T", "2026-01-01T24:00", "2026-01-01T10", "2026-01-01T10:00:60.5.5", "2026-01-01T10:00X",
    "2026-01-01T10:00+25:00", "Mon, 99 Nov 2026 00:00:00 GMT", "0000-01-01", ("9"):rep(200) } do
    is(date.parse(bad), nil)
  end
  for _ = 1, 2000 do
    local text = ""
    for _ = 1, math.random(0, 25) do text = text .. ("0123456789-:TZ+. GMTNov,"):sub(math.random(24)):sub(1, 1) end
    local ms = date.parse(text)
    assert(ms == nil or math.type(ms) == "integer", text)
  end
  says('there is no zone "Nowhere/City"', date.iso, 0, "Nowhere/City")
  says("whole milliseconds", date.iso, 1.5)
  says("whole milliseconds", date.add, 0, { years = 1000000 })
  says("there is no unit", date.add, 0, { day = 1 })
  says("there is no %Q", date.format, 0, "%Q")
end)

-- ---- csv, page ----

test("csv-round-trip", function()
  local alphabet = { ",", '"', "\n", "\r", "a", "=", " ", ";", "\t", "é", "'", "+", "@" }
  for i = 1, 1500 do
    local rows, separator = {}, ({ ",", ";", "\t", "|", ".", "%", "^" })[i % 7 + 1]
    for j = 1, math.random(1, 4) do
      rows[j] = {}
      for k = 1, 3 do
        local t = {}
        for l = 1, math.random(0, 5) do t[l] = alphabet[math.random(#alphabet)] end
        rows[j][k] = table.concat(t)
      end
    end
    local back = csv.decode(csv.encode(rows, { guard = false, separator = separator, bom = i % 2 == 0 }), { header = false, separator = separator })
    is(fazt.json.encode(back), fazt.json.encode(rows))
  end
end)
test("csv-formulas", function()
  for _, text in ipairs { "=1", "+1", "-1", "@x", " =1", "\t=1", "\r=1", "\n=1", "\t", "\u{FF1D}1", " \u{FF0B}1", "\u{FF0D}1", "\u{FF20}x" } do
    local cell = csv.decode(csv.encode { { text } }, { header = false })[1][1]
    is(cell, "'" .. text)
  end
  is(csv.encode { { -1, "a-b", true } }, "-1,a-b,true\r\n")
  says("line 2: a quote is not closed", csv.decode, 'a,b\n1,"x')
  says("line 1: text after a closing quote", csv.decode, '"a"b,c\n')
  says("is there twice", csv.decode, "a,a\n1,2\n")
  says("more than 1000 columns", csv.decode, (","):rep(1001))
  says("more fields than the header", csv.decode, "a\n1,2\n")
  says("at most 1 MB", csv.decode, ("x"):rep((1 << 20) + 1))
  says("separator must be one character", csv.decode, "", { separator = '"' })
end)
test("page", function()
  local req = { path = "//evil.example", query = { q = '"><b>', trail = ("C~"):rep(50), after = "A" } }
  local out = tostring(page.links(req, "B", { newer = "<", older = ">" }))
  assert(not out:find("<b>", 1, true) and out:find('href="/evil.example?', 1, true), out)
  assert(#out < 1000, out)
end)

-- ---- markdown ----

test("markdown", function()
  is(tostring(markdown.render "# A *b*\n\n| x | y |\n|---|---|\n| 1 | ~~2~~ |"), "<h1>A <em>b</em></h1>\n<table>\n<thead>\n<tr>\n<th>x</th>\n<th>y</th>\n</tr>\n"
    .. "</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td><del>2</del></td>\n</tr>\n</tbody>\n</table>\n")
  is(tostring(markdown.render("a\nb", { breaks = true })), "<p>a<br />\nb</p>\n")
  is(tostring(markdown.render "[x](https://e.example) <https://f.example> [y](/here)"), '<p><a rel="nofollow noopener" href="https://e.example">x</a> '
    .. '<a rel="nofollow noopener" href="https://f.example">https://f.example</a> <a href="/here">y</a></p>\n')
  for _, text in ipairs { "<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b", "[x](javascript:alert(1))", "[x](JaVaScript:alert(1))", "[x](&#106;avascript:alert(1))",
    "![x](javascript:alert(1))", "[x](data:text/html,x)", "[x](vbscript:x)", "<javascript:alert(1)>", "<a href='javascript:x'>y</a>", "[a]\n\n[a]: javascript:x",
    '[x](/y "\\" onclick=\\"x")', "![a\" onerror=\"x](y)", "www.<script>.x", "```\"><script>\nx\n```" } do
    local out = tostring(markdown.render(text))
    assert(not out:find '<script' and not out:find '="[^"]*[sS]cript:' and not out:find '="data:', out)
    assert(not out:gsub('"[^"]*"', ""):find "<[^>]*on%a+=", out)
  end
  local all = {}
  for i = 0, 255 do all[#all + 1] = string.char(i) end
  assert(utf8.len(tostring(markdown.render(table.concat(all)))))
end)
test("markdown-noise", function()
  local parts = { "[", "]", "(", ")", "*", "_", "`", "~", "<", ">", "!", "|", "-", "#", "\n", "\n\n", "  ", "a", "http://x.y", "www.x.y", "a@b.c", "\\", "&", ";", "1.", "- [x]", "\0", "é" }
  for _ = 1, 1000 do
    local t = {}
    for i = 1, math.random(1, 60) do t[i] = parts[math.random(#parts)] end
    local out = tostring(markdown.render(table.concat(t)))
    assert(not out:find "<script", out)
  end
end)
r["GET /expect/too_large/markdown"] = function() return tostring(markdown.render(("x"):rep(256 * 1024 + 1))) end
-- CPU-17
for name, text in pairs { brackets = ("["):rep(50000), stars = ("*"):rep(50000), ["stars-words"] = ("*a "):rep(20000), ticks = ("`"):rep(50000), under = ("_a__"):rep(20000),
  quotes = (">"):rep(5000) .. "a", lists = ("- "):rep(2000) .. "a", parens = ("("):rep(50000), links = ("[a]("):rep(20000), pictures = ("![["):rep(20000), tildes = ("~a~~"):rep(20000),
  pipes = ("|"):rep(10000) .. "\n" .. ("|-"):rep(500), entities = ("&"):rep(100000), autolinks = ("www."):rep(20000) } do
  r["GET /expect/ok/markdown-" .. name] = function() markdown.render(text) return "ok" end
end
for name, text in pairs { pictures = ("![[]()"):rep(20000), instructions = ("*=<?"):rep(60000) } do
  r["GET /expect/too_large/markdown-" .. name] = function() markdown.render(text) end
end
-- blanks in the middle, digits that are no number: what a pattern may look at again from each of them (CPU-17)
r["GET /expect/ok/validate-blanks"] = function()
  local text = "a" .. (" "):rep(900000) .. "b"
  is(validate.check(validate.schema { { "a", "string" } }, { a = text }).a, text)
  is(validate.check(validate.schema { { "a", "string" } }, { a = (" "):rep(900000) }).a, "")
  is(validate.check(validate.schema { { "a", "string" } }, { a = " \t x y \n" }).a, "x y")
  return "ok"
end
r["GET /expect/ok/csv-blanks"] = function()
  local _, names = csv.decode("a" .. (" "):rep(400000) .. "b," .. (" "):rep(400000) .. "\n1,2\n")
  is(names[1], "a" .. (" "):rep(400000) .. "b")
  is(names[2], "")
  return "ok"
end
r["GET /expect/ok/form-digits"] = function()
  local schema = validate.schema { { "n", "number" }, { "i", "integer" } }
  for _, n in ipairs { ("9"):rep(400000) .. "x", (" "):rep(400000) .. "x", "1" .. (" "):rep(400000) .. "x", ("."):rep(400000), "1.5", " -2 ", "1e5", "0x10" } do
    local value, errors = form.read(schema, { method = "POST", headers = { ["content-type"] = "application/x-www-form-urlencoded" }, body = "n=" .. n .. "&i=" .. n, form = {} })
    local fine = n == "1.5" and errors and errors.i and not errors.n or n == " -2 " and value and value.n == -2 and value.i == -2 or not value
    if not fine then return n:sub(1, 20) end
  end
  return "ok"
end
r["GET /expect/ok/template-blanks"] = function()
  return #html.template("x\n" .. (" "):rep(100000) .. "{% if a then %}" .. (" "):rep(100000) .. "y{% end %}", "t") { a = true } > 100000 and "ok" or "no"
end
r["GET /expect/too_large/markdown-tree"] = function() return #tostring(markdown.render(("*a*_b_ "):rep(37000))) > 0 and fazt.fail("too_large") end
-- what the library would take seconds for
local function refused(text)
  local done, why = pcall(markdown.render, text)
  return not done and why.code == "too_large"
end
r["GET /expect/ok/markdown-slow"] = function()
  for _, text in ipairs { ("> "):rep(100000), ("1. "):rep(80000), ("+ > "):rep(60000), ("a@b."):rep(60000), ("x@"):rep(120000) } do
    if not refused(text) then return text:sub(1, 8) end
  end
  local usual = { ("> "):rep(1000) .. "x", ("- - "):rep(2000), ("a@b.example "):rep(3000), ("x\n"):rep(100000), (" "):rep(100000) .. "x" }
  for _, text in ipairs(usual) do
    if refused(text) then return "refused " .. text:sub(1, 8) end
  end
  return "ok"
end
-- a memory cap that is met while the library's memory is in use leaves nothing behind
r["GET /expect/app_memory/markdown-full"] = function()
  local keep = {}
  for i = 1, 1000 do keep[i] = tostring(markdown.render(("x" .. i .. "\n"):rep(20000))) end
end

-- ---- an app that replaces what the modules use hurts itself only ----

r["GET /expect/ok/replaced"] = function()
  local function hurt() error("mine") end
  for _, library in ipairs { string, table, math, utf8 } do
    for name in pairs(library) do library[name] = hurt end
  end
  for _, name in ipairs { "pairs", "ipairs", "next", "type", "tostring", "setmetatable", "getmetatable", "error", "load", "tonumber", "pcall" } do _G[name] = hurt end
  local ok = validate.check(all, { text = "ab" }).text == "ab" and date.iso(0) == "1970-01-01T00:00:00Z" and csv.decode "a\n1\n" [1].a == "1"
  return ok and html.template "<b>{{ v }}</b>" { v = "<" } == "<b>&lt;</b>" and "ok" or "no"
end

r["GET /pristine"] = pristine
return r
