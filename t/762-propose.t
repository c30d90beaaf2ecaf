# Proposals: an app asks the owner for a version of an app. What was shown is what is deployed, once, on the version it was for.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Fazt qw(text_of json_of slurp);
use Fazt::Clock;
use File::Temp;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);
my $clock = Fazt::Clock->new;
my $fazt = Fazt->new(settings => { 'run.lease' => 500 });
my $propose = <<'LUA';
local fazt = require "fazt"
return function(req)
	local files = req.input.files or {}
	for path, value in pairs(files) do files[path] = value == "GONE" and fazt.null or value == "BIG" and ("x"):rep(300000) or value end
	local fine, answer = pcall(fazt.app.propose, req.input.app, files, req.input.opts)
	if not fine then answer = { error = answer.code, message = answer.message } end
	fazt.as_app(function() fazt.storage.kv.set("answers/" .. req.input.key, answer) end)
	return answer
end
LUA
my $agent = <<'LUA';
local fazt = require "fazt"
return {
	["POST /propose"] = function(req) return { json = fazt.queue("api/propose.lua", req.json, { retries = 0 }) } end,
	["POST /now"] = function(req)
		local answer = fazt.app.propose(req.json.app, req.json.files, req.json.opts)
		return { status = 201, json = answer }
	end,
	["POST /picture"] = function(req) return { json = fazt.storage.blob.put("picture", ("\0\1\2\3"):rep(300000 // 4)) } end,
	["POST /code"] = function(req) return { json = fazt.storage.blob.put("code", (req.json.code:gsub("BYTE", "\xff"))) } end,
	["GET /answer/:key"] = function(req) return { json = fazt.as_app(function() return fazt.storage.kv.get("answers/" .. req.params.key) end) or fazt.null } end,
}
LUA
my @agent = ('app.json' => { visibility => 'members', title => 'The Agent', permissions => ['storage', 'storage:app', 'queue', 'kernel:app.propose'],
	collections => { answers => { read => 'members', add => 'members', change => 'members' } } }, 'api/main.lua' => $agent, 'api/propose.lua' => $propose);
sub blog {
	my ($version, %files) = @_;
	return ('app.json' => { version => $version, title => 'Blog', visibility => 'anyone', permissions => ['storage'] },
		'api/main.lua' => qq{return { ["GET /"] = function() return { text = "blog $version" } end }\n}, 'public/about.txt' => "old\nlines\n", %files);
}
$fazt->install(agent => { @agent }, '--yes', '--grant', 'storage:app,kernel:app.propose');
$fazt->install(mute => { @agent }, '--yes', '--grant', 'storage:app');
$fazt->install(blog => { blog('1.0.0') });
$fazt->install_built_in('os');
$fazt->install_built_in('pad');
$fazt->start;
my $owner = $fazt->person;
my $at = $fazt->url('agent', '');
my $os = $fazt->url('os', '');
$owner->get("$at/answer/x");
$fazt->person('anna')->get("$at/answer/x");
my $csrf = $owner->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};

my $n = 0;
sub propose { my ($app, $files, %opts) = @_; my $key = 'k' . ++$n; $owner->fetch(POST => "$at/propose", json => { key => $key, app => $app, files => $files, opts => { reason => "Better $key", %opts } }); return $key }
sub answer { my ($key) = @_; my $a; $fazt->wait_for(sub { $a = $owner->fetch(GET => "$at/answer/$key")->{json}; ref $a }, "$key is answered", 30); return $a }
sub said { $owner->fetch(GET => "$at/answer/$_[0]")->{json} }
sub pending { @{ $fazt->admin_json('halt', 'list') } }
sub asked { my ($key) = @_; my $q; $fazt->wait_for(sub { ($q) = grep { $_->{reason} eq "Better $key" } pending() }, "$key is asked", 30); return $q }
sub show { $fazt->admin_json('halt', 'show', $_[0]) }
sub refused { my ($app, $files, @opts) = @_; return answer(propose($app, $files, @opts))->{error} }
sub front { $owner->get($fazt->url('blog', '/'))->{body} }
sub api { my ($op, %args) = @_; $owner->fetch(POST => "$os/_fazt/api/$op", json => \%args, headers => ['X-Csrf-Token' => $csrf]) }
sub exit_of { ($fazt->try_admin(@_))[0] }
sub main_lua { qq{return { ["GET /"] = function() return { text = "$_[0]" } end }\n} }

# ---- the scenario: an agent proposes, the owner sees the difference, and what was shown is deployed ----

my $evil = "old\nli\x{200B}nes\nmo\x{202E}re\n";
my $key = propose('blog', { 'api/main.lua' => main_lua('by the agent'), 'public/about.txt' => $evil }, base => '1.0.0');
my $q = asked($key);
is_deeply([@$q{qw(kind name title asks state)}], ['proposal', 'blog', 'Blog', 'agent', 'pending'], 'the owner sees which app gets a version, and who proposes it');
my $shown = show($q->{id});
is_deeply([map { "$_->{change} $_->{path}" } @{ $shown->{changes} }], ['changed api/main.lua', 'changed public/about.txt'], '… which files change');
like($shown->{changes}[0]{diff}, qr/^-.*blog 1\.0\.0.*\n\+.*by the agent/m, '… and what in them');
like($shown->{changes}[1]{diff}, qr/^\+li\\u\{200B\}nes\n\+mo\\u\{202E\}re$/m, 'HLT-06: … with invisible and turning characters written out');
is($shown->{hash}, $shown->{package}{hash}, '… and decides on the hash of it all');
is($shown->{package}{rehearsal} && exists $shown->{package}{rehearsal}{migrations} ? 'rehearsed' : 'not', 'rehearsed', 'it went through a rehearsal');
is(front(), 'blog 1.0.0', 'meanwhile the version before serves');
is(said($key), undef, '… and the app waits');

my $told = $fazt->admin('halt', 'show', $q->{id});
like($told, qr/The app agent proposes this: Better $key/, 'in a shell it is told in sentences');
like($told, qr/^changed api\/main\.lua .*?^\+return.*by the agent.*^\+li\\u\{200B\}nes$/ms, '… and file by file');
my $anna = $fazt->person('anna');
isnt($anna->fetch(POST => "$os/_fazt/api/halt.approve", json => { id => $q->{id}, hash => $shown->{hash} })->{status}, 200, 'HLT-01: another person cannot deploy it');
is($owner->fetch(POST => "$os/_fazt/api/halt.approve", json => { id => $q->{id}, hash => $shown->{hash} }, headers => ['X-Csrf-Token' => $csrf], from => $at)->{status}, 403,
	'HLT-01: nor a page of the app in the owner\'s browser');
is(api('halt.approve', id => $q->{id}, hash => '0' x 64)->{status}, 409, 'HLT-03: another hash is refused');
is(api('app.discard', id => $q->{id})->{status}, 409, 'what an app waits for is answered, not thrown away');
my $done = api('halt.approve', id => $q->{id}, hash => $shown->{hash}, note => 'fine');
is($done->{status}, 200, 'the owner says yes') or diag $done->{body};
is(front(), 'by the agent', 'then exactly that serves');
is($owner->get($fazt->url('blog', '/about.txt'))->{body}, do { utf8::encode(my $e = $evil); $e }, '… to the byte');
is_deeply(answer($key), { approved => JSON::PP::true(), by => 'owner', note => 'fine', version => 2 }, 'the app goes on with the answer');
is(api('halt.approve', id => $q->{id}, hash => $shown->{hash})->{status}, 409, 'HLT-03: a second yes is refused');
is(exit_of('halt', 'deny', $q->{id}), 5, 'HLT-03: … and a late no');
is($fazt->admin_json('app', 'show', 'blog')->{version}, '1.0.0', 'what was not proposed stays as it was');
is(show($q->{id})->{state}, 'applied', 'it is on record');
like($fazt->admin('halt', 'show', $q->{id}), qr/It is applied already, by owner/, '… for people too');

# ---- what would hide from them ----

$owner->fetch(POST => "$at/code", json => { code => "-- BYTE\nlocal x = 1 --[[" . ('x' x 5000) . "\t]] x = 2\n" . main_lua('hidden') });
$key = propose('blog', { 'api/aside.lua' => { blob => 'code' } });
$q = asked($key);
my ($hiding) = @{ show($q->{id})->{changes} };
like($hiding->{diff} // '', qr/^\+-- \\xFF\n.*\n\+return.*hidden/m, 'HLT-06: a byte that is no text hides no code');
like($hiding->{diff} // '', qr/x… and 9\d\d bytes more$/m, 'HLT-06: what is cut off a line is said');
$fazt->admin('halt', 'deny', $q->{id});
answer($key);

# ---- no ----

$key = propose('blog', { 'public/about.txt' => 'no' });
$q = asked($key);
$fazt->admin('halt', 'deny', $q->{id}, '--note', 'not that');
is_deeply([@{ answer($key) }{qw(approved by note)}], [JSON::PP::false(), 'owner', 'not that'], 'a no is an answer');
is(exit_of('app', 'candidate', $q->{id}), 4, '… and leaves nothing');
$key = propose('blog', { 'public/about.txt' => 'late' }, timeout => 2);
$q = asked($key);
is(answer($key)->{by}, 'timeout', 'HLT-12: without an answer it is a no');
is(exit_of('halt', 'approve', $q->{id}), 5, 'HLT-03: a late yes is refused');
is(exit_of('app', 'candidate', $q->{id}), 4, '… and nothing is left of it');
is(front(), 'by the agent', '… nor deployed');

# ---- what it is for moves, and more than one ----

$key = propose('blog', { 'public/about.txt' => 'a' });
my $other = propose('blog', { 'public/about.txt' => 'b' });
my ($first, $second) = (asked($key), asked($other));
$fazt->admin('halt', 'approve', $first->{id});
is(answer($key)->{version}, 3, 'of two proposals one is taken');
is(answer($other)->{error}, 'stale', 'HLT-03: … and the other was for the version before');
is(exit_of('halt', 'approve', $second->{id}), 5, '… so nobody can approve it any more');
is(scalar(pending()), 0, '… nor is asked');
is($owner->get($fazt->url('blog', '/about.txt'))->{body}, 'a', 'it is the first that serves');
my ($one, $two);
{
	my $files = { 'public/about.txt' => 'the same' };
	$_ = do { my $k = 'k' . ++$n; $owner->fetch(POST => "$at/propose", json => { key => $k, app => 'blog', files => $files, opts => { reason => 'Better twice' } }); $k } for $one, $two;
}
$q = asked('twice');
$fazt->wait_for(sub { ($q) = pending(); $q && $q->{count} == 2 }, 'the very same is one proposal');
is(scalar(pending()), 1, 'runs that propose the very same wait for one answer');
$fazt->admin('halt', 'approve', $q->{id});
is_deeply([answer($one)->{version}, answer($two)->{version}], [4, 4], '… and both have it');
is(refused('blog', { 'public/about.txt' => 'x' }, base => '9.9.9'), 'stale', 'a base that does not serve is stale');
is(refused('blog', { 'public/about.txt' => 'the same' }), 'conflict', 'nothing that would change is no proposal');
$key = propose('blog', { 'public/about.txt' => 'rolled' });
asked($key);
$fazt->admin('app', 'rollback', 'blog');
is(answer($key)->{error}, 'stale', 'going back makes a proposal stale too');

# ---- permissions and rows come in the same decision ----

$key = propose('blog', { 'app.json' => json_of({ name => 'blog', version => '2.0.0', title => 'Blog', visibility => 'anyone', permissions => ['storage', 'people', 'net:api.example.com'] }) });
$q = asked($key);
$shown = show($q->{id});
is_deeply([map { $_->{name} } grep { $_->{new} } @{ $shown->{package}{permissions} }], ['people', 'net:api.example.com'], 'what it asks for more is part of what is shown');
is(api('halt.approve', id => $q->{id}, hash => $shown->{hash}, grant => ['net:api.example.com'])->{status}, 200, 'it is consented to with it');
my %granted = map { $_->{name} => $_->{granted} } @{ $fazt->admin_json('app', 'show', 'blog')->{permissions} };
ok($granted{people} && $granted{'net:api.example.com'}, '… by name');
is($fazt->admin_json('app', 'show', 'blog')->{version}, '2.0.0', '… and serves');

# ---- a new app; itself; files that are no text ----

is($owner->fetch(POST => "$at/picture", json => {})->{status}, 200, 'the agent keeps a picture');
$key = propose('garden', { 'app.json' => json_of({ name => 'garden', title => 'Garden', visibility => 'members', permissions => ['storage'] }), 'public/index.html' => 'hello', 'public/a/b.bin' => { blob => 'picture' } });
$q = asked($key);
is_deeply([@$q{qw(kind name asks)}], ['proposal', 'garden', 'agent'], 'a new app may be proposed');
is(scalar(grep { $_->{change} eq 'added' } @{ show($q->{id})->{changes} }), 3, '… and all of it is shown');
is(exit_of('halt', 'approve', $q->{id}), 2, '… but for what no difference can show, which wants a yes of its own');
$fazt->admin('halt', 'approve', $q->{id}, '--unseen');
is(answer($key)->{version}, 1, '… and made');
is(length $owner->get($fazt->url('garden', '/a/b.bin'))->{body}, 300000, '… with its files');
$key = propose('agent', { 'public/note.txt' => 'myself' });
$fazt->admin('halt', 'approve', asked($key)->{id});
is(answer($key)->{approved}, JSON::PP::true(), 'an app may propose a version of itself, and its run goes on on the old one');
$key = propose('garden', { 'public/a/b.png' => { blob => 'picture' } });
$fazt->admin('halt', 'approve', asked($key)->{id});
is(answer($key)->{version}, 2, 'a picture needs none');
$key = propose('garden', { 'public/a/b.bin' => 'GONE', 'public/a/b.png' => 'GONE' });
$q = asked($key);
is_deeply([map { "$_->{change} $_->{path}" } @{ show($q->{id})->{changes} }], ['removed public/a/b.bin', 'removed public/a/b.png'], 'files may go');
$fazt->admin('halt', 'deny', $q->{id});
answer($key);

# ---- in a request ----

my $r = $owner->fetch(POST => "$at/now", json => { app => 'garden', files => { 'public/index.html' => 'now' }, opts => { reason => 'Better now' } });
is($r->{status}, 202, 'a request that proposes is answered at once');
$fazt->admin('halt', 'approve', asked('now')->{id});
$fazt->wait_for(sub { ($owner->fetch(GET => $r->{json}{url})->{json}{state} // '') eq 'done' }, 'it goes on');
is(text_of($owner->fetch(GET => $r->{json}{url})->{json}{result}{body})->{approved}, JSON::PP::true(), '… and its answer is there to be fetched');

# ---- what is not taken ----

my %manifest = (title => 'X', visibility => 'members', permissions => []);
is(refused('os', { 'public/x' => 'x' }), 'reserved_name', 'nobody proposes a dashboard');
is(refused('pad', { 'public/x' => 'x' }), 'reserved_name', '… nor another of Fazt\'s own apps');
is(refused('mail', { 'app.json' => json_of({ %manifest, name => 'mail' }), 'public/index.html' => '' }), 'reserved_name', '… nor under a reserved name');
is(refused('nothere', { 'public/index.html' => 'x' }, base => '1.0'), 'stale', 'an app that is not there has no version to start from');
is(refused('nothere', { 'app.json' => json_of({ %manifest, name => 'other' }), 'public/index.html' => '' }), 'bad_request', 'a new app says its own name');
is(refused('nothere', { 'public/index.html' => 'x' }), 'bad_package', 'a new app has an app.json');
is(refused('blog', {}), 'bad_request', 'no files are no proposal');
is(refused('blog', { $_ => 'x' }), 'bad_path', "a path like any package's: $_")
	for '../../etc/passwd', '/etc/passwd', 'public/../../x', 'public//x', "public/a\x{202E}b", 'public/.git/config', 'api/', 'x' x 400, 'public/ABOUT.txt';
is(refused('blog', { 'public/nowhere' => 'GONE' }), 'bad_request', 'what is not there cannot go');
is(refused('blog', { 'public/x' => { blob => 'nobody-has-this' } }), 'not_found', 'nor can a file that is not there come');
is(refused('blog', { 'public/x' => 7 }), 'bad_request', 'a file is no number');
is(refused('blog', { 'api/main.lua' => "\x{1B}Lua" }), 'binary_chunk', 'no compiled Lua');
is(refused('blog', { 'api/main.lua' => 'BIG' }), 'manifest_limits', 'nor larger than a package may be');
is(refused('blog', { 'app.json' => '{"name":"blog","permissions":["root"]}' }), 'bad_manifest', 'a manifest is held to what manifests are held to');
my $bad = answer(propose('agent', { 'api/main.lua' => 'return {' }));
is($bad->{error}, 'bad_package', 'what does not load comes back to the app that proposes a version of itself');
like($bad->{message}, qr/api\/main\.lua/, '… and says where');
is(refused('agent', { 't/a.lua' => 'local test = require "fazt.test" test("no", function(t) t.ok(false) end)' }), 'bad_package', '… and what fails its own tests in the rehearsal');
is(refused('agent', { 'api/burn.lua' => 'return function() for i = 1, 1e8 do end end', 't/a.lua' => 'local fazt, test = require "fazt", require "fazt.test" ' .
	'test("slow", function(t) for _ = 1, 200 do fazt.queue("api/burn.lua", nil, { retries = 0 }) end t.advance(60) end)' }), 'bad_package', '… or does not end, in its fifteen seconds');
is(answer(propose('blog', { 'public/x' => 'x' }, reason => ''))->{error}, 'bad_request', 'a proposal has a reason');
is(scalar(pending()), 0, 'and nobody was asked about any of these');
$owner->get($fazt->url('mute', '/answer/x'));
$owner->fetch(POST => $fazt->url('mute', '/propose'), json => { key => 'm', app => 'blog', files => { 'public/x' => 'x' }, opts => { reason => 'x' } });
my $mute;
$fazt->wait_for(sub { $mute = $owner->fetch(GET => $fazt->url('mute', '/answer/m'))->{json}; ref $mute }, 'it is told');
is($mute->{error}, 'permission_denied', 'without the permission nothing is proposed');

# ---- another app's code and rows tell nothing by how a proposal fails ----

$fazt->install(diary => { 'app.json' => { version => '1', title => 'Diary', visibility => 'members', permissions => ['storage'] },
	'api/secret.lua' => 'return "SECRET code"', 'api/main.lua' => <<'LUA' });
local docs = require("fazt").storage.docs
return { ["POST /"] = function(req) return { json = docs.insert("days", req.json) } end, ["GET /"] = function() return { json = docs.find("days") } end }
LUA
$fazt->admin('app', 'request', 'diary', 'POST', '/', '--body', '{"text":"SECRET row"}');
my %prying = (
	'code that fails' => { 'api/main.lua' => 'error(require("secret"))' },
	'a migration that fails' => { 'migrations/0001-x.lua' => 'return { days = function(day) error(day.text) end }' },
	'a test that fails' => { 't/x.lua' => 'local test = require "fazt.test" local fazt = require "fazt" test("x", function(t) '
		. 'error(require("secret")) end)' },
	'nothing that fails' => { 'public/x.txt' => 'x' },
);
for my $how (sort keys %prying) {
	my $pry = propose('diary', $prying{$how});
	my $question = asked($pry);
	is(said($pry), undef, "$how: the app waits as it does for any other");
	my $trouble = show($question->{id})->{package}{rehearsal}{trouble} // '';
	if ($how =~ /^nothing/) { is($trouble, '', "$how: and the owner sees no trouble") }
	else {
		like($trouble, qr/SECRET/, "$how: the owner sees what failed");
		like($fazt->admin('halt', 'show', $question->{id}), qr/It failed in its rehearsal.*SECRET/s, "$how: … told in sentences too");
	}
	$fazt->admin('halt', 'deny', $question->{id});
	is_deeply(answer($pry), { approved => JSON::PP::false(), by => 'owner', note => '' }, "$how: the app learns the answer and nothing else");
}

# ---- the process that looks into one dies ----

sub looking { grep { (eval { slurp("/proc/$_/cmdline") } // '') =~ /install-fetch\0--home\0\Q$fazt->{home}\E\0/ } map { m{(\d+)} } glob '/proc/[0-9]*' }
$key = propose('blog', { 'public/about.txt' => 'slowly', 't/slow.lua' => 'local test = require "fazt.test" test("slow", function(t) local n = 0 for i = 1, 60000000 do n = n + i end t.ok(true) end)' });
$fazt->wait_for(sub { looking() }, 'somebody looks into it');
kill KILL => looking();
$fazt->wait_for(sub { !looking() }, 'that is killed');
is_deeply([said($key), scalar pending()], [undef, 0], 'a proposal whose process dies is neither answered nor shown');
for (1 .. 2) {
	$clock->by(100);
	$fazt->admin('app', 'enable', 'blog'); # whoever sleeps sees the new time
	sleep 0.3;
}
$q = asked($key);
is_deeply(show($q->{id})->{package}{rehearsal}{tests}, 1, 'another one looks into it, from the beginning');

# ---- in the tests of an app, which run before anybody consented ----

my $trying = $fazt->cartridge('agent', { @agent, 't/propose.lua' => <<'LUA' });
local test = require "fazt.test"
test("a proposal of a test", function(t)
	local owner = t.owner()
	t.equal(owner:post("/propose", { json = { key = "k", app = "agent", files = { ["t/propose.lua"] = "again" }, opts = { reason = "Again.", timeout = 60 } } }).status, 200)
	for i = 1, 5 do
		t.advance(1)
		for j = 1, 3000000 do i = i + j - j end
	end
	t.equal(owner:get("/answer/k").body, "null")
	t.advance(60)
	t.equal(owner:get("/answer/k").json, { approved = false, by = "timeout", note = "" })
end)
LUA
my $tester = fork // die "fork: $!";
if (!$tester) { my ($exit, @words) = $fazt->try_admin('app', 'test', $trying); print STDERR @words if $exit; POSIX::_exit($exit) }
my $nested = 0;
until (waitpid $tester, POSIX::WNOHANG) {
	$nested += grep { (eval { slurp($_) } // '') =~ /install-fetch\0--home\0[^\0]*fazt-trial-/ } glob '/proc/[0-9]*/cmdline';
	sleep 0.01;
}
is($? >> 8, 0, 'in a test a proposal waits for its time to be over');
is($nested, 0, '… and nobody looks into it: a trial has no trials of its own');

# ---- a backup ----

my $elsewhere = File::Temp->newdir;
mkdir "$elsewhere/home";
$fazt->admin('backup', 'create', "$elsewhere/waiting.db");
sub restored { return Fazt::run({ FAZT_HOME => "$elsewhere/home" }, Fazt::build() . '/fazt-admin', @_) }
is((restored('backup', 'restore', "$elsewhere/waiting.db"))[0], 0, 'a backup with a proposal is restored');
is((restored('halt', 'approve', $q->{id}))[0], 0, 'HLT-08: … and can be decided on there');
is(text_of((restored('halt', 'show', $q->{id}, '--json'))[1])->{state}, 'applied', '… once');
is((restored('halt', 'approve', $q->{id}))[0], 5, '… as here');
$fazt->admin('halt', 'deny', $q->{id});
is(answer($key)->{approved}, JSON::PP::false(), '… where it has an answer of its own');

# ---- many, and those who go ----

my @keys = map { propose('garden', { 'public/index.html' => "flood $_" }) } 1 .. 7;
$fazt->wait_for(sub { 2 == grep { ref said($_) } @keys }, 'two of seven are told');
is_deeply([sort map { $_->{error} } grep { ref } map { said($_) } @keys], ['rate_limited', 'rate_limited'], 'a flood of proposals is capped');
$fazt->wait_for(sub { pending() == 5 }, 'the others wait');
$q = (pending())[0];
$fazt->admin('app', 'revoke', 'agent', 'kernel:app.propose');
is(exit_of('halt', 'approve', $q->{id}), 5, 'HLT-09: nothing is deployed for an app that may not propose any more');
is(exit_of('app', 'consent', $q->{id}, show($q->{id})->{hash}), 5, 'HLT-09: … by no other way either');
$fazt->admin('app', 'grant', 'agent', 'kernel:app.propose');
$fazt->admin('app', 'disable', 'agent');
is(exit_of('halt', 'approve', $q->{id}), 5, 'HLT-09: … nor for one that is off');
$fazt->admin('app', 'enable', 'agent');
$fazt->stop('serve');
$fazt->start_faztd;
is(scalar(pending()), 5, 'HLT-08: proposals outlive a restart');
my ($again) = grep { $_->{id} eq $q->{id} } pending();
$fazt->admin('halt', 'approve', $again->{id});
$fazt->wait_for(sub { 1 == grep { ref $_ && $_->{approved} } map { said($_) } @keys }, 'one is taken');
$fazt->wait_for(sub { 4 == grep { ref $_ && ($_->{error} // '') eq 'stale' } map { said($_) } @keys }, 'the others are stale');
pass('HLT-08: … and are decided on after it');
$key = propose('garden', { 'public/index.html' => 'orphan' });
$q = asked($key);
$fazt->admin('app', 'remove', 'garden', '--yes');
is(answer($key)->{error}, 'stale', 'a removed app gets no version');
is(exit_of('halt', 'approve', $q->{id}), 5, 'HLT-09: … and nothing can be said to that');
$key = propose('blog', { 'public/about.txt' => 'orphan' });
$q = asked($key);
$fazt->admin('app', 'remove', 'agent', '--yes');
is(exit_of('halt', 'approve', $q->{id}), 5, 'HLT-09: a removed app proposes nothing');
is(scalar(pending()), 0, '… and nobody is asked any more');
is($owner->get($fazt->url('blog', '/about.txt'))->{body}, 'a', 'the blog is as it was');

done_testing;
