# Hostile cartridges and hostile clients through the real nginx: each gets the right status in time, everybody else
# notices nothing, and afterwards all is as before. The ids are those of the list of hostile cases.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $DEADLINE = 800; # ms
my %evil = ('app.json' => { visibility => 'anyone', permissions => ['storage'], collections => {
	notes => { read => 'owner', add => 'members' }, board => { read => 'anyone', add => 'anyone', index => ['n'] } } },
	'api/evil.lua' => 'return 1', 'api/main.lua' => <<'LUA');
local fazt = require "fazt"
local docs, kv = fazt.storage.docs, fazt.storage.kv
local function spin() while true do end end
local function headers(h) return function() return { text = "x", headers = h } end end
local function says(f) return function(req) local ok, e = pcall(f, req) return { json = { ok = ok, said = type(e) == "table" and e.code or tostring(e) } } end end
counter = 0
return {
	["GET /ping"] = function() counter = counter + 1 return { json = { counter = counter } } end,
	["GET /cpu/loop"] = spin,
	["GET /cpu/coroutine"] = function() coroutine.wrap(spin)() end,
	["GET /cpu/wrapped"] = function() coroutine.wrap(function() coroutine.wrap(function() coroutine.wrap(spin)() end)() end)() end,
	["GET /cpu/pcall"] = function() while true do pcall(spin) end end,
	["GET /cpu/xpcall"] = function() local function f() return xpcall(f, f) end while true do f() end end,
	["GET /cpu/close"] = function() local x <close> = setmetatable({}, { __close = spin }) error("x") end,
	["GET /cpu/pattern"] = function() return { json = ("a"):rep(60):find((".-"):rep(12) .. "b") or 0 } end,
	["GET /cpu/find"] = function() local s = ("a"):rep(900000) for _ = 1, 1e6 do s:find(("a"):rep(200) .. "b", 1, true) end end,
	["GET /cpu/sort"] = function() while true do local t = {} for i = 1, 50000 do t[i] = ("x"):rep(100) .. i end table.sort(t) end end,
	["GET /cpu/tostring"] = function() return { text = tostring(setmetatable({}, { __tostring = spin })) } end,
	["GET /cpu/index"] = function() return setmetatable({}, { __index = spin, __pairs = spin, __len = spin }) end,
	["GET /cpu/error"] = function() error(setmetatable({}, { __index = spin, __tostring = spin })) end,
	["GET /cpu/rep"] = function() return { text = string.rep("", 1 << 62) } end,
	["GET /cpu/calls"] = function() for i = 1, 10000 do kv.get("board/x") end end,
	["GET /cpu/caught-calls"] = function() while true do pcall(kv.get, "board/x") end end,

	["GET /mem/table"] = function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) .. #t end end,
	["GET /mem/rep"] = function() return { text = ("x"):rep(1 << 40) } end,
	["GET /mem/coroutines"] = function() local t = {} local function deep(n) return n == 0 and coroutine.yield() or 1 + deep(n - 1) end
		for i = 1, 1000 do t[i] = coroutine.wrap(deep) t[i](100000) end end,
	["GET /mem/concat"] = function() local s = "x" while true do s = s .. s end end,
	["GET /mem/pcall"] = function() while true do pcall(function() local t = {} while true do t[#t + 1] = {} end end) end end,
	["GET /mem/body"] = function() return { text = ("x"):rep(4e6) .. ("x"):rep(4e6) .. ("x"):rep(1e6) } end,
	["GET /mem/items"] = function() local t = {} for i = 1, 20000 do t[i] = i end return { json = t } end,
	["GET /mem/stack"] = function() local function f() return 1 + f() end return { json = f() } end,

	["GET /answer/cycle"] = function() local t = {} t.t = { t } return { json = t } end,
	["GET /answer/deep"] = function() local t = {} for _ = 1, 1000 do t = { t } end return { json = t } end,
	["GET /answer/status/:n"] = function(req) return { text = "x", status = tonumber(req.params.n) or req.params.n } end,
	["GET /answer/redirect"] = function(req) return { redirect = req.query.to } end,
	["GET /answer/location"] = function(req) return { status = 302, headers = { Location = req.query.to } } end,
	["GET /answer/accel"] = headers { ["X-Accel-Redirect"] = "/_fazt/health", ["X-Accel-Expires"] = "1000", ["X-Accel-Limit-Rate"] = "1",
		["X-Accel-Buffering"] = "no", ["X-Accel-Charset"] = "utf-16", ["X-Sendfile"] = "/etc/passwd", ["X-Fine"] = "yes" },
	["GET /answer/accel-name"] = headers { ["x-ACCEL-redirect"] = "/_fazt/health" },
	["GET /answer/lf"] = headers { ["X-A"] = "a\nSet-Cookie: evil=1" },
	["GET /answer/crlf"] = headers { ["X-A"] = "a\r\n\r\n<script>" },
	["GET /answer/name"] = headers { ["X-A: b\r\nX-B"] = "a" },
	["GET /answer/cookie-domain"] = headers { ["Set-Cookie"] = "a=b; domain=localhost" },
	["GET /answer/cookie-host"] = headers { ["Set-Cookie"] = "__Host-fazt=x; Path=/; Secure" },
	["GET /answer/cookie-os"] = headers { ["Set-Cookie"] = "__Host-os=x; Path=/; Secure" },
	["GET /answer/cookie-bare"] = headers { ["Set-Cookie"] = "fazt=x; Path=/" },
	["GET /answer/cookie-own"] = headers { ["Set-Cookie"] = { "a=b; Path=/", "c=d" } },
	["GET /answer/cors"] = headers { ["Access-Control-Allow-Origin"] = "*", ["Access-Control-Allow-Credentials"] = "true", ["Clear-Site-Data"] = "*", ["Service-Worker-Allowed"] = "/" },
	["GET /answer/csp"] = headers { ["Content-Security-Policy"] = "default-src *", ["X-Content-Type-Options"] = "sniff", ["X-Frame-Options"] = "ALLOW" },
	["GET /answer/many"] = function() local h = {} for i = 1, 10000 do h["X-" .. i] = "y" end return { text = "x", headers = h } end,
	["GET /answer/big"] = headers { ["X-Big"] = ("x"):rep(20000) },
	["GET /answer/length"] = headers { ["Content-Length"] = "300", ["Transfer-Encoding"] = "chunked", Connection = "close", Server = "x", Status = "302" },

	["GET /escape/names"] = function()
		local found = {}
		for _, name in ipairs { "io", "package", "debug", "dofile", "loadfile", "warn" } do
			if _G[name] ~= nil or _ENV[name] ~= nil then found[#found + 1] = name end
		end
		for _, name in ipairs { "execute", "exit", "getenv", "remove", "rename", "tmpname", "setlocale" } do
			if os and os[name] ~= nil then found[#found + 1] = "os." .. name end
		end
		if string.dump then found[#found + 1] = "string.dump" end
		return { json = fazt.list(found) }
	end,
	["GET /escape/require"] = function()
		local said = {}
		for _, name in ipairs { "io", "os", "package", "debug", "lfs", "../../../etc/passwd", "/etc/passwd", "api/main.lua", "evil\0", "evil.lua", "./evil" } do
			local ok, e = pcall(require, name)
			said[#said + 1] = ok and name ~= "evil" and "LOADED " .. name or (tostring(e):match("root:") and "LEAKED") or nil
		end
		return { json = fazt.list(said) }
	end,
	["GET /escape/bytecode"] = function()
		local chunk = "\27Lua" .. ("\0"):rep(50)
		local f, why = load(chunk)
		local g = load(chunk, "x", "b")
		local ok, h = pcall(load, function() local c = chunk chunk = nil return c end, "x", "b")
		h = ok and h or nil
		return { json = { f == nil, g == nil, h == nil, type(why) } }
	end,
	["GET /escape/addresses"] = function()
		local t = { tostring(print), tostring({}), tostring(coroutine.create(print)), tostring(select(2, pcall(string.format, "%p", print))), tostring(math.randomseed and math.randomseed() or "") }
		return { text = table.concat(t, " ") }
	end,
	["GET /escape/collect"] = says(function() collectgarbage("stop") end),
	["GET /escape/meta"] = function() getmetatable("").__index = function() return "evil" end end,
	["GET /escape/gc"] = says(function() setmetatable({}, { __gc = function() end }) end),
	["GET /escape/globals"] = function() pairs, tostring, string.format, table.insert, _G.require = nil, nil, nil, nil, nil
		fazt.storage.docs.find = nil counter = 1000 return { json = docs.count("board") } end,
	["GET /escape/traversal/*rest"] = function(req) return { json = req.params.rest } end,

	["GET /log/flood"] = function() for i = 1, 100000 do print(("x"):rep(200), i) end return { text = "done" } end,
	["GET /log/control"] = function() print("one\ntwo\27[2J\0\r{\"level\":\"forged\"}\226\128\174") return { text = "done" } end,

	["POST /rows/insert"] = function(req) return { json = docs.insert("notes", req.json) } end,
	["POST /rows/update/:id"] = function(req) return { json = docs.update("notes", req.params.id, req.json) } end,
	["POST /rows/replace/:id"] = function(req) return { json = docs.replace("notes", req.params.id, req.json) } end,
	["POST /rows/find"] = function(req) local list, more = docs.find("notes", req.json.query, req.json.opts) return { json = { list = list, more = more } } end,
	["POST /rows/count"] = function(req) return { json = docs.count("notes", req.json) } end,
	["GET /rows/:id"] = function(req) return { json = docs.get("notes", req.params.id) or fazt.null } end,
	["POST /board"] = function(req) return { json = docs.insert("board", req.json) } end,
	["POST /board/find"] = function(req) local list, more = docs.find("board", req.json.query, req.json.opts) return { json = { list = list, more = more } } end,
	["POST /kv"] = function(req) if req.json.set ~= nil then kv.set(req.json.key, req.json.set) end return { json = { value = kv.get(req.json.key) or fazt.null } } end,
	["POST /kv/list"] = function(req) return { json = (kv.list(req.json.prefix)) } end,

	["GET /echo"] = function(req) return { json = { user = req.user or fazt.null, headers = req.headers, cookies = req.cookies, query = req.query } } end,
	["POST /echo"] = function(req) return { json = { n = #req.body } } end,
	["POST /form"] = function(req) local n = 0 for _ in pairs(req.form) do n = n + 1 end return { json = n } end,
	["POST /json"] = function(req) return { json = { type = type(req.json) } } end,
	["GET /hole"] = function() return { json = "hole" } end,
}
LUA
my $good = { 'app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { board => { read => 'anyone', add => 'anyone' } } }, 'api/main.lua' => <<'LUA' };
local fazt = require "fazt"
return {
	["GET /"] = function() return { json = fazt.storage.docs.count("board") } end,
	["POST /kv"] = function(req) if req.json.set ~= nil then fazt.storage.kv.set(req.json.key, req.json.set) end return { json = { value = fazt.storage.kv.get(req.json.key) or fazt.null } } end,
	["GET /rows/:id"] = function(req) return { json = fazt.storage.docs.get("notes", req.params.id) or fazt.null } end,
}
LUA

my $fazt = Fazt->new(settings => { deadline => $DEADLINE });
$fazt->install(evil => \%evil);
$fazt->install(good => $good);
$fazt->start;
my $client = $fazt->browser;
my %token = map { $fazt->try_admin('user', 'add', $_); ($_ => $fazt->token($_, 'evil')) } 'anna', 'bert';

sub evil { $fazt->url('evil', @_) }
sub get { my ($path, @o) = @_; return $client->fetch(GET => evil($path), @o) }
sub post { my ($path, $json, $who) = @_; return $client->request(POST => evil($path), json => $json, token => $token{ $who // 'anna' }) }
sub code { my ($a) = @_; return "$a->{status} " . ((ref $a->{json} eq 'HASH' && ref $a->{json}{error} && $a->{json}{error}{code}) || 'fine') }
sub probe { my $start = time; my $a = $client->request(GET => $fazt->url('good', '/')); return ($a->{status}, (time - $start) * 1000) }
sub lift { $fazt->admin('app', 'enable', 'evil') } # a suspension, where one was earned
sub is_alive { my ($what) = @_; lift(); is(code(get('/ping')), '200 fine', "… and the app works at once: $what") }
my $workers = join ' ', sort map { $_->{pid} } workers();

sub workers {
	my $below = $fazt->processes_below($fazt->pid('serve'));
	return map { { pid => $_, line => $below->{$_} } } grep { $below->{$_} =~ /\bworker\b/ } keys %$below;
}

sub timed {
	my ($path) = @_;
	my $start = time;
	my $a = get($path);
	return ($a, (time - $start) * 1000);
}

# ---- CPU ----

for (['CPU-01', 'loop'], ['CPU-01', 'coroutine'], ['SB-13', 'wrapped'], ['CPU-02', 'pcall'], ['CPU-11', 'close'], ['CPU-06', 'pattern'],
	['CPU-07', 'find'], ['CPU-12', 'sort'], ['CPU-02', 'xpcall']) {
	my ($id, $case) = @$_;
	my ($a, $ms) = timed("/cpu/$case");
	($a, $ms) = timed("/cpu/$case") if $ms > $DEADLINE + 300; # a busy machine may be late once
	is(code($a), '504 app_timeout', "$id $case: the worker answers 504") or diag $a->{body};
	cmp_ok($ms, '<', $DEADLINE + 300, "$id … in time") or diag "$ms ms";
	is_alive($case);
}
for (['tostring', '504 app_timeout'], ['index', '200 fine'], ['error', '500 app_error']) {
	my ($case, $expected) = @$_;
	like(code(get("/cpu/$case")), qr/^$expected$/, "SB-04 $case: the kernel runs no metamethod of the app's, or its deadline does");
	lift();
}
is(get('/cpu/rep')->{status}, 200, 'CPU-04 an endless repetition of nothing is nothing');
is(code(get('/cpu/calls')), '429 syscall_limit', 'CPU-16 ten thousand calls');
like(code(get('/cpu/caught-calls')), qr/^(?:429 syscall_limit|504 app_timeout)$/, 'CPU-16 … cannot be swallowed by pcall');
is_alive('calls');

# ---- memory ----

$fazt->admin('setting', 'set', deadline => 4000); # filling it takes a busy machine a while
for (['MEM-01', 'table'], ['MEM-02', 'rep'], ['MEM-04', 'coroutines'], ['MEM-01', 'concat']) {
	my ($id, $case) = @$_;
	like(code(get("/mem/$case")), qr/^500 app_(?:memory|error)$/, "$id $case: 500");
	is_alive($case);
}
is(code(get('/mem/table')), '500 app_memory', 'MEM-01 app_memory');
like(code(get('/mem/pcall')), qr/^(?:500 app_memory|504 app_timeout)$/, 'MEM-01 in a pcall');
is_alive('memory in pcall');
like(code(get('/mem/body')), qr/^500 (?:response_too_large|app_memory)$/, 'MEM-06 an answer that is too large');
is(code(get('/mem/items')), '500 response_too_large', 'MEM-06 an answer of too many values');
like(code(get('/mem/stack')), qr/^500 app_(?:error|memory)$/, 'MEM-04 endless recursion');

$fazt->admin('setting', 'set', deadline => $DEADLINE);

# ---- answers ----

is(code(get('/answer/cycle')), '500 bad_response', 'a table that contains itself');
is(code(get('/answer/deep')), '500 bad_response', 'a table a thousand levels deep');
is(code(get("/answer/status/$_")), '500 bad_status', "HTTP-07 status $_") for 999, 99, 101, 103, 0, -1, 600, 200.5, 'x', '200%20OK';
is(get("/answer/status/$_")->{status}, $_, "HTTP-07 status $_ is fine") for 200, 404, 418, 503;
for ('javascript:alert(1)', "/a%0d%0aSet-Cookie:%20x=1", '//evil.example', '/%5cevil.example', 'data:text/html,x', 'JAVASCRIPT:x', '%09//evil.example', '') {
	my $a = get("/answer/redirect?to=$_");
	like(code($a), qr/^500 bad_(?:header|response)$/, "HTTP-23 a redirect to $_");
	like(code(get("/answer/location?to=$_")), qr/^500 bad_header$/, 'HTTP-23 … nor by a header');
	ok(!defined $a->{headers}{location}, 'HTTP-23 … goes nowhere');
}
my $accel = get('/answer/accel');
is_deeply([$accel->{status}, $accel->{body}, $accel->{headers}{'x-fine'}, grep { /accel|sendfile/i } keys %{ $accel->{headers} }], [200, 'x', 'yes'], 'HTTP-02 what would steer nginx is dropped');
is(get('/answer/accel-name')->{body}, 'x', 'HTTP-02 … however it is written');
for (qw(lf crlf name)) {
	my $a = get("/answer/$_");
	is(code($a), '500 bad_header', "HTTP-03 a header with $_");
	unlike($a->{raw}, qr/evil=1|<script>|^X-B/m, 'HTTP-03 … is not sent');
}
is(code(get("/answer/cookie-$_")), '500 bad_header', "HTTP-05 a cookie: $_") for qw(domain host os bare);
is(scalar @{ get('/answer/cookie-own')->{set_cookie} }, 2, 'HTTP-05 its own cookies are its own');
my $cors = get('/answer/cors');
ok(!(grep { /^access-control|^clear-site|^service-worker/ } keys %{ $cors->{headers} }), 'XAP-07 no CORS, no clearing of what is not the app\'s');
my $csp = get('/answer/csp');
is(scalar(grep { $_->[0] eq 'content-security-policy' && $_->[1] =~ /default-src 'self'/ } @{ $csp->{all} }), 1, 'an app\'s content policy does not loosen the kernel\'s');
is_deeply([map { $_->[1] } grep { $_->[0] eq 'x-content-type-options' } @{ $csp->{all} }], ['nosniff'], 'HTTP-24 nosniff stays');
is(code(get('/answer/many')), '500 bad_response', 'MEM-10 ten thousand headers');
is(code(get('/answer/big')), '500 bad_response', 'MEM-10 20 KB of headers');
my $length = get('/answer/length');
is_deeply([$length->{status}, $length->{body}], [200, 'x'], 'HTTP-03 length, coding and status are the kernel\'s');

# ---- escape ----

is_deeply(get('/escape/names')->{json}, [], 'SB-02 nothing of the host is reachable by name');
is_deeply(get('/escape/require')->{json}, [], 'SB-02 require finds the app\'s own files and the SDK');
is_deeply(get('/escape/bytecode')->{json}, [map({ JSON::PP::true() } 1 .. 3), 'string'], 'SB-01 load takes no bytecode');
my $shown = get('/escape/addresses');
is($shown->{status}, 200, 'what an app may print of its values') or diag $shown->{body};
unlike($shown->{body}, qr/0x[0-9a-f]{4,}|[0-9a-f]{8,}/, 'SB-12 no address is to be seen') or diag $shown->{body};
like(get('/escape/collect')->{body}, qr/"ok":false/, 'SB-14 the collector is not the app\'s to stop');
like(code(get('/escape/meta')), qr/^500/, 'SB-15 the metatable of strings is out of reach');
like(get('/escape/gc')->{body}, qr/"ok":false/, 'SB-14 no finalizers');
my $sum = get('/escape/globals');
is($sum->{status}, 200, 'SB-04 bindings do not use what an app can replace') or diag $sum->{body};
is(get('/ping')->{json}{counter}, 1, 'SB-15 the next request is pristine') for 1 .. 3;

# ---- logs ----

my $before = slog();
sub slog { my $n = 0; $n += -s $_ for glob $fazt->home . '/log/*'; return $n }
is(get('/log/flood')->{body}, 'done', 'DSK-05 a flood of log lines');
cmp_ok(slog() - $before, '<', 200_000, 'DSK-05 … is bounded');
ok((grep { $_->{text} =~ /dropped/ } @{ $fazt->admin_json('app', 'logs', 'evil', '--limit', 5) }), 'DSK-05 … and says so');
get('/log/control');
my ($line) = grep { $_->{text} =~ /^one/ } @{ $fazt->admin_json('app', 'logs', 'evil', '--limit', 3) };
like($line->{text}, qr/^one\ntwo/, 'SB-18 a line stays one line');
unlike($fazt->admin('app', 'logs', 'evil', '--limit', 3), qr/[\x00-\x08\x0b-\x1f\x7f]|\xe2\x80\xae/, 'SB-18 … and a terminal sees no control bytes');

# ---- rows ----

$fazt->admin('setting', 'set', deadline => 10_000); # what follows is no matter of time
my $note = post('/rows/insert', { text => 'secret of anna', owner => 'bert', id => 'mine', app_id => 'good', user_id => 'bert', rev => 99, created => 1 })->{json};
ok($note->{id} ne 'mine' && $note->{rev} == 1 && $note->{created} > 1e12 && $note->{owner} ne 'bert', 'RLS-02 reserved fields are the kernel\'s') or diag explain $note;
my $own = post('/rows/insert', { text => 'of bert' }, 'bert')->{json};
isnt($note->{owner}, $own->{owner}, 'two people, two owners');
is(post("/rows/find", { query => {} }, 'bert')->{json}{list}[0]{text}, 'of bert', 'RLS-01 bert sees his own');
for my $query ({}, { owner => $note->{owner} }, { id => $note->{id} }, { or => [{ owner => $note->{owner} }, { owner => $own->{owner} }] }, { not => { owner => $own->{owner} } },
	{ text => { prefix => 'secret' } }, { text => { contains => 'anna' } }, { owner => { in => [$note->{owner}] } }, { 'user_id' => { exists => JSON::PP::true() } }) {
	my $a = post('/rows/find', { query => $query }, 'bert');
	unlike($a->{body}, qr/secret/, 'RLS-02 a filter finds nothing of another: ' . json_of($query));
	my $n = post('/rows/count', $query, 'bert');
	ok($n->{status} >= 400 || $n->{json} <= 1, 'RLS-01 … nor counts it') or diag $n->{body};
}
for ("'; DROP TABLE docs; --", { '$or' => [] }, { text => { regex => '.*' } }, { text => {} }, { or => 1 }, [1], 'x', { "a'b" => 1 }, { '' => 1 }) {
	my $a = post('/rows/find', { query => $_ });
	like($a->{status}, qr/^[24]00$/, 'RLS-13 a query that is none: ' . json_of($_));
	unlike($a->{body}, qr/SELECT|sqlite|syntax|docs_/i, 'RLS-13 … says nothing of SQL');
}
is_deeply(get("/rows/$note->{id}", token => $token{bert})->{json}, undef, 'RLS-01 nor by its id');
for ('update', 'replace') {
	is(code(post("/rows/$_/$note->{id}", { text => 'taken', owner => $own->{owner} }, 'bert')), '404 not_found', "RLS-04 $_ of another's row");
	my $moved = post("/rows/$_/$note->{id}", { text => 'still secret', owner => $own->{owner}, id => 'x', app_id => 'good', parent => 'y' });
	is($moved->{json}{owner}, $note->{owner}, "RLS-04 $_ does not give a row away") or diag $moved->{body};
	is($moved->{json}{id}, $note->{id}, 'RLS-04 … nor move it');
}
post('/board', { n => $_ }) for 1 .. 5;
my $page = post('/board/find', { query => {}, opts => { sort => 'n', limit => 2 } })->{json};
ok($page->{more}, 'a cursor');
is(post('/board/find', { query => {}, opts => { sort => 'n', limit => 2, cursor => $page->{more} } })->{json}{list}[0]{n}, 3, '… goes on');
for my $cursor ($page->{more} =~ s/(.)$/$1 eq 'A' ? 'B' : 'A'/er, substr($page->{more}, 0, -3), 'x' . $page->{more}, '', 'null', '../../x', $page->{more} x 100) {
	is(code(post('/board/find', { query => {}, opts => { sort => 'n', limit => 2, cursor => $cursor } })), '400 bad_cursor', 'RLS-10 an edited cursor: ' . substr $cursor, 0, 20);
}
is(code(post('/board/find', { query => { n => 1 }, opts => { sort => 'n', limit => 2, cursor => $page->{more} } })), '400 bad_cursor', 'RLS-10 a cursor of another query');
unlike(post('/board/find', { query => {}, opts => { sort => 'n', limit => 2, cursor => $page->{more} } }, 'bert')->{body}, qr/secret/, 'RLS-10 a cursor carries no authority');

# ---- strangers who write ----

my (%status, $late);
for (1 .. 300) {
	my $a = $client->fetch(POST => evil('/board'), json => { n => $_ });
	$status{ code($a) }++;
	$late = $a if $a->{status} == 429;
}
is(join(' ', sort keys %status), '200 fine 429 rate_limited', 'DSK-01 a stranger who writes and writes is slowed down');
cmp_ok($status{'200 fine'} // 0, '<=', 140, 'DSK-01 … after a burst: ' . ($status{'200 fine'} // 0));
cmp_ok($late->{headers}{'retry-after'} // 0, '>=', 1, 'DSK-01 … is told when to come back');
is(code(post('/board', { n => 1 })), '200 fine', 'DSK-01 … and who is signed in is not held up');

# ---- other apps ----

is(code($client->request(GET => $fazt->url('good', "/rows/$note->{id}"))), '200 fine', 'XAP-01 another app asks for the id');
is($client->request(GET => $fazt->url('good', "/rows/$note->{id}"))->{body}, 'null', 'XAP-01 … and finds nothing');
is($client->request(GET => $fazt->url('good', '/'), token => $token{anna})->{status}, 401, 'IDN-08 a token for one app is none for another');
my @keys = ('plain', "nul\0byte", '../up', '%2e%2e', 'good:secret', "board/\0x", 'evil/board/x', "\x{1F600}", 'a' x 512, ' ', '"', "'; --");
for my $i (0 .. $#keys) {
	my $set = post('/kv', { key => $keys[$i], set => "value $i" });
	next if $set->{status} == 400;
	is($set->{json}{value}, "value $i", 'XAP-02 a key is opaque: ' . json_of(substr $keys[$i], 0, 20)) or diag $set->{body};
}
for my $i (0 .. $#keys) {
	my $got = post('/kv', { key => $keys[$i] });
	is($got->{json}{value}, "value $i", 'XAP-02 … and no other key wrote it') if $got->{status} == 200;
	my $other = $client->request(POST => $fazt->url('good', '/kv'), json => { key => $keys[$i] }, token => $fazt->{good_token} //= $fazt->token('anna', 'good'));
	ok($other->{status} == 400 || !defined $other->{json}{value}, 'XAP-01 … nor sees another app it');
}
is(code(post('/kv', { key => 'a' x 513, set => 1 })), '400 bad_request', 'XAP-02 a key that is too long') or diag post('/kv', { key => 'a' x 513, set => 1 })->{body};
is(code(post('/kv', { key => '' })), '400 bad_request', 'XAP-02 a key that is empty');

# ---- clients ----

sub raw { my ($head, $body) = @_; my $bytes = $client->raw("$head\r\nConnection: close\r\n\r\n" . ($body // '')); return Fazt::Browser::parse($bytes) }
my $forged = get('/echo', headers => ['X-Fazt-User' => 'owner', 'X_Fazt_User' => 'owner', 'Remote-User' => 'owner', 'App-Id' => 'good', 'Script-Filename' => '/etc/passwd',
	Proxy => 'http://evil', 'X-Forwarded-For' => '1.2.3.4', 'X-Real-Ip' => '1.2.3.4', Forwarded => 'for=1.2.3.4', 'X-Forwarded-Host' => 'os.localhost', 'X-Original-Url' => '/_fazt/', 'X-Http-Method-Override' => 'DELETE']);
is($forged->{json}{user}, undef, 'HTTP-09 headers do not make anybody somebody');
ok(!exists $forged->{json}{headers}{$_}, "HTTP-09 … $_ is not passed on") for 'proxy', 'x-real-ip', 'x-forwarded-for', 'forwarded', 'x_fazt_user';
my %hosts = ('Host: EVIL.LocalHost' => 200, 'Host: evil.localhost.' => 200, 'Host: evil.localhost:1' => 200, 'Host: evil.localhost:8443' => 200, "Host: 127.0.0.1" => qr/^(?:0|4)/,
	'Host: [::1]' => qr/^(?:0|4)/, 'Host: a.os.localhost' => qr/^(?:0|4)/, 'Host: evil.example' => qr/^(?:0|4)/, 'Host: ' => qr/^(?:0|4)/, 'X-None: 1' => qr/^(?:0|4)/,
	"Host: evil.localhost\r\nHost: good.localhost" => qr/^(?:0|4)/, 'Host: evil.localhost/../good' => qr/^(?:0|4)/, 'Host: evil.localhost@good.localhost' => qr/^(?:0|4)/,
	'Host: evil%2elocalhost' => qr/^(?:0|4)/, "Host: evil.localhost\0" => qr/^(?:0|4)/, 'Host: .localhost' => qr/^(?:0|4)/, 'Host: -.localhost' => qr/^(?:0|4)/, 'Host: os' => qr/^(?:0|4)/);
for (sort keys %hosts) {
	my $a = raw("GET /hole HTTP/1.1\r\n$_");
	like($a->{status}, ref $hosts{$_} ? $hosts{$_} : qr/^$hosts{$_}$/, 'HTTP-12 ' . s/[\r\n\0]+/ /gr);
	is($a->{body}, '"hole"', 'HTTP-12 … the app of that name') if $a->{status} == 200;
}
is(raw("GET http://good.localhost/ HTTP/1.1\r\nHost: evil.localhost")->{status}, 200, 'HTTP-12 the request line wins over Host');
is(raw("GET http://good.localhost/hole HTTP/1.1\r\nHost: evil.localhost")->{status}, 404, 'HTTP-12 … for the app as well');
like(raw("GET /hole HTTP/1.0")->{status}, qr/^(?:0|4)/, 'HTTP-12 HTTP/1.0 without a host');
my %paths = ('/escape/traversal/..%2f..%2fetc/passwd' => qr/^40/, '/../../etc/passwd' => qr/^40/, '/%2e%2e/%2e%2e/etc/passwd' => qr/^40/, '/escape/traversal/%00' => qr/^40/, '/.git/config' => qr/^404/,
	'/escape/traversal/a%5c..%5cb' => qr/^[24]0/, '//evil.example/x' => qr/^40/, '/app.json' => qr/^404/, '/api/main.lua' => qr/^404/, '/escape/traversal/%ff%fe' => qr/^[24]0/, '/..;/x' => qr/^40/,
	'/escape/traversal/' . 'a/' x 900 => qr/^(?:200|4)/, '/' . 'x' x 5000 => qr/^4/, '/_fazt/../hole' => qr/^(?:200|4)/, '/_fazt%2fhealth' => qr/^4/, '/_FAZT/health' => qr/^404/);
for (sort keys %paths) {
	my $a = raw("GET $_ HTTP/1.1\r\nHost: evil.localhost");
	like($a->{status}, $paths{$_}, 'HTTP path ' . substr $_, 0, 50);
	unlike($a->{raw}, qr/root:|return \{|hostile/, '… and nothing of the host in it');
}
like(raw("$_ /hole HTTP/1.1\r\nHost: evil.localhost")->{status}, qr/^(?:400|405|501)$/, 'HTTP-19 method ' . substr $_, 0, 20) for 'TRACE', 'CONNECT', 'get', 'X' x 100, 'GE T', 'PROPFIND';
is(raw("OPTIONS /hole HTTP/1.1\r\nHost: evil.localhost")->{status}, 405, 'HTTP-19 OPTIONS the app does not know');
my $start = time;
my %many = ('query' => ['GET /echo?' . join('&', map { "k$_" } 1 .. 1300) . " HTTP/1.1\r\nHost: evil.localhost"], 'cookies' => ["GET /echo HTTP/1.1\r\nHost: evil.localhost\r\nCookie: " . join('; ', map { "c$_=v" } 1 .. 1500)],
	'headers' => ["GET /echo HTTP/1.1\r\nHost: evil.localhost\r\n" . join "\r\n", map { "X-$_: y" } 1 .. 900]);
like(raw(@{ $many{$_} })->{status}, qr/^(?:200|400|414|431)$/, "HTTP-18 thousands of $_") for sort keys %many;
my $colliding = join '&', map { ($_ * 65535) . '=v' } 1 .. 10000;
like($client->request(POST => evil('/form'), body => $colliding, type => 'application/x-www-form-urlencoded', token => $token{anna})->{status}, qr/^(?:200|400)$/, 'HTTP-18 ten thousand form fields');
cmp_ok(time - $start, '<', 3, 'HTTP-18 … in linear time');
is(code(post('/json', undef)), '200 fine', 'JSON null is a value');
my $json = sub { $client->request(POST => evil('/json'), body => $_[0], type => 'application/json', token => $token{anna}) };
is(code($json->(('[' x 50000) . (']' x 50000))), '400 too_deep', 'CPU-17 JSON fifty thousand levels deep');
is(code($json->('{"a":' x 5000)), '400 too_deep', 'CPU-17 … unfinished');
like(code($json->('[' . join(',', map { $_ * 65535 } 1 .. 50000) . ']')), qr/^413/, 'CPU-12 JSON of fifty thousand numbers');
like(code($json->("{\"a\":\"\xff\xfe\"}")), qr/^400/, 'JSON that is not UTF-8');
like(code($json->("\xef\xbb\xbf{}")), qr/^400/, 'JSON with a byte order mark');
is($client->request(POST => evil('/echo'), body => 'x' x 2_000_000, type => 'text/plain', token => $token{anna})->{status}, 413, 'HTTP-15 a body of 2 MB');
my $chunked = raw("POST /echo HTTP/1.1\r\nHost: evil.localhost\r\nAuthorization: Bearer $token{anna}\r\nTransfer-Encoding: chunked", join('', ("10000\r\n" . 'x' x 65536 . "\r\n") x 32) . "0\r\n\r\n");
is($chunked->{status}, 413, 'HTTP-15 … without a length');
is($client->request(POST => evil('/echo'), body => 'x' x 900_000, type => 'text/plain', token => $token{anna})->{json}{n}, 900_000, 'HTTP-15 0.9 MB is fine');
like(raw("POST /echo HTTP/1.1\r\nHost: evil.localhost\r\nContent-Length: $_", 'x')->{status}, qr/^(?:400|413|0)$/, "HTTP-13 a length of $_") for '-1', '1e9', '99999999999999999999', '0x10', "1\r\nContent-Length: 2";

# ---- a crowd of killers ----

lift();
probe() for 1 .. 20;
my @baseline = sort { $a <=> $b } map { (probe())[1] } 1 .. 100;
$fazt->admin('setting', 'set', deadline => 300);
my $suspended = { status => 0 };
for (1 .. 20) {
	$suspended = get('/cpu/loop');
	last if $suspended->{status} != 504;
}
is(code($suspended), '503 app_suspended', 'CPU-14 an app that always takes too long is suspended');
cmp_ok($suspended->{headers}{'retry-after'}, '>', 30, 'CPU-14 … and says for how long');
is((probe())[0], 200, 'CPU-14 … and no other app is');
is_alive('the owner lifts a suspension');
$fazt->admin('setting', 'set', deadline => $DEADLINE);
my @killers = map { my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die; print $s "GET /cpu/loop HTTP/1.1\r\nHost: evil.localhost\r\nConnection: close\r\n\r\n"; $s } 1 .. 20;
my ($answered, $failed, @ms) = (0, 0);
my $until = time + 4;
while (time < $until) {
	my ($status, $ms) = probe();
	$status == 200 ? $answered++ : $failed++;
	push @ms, $ms;
	sleep 0.005;
}
@ms = sort { $a <=> $b } @ms;
is($failed, 0, "CPU-14 $answered probes of another app beside 20 killers: all answered");
cmp_ok($ms[$#ms * 0.99], '<', 250, sprintf 'CPU-14 p99 %.1f ms (alone %.1f)', $ms[$#ms * 0.99], $baseline[98]);
my %ends;
for my $s (@killers) {
	local $/;
	my $a = Fazt::Browser::parse(scalar <$s>);
	$ends{ code({ %$a, json => eval { text_of($a->{body}) } }) }++;
	ok(!$a->{headers}{'retry-after'} == ($a->{status} != 503), 'CPU-14 503 says when to come back') if $a->{status} == 503;
}
is($ends{'504 app_timeout'} + ($ends{'503 unavailable'} // 0) + ($ends{'503 app_suspended'} // 0), 20, 'CPU-14 every killer has its answer: ' . join ', ', map { "$_ x$ends{$_}" } sort keys %ends);
is_alive('after the crowd');

# ---- nothing is left ----

is(join(' ', sort map { $_->{pid} } workers()), $workers, 'the workers are those of the beginning');
my $below = $fazt->processes_below($fazt->pid('serve'));
my @zombies = grep { (eval { slurp("/proc/$_/stat") } // '') =~ /^\d+ \(.*\) Z/ } keys %$below;
is_deeply(\@zombies, [], 'no zombies');
my @cells = grep { $below->{$_} =~ /cell|zygote/ } keys %$below;
cmp_ok(scalar @cells, '<=', 24, 'no more cells than there may be: ' . @cells);
my $sanitized = Fazt::sanitized();
for my $w (workers()) {
	my @fds = glob "/proc/$w->{pid}/fd/*";
	cmp_ok(scalar @fds, '<', 160, "descriptors of a worker: " . @fds);
	my ($rss) = slurp("/proc/$w->{pid}/status") =~ /VmRSS:\s+(\d+)/;
	cmp_ok($rss, '<', $sanitized ? 400_000 : 80_000, "memory of a worker: $rss KB");
}
unlike($fazt->logs, qr/PANIC|assert|Assertion|SIGSEGV/, 'nothing broke');
done_testing;
