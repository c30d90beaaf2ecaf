# Questions of apps to the owner: what they see, who may answer, once, and what happens then.
use strict;
use warnings;
use utf8;
use lib 't/lib';
use Fazt qw(text_of json_of slurp spew);
use File::Temp;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);
my $fazt = Fazt->new(settings => { 'run.lease' => 500 });
my $main = <<'LUA';
local fazt = require "fazt"
local kv, docs = fazt.storage.kv, fazt.storage.docs
return {
	["POST /send"] = function(req)
		docs.insert("log", { said = "before", to = req.json.to })
		local before = fazt.id()
		local answer = fazt.halt(req.json.reason, req.json.data, req.json.opts)
		docs.insert("log", { said = answer.approved and "sent" or "not sent", to = req.json.to, by = answer.by, note = answer.note, data = answer.data, before = before })
		return { status = 201, json = { sent = answer.approved } }
	end,
	["POST /caught"] = function(req)
		local fine, why = pcall(fazt.halt, "may I?")
		docs.insert("log", { said = "caught", to = "caught" })
	end,
	["POST /refused"] = function(req)
		local codes, fine, why = {}
		local function try(fn, ...)
			fine, why = pcall(fn, ...)
			codes[#codes + 1] = fine and "went" or why.code
		end
		try(fazt.sleep, 1)
		try(fazt.halt, "")
		try(docs.update, "log", "none", {})
		local answer = fazt.halt(req.json.reason)
		docs.insert("log", { said = answer.approved and "sent" or "not sent", to = "refused", data = codes })
		return { json = codes }
	end,
	["POST /hide"] = function(req)
		local data = {}
		for i = 1, 15000 do data[i] = 0 end
		for i = 1, 50 do data = { data } end
		fazt.halt(req.json.reason, { a = data, z = "evil" })
	end,
	["POST /large"] = function(req)
		for i = 1, 30 do docs.insert("log", { to = "large", text = ("x"):rep(10000) }) end
		fazt.halt("still?")
	end,
	["POST /queue/storm"] = function(req) return { json = fazt.queue("api/storm.lua", nil, { retries = 0 }) } end,
	["POST /queue"] = function(req) return { json = fazt.queue("api/ask.lua", req.json) } end,
	["GET /log/:to"] = function(req) return { json = (docs.find("log", { to = req.params.to }, { sort = "created" })) } end,
}
LUA
my $ask = <<'LUA';
local fazt = require "fazt"
return function(req)
	local answer = fazt.halt(req.input.reason, req.input.data, req.input.opts)
	fazt.storage.docs.insert("log", { to = req.input.to, said = answer.approved and "yes" or "no", by = answer.by, data = answer.data })
	return answer
end
LUA
my $storm_lua = <<'LUA';
local fazt = require "fazt"
return function()
	for i = 1, 100 do fazt.halt("again " .. i, { text = ("x"):rep(60000) }, { timeout = 0 }) end
end
LUA
my %app = ('app.json' => { visibility => 'members', permissions => ['storage', 'queue', 'halt'], title => 'The Asker' }, 'api/main.lua' => $main, 'api/ask.lua' => $ask, 'api/storm.lua' => $storm_lua);
$fazt->install(asker => \%app);
$fazt->start;
my $owner = $fazt->person;
my $asker = $fazt->url('asker', '');
my $os = $fazt->url('os', '');
$owner->get("$asker/log/x");

sub post { $owner->fetch(POST => "$asker$_[0]", json => $_[1]) }
sub said { my @all = @{ $owner->fetch(GET => "$asker/log/$_[0]")->{json} // [] }; map { $_->{said} } @all }
sub entry { my ($to) = @_; (@{ $owner->fetch(GET => "$asker/log/$to")->{json} // [] })[-1] }
sub pending { @{ $fazt->admin_json('halt', 'list') } }
sub question { my ($reason) = @_; (grep { $_->{reason} eq $reason } pending())[0] }
sub asked { my ($reason) = @_; my $q; $fazt->wait_for(sub { $q = question($reason) }, "$reason is asked"); $q->{id} }
sub show { $fazt->admin_json('halt', 'show', $_[0]) }
sub run_state { my ($id, $state) = @_; $fazt->wait_for(sub { $fazt->admin_json('run', 'show', $id)->{state} eq $state }, "$id is $state", 15); pass("the run is $state") }
my $csrf;
sub api { my ($b, $op, %args) = @_; $b->fetch(POST => "$os/_fazt/api/$op", json => \%args, headers => ['X-Csrf-Token' => $csrf // 'none']) }
$csrf = $owner->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};

# ---- a request that halts ----

my $r = post('/send', { to => 'all', reason => 'Send it?', data => { people => 3 } });
is($r->{status}, 202, 'a request that halts is answered at once');
my ($run, $url) = @{ $r->{json} }{qw(run url)};
is($r->{headers}{location}, $url, '… with an address to look at');
is_deeply([said('all')], ['before'], 'what comes before the question has happened, once');
my $phone = $fazt->admin('topic', 'token', 'add', 'phone', '--read', 'fazt');
sub rung { return $fazt->browser->request(GET => $fazt->url('ntfy', '/fazt/json?poll=1'), headers => [Authorization => "Bearer $phone"])->{body} }
sub notices { return grep { $_->{kind} eq 'app.asks' } @{ $fazt->admin_json('notice', 'list') } }
my @rung = split /\n/, rung();
is_deeply([map { [@{ text_of($_) }{qw(title message click)}] } @rung], [['Fazt: asker asks you something', 'Your dashboard says more.', "$os/"]],
	'HLT-10: the owner\'s phone rings with the app\'s name and the way to the dashboard, and nothing else');
unlike("@rung", qr/Send it|people|approve|_fazt|$run/, 'HLT-10: neither what is asked nor anything to answer with');
is(scalar(notices()), 1, '… and it stands on the dashboard');
my $state = $owner->fetch(GET => $url)->{json};
is_deeply([@$state{qw(run state)}], [$run, 'waiting'], 'whoever asked sees that it waits');
is($fazt->person('anna')->get($url)->{status}, 404, '… and nobody else');
my $id = asked('Send it?');
is(post('/send', { to => 'empty', reason => '' })->{status}, 400, 'a question has a reason');
my $shown = show($id);
is($shown->{name}, 'asker', 'the owner sees which app it is');
like($shown->{shown}, qr/"people": 3/, '… and the data');
like($shown->{hash}, qr/^[0-9a-f]{64}\.1$/, '… and the hash of it all');
is(scalar(grep { $_->{kind} eq 'halt' } @{ $fazt->admin_json('decision', 'list') }), 1, 'it is among what waits for the owner');

# ---- who may answer ----

my $anna = $fazt->person('anna');
$anna->get("$asker/log/x");
isnt(api($anna, 'halt.approve', id => $id, hash => $shown->{hash})->{status}, 200, 'HLT-01: another person cannot answer');
$r = $owner->fetch(POST => "$os/_fazt/api/halt.approve", json => { id => $id, hash => $shown->{hash} }, headers => ['X-Csrf-Token' => $csrf], from => $asker);
is($r->{status}, 403, 'HLT-01: a page of the app cannot answer in the owner\'s browser') or diag $r->{body};
$r = $owner->fetch(POST => "$os/_fazt/api/halt.approve", json => { id => $id, hash => $shown->{hash} });
is($r->{status}, 403, 'HLT-01: nor can a request without the token of the session');
$r = $owner->fetch(POST => "$asker/_fazt/api/halt.approve", json => { id => $id, hash => $shown->{hash} });
is($r->{status}, 404, 'HLT-01: at the app\'s own host there is no such address');
my $token = $fazt->admin('token', 'add', 'robot') =~ /(fzt_\S+|\S{40,})/ ? $1 : '';
$r = $fazt->browser->request(POST => "$os/_fazt/api/halt.approve", json => { id => $id, hash => $shown->{hash} }, token => $token);
is($r->{status}, 403, 'HLT-01: a token cannot answer') or diag $r->{body};
is(api($owner, 'halt.approve', id => $id)->{status}, 400, 'whoever answers says the hash of what was shown');
is(api($owner, 'halt.approve', id => $id, hash => '0' x 64 . '.1')->{status}, 409, 'HLT-03: another hash is refused');
is_deeply([said('all')], ['before'], '… and nothing has happened');

is(api($owner, 'halt.approve', id => $id, hash => $shown->{hash}, note => 'fine', data => { people => 2 })->{status}, 200, 'the owner answers');
run_state($run, 'done');
is(scalar(notices()), 0, 'and need not be told of it any more');
is_deeply([said('all')], ['before', 'sent'], 'HLT-03: what follows happens, and what came before not again');
my $sent = entry('all');
is_deeply([@$sent{qw(by note data)}], ['owner', 'fine', { people => 2 }], 'the app has the answer, as it was changed');
$state = $owner->fetch(GET => $url)->{json};
is($state->{result}{status}, 201, 'whoever asked finds what would have been answered');
is(api($owner, 'halt.approve', id => $id, hash => $shown->{hash})->{status}, 409, 'HLT-03: a second answer is refused');
is(($fazt->try_admin('halt', 'deny', $id))[0], 5, 'HLT-03: … in the shell too');
is_deeply([said('all')], ['before', 'sent'], 'HLT-03: … and nothing happens twice');

$r = post('/refused', { reason => 'Now properly?' });
is($r->{status}, 202, 'a request that caught a refusal halts');
$fazt->admin('halt', 'approve', asked('Now properly?'));
run_state($r->{json}{run}, 'done');
is_deeply(entry('refused')->{data}, [qw(bad_request bad_request not_found)], '… and goes on past the refusals as they were');

# ---- no, and no answer ----

post('/send', { to => 'no', reason => 'Send that?' });
$fazt->admin('halt', 'deny', asked('Send that?'), '--note', 'not today');
$fazt->wait_for(sub { (said('no'))[-1] eq 'not sent' }, 'it is denied');
is(entry('no')->{note}, 'not today', 'a no says why');

post('/send', { to => 'late', reason => 'Still there?', opts => { timeout => 1, default => 'nobody' } });
my $late = asked('Still there?');
$fazt->wait_for(sub { (said('late'))[-1] eq 'not sent' }, 'it expires');
is_deeply([@{ entry('late') }{qw(by data)}], ['timeout', 'nobody'], 'HLT-12: without an answer it is denied');
is(($fazt->try_admin('halt', 'approve', $late))[0], 5, 'HLT-03: a late answer is refused');
post('/caught', {});
sleep 0.3;
is_deeply([said('caught')], [], 'pcall does not see that a request halts');
$fazt->admin('halt', 'deny', asked('may I?'));
is(post('/hide', { reason => 'A little?' })->{status}, 413, 'HLT-06: data that could not be shown whole is no question');
post('/queue', { to => 'long', reason => 'All of it?', data => { text => ('fine ' x 10000) . 'evil' } });
like(show(asked('All of it?'))->{shown}, qr/evil"\n\}$/, 'HLT-06: … and what can is, however long a line');
$fazt->admin('halt', 'deny', question('All of it?')->{id});
is(post('/large', {})->{status}, 413, 'a request with too much behind it cannot halt');

# ---- as often as it likes ----

$fazt->admin('setting', 'set', 'run.bytes', 300_000);
my $storm = post('/queue/storm', {})->{json};
run_state($storm, 'failed');
$fazt->admin('setting', 'set', 'run.bytes', 4_194_304);
is($fazt->admin_json('run', 'show', $storm)->{code}, 'quota_exceeded', 'DSK-01: what an app asks counts with its run, whether it is answered or not');
my ($used) = grep { $_->{name} eq 'app.bytes' } @{ $fazt->admin_json('app', 'usage', 'asker') };
cmp_ok($used->{used}, '>', 240_000, 'DSK-01: … and in what the app may store');

# ---- followed in a terminal ----

my $followed = post('/queue', { to => 'followed', reason => 'Followed?' })->{json};
my $question = asked('Followed?');
my $follower = open(my $lines, '-|', 'env', 'FAZT_HOME=' . $fazt->home, Fazt::build() . '/fazt-admin', 'run', 'follow', $followed, '--json') // die "fork: $!";
my $line = text_of(scalar <$lines>);
is_deeply([@$line{qw(id state)}], [$followed, 'waiting'], 'whoever follows a run sees that it waits');
$fazt->admin('halt', 'approve', $question);
my @rest = map { text_of($_) } <$lines>;
close $lines;
is($?, 0, '… and is done when the run is');
is_deeply([grep { defined } map { $_->{name} } @rest], ['halt', 'storage.docs.insert'], '… with each step as it ends');
is($rest[-1]{state}, 'done', '… and how it ended');
my ($exit, $told) = $fazt->try_admin('run', 'follow', $followed);
is($exit, 0, 'one that is over is told to its end');
like($told, qr/^ +1  halt\(.*Followed\?.*\n +2  storage\.docs\.insert\(.*\nasker api\/ask\.lua: done$/m, '… a line a step');

# ---- what the owner sees ----

my $evil = "<b>Fazt</b> \e[31mred \x{202E}gpj.exe";
post('/queue', { to => 'evil', reason => $evil, data => { text => "a\x{200B}b\n\x{202E}", before => "one\ntwo\n", after => "one\ntw\x{200B}o\n" } });
$fazt->wait_for(sub { grep { $_->{reason} =~ /Fazt/ } pending() }, 'it is asked');
my ($q) = grep { $_->{reason} =~ /Fazt/ } pending();
unlike($q->{reason}, qr/[\x00-\x1f\x{202E}]/, 'HLT-06: the reason has no character that acts');
like($q->{reason}, qr/\\u\{202E\}/, '… and what it had is written out');
$shown = show($q->{id});
unlike("$shown->{shown}$shown->{diff}", qr/[\x{200B}\x{202E}\x00-\x09]/, 'HLT-06: nor have data and difference');
like($shown->{diff}, qr/^\+tw\\u\{200B\}o/m, 'a change is shown line by line');
is($shown->{title}, 'The Asker', 'HLT-06: who asks is what the kernel knows');
my (undef, $terminal) = $fazt->try_admin('halt', 'show', $q->{id});
unlike($terminal, qr/\e/, 'HLT-06: a terminal is not spoken to either');
like($terminal, qr/^diff\s.*\n(?:\s+.*\n)*\s+\+tw\\u\{200B\}o$/m, '… and has its lines below each other');
$fazt->admin('halt', 'deny', $q->{id});

# ---- many ----

post('/queue', { to => 'many', reason => 'The same?' }) for 1 .. 3;
$fazt->wait_for(sub { my $q = question('The same?'); $q && $q->{count} == 3 }, 'they are one');
my $same = question('The same?');
my $hash = show($same->{id})->{hash};
post('/queue', { to => 'many', reason => 'The same?' });
$fazt->wait_for(sub { question('The same?')->{count} == 4 }, 'one more');
is(api($owner, 'halt.approve', id => $same->{id}, hash => $hash)->{status}, 200, 'one more that asks the same does not make it another question');
$fazt->wait_for(sub { (grep { $_ eq 'yes' } said('many')) == 3 }, 'those who asked have their answer');
my $rest = question('The same?');
is($rest->{count}, 1, '… but a yes is for as many as were shown: the one that came later asks again');
isnt($rest->{id}, $same->{id}, '… a question of its own');
is(api($owner, 'halt.approve', id => $rest->{id}, hash => $hash)->{status}, 409, '… that what was shown before does not answer');
is(scalar(notices()), 1, '… and the owner is told so still');
post('/queue', { to => 'many', reason => 'The same?' });
$fazt->wait_for(sub { question('The same?')->{count} == 2 }, 'another joins it');
is(api($owner, 'halt.deny', id => $rest->{id}, hash => show($rest->{id})->{hash} =~ s/2$/1/r)->{status}, 200, 'a no is for all');
$fazt->wait_for(sub { (grep { $_ eq 'no' } said('many')) == 2 }, 'all have their answer');
is((grep { $_ eq 'yes' } said('many')), 3, '… and nobody gets two');
my @flood = map { post('/send', { to => 'flood', reason => "flood $_" })->{status} } 1 .. 22;
is((grep { $_ == 202 } @flood), 20, 'a flood of questions is capped');
is($flood[-1], 429, '… and the app is told');

# ---- what becomes of it ----

$fazt->admin('app', 'revoke', 'asker', 'halt');
my $revoked = asked('flood 1');
is(($fazt->try_admin('halt', 'approve', $revoked))[0], 5, 'HLT-09: nothing is approved for an app that may not ask any more');
$fazt->admin('app', 'grant', 'asker', 'halt');
$fazt->admin('app', 'disable', 'asker');
is(($fazt->try_admin('halt', 'approve', $revoked))[0], 5, 'HLT-09: … nor for one that is off');
$fazt->admin('app', 'enable', 'asker');

$fazt->stop('serve');
$fazt->start_faztd;
my $dir = $fazt->cartridge(asker => { %app, 'app.json' => { %{ $app{'app.json'} }, version => '2.0.0' } });
$fazt->admin('app', 'upgrade', 'asker', '--source', $dir, '--yes');
$fazt->admin('halt', 'approve', $revoked);
$fazt->wait_for(sub { grep { $_ eq 'sent' } said('flood') }, 'it goes on');
pass('HLT-08: a question outlives a restart and an upgrade');

my $last = asked('flood 2');
my $elsewhere = File::Temp->newdir;
$fazt->admin('backup', 'create', "$elsewhere/halts.db");
sub restored { return Fazt::run({ FAZT_HOME => "$elsewhere/home" }, Fazt::build() . '/fazt-admin', @_) }
mkdir "$elsewhere/home";
is((restored('backup', 'restore', "$elsewhere/halts.db"))[0], 0, 'a backup with questions is restored');
ok((grep { $_->{id} eq $last } @{ text_of((restored('halt', 'list', '--json'))[1]) }), 'HLT-08: … and they are asked there');
$fazt->admin('app', 'remove', 'asker', '--yes');
is(($fazt->try_admin('halt', 'approve', $last))[0], 5, 'HLT-09: a removed app gets no answer');
is(scalar pending(), 0, '… and asks nothing any more');
is(scalar(notices()), 0, '… nor is the owner told that it does');

# ---- a request that is late ----

# It looks until its row is another one or gone, so it writes when that has happened, and not before.
my $late_lua = <<'LUA';
local fazt = require "fazt"
local s = fazt.storage
local acts = {
	docs = function() s.docs.insert("log", { x = "late" }) end,
	kv = function() s.kv.set("log/late", "late") end,
	blob = function() s.blob.put("log/late", "late") end,
	tx = function() s.tx(function() s.docs.insert("log", { x = "late" }) end) end,
	as_app = function() fazt.as_app(function() s.docs.insert("log", { x = "late" }) end) end,
	queue = function() fazt.queue("api/nap.lua", { x = "late" }) end,
	notify = function() fazt.notify { title = "late", topic = "late" } end,
	mail = function() fazt.mail.send { to = "a@example.org", subject = "late", text = "late" } end,
	propose = function() fazt.app.propose("latecomer", { ["app.json"] = '{"name":"latecomer","title":"Late"}', ["api/main.lua"] = "return {}" }, { reason = "late" }) end,
	halt = function() fazt.halt("late") end,
}
return {
	["POST /first"] = function() return { json = s.docs.insert("log", { x = "first" }) } end,
	["GET /began"] = function() return { json = s.docs.count("log", { x = "began" }) } end,
	["POST /late"] = function(req)
		local codes = {}
		s.docs.insert("log", { x = "began" })
		repeat
			for i = 1, 200000 do end
			local row = s.docs.get("log", req.json.id)
		until not row or row.x ~= "first"
		for _, act in ipairs { "docs", "kv", "blob", "tx", "as_app", "queue", "notify", "mail", "propose", "halt" } do
			local fine, why = pcall(acts[act])
			codes[act] = fine and "done" or why.code
		end
		return { json = codes }
	end,
}
LUA
my %rules = map { $_ => 'members' } qw(read add change);
my %late = ('app.json' => { visibility => 'members', collections => { log => \%rules }, permissions => [qw(storage storage:app queue halt notify mail:anyone kernel:app.propose)] },
	'api/main.lua' => $late_lua, 'api/nap.lua' => 'return function() end');
my @acts = qw(docs kv blob tx as_app queue notify mail propose halt);
$fazt->admin('setting', 'set', @$_) for ['mail.server', 'smtp://127.0.0.1:1'], ['mail.from', 'me@example.org'];

# What each act came to, of a request that is under way while this happens.
sub late_for {
	my ($app, $happens) = @_;
	my $there = $fazt->url($app, '');
	$owner->get("$there/"); # signs in there
	my $id = $owner->fetch(POST => "$there/first", json => {})->{json}{id};
	my $answers = File::Temp->new;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		my $answer = $owner->fetch(POST => "$there/late", json => { id => $id });
		print $answers $answer->{body};
		close $answers;
		POSIX::_exit(0);
	}
	$fazt->wait_for(sub { $owner->fetch(GET => "$there/began")->{json} }, 'the request is under way');
	$happens->();
	waitpid $pid, 0;
	return slurp($answers->filename);
}

sub refuses_all {
	my ($app, $happens) = @_;
	$fazt->admin('app', 'limit', $app, @$_) for ['deadline', 20000], ['cpu', 20000], ['app.cpu', 60000], ['calls', 10000];
	my $runs = @{ $fazt->admin_json('run', 'list') };
	is_deeply(text_of(late_for($app, $happens)), { map { $_ => 'unavailable' } @acts }, "of an app that is $app a request under way writes nothing, by no call");
	is(scalar(grep { ($_->{name} // '') =~ /^(?:$app|)$/ } @{ $fazt->admin_json('decision', 'list') }), 0, '… nothing of it waits for the owner');
	is(scalar(@{ $fazt->admin_json('run', 'list') }), $runs, '… and nothing of it runs');
}

$fazt->install($_ => \%late) for 'purged';
my $upgraded = $fazt->cartridge(upgraded => { %late, 'migrations/0001-x.lua' => 'return { log = function(doc) doc.x = "second" return doc end }' });
$fazt->install(upgraded => \%late);
refuses_all(upgraded => sub { spew("$upgraded/app.json", json_of({ %{ text_of(slurp("$upgraded/app.json")) }, version => '2.0.0' })); $fazt->admin('app', 'upgrade', 'upgraded', '--source', $upgraded, '--yes') });
refuses_all(purged => sub { $fazt->admin('app', 'remove', 'purged', '--purge', '--yes') });
unlike($fazt->admin('topic', 'list'), qr/purged/, '… and it has no topic');

done_testing;
