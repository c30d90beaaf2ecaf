# Durable runs, sentence by sentence of what is promised: what each option means, who may do what, what a run outlives, where it
# ends. t/750-runs.t has the way of a run and the kills at each step.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp spew);
use File::Temp;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

# ---- a server elsewhere: writes down what it is asked, and answers, or holds its answer back until it is killed ----

my $dir = File::Temp->newdir;
my $shop = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1) or die;
my $port = $shop->sockport;
my $shop_pid;

sub answer_one {
	my ($c, $mode) = @_;
	my ($text, $length, $body) = ('', 0, '');
	while (my $line = <$c>) { last if $line eq "\r\n"; $text .= $line; $length = $1 if $line =~ /^content-length: (\d+)/i }
	read $c, $body, $length if $length;
	open my $log, '>>', "$dir/asked" or die;
	my ($key) = $text =~ /^idempotency-key: (\S+)/im;
	print $log join("\t", $text =~ /^\S+ (\S+)/, $key // '-', $body), "\n";
	close $log;
	sleep 1 while $mode eq 'holds';
	my ($status, $answer) = $mode eq 'fails' ? ('500 No', 'no') : ('200 OK', 'yes');
	print $c "HTTP/1.1 $status\r\nContent-Length: " . length($answer) . "\r\nConnection: close\r\n\r\n$answer";
}

sub open_shop {
	my ($mode) = @_;
	$shop_pid = fork // die;
	return if $shop_pid;
	$SIG{TERM} = 'DEFAULT';
	while (my $c = $shop->accept) { answer_one($c, $mode) }
	POSIX::_exit(0);
}
sub close_shop { kill KILL => $shop_pid if $shop_pid; waitpid $shop_pid, 0 if $shop_pid; undef $shop_pid }
sub asked { my ($path) = @_; my $log = -e "$dir/asked" ? slurp("$dir/asked") : ''; map { [split /\t/] } grep { /^\Q$path\E\t/ } split /\n/, $log }
END { local $?; close_shop() if $shop_pid }

# ---- the apps ----

my $fazt = Fazt->new(settings => { 'run.lease' => 500, 'net.allow' => "shop.example.com:80=127.0.0.1:$port" });
my $main = <<'LUA';
local fazt = require "fazt"
local kv = fazt.storage.kv
return {
	["POST /queue"] = function(req) return { json = fazt.queue(req.json.handler, req.json.input, req.json.opts) } end,
	["POST /app-queue"] = function(req) return { json = fazt.as_app(function() return fazt.queue(req.json.handler, req.json.input, req.json.opts) end) } end,
	["POST /signal"] = function(req) fazt.signal(req.json.run, req.json.event, req.json.data) return { json = true } end,
	["POST /cancel"] = function(req) fazt.cancel(req.json.run) return { json = true } end,
	["GET /kv/:key"] = function(req) local v = kv.get(req.params.key) return { json = v == nil and fazt.null or v } end,
	["GET /app/:key"] = function(req) local v = fazt.as_app(function() return kv.get(req.params.key) end) return { json = v == nil and fazt.null or v } end,
	["POST /set"] = function(req) kv.set(req.json.key, req.json.value) return { json = true } end,
}
LUA
my %jobs = (
	# what hangs on chance, time and the order of keys, before and behind a wait
	'api/same.lua' => <<'LUA',
local fazt = require "fazt"
local function look()
	local t, keys = {}, {}
	for i = 1, 20 do t["key" .. i] = i end
	for k in pairs(t) do keys[#keys + 1] = k end
	for k in next, t do keys[#keys + 1] = k end
	return fazt.list { table.concat(keys, " "), math.random(1 << 40), fazt.id(), fazt.now(), os.time(), os.date(), (fazt.crypto.random(8):gsub(".", function(c) return ("%02x"):format(c:byte()) end)), tostring(t), os.clock() == os.clock() }
end
return function(req)
	local before = look()
	fazt.storage.kv.set("same:before", before)
	fazt.wait("go")
	fazt.storage.kv.set("same:behind", { before = before, now = look() })
	fazt.wait("go")
	return { before = before }
end
LUA
	'api/pay.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.kv.incr("paid:" .. req.input.path, 1)
	local answer
	if req.input.step then
		answer = fazt.step("pay", function()
			local a = fazt.http.post("http://shop.example.com/" .. req.input.path, { json = req.input.bill, retries = 0 })
			if a.status ~= 200 then error("the shop said " .. a.status) end
			return a.body
		end)
	else
		answer = fazt.http.post("http://shop.example.com/" .. req.input.path, { json = req.input.bill, retries = 0, timeout = req.input.timeout or 5 }).body
	end
	fazt.storage.kv.incr("done:" .. req.input.path, 1)
	return answer
end
LUA
	'api/first.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local function pay()
		return fazt.http.post("http://shop.example.com/" .. req.input.path, { json = { fazt.id(), fazt.now(), math.random(1 << 40) }, retries = 0, timeout = 5 }).body
	end
	return req.input.step and fazt.step("pay", pay) or pay()
end
LUA
	'api/waits.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.kv.incr("began:" .. (req.input.name or "x"), 1)
	local got = fazt.wait("go", { timeout = req.input.timeout })
	fazt.storage.kv.incr("ended:" .. (req.input.name or "x"), 1)
	return got
end
LUA
	'api/until.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local before = fazt.now()
	fazt.sleep(before + 400)
	return fazt.now() - before
end
LUA
	'api/tree.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	if req.input.deep == 0 then return fazt.wait("never") end
	local run = fazt.queue("api/tree.lua", { deep = req.input.deep - 1 })
	return fazt.join(run)
end
LUA
	'api/spins.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	for i = 1, 100000 do
		fazt.storage.kv.incr("spins", 1)
		for _ = 1, 2000000 do end
	end
end
LUA
	'api/asks.lua' => <<'LUA',
local fazt = require "fazt"
return function(req) return fazt.halt(req.input.reason) end
LUA
	'api/order.lua' => 'local fazt = require "fazt" return function(req) return fazt.as_app(function() return fazt.storage.kv.incr("order", 1) end) end',
	'api/orders.lua' => 'local fazt = require "fazt" return function(req) fazt.wait("go") return fazt.as_app(function() return fazt.storage.kv.incr("order", 1) end) end',
	'api/joins.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local fine, why = pcall(fazt.join, req.input.run)
	fazt.as_app(function() fazt.storage.kv.set("joined:" .. req.input.run, { fine = fine, code = fine or why.code }) end)
end
LUA
	'api/many.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local runs, sum = {}, 0
	for i = 1, req.input.n do runs[i] = fazt.queue("api/one.lua", i) end
	for i = 1, req.input.n do sum = sum + fazt.join(runs[i]) end
	return sum
end
LUA
	'api/one.lua' => 'return function(req) return req.input end',
	'api/large.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	if req.input == "result" then return ("x"):rep(70000) end
	if req.input == "step" then return (fazt.step("large", function() return ("x"):rep(70000) end)) end
	if req.input == "input" then return (fazt.queue("api/one.lua", ("x"):rep(70000))) end
	if req.input == "steps" then for i = 1, 20000 do fazt.storage.kv.get("none") end end
	if req.input == "journal" then
		for i = 1, 200 do fazt.storage.kv.set("large", ("x"):rep(60000)) fazt.storage.kv.get("large") end
	end
	return "it went"
end
LUA
	'api/admins.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.wait("go", { timeout = 20 })
	fazt.storage.docs.insert("ours", { by = req.user and req.user.name })
	return "wrote"
end
LUA
	'api/bomb.lua' => 'local fazt = require "fazt" return function() fazt.queue("api/bomb.lua") fazt.queue("api/bomb.lua") end',
	'api/below.lua' => 'local fazt = require "fazt" return function(req) return fazt.join(fazt.queue("api/below.lua", req.input + 1, { retries = 0 })) end',
	'api/burns.lua' => 'local fazt = require "fazt" return function() for i = 1, 12 do for _ = 1, 3000000 do end fazt.storage.kv.incr("burns", 1) fazt.sleep(0.01) end return "burnt" end',
	'api/fixed.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.kv.incr("fixed:" .. req.input, 1)
	fazt.storage.kv.set("seen:" .. req.input, "first")
	error("there is a mistake here")
end
LUA
);
my %manifest = (visibility => 'members', permissions => ['storage', 'storage:app', 'queue', 'halt', 'people', 'net:http://shop.example.com'],
	collections => { ours => { read => 'members', add => 'admins' } });
my %app = ('app.json' => \%manifest, 'api/main.lua' => $main, %jobs);
$fazt->install(work => \%app);
$fazt->install(other => \%app);
$fazt->start;

my %person = map { $_ => $fazt->person($_ eq 'owner' ? () : $_) } qw(owner anna ben);
$_->get($fazt->url('work', '/kv/x')) for values %person;
$person{owner}->get($fazt->url('other', '/kv/x'));

our ($me, $where) = ('owner', 'work');
sub ask { my ($path, $json) = @_; return $person{$me}->fetch(POST => $fazt->url($where, $path), json => $json) }
sub post { my $a = ask(@_); $a->{status} == 200 ? $a->{json} : die "$a->{status} $a->{body}" }
sub queue { my ($handler, $input, %opts) = @_; return post('/queue', { handler => "api/$handler.lua", input => $input, opts => \%opts }) }
sub signal { my ($run, $data) = @_; return ask('/signal', { run => $run, event => 'go', data => $data }) }
sub kv { my ($key, $of) = @_; my $a = $person{owner}->fetch(GET => $fazt->url('work', ($of // '/kv') . "/$key")); $a->{status} == 200 ? $a->{json} : die "$a->{status} $a->{body}" }
sub as { my ($who, $do) = @_; local $me = $who; return $do->() }
sub run_of { my ($id) = @_; return $fazt->admin_json('run', 'show', $id) }
sub state_is { my ($id, $state, $name, $seconds) = @_; my $run; my $fine = eval { $fazt->wait_for(sub { ($run = run_of($id))->{state} eq $state }, $name // $state, $seconds // 15) }; is($run->{state}, $state, $name // "it is $state") or diag json_of($run); return $run }
sub workers { my $all = $fazt->processes_below($fazt->pid('serve')); return grep { $all->{$_} =~ /\bworker\b/ } keys %$all }
sub restart { $fazt->stop('serve'); $fazt->start_faztd; my $fine; $fazt->wait_for(sub { $fine = eval { kv('x'); 1 } }, 'it answers') }
sub upgrade {
	my ($version, %o) = @_;
	my $dir = $fazt->cartridge(work => { %app, 'app.json' => { %manifest, version => $version, %{ $o{manifest} // {} } }, %{ $o{files} // {} } });
	$fazt->admin('app', 'upgrade', 'work', '--source', $dir, '--yes', '--grant', 'all');
}

# ---- the same in every life ----

my $same = queue(same => {});
state_is($same, 'waiting');
my $before = kv('same:before');
restart();
is(signal($same)->{status}, 200, 'it is signalled');
$fazt->wait_for(sub { defined kv('same:behind') }, 'it goes on');
is_deeply(kv('same:behind')->{before}, $before, 'time, chance, ids and the order of keys are the same in another process');
my $now = kv('same:behind')->{now};
is($now->[0], $before->[0], '… and behind a wait keys have their order');
isnt($now->[$_], $before->[$_], '… but what is drawn is new') for 1, 2, 6;
cmp_ok($now->[3], '>', $before->[3], '… and later');
restart();
signal($same);
is_deeply(text_of(state_is($same, 'done')->{result})->{before}, $before, '… and once more');

# ---- what reaches outside ----

my %bill = (amount => 7);
open_shop('holds');
my $pay = queue(pay => { path => 'killed', bill => \%bill }, backoff => 0);
$fazt->wait_for(sub { asked('/killed') == 1 }, 'the shop is asked');
close_shop(); # in the middle of its answer
open_shop('answers');
is(state_is($pay, 'done', 'a server that is killed while it answers is asked again', 30)->{result}, '"yes"', '… and its answer counts');
my %keys = map { $_->[1] => 1 } asked('/killed');
is(scalar asked('/killed'), 2, '… once');
is(join(' ', keys %keys), "\"$pay-1\"", '… with the same key');
is(kv("$_:killed"), 1, "… while what is $_ in Fazt happens once") for 'paid', 'done';

close_shop();
open_shop('holds');
$pay = queue(pay => { path => 'workers', bill => \%bill }, backoff => 0);
$fazt->wait_for(sub { asked('/workers') == 1 }, 'the shop is asked');
kill KILL => workers();
close_shop();
open_shop('answers');
state_is($pay, 'done', 'a worker that is killed while it asks is replaced', 30);
%keys = map { $_->[1] => 1 } asked('/workers');
cmp_ok(scalar asked('/workers'), '>=', 2, '… it is asked again');
is(scalar keys %keys, 1, '… with the same key');
is(kv("$_:workers"), 1, "… $_ once") for 'paid', 'done';

close_shop();
open_shop('fails');
$pay = queue(pay => { path => 'step', bill => \%bill, step => JSON::PP::true }, backoff => 0, retries => 2);
my $run = state_is($pay, 'failed', 'fazt.step that raises is tried again, and ends as a dead letter');
is(scalar asked('/step'), 3, '… as often as it said');
%keys = map { $_->[1] => 1 } asked('/step');
is(join(' ', keys %keys), "\"$pay-1.0\"", '… each time with the same key');
close_shop();
open_shop('answers');
$fazt->admin('run', 'retry', $pay);
state_is($pay, 'done', '… and goes on from the step that failed when the owner says so');
is(kv("$_:step"), 1, "… $_ once") for 'paid', 'done';

# What a run is sent is on disk before its first call reaches outside, with nothing in front of it that would be a step.
for my $in ('call', 'step') {
	for my $dies ('server', 'worker') {
		my $path = "first-$in-$dies";
		close_shop();
		open_shop('holds');
		my $first = queue(first => { path => $path, step => $in eq 'step' ? JSON::PP::true : JSON::PP::false }, backoff => 0);
		$fazt->wait_for(sub { asked("/$path") == 1 }, 'the shop is asked');
		kill KILL => workers() if $dies eq 'worker';
		close_shop();
		open_shop('answers');
		state_is($first, 'done', "a first $in whose $dies is killed is made again", 30);
		my %sent = map { ("$_->[1] $_->[2]" => 1) } asked("/$path");
		cmp_ok(scalar asked("/$path"), '>=', 2, '… after the first time');
		is(scalar keys %sent, 1, '… with the same key, id, time and chance') or diag join "\n", keys %sent;
	}
}

# ---- a worker that was only away ----

my $away = queue(pay => { path => 'away', bill => \%bill });
state_is($away, 'done');
close_shop();
open_shop('holds');
$away = queue(pay => { path => 'asleep', bill => \%bill }, backoff => 0);
$fazt->wait_for(sub { asked('/asleep') == 1 }, 'it asks');
my @first = workers();
kill STOP => @first;
sleep 1.2; # longer than its lease
close_shop();
open_shop('answers');
kill CONT => @first;
state_is($away, 'done', 'a worker that stood still for longer than its lease does not do its work twice', 30);
is(kv("$_:asleep"), 1, "… $_ once") for 'paid', 'done';

# ---- options ----

is(text_of(state_is(queue('until', {}), 'done')->{result}) >= 400, 1, 'a run sleeps until a moment, too');
my $later = queue(order => {}, delay => 3600);
cmp_ok(run_of($later)->{due} - run_of($later)->{created}, ">", 3599_000, 'delay is when it begins');
$fazt->admin('run', 'cancel', $later);
$run = queue(fixed => 'later', retries => 1, backoff => 100);
$fazt->wait_for(sub { run_of($run)->{attempt} == 1 }, 'it failed once');
cmp_ok(abs(run_of($run)->{due} - 1000 * time - 100_000), '<', 20_000, 'backoff is the pause before the first retry');
$fazt->admin('run', 'cancel', $run);

my @low = map { queue(order => {}, delay => 2, priority => 1) } 1 .. 8;
my @high = map { queue(order => {}, delay => 2, priority => 5) } 1 .. 8;
$fazt->admin('app', 'disable', 'work');
sleep 2.5;
$fazt->admin('app', 'enable', 'work'); # now all of them are due
my $place = sub { my $sum = 0; $sum += text_of(state_is($_, 'done')->{result}) for @_; return $sum };
cmp_ok($place->(@high), '<', $place->(@low), 'what has priority goes first');

# Each worker has one thread on an app at a time, and one alone for what is in the background.
close_shop();
open_shop('holds');
my $holding = sub { my ($app, $priority, $timeout) = @_; local $where = $app; queue(pay => { path => 'holding', timeout => $timeout }, priority => $priority, retries => 0) };
my @busy = map { $holding->('other', 1, 2) } workers();
state_is($_, 'running') for @busy;
push @busy, map { $holding->('work', 5, 4) } workers();
state_is($_, 'running') for @busy;
my $passed = queue(order => {}, priority => 1);
state_is($_, 'failed') for @busy;
state_is($passed, 'done', 'what is in the background goes on when the thread that was at its app is done');
close_shop();
open_shop('answers');

my $mine = queue(waits => { name => 'mine' }, key => 'one');
is(queue(waits => { name => 'mine' }, key => 'one'), $mine, 'a key names one run that is under way');
my $hers = as(anna => sub { queue(waits => { name => 'hers' }, key => 'one') });
isnt($hers, $mine, '… of this person');
is(as(ben => sub { ask('/queue', { handler => 'api/waits.lua', input => 1, opts => { key => 'x' x 201 } }) })->{status}, 400, '… and has a bound');
is(ask('/queue', { handler => 'api/waits.lua', opts => { $_->[0] => $_->[1] } })->{status}, 400, "$_->[0] = $_->[1] is refused")
	for [priority => 6], [priority => 0], [retries => 101], [retries => -1], [delay => -1], [delay => 1.5], [backoff => 100000], [at => 1];
is(ask('/queue', { handler => 'api/none.lua' })->{status}, 400, 'a handler is a file of the app');
is(ask('/queue', { handler => '../main.lua' })->{status}, 400, '… below api/');

# ---- whose it is ----

is(as(ben => sub { signal($mine) })->{status}, 404, 'nobody signals another person\'s run');
is(as(ben => sub { ask('/cancel', { run => $mine }) })->{status}, 404, '… nor cancels it');
{ local $where = 'other'; is(signal($mine)->{status}, 404, '… nor does another app, not even for the owner'); is(ask('/cancel', { run => $mine })->{status}, 404, '… or cancels it') }
as(ben => sub { queue(joins => { run => $mine }) });
$fazt->wait_for(sub { defined kv("joined:$mine", "/app") }, 'he tried') for 1;
is_deeply(kv("joined:$mine", "/app"), { fine => JSON::PP::false, code => 'not_found' }, '… or waits for its end');
is(as(anna => sub { signal($hers) })->{status}, 200, 'whoever started it may');
state_is($hers, 'done');
signal($mine);
state_is($mine, 'done');

# ---- cancelling ----

my $tree = queue(tree => { deep => 3 });
$fazt->wait_for(sub { (grep { $_->{handler} eq 'api/tree.lua' && $_->{state} eq 'waiting' } @{ $fazt->admin_json('run', 'list', 'work') }) == 4 }, 'a tree of runs waits');
my @tree = map { $_->{id} } grep { $_->{handler} eq 'api/tree.lua' } @{ $fazt->admin_json('run', 'list', 'work') };
post('/cancel', { run => $tree });
is_deeply([map { run_of($_)->{state} } @tree], [('cancelled') x 4], 'a run that is cancelled takes along what it started');
my $child = queue(waits => { name => 'child' });
my $joins = queue(joins => { run => $child });
state_is($joins, 'waiting');
post('/cancel', { run => $child });
$fazt->wait_for(sub { defined kv("joined:$child", "/app") }, 'it hears of it');
is(kv("joined:$child", "/app")->{code}, 'conflict', 'whoever waits for a cancelled run is told so');
my $spins = queue(spins => {});
$fazt->wait_for(sub { (kv('spins') // 0) > 3 }, 'it works');
post('/cancel', { run => $spins });
my $spun = kv('spins');
sleep 0.7;
cmp_ok(kv('spins') - $spun, '<=', 1, 'a run that is at work stops before its next effect');
is(run_of($spins)->{state}, 'cancelled', '… and is cancelled');
my $asks = queue(asks => { reason => 'Shall I be cancelled?' });
$fazt->wait_for(sub { @{ $fazt->admin_json('halt', 'list') } == 1 }, 'it asks');
post('/cancel', { run => $asks });
is(scalar @{ $fazt->admin_json('halt', 'list') }, 0, 'a run that waits for the owner asks no more');

# ---- many ----

my $n = $ENV{FAZT_LONG} ? 3000 : 200;
is(state_is(queue(many => { n => $n }), 'done', "$n children are joined", 300)->{result}, $n * ($n + 1) / 2, '… each with its result');

# ---- bounds ----

is(state_is(queue(large => 'result'), 'failed')->{code}, 'too_large', 'a result has a bound');
is(state_is(queue(large => $_, retries => 0), 'failed')->{code}, 'too_large', "so has the $_ of one") for 'step', 'input';
is(ask('/queue', { handler => 'api/one.lua', input => 'x' x 70000 })->{status}, 413, 'and input');
is(ask('/signal', { run => $same, event => 'go', data => 'x' x 70000 })->{status}, 413, '… and what a signal brings');
is(signal($same)->{status}, 404, 'what has ended hears nothing');
like(state_is(queue(large => 'steps'), 'failed', undef, 40)->{error}, qr/at most 10000 steps/, 'a run has so many steps');
like(state_is(queue(large => 'journal'), 'failed')->{error}, qr/at most 4096 KB/, 'and so much of a journal');
my $below = queue(below => 1, retries => 0);
state_is($below, 'failed', 'runs that wait for runs they started end at a depth', 40);
my @below = grep { $_->{handler} eq 'api/below.lua' } @{ $fazt->admin_json('run', 'list', 'work', '--limit', 100) };
is(scalar @below, 20, '… of twenty');

$fazt->admin('app', 'limit', 'other', 'app.starts', 60);
{ local $where = 'other'; queue('bomb', {}, retries => 0) }
my @bombs;
sub others { return grep { $_->{handler} eq 'api/bomb.lua' } @{ $fazt->admin_json('run', 'list', 'other', '--limit', 1000) } }
my $quiet = eval { $fazt->wait_for(sub { @bombs = others(); @bombs && !grep { $_->{state} eq 'running' || ($_->{state} eq 'queued' && !$_->{code}) } @bombs }, 'it stops', 60) };
ok($quiet, 'runs that start two of themselves each are stopped by app.starts');
cmp_ok(scalar @bombs, '<=', 62, '… at the number that was allowed');
$fazt->admin('run', 'cancel', $_->{id}) for grep { !$_->{ended} } others();
$fazt->admin('app', 'limit', 'other', 'app.starts', 'default');
$fazt->admin('app', 'limit', 'other', 'app.runs', 5);
{
	local $where = 'other';
	my @all = map { ask('/queue', { handler => 'api/waits.lua', input => {} }) } 1 .. 6;
	is_deeply([map { $_->{status} } @all], [(200) x 5, 429], 'an app has so many runs under way');
	$fazt->admin('run', 'cancel', $_->{json}) for @all[0 .. 4];
}
is(state_is(queue(one => 1), 'done')->{result}, 1, '… while others go on');

$fazt->admin('app', 'limit', 'work', 'app.cpu', 100);
my $burns = queue(burns => {}, retries => 0);
$fazt->wait_for(sub { (run_of($burns)->{code} // '') eq 'over_budget' }, 'it has no time left');
is(run_of($burns)->{state}, 'queued', 'a run whose app has used up its processor time waits');
is(run_of($burns)->{attempt}, 0, '… and has not failed');
$fazt->admin('app', 'limit', 'work', 'app.cpu', 'default');
if ($ENV{FAZT_LONG}) { is(state_is($burns, 'done', undef, 90)->{result}, '"burnt"', '… until it goes on') }
else { $fazt->admin('run', 'cancel', $burns) }

# ---- who started it is no more what they were ----

my $hers2 = as(anna => sub { queue(orders => {}) });
state_is($hers2, 'waiting');
$fazt->admin('user', 'role', 'ben', 'admin');
my $was = as(ben => sub { queue(admins => {}, retries => 0) });
my $is = as(ben => sub { queue(admins => {}, retries => 0) });
state_is($_, 'waiting') for $was, $is;
signal($is);
state_is($is, 'done', 'an admin\'s run may what an admin may');
$fazt->admin('user', 'role', 'ben', 'member');
signal($was);
is(state_is($was, 'failed')->{code}, 'denied', '… and no more once they are none');
my $order = kv('order', '/app');
$fazt->admin('user', 'remove', 'anna', '--yes');
is(signal($hers2)->{status}, 200, 'it is signalled');
is(state_is($hers2, 'failed')->{code}, 'not_found', 'a run of somebody who was removed ends');
is(kv('order', '/app'), $order, '… before it does anything');

my $revoked = queue(waits => { name => 'revoked' }, backoff => 0, retries => 1);
state_is($revoked, 'waiting');
$fazt->admin('app', 'revoke', 'work', 'storage');
$fazt->admin('run', 'list');
post_signal($revoked);
sub post_signal { my ($id) = @_; my $a = signal($id); is($a->{status}, 200, 'it is signalled') or diag $a->{body} }
is(state_is($revoked, 'failed')->{code}, 'permission_denied', 'what was revoked while it waited is denied to it');
$fazt->admin('app', 'grant', 'work', 'storage');
$fazt->admin('run', 'retry', $revoked);
state_is($revoked, 'done', '… and tried again once it was granted');
is(kv("$_:revoked"), 1, "… $_ once") for 'began', 'ended';

# ---- versions ----

my $kept = queue(fixed => 'kept', retries => 0);
my $fixed = queue(fixed => 'newest', retries => 0);
my $start = queue(fixed => 'start', retries => 0);
state_is($_, 'failed') for $kept, $fixed, $start;
my %mended = (files => { 'api/fixed.lua' => $jobs{'api/fixed.lua'} =~ s/error\(.*\)/fazt.storage.kv.set("seen:" .. req.input, "mended")/r });
upgrade('2.0.0', %mended);
$fazt->admin('run', 'retry', $fixed, '--newest');
state_is($fixed, 'done', 'a run that failed goes on with the version that mends it');
is(kv('seen:newest'), 'mended', '… where it failed');
is(kv('fixed:newest'), 1, '… and repeats nothing');
$fazt->admin('run', 'retry', $start, '--newest', '--start');
state_is($start, 'done', '… or from the start');
is(kv('fixed:start'), 2, '… with all it does');
upgrade("$_.0.0", %mended) for 3, 4;
$fazt->admin('run', 'retry', $kept);
is(state_is($kept, 'failed', 'and the version it failed on is still there to try it on')->{version}, run_of($start)->{version} - 1, '… after three upgrades');

my $rolled = queue(waits => { name => 'rolled' });
state_is($rolled, 'waiting');
upgrade('5.0.0', files => { 'api/waits.lua' => 'error("this version does not work")' });
my $broken = queue(waits => { name => 'broken' }, retries => 0);
state_is($broken, 'failed', 'a version that does not work fails');
$fazt->admin('app', 'rollback', 'work', '--yes');
signal($rolled);
state_is($rolled, 'done', 'what began before goes on behind a rollback');
is(kv("$_:rolled"), 1, "… $_ once") for 'began', 'ended';

my @keyed = queue(fixed => 'keyed', retries => 0, key => 'again');
state_is($keyed[0], 'done') for 1;
my $failing = queue(large => 'result', key => 'again', retries => 0);
state_is($failing, 'failed');
my $second = queue(waits => { name => 'second' }, key => 'again');
is(($fazt->try_admin('run', 'retry', $failing))[0], 5, 'a run is not tried again while another has its key');
$fazt->admin('run', 'cancel', $second);

# ---- a backup, restored elsewhere in the middle of it all ----

my $twice = queue(waits => { name => 'restored' });
state_is($twice, 'waiting');
my $burnt = kv('burns');
my $spinning = queue(burns => {});
$fazt->wait_for(sub { kv('burns') > $burnt + 3 }, 'it works');
$fazt->admin('backup', 'create', "$dir/runs.db");
mkdir "$dir/home";
is((Fazt::run({ FAZT_HOME => "$dir/home" }, Fazt::build() . '/fazt-admin', 'backup', 'restore', "$dir/runs.db"))[0], 0, 'a backup is restored');
$fazt->stop;
my $copy = Fazt->new(home => "$dir/home", init => 0);
$copy->admin('setting', 'set', 'port', $copy->port);
$fazt = $copy;
$fazt->start;
$person{owner} = $fazt->person;
$person{owner}->get($fazt->url('work', '/kv/x'));
signal($twice);
state_is($twice, 'done', 'a run goes on in the life of a backup');
is(kv("$_:restored"), 1, "… $_ once") for 'began', 'ended';
is(state_is($spinning, 'done', 'and so does one that was at work', 60)->{result}, '"burnt"', '… to its end');
is(kv('burns'), $burnt + 12, '… with each effect once');

# ---- what is kept of them ----

$fazt->admin('setting', 'set', 'run.keep', 3);
my $left = sub { scalar grep { $_->{ended} } @{ $fazt->admin_json('run', 'list', 'work', '--limit', 1000) } };
$fazt->wait_for(sub { $left->() <= 3 }, 'they are forgotten', 60);
is($left->(), 3, 'of those that ended the last few are kept');

done_testing;
