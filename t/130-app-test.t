# fazt-admin app test: an app's own tests in a throw-away Fazt, on a machine that has no home.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build text_of spew);
use File::Temp ();
use Test::More;
use Time::HiRes qw(sleep time);

my $fazt = Fazt->new(init => 0);
my $tmp = File::Temp::tempdir(CLEANUP => 1);
my %env = (TMPDIR => $tmp, FAZT_HOME => "$tmp/nowhere");

sub left { my @names = glob "$tmp/*"; return "@names" }

# The cartridge of all tests here, with these files besides.
sub lists {
	my (%files) = @_;
	return $fazt->cartridge('lists', {
		'app.json' => { visibility => 'members', permissions => ['storage', 'people'],
			collections => { items => { read => 'shared' }, board => { read => 'members', add => 'members' } } },
		'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local docs = fazt.storage.docs
return {
	["GET /items"] = function() return { json = fazt.list((docs.find("items"))) } end,
	["POST /items"] = function(req) return { status = 201, json = docs.insert("items", { text = req.json.text }) } end,
	["POST /items/:id/share"] = function(req) docs.share("items", req.params.id, req.json.who, "read") return { text = "" } end,
	["GET /now"] = function() return { json = fazt.now() } end,
	["POST /echo"] = function(req) return { json = { form = req.form, query = req.query, header = req.headers["x-mine"], cookies = req.cookies } } end,
	["POST /bytes"] = function(req) return { body = req.body, headers = { ["content-type"] = "application/octet-stream" } } end,
	["GET /cookie"] = function() return { html = "<p>hi", headers = { ["set-cookie"] = "flash=yes; Path=/" } } end,
	["GET /forget"] = function() return { html = "", headers = { ["set-cookie"] = "flash=; Max-Age=0" } } end,
	["GET /oops"] = function() print("before") error("oops") end,
	["GET /hour"] = function() return { json = require "words".hour(fazt.now()) } end,
	["GET /steal"] = function() return { text = fazt.test.request("owner", "GET", "/items") } end,
	["GET /invent"] = function() return { json = fazt.test.person("mallory", "admin") } end,
	["GET /pretend"] = function() fazt.test.become("owner") return { json = docs.find("items") } end,
	["GET /wait"] = function() return { json = fazt.test.advance(3600) } end,
	["GET /answer"] = function() fazt.test.server({}) return { text = "" } end,
	["GET /listen"] = function() return { json = fazt.test.sent() } end,
	["GET /tell"] = function() fazt.test.env("KEY", "mine") return { text = "" } end,
	["GET /module"] = function() return { json = (pcall(require, "fazt.test")) } end,
}
LUA
		'api/words.lua' => 'return { hour = function(ms) return ms // 3600000 end }',
		%files,
	});
}

sub app_test { my ($dir, @options) = @_; return Fazt::run({ %env }, build() . '/fazt-admin', 'app', 'test', $dir, @options) }
sub results { my ($exit, $out, $err) = app_test(@_, '--json'); return text_of($out) }
# One test with this body: its result.
sub try_one {
	my ($body, @options) = @_;
	my $all = results(lists('t/one.lua' => "local test, fazt = require 'fazt.test', require 'fazt'\ntest('one', function(t)\n$body\nend)\n"), @options);
	return $all->{tests} ? $all->{tests}[0] : $all;
}
sub passes { my ($body, $name) = @_; my $x = try_one($body); ok($x->{passed}, $name) or diag explain $x }
sub fails { my ($body, $like, $name, @options) = @_; my $x = try_one($body, @options); ok(!$x->{passed}, "$name: fails"); like($x->{message}, $like, '… and says why'); return $x }

# ---- people ----

passes(<<'LUA', 'several people, and the rules between them');
local anna, bob, eve = t.user("anna"), t.user("bob"), t.user("eve", { role = "admin" })
local milk = anna:post("/items", { json = { text = "milk" } })
t.equal(milk.status, 201)
t.equal(milk.json.owner, anna.id)
t.equal({ anna.role, eve.role, t.owner().role }, { "member", "admin", "admin" })
for _, who in ipairs { bob, eve, t.owner() } do t.equal(who:get("/items").json, {}, who.name) end
t.equal(t.stranger():get("/items").status, 401)
t.equal(anna:post("/items/" .. milk.json.id .. "/share", { json = { who = bob.id } }).status, 200)
t.equal(#bob:get("/items").json, 1)
t.equal(#eve:get("/items").json, 0)
LUA
passes(<<'LUA', 'rows made as somebody, with the calls of fazt');
local anna = t.user("anna")
local row = anna:as(function() return fazt.storage.docs.insert("items", { text = "milk" }) end)
t.equal(row.owner, anna.id)
t.equal(anna:get("/items").json[1].text, "milk")
t.equal(fazt.storage.docs.get("items", row.id), nil, "the app itself")
t.fails("not_found", function() fazt.storage.docs.update("items", row.id, {}) end)
t.fails("unauthorized", function() t.stranger():as(function() fazt.storage.docs.insert("items", {}) end) end)
LUA
passes(<<'LUA', 'forms, queries, headers, cookies, bytes');
local anna = t.user("anna")
local echo = anna:post("/echo", { form = { a = "ü & =", b = "x y" }, query = { q = "1/2", z = 3 }, headers = { ["X-Mine"] = "yes" } }).json
t.equal(echo.form, { a = "ü & =", b = "x y" })
t.equal(echo.query, { q = "1/2", z = "3" })
t.equal(echo.header, "yes")
t.equal(echo.cookies, {})
local page = anna:get("/cookie")
t.match(page.html, "^<p>")
t.match(page.headers["content-type"], "^text/html")
t.equal(anna:post("/echo", { form = {} }).json.cookies, { flash = "yes" })
anna:get("/forget")
t.equal(anna:post("/echo", { form = {} }).json.cookies, {})
local all = {}
for i = 0, 255 do all[#all + 1] = string.char(i) end
t.equal(anna:post("/bytes", { body = table.concat(all), headers = { ["Content-Type"] = "application/octet-stream" } }).body, table.concat(all))
t.equal(anna:delete("/items").status, 405)
t.equal(anna:head("/items").status, 200)
LUA
passes(<<'LUA', 'the clock');
local before, anna = t.now(), t.user("anna")
t.ok(math.abs(before - fazt.now()) < 60000)
t.ok(t.advance(3600) >= before + 3600000)
t.ok(anna:get("/now").json >= before + 3600000)
t.ok(anna:get("/hour").json > before // 3600000)
t.equal(require "words".hour(7200000), 2, "a module of the app's own")
LUA

{
	my $dir = lists('app.json' => { permissions => ['storage'], visibility => 'anyone', env => [{ name => 'KEY', secret => JSON::PP::true() }] },
		'api/main.lua' => 'local fazt = require "fazt" return { ["GET /"] = function() return { text = fazt.env.KEY or "none" } end }',
		't/one.lua' => <<'LUA');
local test = require "fazt.test"
test("told", function(t)
	t.equal(t.stranger():get("/").text, "none")
	t.env("KEY", "sesame")
	t.equal(t.stranger():get("/").text, "sesame")
	t.fails("not_found", function() t.env("OTHER", "x") end)
end)
test("not told", function(t) t.equal(t.stranger():get("/").text, "none") end)
LUA
	my $told = results($dir);
	is($told->{passed}, 2, 'an app is told what it asks for, in one test') or diag explain $told;
}

# ---- other servers ----

my %asks = ('app.json' => { visibility => 'members', permissions => ['storage', 'queue', 'net:api.example.com', 'net:http://old.example.com:8080'], env => [{ name => 'KEY', host => 'api.example.com' }] },
	'api/main.lua' => <<'LUA', 'api/later.lua' => 'return function() return require "fazt".http.get("https://api.example.com/later").body end');
local fazt = require "fazt"
return {
	["POST /ask"] = function(req)
		local q, parts = req.json, {}
		if q.stream then q.opts.stream = function(piece) parts[#parts + 1] = #piece end end
		local done, a = pcall(fazt.http.request, q.method or "GET", q.url, q.opts)
		if not done then return { json = { code = a.code, message = a.message } } end
		return { json = { status = a.status, body = #a.body < 1000 and a.body or nil, headers = a.headers, url = a.url, parts = parts } }
	end,
	["GET /queue"] = function() return { text = fazt.queue("api/later.lua") } end,
}
LUA
sub asks {
	my ($body) = @_;
	my $all = results(lists(%asks, 't/one.lua' => "local test, fazt = require 'fazt.test', require 'fazt'\nlocal api = 'https://api.example.com'\n"
		. "test('one', function(t)\nlocal function ask(url, opts, more) local q = { url = url, opts = opts or {} } for k, v in pairs(more or {}) do q[k] = v end return t.owner():post('/ask', { json = q }).json end\n$body\nend)\n"));
	return $all->{tests} ? $all->{tests}[0] : $all;
}
sub asked { my ($body, $name) = @_; my $x = asks($body); ok($x->{passed}, $name) or diag explain $x }
sub unasked { my ($body, $like, $name) = @_; my $x = asks($body); ok(!$x->{passed}, "$name: fails"); like($x->{message}, $like, '… and says why') }

asked(<<'LUA', 'a test says what other servers answer');
	t.server {
		["GET https://api.example.com/a"] = { json = { n = 1 }, headers = { ["X-Own"] = "yes" } },
		["POST https://api.example.com/a"] = { status = 201, body = "made" },
		["GET https://api.example.com/"] = "timeout",
		["GET https://api.example.com/a?x=2"] = { body = "two" },
		["GET http://old.example.com:8080/"] = { status = 302, headers = { location = "https://api.example.com/a" } },
	}
	local a = ask(api .. "/a")
	t.equal({ a.status, a.body, a.headers["x-own"], a.headers["content-type"], a.url }, { 200, '{"n":1}', "yes", "application/json", api .. "/a" })
	t.equal(ask(api .. "/a", { body = "x" }, { method = "POST" }).body, "made")
	t.equal(ask(api .. "/").code, "timeout")
	t.equal(ask(api .. "/a?x=1").body, '{"n":1}', "any query")
	t.equal(ask(api .. "/a?x=2").body, "two", "its own answer")
	t.equal(ask("http://old.example.com:8080/").status, 302, "no redirect is followed")
LUA
asked(<<'LUA', 'what was sent is there to look at');
	t.env("KEY", "k3y")
	t.server { ["POST https://api.example.com/a"] = { status = 204 } }
	ask(api .. "/a", { json = { text = "ü" }, headers = { ["X-A"] = "b" }, secret = "KEY" }, { method = "POST" })
	local sent = t.sent()
	t.equal(#sent, 1)
	t.equal({ sent[1].method, sent[1].url, sent[1].json, sent[1].headers["x-a"], sent[1].headers.authorization, sent[1].answered },
		{ "POST", api .. "/a", { text = "ü" }, "b", "Bearer k3y", true })
LUA
asked(<<'LUA', 'answers in a row, for retries');
	t.server { ["GET https://api.example.com/a"] = { { status = 503 }, { status = 503 }, { body = "third" } } }
	t.equal(ask(api .. "/a", { retries = 1 }).status, 503)
	t.equal(ask(api .. "/a").body, "third")
	t.equal(ask(api .. "/a").body, "third", "the last stays")
	t.server { ["GET https://api.example.com/b"] = { body = "b" } }
	t.equal(ask(api .. "/a").status, 503, "said anew, they begin anew")
	t.equal(#t.sent(), 5)
LUA
asked(<<'LUA', 'files, streams and limits are as with others');
	local large = ("x"):rep(200000)
	t.server { ["GET https://api.example.com/a"] = { body = large }, ["GET https://api.example.com/b"] = "response_too_large" }
	t.equal(ask(api .. "/a", {}, { stream = true }).parts, { 65536, 65536, 65536, 3392 })
	t.equal(ask(api .. "/b").code, "response_too_large")
	t.equal(ask("https://other.example.com/").code, "permission_denied")
	t.equal(ask("http://127.0.0.1/").code, "blocked_address")
	t.equal(ask("nonsense").code, "bad_request")
	t.equal(#t.sent(), 2, "what may not be reached was not asked")
LUA
asked(<<'LUA', 'runs have them as well');
	t.server { ["GET https://api.example.com/later"] = { body = "later" } }
	local run = t.owner():get("/queue").text
	t.advance(1)
	t.equal(t.sent()[1].url, api .. "/later")
LUA
unasked(<<'LUA', qr{^the app asked GET https://api\.example\.com/b, and t\.server does not say what comes of it}, 'a request that the test did not expect');
	t.server { ["GET https://api.example.com/a"] = { body = "" } }
	local a = ask(api .. "/b")
	t.equal(a.code, "unavailable")
	t.match(a.message, 't%.server { %["GET https://api%.example%.com/b"%] = ', "and how to say it")
LUA
asked(<<'LUA', 'without any there are no other servers');
	local a = ask(api .. "/a")
	t.equal(a.code, "unavailable")
	t.match(a.message, "t%.server")
LUA
unasked('t.server { ["https://api.example.com/a"] = {} }', qr/write \["GET https/, 'an answer to no method');
unasked('t.server { ["GET https://api.example.com/a"] = { text = "x" } }', qr/an answer has no "text"/, 'an answer with something there is not');
unasked('t.server { ["GET https://api.example.com/a"] = 1 }', qr/must be a table or an error's code/, 'an answer that is none');

# ---- questions, answered ----

{
	my $dir = lists('app.json' => { permissions => ['storage', 'queue', 'halt'], visibility => 'members' }, 'api/main.lua' => <<'LUA',
local fazt = require "fazt"
return {
	["POST /later"] = function(req) return { text = fazt.queue("api/ask.lua", req.json) } end,
	["POST /now"] = function(req) return { json = fazt.halt("Now?", req.json) } end,
	["GET /answers"] = function() return { json = fazt.list((fazt.storage.docs.find("answers", nil, { sort = "created" }))) } end,
}
LUA
		'api/ask.lua' => 'local fazt = require "fazt" return function(req) local a = fazt.halt("Really " .. req.input.n .. "?", req.input) '
			. 'fazt.storage.docs.insert("answers", { yes = a.approved, n = a.approved and a.data.n or 0, note = a.note, by = a.by }) end',
		't/one.lua' => <<'LUA');
local test = require "fazt.test"
local function answers(t) return t.user("anna"):get("/answers").json end
test("yes, no, and other data", function(t)
	local anna = t.user("anna")
	for n = 1, 3 do anna:post("/later", { json = { n = n } }) t.advance(0) end
	t.equal(t.approve(), { reason = "Really 1?", data = { n = 1 } })
	t.equal(t.deny("too many").reason, "Really 2?")
	t.approve({ n = 30 }, "but ten times")
	t.equal(t.fails("not_found", t.approve).message, "Nothing waits for an answer; t.advance(0) lets a run go on until it asks.")
	t.advance(0)
	local got = answers(t)
	table.sort(got, function(a, b) return a.n < b.n end)
	t.equal({ got[1].yes, got[1].note, got[1].by }, { false, "too many", "owner" })
	t.equal({ got[2].yes, got[2].n, got[2].note }, { true, 1, "" })
	t.equal({ got[3].n, got[3].note }, { 30, "but ten times" })
end)
test("in a request", function(t)
	local asked = t.user("anna"):post("/now", { json = { n = 1 } })
	t.equal(asked.status, 202)
	t.equal(t.approve().reason, "Now?")
	t.advance(0)
	t.equal(t.user("anna"):get("/_fazt/run/" .. asked.json.run).json.state, "done")
end)
LUA
	my $all = results($dir);
	is($all->{passed}, 2, 'what an app asks, its tests answer') or diag explain $all;
}

# ---- each test begins with nothing ----

{
	my $dir = lists('app.json' => { permissions => ['storage', 'queue'], visibility => 'members' }, 'api/later.lua' => 'return function() end',
		'api/main.lua' => 'local fazt = require "fazt" return { ["POST /"] = function() fazt.queue("api/later.lua", nil, { delay = 86400 }) return "ok" end }',
		't/one.lua' => <<'LUA');
local test = require "fazt.test"
for i = 1, 2 do
	test("run " .. i, function(t)
		t.advance(1.5 * 86400)
		t.equal(t.owner():post("/").status, 200)
	end)
end
test("the morning before", function(t) t.equal(t.owner():post("/").status, 200) end)
LUA
	my $all = results($dir);
	is($all->{passed}, 3, 'what one test used is not taken from the next, whose clock is behind') or diag explain $all;
}

my $all = results(lists('t/a.lua' => <<'LUA', 't/b.lua' => 'require "fazt.test"("other file", function(t) t.equal(shared, nil) end)', 't/lib/deep.lua' => 'error "not a test"'));
local test = require "fazt.test"
local start
shared = 0
for i = 1, 3 do
	test("run " .. i, function(t)
		shared = shared + 1
		t.equal(shared, 1, "a variable")
		t.equal(t.user("anna"):get("/items").json, {}, "rows")
		t.user("anna"):post("/items", { json = { text = "milk" } })
		t.user("user" .. i)
		local day = t.now() // 86400000
		start = start or day
		t.advance(10 * 86400)
		t.equal(#(require "fazt".users.list()), 3, "people")
		t.ok(day * 86400000 < os.time() * 1000 + 86400000, "the clock")
	end)
end
LUA
is_deeply([map { [@$_{qw(file name passed)}] } @{ $all->{tests} }], [(map { ['t/a.lua', "run $_", JSON::PP::true()] } 1 .. 3), ['t/b.lua', 'other file', JSON::PP::true()]],
	'three tests do the same, and each begins with nothing') or diag explain $all;

# ---- failures ----

my $x = fails("local function check()\n\tt.equal({ a = 1 }, { a = 2 }, 'the answer')\nend\ncheck()", qr/^t\/one\.lua:4: the answer: got \{"a":1\}, expected \{"a":2\}$/, 'equal');
like($x->{trace}, qr/t\/one\.lua:6/, '… with the way to it');
fails('t.ok(nil, "there")', qr/^t\/one\.lua:3: there: got nil/, 'ok');
fails('t.match("abc", "^b")', qr/^t\/one\.lua:3: got "abc", which does not match "\^b"/, 'match');
fails('t.fails("denied", function() end)', qr/^t\/one\.lua:3: it worked, expected the error "denied"/, 'fails');
fails('t.fails("denied", function() fazt.fail("conflict") end)', qr/failed with "conflict"/, 'fails with another');
fails('error("boom")', qr/^t\/one\.lua:3: boom/, 'an error of the test\'s own');
fails('fazt.fail("conflict", "Too late.")', qr/^Too late\.$/, 'an error with a code');
fails('t.user("anna"):get("/items", { jsn = 1 })', qr/no option "jsn"/, 'an option there is not');
fails('t.user("x")', qr/name/, 'a name that is none');
fails('t.user("anna"):get("//../x")', qr/dot segment/, 'a path that is none');
fails('t.user("anna"):get("/", { headers = { ["a b"] = "x" } })', qr/header/, 'a header that is none');
fails('t.user("anna"):get("/", { headers = { a = "x\\r\\nb: c" } })', qr/header/, 'two headers in one');
fails('t.advance(-1)', qr/forward/, 'a clock that goes back');
$x = fails('t.user("anna"):get("/oops") t.ok(false)', qr/one\.lua:3/, 'a test of an app that fails');
like($x->{log}[0]{text}, qr/^before$/, '… shows what the app logged');
like($x->{log}[1]{text}, qr/^api\/main\.lua:\d+: oops\nstack traceback/, '… and where it failed');

# ---- hostile ----

fails('while true do end', qr/longer than 1 seconds/, 'HOST endless', '--timeout', 1);
fails('local s = {} while true do s[#s + 1] = ("x"):rep(1000) .. #s end', qr/memory/, 'HOST memory');
fails('for i = 1, 2000 do t.user("u" .. i) end', qr/1000 calls/, 'HOST two thousand people');
fails('for i = 1, 2000 do pcall(function() t.stranger():get("/items") end) end', qr/1000 calls/, 'HOST two thousand requests, whatever it catches');
passes('for _, path in ipairs { "/steal", "/invent", "/pretend", "/wait", "/tell", "/answer", "/listen" } do t.equal(t.owner():get(path).json.error.code, "permission_denied", path) end
t.equal(t.owner():get("/module").json, false)', 'the app itself gets nothing of this');
my $mixed = results(lists('t/a.lua' => "local test = require 'fazt.test'\ntest('dies', function(t) while true do end end)\ntest('lives', function(t) t.ok(true) end)\n", 't/b.lua' => 'this is not Lua',
	't/c.lua' => "require 'fazt'.storage.docs.find('items')", 't/d.lua' => "require 'fazt.test'('x')"), '--timeout', 1);
is_deeply([map { [$_->{name}, $_->{passed} ? 1 : 0] } @{ $mixed->{tests} }], [['dies', 0], ['lives', 1], [undef, 0], [undef, 0], [undef, 0]], 'a test that kills its cell leaves the others alone')
	or diag explain $mixed;
like($mixed->{tests}[$_->[0]]{message}, $_->[1], 'a file that does not load says why') for [2, qr/t\/b\.lua:1:/], [3, qr/while the app is loading/], [4, qr/there is no function/];
is_deeply([@$mixed{qw(passed failed)}], [1, 4], 'the sum');

# ---- what a test lets happen ----

my $burns = lists('app.json' => { visibility => 'members', permissions => ['queue'] },
	'api/main.lua' => q{local fazt = require "fazt" return { ["POST /queue"] = function() for _ = 1, 40 do fazt.queue("api/burn.lua", nil, { retries = 0 }) end return { json = true } end }},
	'api/burn.lua' => 'return function() local n = 0 for i = 1, 1e8 do n = n + i % 7 end end',
	't/a.lua' => <<'LUA');
local test = require "fazt.test"
test("advances", function(t) t.owner():post("/queue", { json = {} }) t.advance(86400) end)
test("lives", function(t) t.ok(t.owner():post("/queue", { json = {} }).status == 200) end)
LUA
my $began = time;
my $burned = results($burns, '--timeout', 1);
cmp_ok(time - $began, '<', 20, 'time that a test lets pass ends with the time of the test, however much is due');
is_deeply([map { [$_->{name}, $_->{passed} ? 1 : 0] } @{ $burned->{tests} }], [['advances', 0], ['lives', 1]], '… which fails, and the next one begins anew');
like($burned->{tests}[0]{message}, qr/longer than 1 seconds/, '… and says so');

# ---- the command ----

my $dir = lists('t/a.lua' => "local test = require 'fazt.test'\ntest('good', function(t) t.ok(true) end)\ntest('bad', function(t) t.ok(false) end)\n");
my ($exit, $out, $err) = app_test($dir);
is($exit, 1, 'a failure shows in the exit code');
like($out, qr/^✓ t\/a\.lua  good \(\d+ ms\)\n✗ t\/a\.lua  bad \(\d+ ms\)\n    t\/a\.lua:3: got false.*^1 passed, 1 failed$/ms, 'a line for each, and the sum');
($exit, $out) = app_test($dir, '--only', 'a.lua good');
is("$exit $out" =~ s/\d+ ms/N/r, "0 ✓ t/a.lua  good (N)\n1 passed, 0 failed\n", '--only');
($exit, $out, $err) = app_test($dir, '--only', 'nosuch');
is($exit, 4, '--only of none');
($exit, $out, $err) = app_test(lists());
is($exit, 4, 'an app without tests');
like($err, qr/there are no tests.*t\/NAME\.lua/, '… is told where they belong');
for (['app.json' => { nonsense => 1 }, 'bad_manifest'], ['api/main.lua' => 'return', 'bad_package'], ['api/x.lua' => "\x1bLua", 'binary_chunk'], ['t/x.lua' => "\x1bLua", 'binary_chunk'],
	['api/big.lua' => '-' x 300_000, 'manifest_limits']) {
	my ($exit, $out) = app_test(lists('t/a.lua' => '', $_->[0] => $_->[1]), '--json');
	is("$exit " . text_of($out)->{error}{code}, "7 $_->[2]", "$_->[2], as at install");
}
is((app_test("$tmp/nosuch"))[0], 7, 'a folder there is not');
is((Fazt::run({ %env }, build() . '/fazt-admin', 'app', 'test'))[0], 2, 'no folder');
is((app_test($dir, '--timeout', $_))[0], 2, "--timeout $_") for 0, 'x', 100000;
($exit, $out) = app_test(lists('t/a.lua' => "require 'fazt.test'('\\27[2Kgood\\r\\n', function(t) end)"));
like($out, qr/  \\u\{1B\}\[2Kgood\\u\{D\}\\u\{A\} \(/, 'the name of a test cannot steer a terminal');
is(left(), '', 'nothing is left behind');

# ---- ended from outside ----

my $slow = lists('t/a.lua' => "require 'fazt.test'('slow', function(t) while true do end end)");
for my $signal (qw(INT TERM HUP KILL)) {
	my $pid = fork // die;
	if (!$pid) {
		$ENV{TMPDIR} = $tmp;
		open STDOUT, '>', '/dev/null';
		exec build() . '/fazt-admin', 'app', 'test', $slow or POSIX::_exit(127);
	}
	my $until = time + 20;
	sleep 0.02 until glob("$tmp/*/data.db.kept") || time > $until;
	my $below = $fazt->processes_below($pid);
	kill $signal => $pid;
	waitpid $pid, 0;
	is($? & 127, { INT => 2, TERM => 15, HUP => 1, KILL => 9 }->{$signal}, "SIG$signal ends it");
	$until = time + 20;
	sleep 0.02 while (left() ne '' || grep { kill 0 => $_ } keys %$below) && time < $until;
	is(left(), '', '… and nothing is left behind');
	is_deeply([grep { kill 0 => $_ } keys %$below], [], '… no process either');
}
done_testing;
