# Hostile handlers, one a row: what an app tries in Lua, and what comes of it. After each another app answers at once, no
# answer holds anything of the machine, and the log has the request. The ids are those of the list of hostile cases.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $QUICK = 250;    # ms: the deadline of what never ends
my $PATIENT = 8000; # … and of what ends by itself, also in a build with sanitizers
my @rows;           # { id, name, want, lua }

# rows of "== ID name => status code" and the handler's text below it; "says" collects what the handler found
sub rows {
	my ($text) = @_;
	for (split /^== /m, $text) {
		my ($id, $name, $want, $lua) = /^(\S+) (.+?) => (.+?)\n(.*)/s or next;
		push @rows, { id => $id, name => $name, want => $want, lua => $lua };
	}
}

# ---- what ends, by itself or by an error ----

rows <<'LUA';
== SB-01 load of compiled Lua, whatever the mode => 200 fine
local chunk = "\27Lua" .. ("\0"):rep(60)
for _, mode in ipairs { "b", "bt", "t", "tb", "" } do refused(load(chunk, "x", mode)) end
refused(load(chunk)) refused(load(chunk, "=x", nil, {}))
refused(load("\27")) refused(load("\27", "@api/main.lua", "b", _G))
fails(load, function() return chunk end, "x", "b") fails(load, setmetatable({}, { __call = function() return chunk end }))
fails(load, io) fails(load)
== SB-01 what is not bytecode in front is text => 200 fine
refused(load(" \27Lua")) refused(load("#\27Lua")) refused(load("\239\187\191\27Lua")) refused(load("return \27"))
== SB-01 there is nothing that makes compiled Lua => 200 fine
same(string.dump, nil) same(("").dump, nil)
== SB-01 load over 64 KB => 200 fine
refused(load("--" .. ("x"):rep(65536)))
== SB-01 load with an environment => 200 fine
local env = {}
same(load("x = 1 return _G", "x", "t", env)(), nil) same(env.x, 1) same(x, nil)
same(load("return x", "x", "t", setmetatable({}, { __index = { x = 7 } }))(), 7)
fails(load("return x", "x", "t", nil))
== SB-01 pairs and next go through keys in one order, whatever the process => 200 fine
local function order(iterate, t, change)
	local keys = {}
	for k, v in iterate(t) do keys[#keys + 1] = tostring(k) if change then change(t, k, v) end end
	return table.concat(keys, " ")
end
local function by_next(t) return next, t end
local t = { "a", "b", "c", [-1] = 1, [0] = 1, [7] = 1, [5] = 1, [2.5] = 1, ["1"] = 1, z = 1, aa = 1, a = 1, [""] = 1, [true] = 1, [false] = 1, [math.huge] = 1 }
local expected = "1 2 3 5 7 -1 0 2.5 inf  1 a aa z false true"
same(order(pairs, t), expected) same(order(by_next, t), expected)
local many = {}
for i = 500, 1, -1 do many["k" .. i] = i end
same(order(pairs, many), order(by_next, many)) same(select(2, order(pairs, many):gsub("k", "")), 500)
same(order(pairs, many, function(t, k) t[k] = nil end), order(function() local s = {} for i = 1, 500 do s["k" .. i] = 1 end return pairs(s) end)) same(next(many), nil)
same(order(pairs, { 1, 2, 3, 4 }, function(t, k) t[k] = nil end), "1 2 3 4") same(order(by_next, { 1, 2, 3, x = 4, y = 5 }, function(t, k) t[k] = nil end), "1 2 3 x y")
same(order(pairs, { a = 1, b = 2, c = 3 }, function(t) t.b = nil end), "a c") same(order(pairs, {}), "") same(next({}), nil)
same(order(pairs, setmetatable({}, { __pairs = function() return function(_, k) return not k and "own" or nil end end })), "own")
local inner = {}
for a in next, { x = 1, y = 1 } do for b in next, { u = 1, v = 1 } do inner[#inner + 1] = a .. b end end
same(table.concat(inner, " "), "xu xv yu yv")
local objects = { [print] = 1, [{}] = 1, a = 1 } local n = 0
for k in pairs(objects) do n = n + 1 if n == 1 then same(k, "a") end end same(n, 3)
fails(pairs) fails(next, {}, {}) same(next({}, "gone"), nil) same(next({ a = 1, c = 1 }, "b"), "c") fails(next, 1) fails(function() for _ in pairs(nil) do end end)
== SB-02 libraries by every name there is => 200 fine
local env = _ENV
for _, name in ipairs { "io", "package", "debug", "dofile", "loadfile", "warn", "loadstring", "module", "newproxy", "arg" } do
	same(_G[name], nil) same(_ENV[name], nil) same(rawget(_G, name), nil) same(env[name], nil) same(load("return " .. name)(), nil)
	fails(require, name)
end
for name in pairs(os) do says(name == "time" or name == "date" or name == "clock" or name == "difftime", name) end
for name in pairs(_G) do says(type(_G[name]) ~= "table" or ("_G coroutine math os string table utf8"):find(name, 1, true), name) end
== SB-02 files of the machine by require => 200 fine
for _, name in ipairs { "/etc/passwd", "../../../etc/passwd", "file:///etc/passwd", "..", "", ".", "api/main.lua", "main.lua", "api.main",
	"fazt.", "fazt/../main", "fazt.env", "fazttest", "main\0x", ("x"):rep(201), ("../"):rep(60), "t.main", "t/x", "migrations.1" } do
	local why = fails(require, name)
	says(not tostring(why):find("root:"), why)
end
fails(require, {}) fails(require, nil) fails(require, print)
== SB-04 captured and replaced before the SDK is used => 200 fine
local evil = function() error("evil") end
local found
for _, lib in ipairs { string, table, math, utf8, coroutine, os } do for name in next, lib do lib[name] = evil end end
for _, name in ipairs { "pairs", "ipairs", "next", "tostring", "tonumber", "type", "rawget", "rawset", "rawlen", "rawequal", "setmetatable", "getmetatable", "pcall", "xpcall", "select", "error", "assert", "require", "load", "print" } do
	_G[name] = evil
end
fazt.storage.docs.insert("board", { n = 1 }) found = fazt.storage.docs.find("board") fazt.storage.docs.count("board")
fazt.storage.tx(function() fazt.storage.docs.insert("board", { n = 2 }) end)
fazt.storage.kv.get("board/x") fazt.json.decode(fazt.json.encode({ 1, { a = 1 } })) fazt.log.info("x") fazt.id()
if #found < 1 then found = nil end
found[1] = nil
== SB-04 modules of the SDK with everything replaced before they are loaded => 200 fine
local evil, require = function() error("evil") end, require
for _, name in ipairs { "html", "markdown", "csv", "date", "validate", "form" } do require("fazt." .. name) end
local html, markdown, csv, date = require "fazt.html", require "fazt.markdown", require "fazt.csv", require "fazt.date"
for _, lib in ipairs { string, table, math, utf8 } do for name in next, lib do lib[name] = evil end end
pairs, ipairs, next, tostring, type, select, error, pcall, setmetatable = evil, evil, evil, evil, evil, evil, evil, evil, evil
html.template("<p>{{ x }}</p>")({ x = "<" }) markdown.render("*x*") csv.encode({ { a = 1 } }) csv.decode("a\n1") date.iso(0) date.parse("2020-01-01")
== SB-04 arguments whose metamethods never end => 200 fine
local spin = function() while true do end end
local trap = setmetatable({ a = 1 }, { __index = spin, __newindex = spin, __pairs = spin, __len = spin, __tostring = spin, __eq = spin, __lt = spin, __concat = spin, __call = spin, __close = spin, __name = "trap" })
fazt.json.encode(trap) fazt.storage.docs.insert("board", trap) fazt.storage.kv.set("trap", trap)
fails(fazt.storage.docs.get, trap, trap) fails(fazt.crypto.hash, trap, trap) fails(fazt.fail, trap) fails(require, trap) fails(load, trap) fails(string.rep, trap, 2)
fails(table.insert, trap, 1) fails(table.concat, trap) fails(table.unpack, trap) fails(table.sort, trap) fails(fazt.storage.docs.find, "board", {}, trap)
== SB-04 an answer whose metamethods never end => 200 fine
local spin = function() while true do end end
return setmetatable({ json = setmetatable({ ok = true }, { __index = spin, __pairs = spin, __len = spin }) }, { __index = spin, __pairs = spin })
== SB-10 twenty thousand chained __close => 200 fine
local last
for i = 1, 20000 do
	local before = last
	local made, co = pcall(coroutine.wrap, function() local c <close> = setmetatable({}, { __close = function() if before then before() end end }) coroutine.yield() end)
	if not made then break end
	co()
	last = co
end
pcall(last)
same(coroutine.close, nil)
== SB-10 coroutines that fail while they close, one inside the other => 200 fine
local function nest(n) return coroutine.wrap(function() local c <close> = setmetatable({}, { __close = function() if n > 0 then nest(n - 1)() end error("again") end }) error("first") end) end
fails(nest(250))
== SB-10 resume inside resume inside resume => 200 fine
local function deep(n) return coroutine.wrap(function() return deep(n + 1)() end) end
fails(deep(1))
== SB-12 addresses => 200 fine
local co = coroutine.create(print)
local all = { tostring(print), tostring({}), tostring(co), tostring(fazt.null), tostring(fazt.storage.docs.get), tostring(fazt.list {}), ("%s %s %s %s"):format(print, {}, co, fazt.null),
	tostring(select(2, pcall(error, {}))), tostring((math.randomseed(1))), tostring(setmetatable({}, { __name = "thing" })), ("%s"):format(setmetatable({}, { __name = "0x1234567890" })),
	tostring(select(2, pcall(fazt.fail, "conflict", "x"))), tostring(coroutine.running()), tostring(_G), tostring(string), tostring(require "fazt.html") }
for _, fn in ipairs { function() return {} .. {} end, function() return print + 1 end, function() return #print end, function() return {} < {} end, function() return co() end, function() ({})[nil] = 1 end,
	function() string.rep({}) end, function() table.concat({ print }) end, function() table.concat({ {} }) end, function() math.floor({}) end, function() fazt.json.encode(co) end, function() ("x"):rep(print) end,
	function() string.format("%d", {}) end, function() string.format("%q", print) end, function() setmetatable(1, print) end, function() load(print) end, function() error({}) end, function() ipairs() end, function() co:x() end } do
	local _, why = pcall(fn)
	all[#all + 1] = tostring(why)
end
for _, text in ipairs(all) do says(text == "0x1234567890" or not (text:find("0x%x") or text:find("%x%x%x%x%x%x%x%x")), text) end
for _, format in ipairs { "%p", "%10p", "%-20p", "%5.3p" } do fails(string.format, format, print) fails(string.format, format, {}) fails(string.format, "%s" .. format, 1, {}) end
for _, format in ipairs { "%#p", "% p", "%0p", "%.p", "%%%p", "%5%%p" } do fails(string.format, format, print, print) end
== SB-12 addresses by way of the log => 200 fine
print(print, {}, coroutine.create(print), fazt.null)
fails(fazt.log.info)
for _, value in ipairs { print, {}, coroutine.create(print), fazt.null, setmetatable({}, { __name = "thing" }) } do fazt.log.info(value) fazt.log.warn(value) fazt.log.error(value) end
== SB-12 chance is the kernel's => 200 fine
same(math.randomseed(), nil) same(select("#", math.randomseed(5)), 0)
math.randomseed(7) local a = math.random(0) math.randomseed(7) says(a ~= math.random(0), "the seed is not the app's")
fails(math.random, 2, 1) fails(math.random, "x") math.random(math.mininteger, math.maxinteger) math.random(0)
== SB-13 a thousand coroutines and no more => 200 fine
local all = {}
local made, why = pcall(function() for i = 1, 2000 do all[i] = coroutine.create(function() coroutine.yield() end) coroutine.resume(all[i]) end end)
same(made, false) says(#all <= 1000, #all)
== SB-14 the collector => 200 fine
for _, what in ipairs { "stop", "restart", "collect", "step", "incremental", "generational", "setpause", "setstepmul", "isrunning", "", "Count" } do fails(collectgarbage, what) fails(collectgarbage, what, -1) end
fails(collectgarbage) fails(collectgarbage, {}) says(collectgarbage("count") > 0)
== SB-14 finalizers and weak tables => 200 fine
fails(setmetatable, {}, { __gc = print }) fails(setmetatable, {}, { __gc = true }) fails(setmetatable, {}, { __gc = 0 })
local mt = {} setmetatable({}, mt) mt.__gc = function() escaped = true end
for i = 1, 100 do local t = ("x"):rep(100000) .. i end
same(escaped, nil)
== SB-15 metatables of what is shared => 200 fine
for _, value in ipairs { "", print, coroutine.create(print), fazt.null } do same(getmetatable(value), false) fails(setmetatable, value, {}) end
same(getmetatable(1), nil) same(getmetatable(nil), nil) same(getmetatable(true), nil)
fails(setmetatable, fazt.list {}, {}) fails(setmetatable, select(2, pcall(fazt.fail, "conflict")), {}) same(getmetatable(fazt.list {}), "list")
fails(function() getmetatable("").__index = nil end) fails(function() (""):x() end) fails(function() ("").x = 1 end)
== SB-15 everything that can be changed, changed => 200 fine
rawset(_G, "left", 1) setmetatable(_G, { __index = function() return "left" end, __newindex = function() end })
string.left, table.left, fazt.left, os.left, fazt.storage.docs.left = 1, 1, 1, 1, 1
string.format = nil fazt.list({}).left = 1 _ENV.left2 = 1 kept = { 1 } keep = 1
== SB-15 … and the next request is pristine => 200 fine
same(rawget(_G, "left"), nil) same(getmetatable(_G), nil) same(string.left or table.left or fazt.left or os.left or fazt.storage.docs.left, nil) same(type(string.format), "function") same(left, nil) same(kept, nil) same(keep, 0)
== SB-15 the environment as an upvalue => 200 fine
local _ENV = setmetatable({}, { __index = _ENV }) x = 1
same(_G.x, nil)
local f = load("return function() return x end", "x", "t", { x = 2 })() same(f(), 2)
== SB-17 nesting in what is compiled => 200 fine
for _, open in ipairs { "(", "{", "do ", "function() ", "if x then ", "while x do ", "for i=1,2 do ", "repeat ", "[", "-", "not ", "#", "a.", "a(", "a{", "x=", "return function() ", "goto ", "::a::" } do
	for _, n in ipairs { 150, 500, 2000 } do load("return " .. open:rep(n)) load(open:rep(n)) load("local x = " .. open:rep(n) .. "1") end
end
refused(load("return " .. ("("):rep(500) .. "1" .. (")"):rep(500))) refused(load("local a" .. (",a"):rep(300))) refused(load("return " .. ("{"):rep(500) .. ("}"):rep(500)))
refused(load(("do "):rep(500) .. ("end "):rep(500))) load("return " .. ("a.."):rep(10000) .. "a") load("local t = {" .. ("1,"):rep(20000) .. "}") load(("a=1 "):rep(10000))
== SB-17 nesting in patterns and callbacks => 200 fine
fails(string.find, ("a"):rep(300), ("(a"):rep(100)) fails(string.find, ("a"):rep(300), ("(a)"):rep(33)) fails(string.find, ("a"):rep(500), ("a?"):rep(150)) fails(string.find, "a", "%") fails(string.find, "a", "[a") fails(string.find, "a", "%b") fails(string.find, "a", "(()") fails(string.gsub, "a", "a", "%2")
local function nest(n) return (("x"):gsub("x", function() return n > 0 and nest(n - 1) or "y" end)) end
fails(nest, 250)
local function meta(n) return setmetatable({}, { __index = function(_, k) return meta(n + 1)[k] end }) end
fails(function() return meta(0).x end)
local function sorted(n) table.sort({ 1, 2, 3 }, function() sorted(n + 1) end) end
fails(sorted, 0)
local t = {} for i = 1, 3000 do t = setmetatable({}, { __index = t }) end fails(function() return t.x end)
local f = function() end for i = 1, 3000 do local g = f f = setmetatable({}, { __call = function(...) return g(...) end }) end pcall(f)
fails(function() local function e() error(setmetatable({}, { __tostring = e })) end xpcall(e, e) error("x") end)
== SB-18 control bytes and forged lines in the log => 200 fine
print("one\n{\"at\":\"2026-01-01T00:00:00.000Z\",\"level\":\"error\",\"text\":\"forged\"}\r\27[2J\27]0;x\7\0\226\128\174\194\133end")
fazt.log.error("two\nforged\27[31m") print(("\27"):rep(10000)) print("\255\254\192\128") fazt.log.warn(("x"):rep(100000)) print() print(nil, true) fazt.log.info(5)
== CPU-04 string.rep of nothing, and too much of something => 200 fine
for _, n in ipairs { 1 << 62, math.maxinteger, math.mininteger, -1, 0 } do same(string.rep("", n), "") same(string.rep("", n, ""), "") end
fails(string.rep, "x", 1 << 62) fails(string.rep, "", 1 << 62, "x") fails(string.rep, "xx", math.maxinteger // 2 + 2) fails(string.rep, "x", 1 << 22, "x")
same(string.rep(5, 3), "555") same(string.rep(1, 3, 0), "10101") fails(string.rep, 5, 1 << 40) same(#string.rep("x", 4194304), 4194304) fails(string.rep, "x", 4194305) same(string.rep("x", 2.0), "xx") fails(string.rep, "x", 2.5) fails(string.rep, "x", "y")
== CPU-07 plain find in a large text => 200 fine
fails(string.find, ("a"):rep(4000000), ("a"):rep(2000000) .. "b", 1, true)
== CPU-12 conversions of large texts => 200 fine
pcall(function() return ("9"):rep(4000000) + 0 end) pcall(tonumber, ("9"):rep(4000000)) pcall(tonumber, ("z"):rep(4000000), 36) pcall(tonumber, "0x" .. ("f"):rep(4000000)) pcall(math.tointeger, ("9"):rep(4000000))
fails(utf8.len, ("x"):rep(2000000)) fails(utf8.codepoint, ("x"):rep(2000000), 1, -1) fails(utf8.offset, ("x"):rep(2000000), 1) fails(utf8.codes, ("x"):rep(2000000))
fails(string.packsize, ("i"):rep(1000)) fails(string.pack, ("i"):rep(1000)) fails(string.unpack, ("i"):rep(1000), "") fails(string.packsize, ("i"):rep(4000000)) fails(string.format, ("%.0s"):rep(50000), "x") fails(string.format, ("%99.99f"):rep(1000), 1) fails(string.format, "%s")
local many = {} for i = 1, 70 do many[i] = 1 end fails(string.format, ("%d"):rep(65), table.unpack(many)) fails(string.byte, ("x"):rep(4000000), 1, -1) fails(string.pack, "c1000000000", "x") fails(string.pack, "i17", 1)
fails(os.date, ("%Y"):rep(200)) fails(os.date, "%Y", 1 << 60) fails(os.date, "%Q") fails(os.time, { year = 1 << 60, month = 1, day = 1 }) says(#os.date() > 0)
local s = ("x"):rep(4000000) s:upper() s:reverse() s:lower() s:sub(2)
== CPU-12 tables that lie about their length => 200 fine
local liar = setmetatable({}, { __len = function() return math.maxinteger end, __index = function() return 1 end })
fails(table.insert, liar, 1) fails(table.remove, liar) fails(table.concat, liar) fails(table.unpack, liar) fails(table.sort, liar)
fails(table.move, {}, 1, 1 << 62, 1, {}) fails(table.move, {}, math.mininteger, math.maxinteger, 1) fails(table.move, {}, -1, math.maxinteger, 2) fails(table.concat, {}, "", 1, 1 << 62) fails(table.concat, {}, "", math.mininteger, math.maxinteger) fails(table.unpack, {}, 1, 1 << 40) fails(table.unpack, {}, math.mininteger, math.maxinteger) fails(table.unpack, {}, 1, 999999)
fails(table.insert, {}, 5, 1) fails(table.insert, {}, 1, 2, 3) fails(table.remove, {}, 7) fails(select, 0) pcall(select, -1) fails(select, math.mininteger)
local big = {} for i = 1, 100001 do big[i] = -i end fails(table.sort, big) fails(table.sort, { 3, 1, "x" }) pcall(table.sort, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, function() return true end)
for i = 1, 1000 do big = { [i * 65535] = i } end
== CPU-17 helpers and what is nested => 200 fine
for _, text in ipairs { ("["):rep(100000), ("["):rep(100000) .. ("]"):rep(100000), ('{"a":'):rep(100000), "[" .. ("1,"):rep(100000) .. "1]" } do fails(fazt.json.decode, text) end
local t = {} for i = 1, 100 do t = { t } end fails(fazt.json.encode, t) local c = {} c.c = c fails(fazt.json.encode, c)
local wide = {} for i = 1, 20000 do wide[i] = i end fails(fazt.json.encode, wide) local shared = {} for i = 1, 100 do shared[i] = wide end fails(fazt.json.encode, shared)
local dag = {} for i = 1, 60 do dag = { dag, dag } end fails(fazt.json.encode, dag)
== CPU-17 markdown, csv, templates and validation with what is nested => 200 fine
local html, markdown, csv, validate = require "fazt.html", require "fazt.markdown", require "fazt.csv", require "fazt.validate"
for _, piece in ipairs { "[", "![", "*", "_", "`", "> ", "- ", "(", "<", "&", "|", "**a", "[a](", "~", "\\", "1. ", "#", "<!--", "[^", "a|", "http://", "<a@", "\n\n", "\t" } do pcall(markdown.render, piece:rep(20000)) end
fails(markdown.render, ("x"):rep(300000)) fails(csv.decode, ("a,"):rep(2000)) fails(csv.decode, '"' .. ("a"):rep(1000)) fails(csv.decode, ("x"):rep(1100000))
for _, text in ipairs { ("{{"):rep(10000), ("{% if x %}"):rep(300), ("{% for a in b %}"):rep(300), "{{ " .. ("("):rep(5000), "{{ a" .. (".a"):rep(5000) .. " }}", ("{#"):rep(10000), "{{ x" .. ("|x"):rep(5000) .. " }}" } do pcall(function() html.template(text)({}) end) end
== MEM-01 a table that grows and grows => 500 app_memory
local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end
== MEM-01 … and is caught => 200 fine
for i = 1, 3 do fails(function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end end) end
== MEM-01 memory by way of every library => 200 fine
fails(function() local s = "x" while true do s = s .. s end end) fails(function() local t = {} for i = 1, math.huge do t[i] = i end end) fails(function() local t = {} for i = 1, math.huge do t["k" .. i] = i end end)
fails(function() return (("x"):rep(1e6):gsub(".", ("y"):rep(1000))) end) fails(function() local t = {} while true do t = { t } end end) fails(function() local s = ("x"):rep(4e6) return table.concat({ s, s, s, s, s, s, s, s, s, s }) end)
fails(function() local s = ("x"):rep(4e6) return ("%s"):rep(10):format(s, s, s, s, s, s, s, s, s, s) end) fails(function() local t = {} while true do t[#t + 1] = function() return t end end end) fails(function() local t = {} for i = 1, 1e6 do t[i] = assert(load("return " .. i)) end end)
fails(function() local s = ("\0"):rep(4e6) return fazt.json.encode(s), fazt.json.encode({ s, s, s }) end) fails(function() local s = ("<"):rep(4e6) local all = {} for i = 1, 100 do all[i] = require("fazt.html").escape(s) end end) fails(function() local t = {} for i = 1, 1e6 do t[i] = fazt.json.decode("[1,2,3,4,5,6,7,8]") end end)
== MEM-02 a string of a terabyte => 500 app_memory
return { text = ("x"):rep(1 << 40) }
== MEM-04 stacks of a thousand coroutines => 500 app_memory
local t, function_deep = {} function_deep = function(n) if n == 0 then coroutine.yield() else return 1 + function_deep(n - 1) end end
for i = 1, 1000 do t[i] = coroutine.create(function_deep) local fine, why = coroutine.resume(t[i], 150000) if not fine then error(why, 0) end end
== MEM-04 recursion without an end => 500 app_memory|500 app_error
local function f() return 1 + f() end return { json = f() }
== MEM-04 arguments without an end => 200 fine
fails(function() local t = {} for i = 1, 2000000 do t[i] = i end return table.unpack(t) end) fails(function() local function f(...) return (f(1, ...)) end return f() end) fails(function() return string.char(table.unpack(setmetatable({}, { __index = function() return 65 end }), 1, 999999)) end)
== MEM-06 an answer that grows to a gigabyte => 500 response_too_large|500 app_memory
local parts = {} for i = 1, 256 do parts[i] = ("x"):rep(4e6) end return { text = table.concat(parts) }
== MEM-06 an answer of 9 MB => 500 response_too_large|504 app_timeout
local s = ("x"):rep(3e6) return { body = s .. s .. s }
== MEM-06 JSON of 9 MB => 500 response_too_large|504 app_timeout
local s = ("x"):rep(1e6) return { json = { s, s, s, s, s, s, s, s, s } }
== MEM-10 ten thousand headers => 500 bad_response
local h = {} for i = 1, 10000 do h["x-" .. i] = "y" end return { text = "x", headers = h }
== MEM-10 one header with ten thousand values => 500 bad_response
local v = {} for i = 1, 10000 do v[i] = "a=" .. i end return { text = "x", headers = { ["set-cookie"] = v } }
== MEM-10 a header of 20 KB => 500 bad_response
return { text = "x", headers = { ["x-a"] = ("y"):rep(20000) } }
== MEM-10 a header's name of 20 KB => 500 bad_response
return { text = "x", headers = { ["x-" .. ("y"):rep(20000)] = "a" } }
== MEM-10 headers that are no table => 500 bad_response
return { text = "x", headers = "x-a: b" }
== MEM-10 65 headers => 500 bad_response
local h = {} for i = 1, 65 do h["x-" .. i] = "y" end return { text = "x", headers = h }
== RLS-13 errors with secrets in them => 500 app_error
fazt.storage.docs.insert("board", { n = 99, text = "a secret" }) error("a secret: " .. fazt.json.encode(fazt.storage.docs.find("board")))
== RLS-18 a transaction that is left by an error => 500 app_error
fazt.storage.tx(function() fazt.storage.docs.insert("board", { n = 12345 }) error("never") end)
== RLS-18 … leaves nothing and locks nothing => 200 fine
same(fazt.storage.docs.count("board", { n = 12345 }), 0) fazt.storage.docs.insert("board", { n = 1 })
== RLS-18 a transaction that one yields out of => 200 fine
local co = coroutine.create(function() fazt.storage.tx(function() fazt.storage.docs.insert("board", { n = 777 }) coroutine.yield() end) end)
coroutine.resume(co) fazt.storage.docs.insert("board", { n = 778 }) same(fazt.storage.docs.count("board", { n = 777 }), 0) same(fazt.storage.docs.count("board", { n = 778 }), 1)
== XAP-01 another app by every call that names something => 200 fine
for _, name in ipairs { "good/board", "good/notes", "../good/board", "good\0/board", "board\0good", "Good/board", "os/users", "main.docs", "sqlite.master", "good.board" } do
	fails(fazt.storage.docs.insert, name, { n = 1 }) fails(fazt.storage.docs.find, name) fails(fazt.storage.docs.count, name) fails(fazt.storage.docs.get, name, "x")
	fails(fazt.storage.docs.update, name, "x", {}) fails(fazt.storage.docs.delete, name, "x")
end
fails(fazt.storage.commit, { reads = { { collection = "good/board", id = "x" } } }) fails(fazt.storage.commit, { writes = { { op = "insert", collection = "good/board", doc = {} } } }) fails(fazt.storage.commit, { writes = { { op = "insert", collection = "board", as_app = true, doc = {} } } })
== XAP-01 what was not granted => 200 fine
fails(fazt.users.list) fails(fazt.users.get, "x") fails(fazt.as_app, function() return fazt.storage.docs.count("board") end) fails(fazt.test.request, "nobody", "GET", "/") fails(fazt.test.become, "owner") fails(fazt.test.advance, 1) fails(fazt.test.env, "A", "b") fails(fazt.test.mails) fails(fazt.test.answer, true) fails(fazt.test.notifications) fails(fazt.test.person, "eve")
== XAP-01 what belongs to the kernel's side of the SDK => 200 fine
same(fazt.hold, nil) same(fazt.in_tx, nil) same(fazt.compile, nil) same(fazt.views, nil) fails(require, "fazt.tx") fails(require, "fazt.native")
LUA

# ---- what never ends ----

my $ending = @rows;
rows <<'LUA';
== CPU-01 a loop => 504 app_timeout
while true do end
== CPU-01 a loop in a coroutine => 504 app_timeout
coroutine.wrap(function() while true do end end)()
== CPU-01 a loop of goto => 504 app_timeout
::again:: goto again
== CPU-01 a loop of tail calls => 504 app_timeout
local function f() return f() end f()
== CPU-01 tail calls with more and more arguments => 504 app_timeout
local function f(...) return f(1, ...) end f()
== CPU-01 coroutines that hand over to one another for ever => 504 app_timeout
local a = coroutine.wrap(function() while true do coroutine.yield() end end) while true do a() end
== CPU-02 a loop of pcall => 504 app_timeout
while true do pcall(function() while true do pcall(error) end end) end
== CPU-02 a handler that calls itself => 504 app_timeout
local function f() while true do end end xpcall(error, f)
== CPU-02 an error that is raised by its handler, for ever => 504 app_timeout
while true do local function f() error(xpcall(error, error)) end xpcall(f, f) end
== CPU-06 an exponential pattern => 504 app_timeout
return { json = ("a"):rep(60):find((".-"):rep(12) .. "b") or 0 }
== CPU-06 an exponential gsub => 504 app_timeout
return { json = ("a"):rep(60):gsub(("a?"):rep(60) .. ("a"):rep(60) .. "b", "") }
== CPU-06 balanced patterns => 504 app_timeout
while true do (("("):rep(500000)):find("%b()") end
== CPU-06 patterns of gmatch => 504 app_timeout
for x in ("a"):rep(1000000):gmatch(".-.-.-.-b") do end while true do end
== CPU-07 plain find, again and again => 504 app_timeout
local s, p = ("a"):rep(1000000), ("a"):rep(200) .. "b" while true do s:find(p, 1, true) end
== CPU-11 __close that never ends => 504 app_timeout
local x <close> = setmetatable({}, { __close = function() while true do end end }) error("x")
== CPU-11 __close that never ends, in a coroutine that failed => 504 app_timeout
coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error("x") end)()
== CPU-11 the closing value of a loop => 504 app_timeout
for _ in next, { 1 }, nil, setmetatable({}, { __close = function() while true do end end }) do break end
== CPU-12 colliding keys => 504 app_timeout
while true do local t = {} for i = 1, 200000 do t[i * 65535] = true end end
== CPU-12 sorting what is slow to compare => 504 app_timeout
while true do local t = {} for i = 1, 50000 do t[i] = ("x"):rep(100) .. i end table.sort(t) end
== CPU-12 comparing long texts => 504 app_timeout
local a = ("x"):rep(4000000) local b = a .. "y" while true do local _ = a < b end
== CPU-12 the compiler => 504 app_timeout
while true do load("return 1" .. (" and x"):rep(9000)) end
== CPU-12 a large table from the front => 504 app_timeout
local t = {} while true do table.insert(t, 1, #t) if #t > 200000 then t = {} end end
== CPU-12 digests => 504 app_timeout
local s = ("x"):rep(4000000) while true do fazt.crypto.hash("sha512", s) end
== CPU-12 what the app is asked for as text => 504 app_timeout
return { text = tostring(setmetatable({}, { __tostring = function() while true do end end })) }
== CPU-12 in the log => 504 app_timeout
print(setmetatable({}, { __tostring = function() while true do end end }))
== CPU-17 JSON, again and again => 504 app_timeout
local s = "[" .. ("1,"):rep(9000) .. "1]" while true do fazt.json.decode(s) end
== CPU-17 tables that were large once => 504 app_timeout
local hollow = {} for i = 1, 400000 do hollow[i] = 1 end for i = 1, 400000 do hollow[i] = nil end local all = {} for i = 1, 9000 do all[i] = hollow end while true do pcall(fazt.json.encode, all) end
LUA

# ---- the cartridge ----

my $routes = join '', map { qq{["GET /$_"] = function(req) local out = (function(req) $rows[$_]{lua}\nend)(req) return out or found() end,\n} } 0 .. $#rows;
my %evil = ('app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { board => { read => 'anyone', add => 'anyone' } } }, 'api/main.lua' => <<"LUA");
local fazt = require "fazt"
local type, select, error, pcall, tostring = type, select, error, pcall, tostring
keep = 0
local wrong, n = {}, 0
local function says(fine, what) n = n + 1 if not fine then wrong[#wrong + 1] = n .. ": " .. tostring(what) end end
local function same(a, b) says(a == b, tostring(a) .. " is not " .. tostring(b)) end
local function fails(f, ...) local done, why = pcall(f, ...) says(not done, "done") return why end
local function refused(f, why) says(f == nil and type(why) == "string", "not refused") end
local function found() return { json = { wrong = fazt.list(wrong), n = n } } end
return {
$routes
}
LUA
my $fazt = Fazt->new(settings => { deadline => $PATIENT, 'app.rows' => 100000 });
$fazt->install(evil => \%evil);
$fazt->install(good => { 'app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { board => { read => 'anyone', add => 'anyone' } } },
	'api/main.lua' => 'return { ["GET /"] = function() return { json = require("fazt").storage.docs.count("board") } end }' });
$fazt->start;
my $client = $fazt->browser;
my $token = $fazt->token('owner', 'evil');

sub workers { my $below = $fazt->processes_below($fazt->pid('serve')); return join ' ', sort grep { $below->{$_} =~ /\bworker\b/ } keys %$below }
sub ask { return $client->request(GET => $fazt->url('evil', "/$_[0]"), token => $token) }
sub code { my ($a) = @_; return "$a->{status} " . ((ref $a->{json} eq 'HASH' && ref $a->{json}{error} && $a->{json}{error}{code}) || 'fine') }
my $machine = qr{0x[0-9a-f]{6,}|\b[0-9a-f]{12}\b|root:[x*]?:|/etc/|/tmp/|/usr/|\bSELECT\b|sqlite|stack traceback|api/main\.lua:|a secret};
my $workers = workers();
my (@unlogged, @slow, @leaked);

sub try_row {
	my ($i) = @_;
	my ($row, $start) = ($rows[$i], time);
	my $a = ask($i);
	my $ms = (time - $start) * 1000;
	note(sprintf "%s %s: %d ms", $row->{id}, $row->{name}, $ms) if $ENV{FAZT_VERBOSE};
	like(code($a), qr/^(?:$row->{want})$/, "$row->{id}: $row->{name}") or diag substr $a->{body}, 0, 500;
	is_deeply($a->{json}{wrong}, [], "$row->{id} … as it has to") if $row->{want} eq '200 fine' && ref $a->{json} eq 'HASH' && $a->{json}{n};
	push @leaked, "$row->{name}: $a->{raw}" if $a->{raw} =~ s/^x-request-id.*//mir =~ $machine;
	push @unlogged, [$row->{name}, $a->{headers}{'x-request-id'}];
	my $began = time;
	my $other = $client->request(GET => $fazt->url('good', '/'));
	push @slow, "$row->{name}: $other->{status}" if $other->{status} != 200 || (time - $began) > 2;
	return $ms;
}

try_row($_) for 0 .. $ending - 1;

# ---- the deadline ----

$fazt->admin('setting', 'set', deadline => $QUICK);
my $late = 0;
for ($ending .. $#rows) {
	my $ms = try_row($_);
	$late = $ms if $ms > $late;
	$fazt->admin('app', 'enable', 'evil') if $_ % 3 == 0; # a suspension, where one was earned
}
note(sprintf 'of a deadline of %d ms the latest answer came after %.0f', $QUICK, $late);
cmp_ok($late, '<', $QUICK * 10, 'CPU-01: what never ends is answered at the deadline');
$fazt->admin('app', 'enable', 'evil');
$fazt->admin('setting', 'set', deadline => $PATIENT);

# ---- how much memory a cell has while it tries ----

sub cells { my $below = $fazt->processes_below($fazt->pid('serve')); return grep { ($below->{$_} =~ /cell|zygote/) } keys %$below }
sub peak { my $most = 0; for (cells()) { my ($kb) = (eval { slurp("/proc/$_/status") } // '') =~ /^VmHWM:\s+(\d+)/m; $most = $kb if $kb && $kb > $most } return $most }
SKIP: {
	skip 'a build with sanitizers has a shadow of everything', 2 if Fazt::sanitized();
	my $idle = peak();
	my ($grow) = grep { $rows[$_]{name} eq 'memory by way of every library' } 0 .. $#rows;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die;
	print $s "GET /$grow HTTP/1.1\r\nHost: evil.localhost\r\nConnection: close\r\n\r\n";
	my ($most, $bits) = (0, '');
	vec($bits, fileno $s, 1) = 1;
	while (!select(my $r = $bits, undef, undef, 0.01)) {
		my $now = peak();
		$most = $now if $now > $most;
	}
	like(scalar <$s>, qr/200/, 'MEM-01: a request that tries for memory in every way');
	cmp_ok($most, '<', (16 + 20 + 20) * 1024, "MEM-01: its cell had $most KB at most, an idle one $idle");
}

# ---- the heap is too small for the app ----

$fazt->install(large => { 'app.json' => { visibility => 'anyone' }, 'api/main.lua' => 'local t = {} for i = 1, 400000 do t[i] = i end return { ["GET /"] = function() return { text = "x" } end }' });
$fazt->admin('setting', 'set', heap => 1048576);
my $small = $client->request(GET => $fazt->url('large', '/'));
is(code($small), '500 app_memory', 'MEM-09: an app that does not fit into the memory it may have');
is($client->request(GET => $fazt->url('good', '/'))->{status}, 200, 'MEM-09: … and another one does') for 1 .. 2;
is(($fazt->try_admin('setting', 'set', heap => 10240))[0], 2, 'MEM-09: 10 KB are no heap');
$fazt->admin('setting', 'set', heap => 16777216);

# ---- what does not get as far as running ----

sub install_of {
	my ($files) = @_;
	my ($exit, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('other', { 'app.json' => { visibility => 'anyone' }, %$files }), '--name', 'other', '--yes', '--grant', 'all', '--json');
	return "$exit $out$err";
}
for (['compiled Lua as main', { 'api/main.lua' => "\x1bLuaT\0\x19\x93\r\n\x1a\n" }], ['compiled Lua as a module', { 'api/main.lua' => 'return {}', 'api/x.lua' => "\x1bLua" }], ['one byte of it', { 'api/main.lua' => "\x1b" }]) {
	like(install_of($_->[1]), qr/^[1-9]\d* .*binary_chunk/s, "SB-01: $_->[0] is not installed");
}
like(install_of({ 'api/main.lua' => 'while true do end' }), qr/^[1-9]/, 'CPU-01: a loop at the top of the file is not installed');
like(install_of({ 'api/main.lua' => 'local t = {} while true do t = { t } end' }), qr/^[1-9].*app_memory|^[1-9].*memory/s, 'MEM-01: nor what needs all memory to load');
like(install_of({ 'api/main.lua' => 'return ' . '(' x 500 . '1' . ')' x 500 }), qr/^[1-9]/, 'SB-17: nor what is nested too deeply to compile');
like(install_of({ 'api/main.lua' => 'return ' . '{' x 500 . '}' x 500 }), qr/^[1-9]/, 'SB-17: nor braces') ;
like(install_of({ 'api/main.lua' => 'return {}' . ' ' x 262144 }), qr/^[1-9]/, 'CPU-12: nor a file over 256 KB');

# ---- a small stack ----

my $program = Fazt::build() . '/fazt-admin';
my ($nested) = grep { $rows[$_]{name} eq 'nesting in patterns and callbacks' } 0 .. $#rows;
my ($exit, $out, $err) = Fazt::run({ FAZT_HOME => $fazt->home }, 'sh', '-c', "ulimit -Ss 256 && exec \"$program\" app request evil GET /$nested --json");
like($out, qr/"status":200/, 'SB-17: nesting where the shell gives processes 256 KB of stack') or diag "$exit $out $err";

# ---- what is left ----

is_deeply(\@slow, [], 'another app answered after every row');
is_deeply(\@leaked, [], 'no answer had an address, a path or anything of the machine') or diag substr $leaked[0], 0, 600;
my $log = $fazt->log_with($client->request(GET => $fazt->url('good', '/')));
is_deeply([map { $_->[0] } grep { !$_->[1] || $log !~ /"$_->[1]"/ } @unlogged], [], 'the log has a line with the id of every request');
unlike($log, qr/a secret/, 'RLS-13: and nothing of what the app said');
is(workers(), $workers, 'the workers are those of the beginning');
my $logs = $fazt->admin('app', 'logs', 'evil', '--limit', 1000, '--json');
my @lines = @{ text_of($logs) };
ok(scalar @lines, 'the app has a log');
my @telling = grep { $_->{text} =~ /0x[0-9a-f]{6,}|\b[0-9a-f]{12}\b/ } @lines;
is_deeply(\@telling, [], 'SB-12: no line of the app\'s own log shows an address');
is(scalar(grep { $_->{text} =~ /^(?:one|two)\n/ } @lines), 2, 'SB-18: a line stays one line') or diag explain [grep { $_->{text} =~ /forged/ } @lines];
is(scalar(grep { $_->{text} eq 'forged' } @lines), 0, 'SB-18: … and none is forged');
unlike($fazt->admin('app', 'logs', 'evil', '--limit', 1000), qr/[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae|\xc2\x85/, 'SB-18: … and a terminal sees no control bytes');
unlike(join('', map { slurp($_) } glob $fazt->home . '/log/*.out'), qr/forged|\x1b|one/, 'SB-18: print writes to no descriptor of the process');
unlike($fazt->logs, qr/PANIC|assert|Assertion|SIGSEGV/, 'MEM-09: nothing panicked');
done_testing;
