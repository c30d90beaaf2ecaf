# fazt-admin rls test: leaks that were planted are found, apps without any have no findings, and the installed app and its
# rows stay as they were.
use strict;
use warnings;
use lib 't/lib';
use File::Temp ();
use POSIX ();
use Fazt qw(text_of json_of slurp spew);
use Test::More;

my $fazt = Fazt->new;

# Every finding of a cartridge with these collections and routes, as "kind route: row of owner, seen by callers".
sub findings {
	my ($report) = @_;
	return [sort map { "$_->{kind} $_->{route}: " . ($_->{key} // $_->{collection}) . ($_->{kind} eq 'get' ? '' : " of $_->{owner} by @{ $_->{callers} }") . ($_->{as_app} ? ' (as_app)' : '') }
		@{ $report->{findings} }];
}

sub rls_test {
	my ($app, @options) = @_;
	my ($exit, $out, $err) = $fazt->try_admin('rls', 'test', $app, '--json', @options);
	my $report = eval { text_of($out) } // die "$out$err";
	return ($exit, $report);
}

my $number = 0;
sub app {
	my ($manifest, $routes, %files) = @_;
	my $name = 'app' . ++$number;
	$fazt->install($name => {
		'app.json' => { visibility => 'members', permissions => ['storage', 'storage:app', 'people'], %$manifest },
		'api/main.lua' => "local fazt = require 'fazt'\nlocal docs, kv, as_app, list = fazt.storage.docs, fazt.storage.kv, fazt.as_app, fazt.list\n" .
			($routes =~ /^\s*function/ ? "return $routes" : "return {\n$routes\n}\n"),
		%files });
	return $name;
}

sub finds {
	my ($name, $manifest, $routes, @expected) = @_;
	my ($exit, $report) = rls_test(app($manifest, $routes));
	is_deeply(findings($report), [sort @expected], $name) or diag explain $report;
	is($exit, @expected ? 1 : 0, '… and the exit code says so');
	ok($report->{finished}, '… in time');
	return $report;
}

my %private = (collections => { items => {} });
my %inbox = (collections => { inbox => { read => 'admins', add => 'members', change => 'admins' } });
my $make = '["POST /items"] = function(req) return { status = 201, json = docs.insert("items", { text = req.json.text }) } end,';
my $own = '["GET /items"] = function() return { json = list((docs.find("items"))) } end, ["GET /items/:id"] = function(req) return { json = docs.get("items", req.params.id) } end,';

# ---- nothing to find ----

my $clean = finds('an app that leaves it to the rules', \%private, $make . $own .
	'["PATCH /items/:id"] = function(req) return { json = docs.update("items", req.params.id, { text = req.json.text }) } end,
	 ["DELETE /items/:id"] = function(req) docs.delete("items", req.params.id) return { status = 204 } end,');
is($clean->{routes}, 5, 'its routes were found');
cmp_ok($clean->{requests}, '>', 40, '… and tried by several people');
is($clean->{failed}, 0, '… without failing');
my %boards = (collections => { boards => { read => 'members', add => 'members', change => 'members' }, cards => { parent => 'boards', read => 'members', add => 'members', change => 'owner' } });
my $boards = <<'LUA';
["GET /boards"] = function() return { json = list((docs.find("boards"))) } end,
["GET /cards"] = function() return { json = list((docs.find("cards"))) } end,
["POST /boards"] = function(req) return { status = 201, json = docs.insert("boards", { text = req.json.text }) } end,
["POST /boards/:id"] = function(req) return { status = 201, json = docs.insert("cards", { parent = req.params.id, text = req.json.text }) } end,
["DELETE /boards/:id"] = function(req) docs.delete("boards", req.params.id) return { status = 204 } end,
LUA
finds('one where what others wrote goes with the row that it hangs below', \%boards, $boards);
$boards{collections}{boards}{change} = 'admins';
finds('… and one where neither was theirs', \%boards, $boards =~ s/docs\.delete\("boards", (.*?)\)/as_app(function() docs.delete("boards", $1) end)/r,
	map { "change DELETE /boards/:id: $_ of somebody else by anna ben (as_app)" } 'boards', 'cards');
finds('one that answers with what was sent', \%inbox, '["POST /inbox"] = function(req) return { json = as_app(function() return docs.insert("inbox", { text = req.json.text }) end) } end,');
finds('one that publishes what its author says', { collections => { drafts => {}, posts => { read => 'anyone', add => 'members' } }, visibility => 'anyone' }, <<'LUA');
["POST /drafts"] = function(req) return { json = docs.insert("drafts", { text = req.json.text }) } end,
["POST /drafts/:id/publish"] = function(req)
	local draft = docs.get("drafts", req.params.id) or fazt.fail("not_found")
	return { json = docs.insert("posts", { text = draft.text }) }
end,
["GET /posts"] = function() return { json = list((docs.find("posts"))) } end,
LUA
finds('one that shares', { collections => { items => { read => 'shared' } } }, $make . $own . '["POST /items/:id/share"] = function(req) docs.share("items", req.params.id, "members", "read") return { text = "" } end,');
finds('one without routes', {}, '');
{
	my $name = 'still';
	$fazt->install($name => { 'public/index.html' => '<h1>hello' });
	my ($exit, $report) = rls_test($name);
	is_deeply([$exit, @$report{qw(requests routes)}], [0, 0, 0], 'one that is public files only');
	like($fazt->admin('rls', 'test', $name), qr/no routes to try/, '… and it says so');
}
$fazt->install_built_in('pad');
my ($exit, $pad) = rls_test('pad');
is_deeply(findings($pad), [], 'Pad has no findings') or diag explain $pad;
cmp_ok($pad->{requests}, '>', 100, '… after a good look');
is($pad->{failed}, 0, '… in which nothing failed');
for my $example (qw(blog leads)) {
	$fazt->install_built_in($example);
	my ($code, $report) = rls_test($example);
	is_deeply(findings($report), [], "$example has no findings") or diag explain $report;
	cmp_ok($report->{requests}, '>', 100, '… after a good look');
}

# ---- planted ----

finds('as_app hands out what only admins may read', \%inbox, <<'LUA', 'read GET /all: inbox of somebody else by anna ben (as_app)', 'read GET /one/:id: inbox of somebody else by anna ben (as_app)');
["POST /inbox"] = function(req) docs.insert("inbox", { text = req.json.text }) return { status = 201, text = "thanks" } end,
["GET /all"] = function() return as_app(function() return { json = list((docs.find("inbox"))) } end) end,
["GET /one/:id"] = function(req) return { json = as_app(function() return docs.get("inbox", req.params.id) end) } end,
LUA
finds('… to strangers as well', { %inbox, visibility => 'anyone' }, '["GET /all"] = function() return as_app(function() return { json = list((docs.find("inbox"))) } end) end,',
	'read GET /all: inbox of somebody else by anna ben a stranger (as_app)');
finds('… in a page', \%inbox, <<'LUA', 'read GET /page: inbox of somebody else by anna ben (as_app)');
["GET /"] = function() return { html = '<form method="post" action="/send"><textarea name="words"></textarea><button>Send</button></form>' } end,
["POST /send"] = function(req) docs.insert("inbox", { words = req.form.words }) return { redirect = "/" } end,
["GET /page"] = function() return as_app(function() local text = "" for _, row in ipairs((docs.find("inbox"))) do text = text .. "<p>" .. (row.words or "") end return text end) end,
LUA
finds('a cache for everyone of what is private', { collections => { items => {}, cache => { read => 'members', change => 'members' } } }, $make . <<'LUA', 'get GET /latest: cache/latest', 'read GET /latest: items of ben by anna the owner');
["GET /latest"] = function()
	local latest = kv.get("cache/latest")
	if not latest then
		latest = docs.find("items")
		kv.set("cache/latest", latest)
	end
	return { json = latest }
end,
LUA
finds('a GET that writes', { collections => { posts => { read => 'members', add => 'members', change => 'members' } } }, <<'LUA', 'get GET /posts/:id: posts');
["POST /posts"] = function(req) return { json = docs.insert("posts", { text = req.json.text, seen = 0 }) } end,
["GET /posts/:id"] = function(req)
	local post = docs.get("posts", req.params.id)
	if not post then return nil end
	return { json = docs.update("posts", post.id, { seen = (post.seen or 0) + 1 }) }
end,
LUA
finds('a link that deletes', \%private, $make . <<'LUA', 'get GET /delete: items');
["GET /items"] = function()
	local text = ""
	for _, row in ipairs((docs.find("items"))) do text = text .. '<a href="/delete?id=' .. row.id .. '&amp;now=1">x</a>' end
	return text
end,
["GET /delete"] = function(req) if req.query.id then docs.delete("items", req.query.id) end return "gone" end,
LUA
finds('a GET that counts visits', {}, '["GET /"] = function() kv.incr("visits") return "hello" end,', 'get GET /: visits');
finds('as_app changes what only admins may', { collections => { board => { read => 'members', add => 'members', change => 'admins' } } }, <<'LUA',
["POST /board"] = function(req) return { json = docs.insert("board", { text = req.json.text }) } end,
["POST /board/:id/close"] = function(req) as_app(function() docs.update("board", req.params.id, { closed = true }) end) return { text = "" } end,
["DELETE /board/:id"] = function(req) as_app(function() docs.delete("board", req.params.id) end) return { text = "" } end,
["POST /own/:id"] = function(req) docs.update("board", req.params.id, { closed = true }) return { text = "" } end,
LUA
	'change POST /board/:id/close: board of somebody else by anna ben (as_app)', 'change DELETE /board/:id: board of somebody else by anna ben (as_app)');
finds('one function that answers everything', \%inbox, <<'LUA', 'read GET /all: inbox of somebody else by anna ben (as_app)');
function(req)
	if req.path == "/" then return '<a href="/all">all</a> <a href="https://elsewhere.example/">x</a> <a href="//elsewhere.example/">x</a> <a href="/_fazt/health">x</a>' end
	if req.path == "/all" then return as_app(function() return { json = list((docs.find("inbox"))) } end) end
end
LUA
my $granted = app(\%inbox, '["GET /all"] = function() return as_app(function() return { json = list((docs.find("inbox"))) } end) end,');
is((rls_test($granted))[0], 1, 'what it was granted counts');
$fazt->admin('app', 'revoke', $granted, 'storage:app');
is((rls_test($granted))[0], 0, '… and what was taken back as well');

# ---- with the rows it has ----

my $real = app({ collections => { inbox => { read => 'admins', add => 'members' } } }, <<'LUA');
["POST /inbox"] = function(req) if req.json.strict ~= 42 then fazt.fail("bad_request") end docs.insert("inbox", { text = req.json.text }) return { text = "" } end,
["GET /old"] = function() return as_app(function() local row = docs.find("inbox", { text = { prefix = "The real" } })[1] return { text = row and row.text or "" } end) end,
["GET /stats"] = function() return as_app(function() return { json = docs.count("inbox") } end) end,
LUA
$fazt->admin('user', 'add', 'mia');
$fazt->admin('app', 'request', $real, 'POST', '/inbox', '--as', 'mia', '--body', json_of({ strict => 42, text => 'The real row of a person' }));
my $before = $fazt->admin('app', 'request', $real, 'GET', '/old', '--as', 'mia');
is($before, 'The real row of a person', 'an app with a row');
($exit, my $report) = rls_test($real);
is_deeply(findings($report), ['read GET /old: inbox of somebody else by anna ben (as_app)'], 'a row that was there already, handed out') or diag explain $report;
unlike(json_of($report), qr/real row/, '… and not told again in the report');
is($fazt->admin('app', 'request', $real, 'GET', '/old', '--as', 'mia'), $before, 'the app itself has what it had');
is($fazt->admin('app', 'request', $real, 'GET', '/stats', '--as', 'mia'), '1', '… and nothing more');
is_deeply([sort map { $_->{name} } @{ $fazt->admin_json('user', 'list') }], ['mia', 'owner'], '… and no new people');
is(join(' ', glob $fazt->home . '/cache/*'), '', 'nothing is left behind');

# ---- what a power cut leaves ----

my ($old, $held) = map { $fazt->home . "/cache/fazt-trial-$_" } qw(oldone inuse1);
spew("$_/data.db", 'x') for $old, $held;
open my $holder, '<', $held or die $!;
flock $holder, 2 or die $!;
SKIP: {
	skip 'a minute is long', 2 unless $ENV{FAZT_LONG};
	sleep 62;
	rls_test('still');
	ok(!-e $old, 'what nobody holds any more is swept away');
	ok(-e $held, '… and what somebody holds is not');
}

# ---- the report ----

my (undef, $out) = $fazt->try_admin('rls', 'test', $real);
like($out =~ s/\s+/ /gr, qr/! GET \/old lets anna and ben read a row of "inbox" that belongs to somebody else, through as_app: it is not theirs, the rule of inbox for read is "admins"/, 'in words');
my ($finding) = @{ $report->{findings} };
is_deeply([sort keys %$finding], [sort qw(kind route path callers status collection id owner why as_app times)], 'in JSON');
is_deeply([sort keys %$report], [sort qw(finished routes requests failed findings)], '… all of it');
is(($fazt->try_admin('rls', 'test', 'nosuch'))[0], 4, 'an app there is not');
is(($fazt->try_admin('rls', 'test'))[0], 2, 'no app');
is(($fazt->try_admin('rls', 'test', 'pad', '--timeout', 0))[0], 2, 'no time');

# ---- hostile ----

my $slow = app(\%private, '["GET /"] = function() while true do end end, ["GET /a"] = function() while true do end end, ["POST /b"] = function() while true do end end,');
($exit, $report) = rls_test($slow, '--timeout', 4);
ok(!$report->{finished}, 'HOST an app that never answers: the time is up');
like($fazt->admin('rls', 'test', $slow, '--timeout', 1), qr/time was up/, '… and it says so');
my $greedy = app(\%private, '["GET /:n"] = function() for i = 1, 900 do docs.insert("items", { text = ("x"):rep(100000) }) end end,', );
($exit, $report) = rls_test($greedy, '--timeout', 20);
is($report->{findings}[0]{kind}, 'get', 'HOST an app that fills the disk: within its quota');
my $rude = app({ collections => { items => {} } }, qq{["GET /a\\27[31m"] = function() kv.incr("k\\27[31m") return "" end, ["GET /\\u{202e}x"] = function() kv.incr("x") return "" end,});
(undef, $out) = $fazt->try_admin('rls', 'test', $rude);
unlike($out, qr/[\x00-\x09\x0b-\x1f]|\xe2\x80\xae/, 'HOST words of the author cannot paint the terminal');

# ---- before consent ----

my $dir = $fazt->cartridge('inboxes', { 'app.json' => { visibility => 'members', permissions => ['storage', 'storage:app'], %inbox },
	'api/main.lua' => 'local fazt = require "fazt" return { ["GET /all"] = function() return fazt.as_app(function() return { json = (fazt.storage.docs.find("inbox")) } end) end }' });
(undef, undef, my $shown) = $fazt->try_admin('app', 'install', $dir, '--dry-run');
like($shown, qr/Tried before it is installed:\n  ! GET \/all lets anna and ben read a row of "inbox"/, 'consent shows what was found');
(undef, undef, $shown) = $fazt->try_admin('app', 'install', Fazt::build() . '/cartridges/pad', '--name', 'pad2', '--dry-run');
like($shown, qr/Tried before it is installed:\n  - Two people, a stranger and the owner tried every page of it \(\d+ requests\): nothing\s+crossed\s+a rule/, '… or that nothing was');
(undef, undef, $shown) = $fazt->try_admin('app', 'install', $dir, '--yes');
unlike($shown, qr/Tried/, 'where nobody is asked nothing is tried');

# ---- … within bounds: nobody has said yes to what is stored meanwhile ----

# Runs fazt-admin; the most bytes that a trial had on the disk while it did, and what fazt-admin did.
sub held {
	my (@args) = @_;
	my $most = 0;
	my $out = File::Temp->new;
	my $pid = fork // die "fork: $!";
	if (!$pid) { my ($exit, @said) = $fazt->try_admin(@args); spew($out->filename, join "\n", @said); POSIX::_exit($exit) }
	until (waitpid($pid, POSIX::WNOHANG)) {
		my $now = 0;
		$now += 512 * ((stat)[12] // 0) for glob "$fazt->{home}/cache/fazt-trial-*/*";
		$most = $now if $now > $most;
		select undef, undef, undef, 0.01;
	}
	return ($most, $? >> 8, slurp($out->filename));
}

# A database and its log, once more as they were kept, each with the room that the app has and what Fazt needs itself.
my $bound = 4 * (64 + 16) * 2**20;
my $put = 'for i = 1, 100 do fazt.storage.blob.put("f" .. tostring(req.params.n) .. i, ("%09d"):format(i):rep(100000) .. tostring(req.params.n)) end return ""';
my $filling = { 'app.json' => { visibility => 'members', permissions => ['storage'] },
	'api/main.lua' => 'local fazt = require "fazt" return { ["GET /"] = function() return "" end, ' .
		join(' ', map { "[\"POST /$_\"] = function(req) req.params.n = $_ $put end," } 1 .. 5) . ' }' };
my ($most, $code, $told) = held('app', 'install', $fazt->cartridge('filling', $filling), '--dry-run');
like($told, qr/\d+ of\s+them\s+failed\s+in\s+the\s+app/, 'HOST a package that stores files without end before anybody consented: its requests fail');
ok($most > 64 * 2**20 && $most < $bound, "HOST … when it has used up its room ($most)");
$fazt->install(filling => { %$filling, 'app.json' => { version => '1.0.0', permissions => ['storage'] }, 'api/main.lua' => 'return {}' });
my %tested = ('t/fill.lua' => qq{local fazt, test = require "fazt", require "fazt.test" test("fill", function() for n = 1, 5 do local req = { params = { n = n } } (function() $put end)() end end)});
($most, $code, $told) = held('app', 'upgrade', 'filling', '--source', $fazt->cartridge('filling', { %$filling, 'app.json' => { version => '1.0.1', permissions => ['storage'] }, %tested }), '--yes');
ok($code && $told =~ /fill.*used up its room for files/s, 'HOST … an upgrade whose tests do: it is refused, and says why') or diag "$code $told";
ok($most > 64 * 2**20 && $most < $bound, "HOST … likewise ($most)");
# Rows full of what looks like texts of the trial, each of them another.
my $alike = $fazt->cartridge(alike => { 'app.json' => { visibility => 'members', permissions => ['storage'], collections => { c => { read => 'members', add => 'members' } } },
	'api/main.lua' => <<'LUA' });
local fazt = require "fazt"
return { ["GET /"] = function()
	for k = 1, 60 do
		local t = {}
		for i = 1, 10000 do t[i] = string.format("zqa%06d%04dxxxxxxxxxzq", k * 10000 + i, i % 10000) end
		fazt.storage.docs.insert("c", { l = table.concat(t) })
	end
	return { text = "ok" }
end }
LUA
my $began = time;
(undef, undef, $told) = $fazt->try_admin('app', 'install', $alike, '--dry-run');
cmp_ok(time - $began, '<', 20, 'HOST a package whose rows imitate what the trial looks for: it is tried for ten seconds, as any other');
like($told, qr/changes\s+a\s+row\s+of\s+"c"/, 'HOST … and what it does is found');
done_testing;
