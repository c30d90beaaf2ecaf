# Durable runs: work that goes on after whatever ended it. The workers are killed for real.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of json_of slurp);
use Fazt::Kills;
use Test::More;
use Time::HiRes qw(sleep time);

my $fazt = Fazt->new(settings => { 'run.lease' => 500 });

my $main = <<'LUA';
local fazt = require "fazt"
local kv, docs = fazt.storage.kv, fazt.storage.docs
local function answer(value) return { json = value == nil and fazt.null or value } end
return {
	["POST /queue"] = function(req) return answer(fazt.queue(req.json.handler, req.json.input, req.json.opts)) end,
	["POST /signal"] = function(req) fazt.signal(req.json.run, req.json.event, req.json.data) return answer(true) end,
	["POST /cancel"] = function(req) fazt.cancel(req.json.run) return answer(true) end,
	["GET /kv/:key"] = function(req) return answer(kv.get(req.params.key)) end,
	["GET /list"] = function(req) return answer((docs.find("things", {}, { limit = 1000, sort = "created" }))) end,
	["POST /many"] = function(req) for i = 1, req.json.n do fazt.queue("api/hello.lua", { name = "many", text = ("x"):rep(req.json.size or 0) }, { delay = 86400 }) end return answer(true) end,
	["POST /set"] = function(req) kv.set(req.json.key, req.json.value) return answer(true) end,
	["POST /circle"] = function(req)
		local runs, n = {}, req.json.n
		for i = 1, n do runs[i] = fazt.queue("api/circle.lua", nil, { retries = 0 }) end
		for i = 1, n do fazt.signal(runs[i], "go", runs[i % n + 1]) end
		return { json = runs }
	end,
	["POST /now"] = function() fazt.sleep(1) end,
}
LUA
my %jobs = (
	'api/hello.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.kv.set("hello", { input = req.input, trigger = req.trigger, run = req.run, user = req.user and req.user.name or fazt.null })
	return { said = "hello " .. req.input.name }
end
LUA
	'api/count.lua' => Fazt::Kills->code,
	'api/litter.lua' => 'local fazt = require "fazt" return function(req) for i = 1, req.input.n do fazt.queue("api/kitten.lua", i, { delay = 86400 }) end fazt.wait("never") end',
	'api/kitten.lua' => 'return function() end',
	'api/busy.lua' => 'return function() local n = 0 for i = 1, 1e12 do n = n + i end end',
	'api/joins.lua' => 'local fazt = require "fazt" return function() return fazt.join(fazt.storage.kv.get("whom")) end',
	'api/gives.lua' => 'return function(req) return ("x"):rep(req.input) end',
	'api/circle.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local fine, why = pcall(fazt.join, fazt.wait("go").data)
	return { fine and "joined" or why.code, fine and "" or why.message }
end
LUA
	'api/progress.lua' => <<'LUA',
local fazt = require "fazt"
return function()
	for i = 1, 3 do fazt.progress(i, 3, "part " .. i) end
	local known = fazt.run.look("by hand")
	assert((known and known.value or fazt.run.keep("by hand", 7)) == 7)
	assert(not pcall(function() if not fazt.run.look("in vain") then fazt.run.drop("in vain", "conflict", "no") end end))
	fazt.wait("go", { timeout = 20 })
	return { fazt.run.look("by hand") == nil }
end
LUA
	'api/all.lua' => <<'LUA',
local fazt = require "fazt"
local docs, kv, blob, tx = fazt.storage.docs, fazt.storage.kv, fazt.storage.blob, fazt.storage.tx
return function()
	local doc = docs.insert("all", { n = 1 })
	local left = tx(function()
		local row = docs.get("all", doc.id)
		docs.update("all", doc.id, { n = row.n + 1 })
		docs.insert("all", { of = doc.id })
		return row.n
	end)
	local info = blob.put("all.txt", ("x"):rep(300000))
	local fine, why = pcall(docs.update, "all", "nothing", {})
	fazt.sleep(0.01)
	local bytes = blob.get("all.txt")
	kv.set("all", { n = docs.get("all", doc.id).n, count = docs.count("all"), bytes = #bytes, size = info.size, why = why.code, left = left })
	blob.delete("all.txt")
	fazt.sleep(0.01)
	kv.set("all:end", { gone = blob.head("all.txt") == nil })
end
LUA
	'api/sleeper.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local before = fazt.now()
	fazt.sleep(req.input.seconds)
	fazt.storage.kv.set("slept:" .. req.input.name, fazt.now() - before)
end
LUA
	'api/waiter.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local got = fazt.wait(req.input.events, { timeout = req.input.timeout })
	fazt.storage.kv.set("got:" .. req.input.name, got or "nothing")
	return got
end
LUA
	'api/parent.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local runs, sum = {}, 0
	for i = 1, 3 do runs[i] = fazt.queue("api/child.lua", i) end
	for i = 1, 3 do sum = sum + fazt.join(runs[i]) end
	local bad = fazt.queue("api/fails.lua", { name = "child" }, { retries = 0 })
	local fine, why = pcall(fazt.join, bad)
	fazt.storage.kv.set("sum", { sum = sum, fine = fine, code = why.code })
end
LUA
	'api/child.lua' => 'return function(req) return req.input * 10 end',
	'api/fails.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.kv.incr("tried:" .. req.input.name, 1)
	local n = fazt.storage.kv.get("tried:" .. req.input.name)
	if not fazt.storage.kv.get("works:" .. req.input.name) then error("not yet") end
	fazt.storage.kv.set("done:" .. req.input.name, n)
end
LUA
	'api/excuse.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.kv.incr("excuse", 1)
	pcall(fazt.storage.docs.update, "all", "nothing", {})
	if req.input.step then fazt.step("excuse", function() fazt.fail(req.input.code) end) end
	fazt.fail(req.input.code, "not now")
end
LUA
	'api/often.lua' => 'local fazt = require "fazt" return function() for i = 1, 30 do fazt.step("often", function() return i end) end end',
	'api/unkept.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local codes = {}
	local function try(fn)
		local fine, why = pcall(fazt.step, "unkept", fn)
		codes[#codes + 1] = fine and "kept" or type(why) == "table" and why.code or type(why)
		fazt.storage.kv.incr("unkept", 1)
		if #codes % 3 == 0 then fazt.sleep(0.01) end
	end
	try(function() return 0 / 0 end)
	try(function() return ("x"):rep(100000) end)
	try(function() return { print } end)
	try(function() return ("x"):rep(1100000) end)
	try(function() error({ code = {}, message = print }) end)
	try(function() error(setmetatable({}, { __index = function() error("no") end, __tostring = function() error("no") end })) end)
	try(function() error({ code = "conflict", message = ("x"):rep(1200000) }) end)
	try(function() error("\xff\xfe") end)
	try(function() error(nil) end)
	try(function() return 1 end)
	return codes
end
LUA
	'api/fills.lua' => <<'LUA',
local fazt = require "fazt"
return function()
	local refused, kept, first = 0, 0
	while refused < 20 do
		local fine, why = pcall(fazt.storage.docs.insert, "fills", { of = "fills" })
		if fine then kept = kept + 1 else refused, kept, first = refused + 1, 0, first or why.code end
		for i = 1, 1e5 do local _ = i * i end
	end
	return { first, kept }
end
LUA
	'api/steps.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local a = fazt.step("ask", function() fazt.log.info("asking") return { n = math.random(1000000), at = fazt.now() } end)
	local before = fazt.id()
	local fine, why = pcall(fazt.step, "bad", function() fazt.storage.kv.set("x", 1) end)
	local nothing = fazt.step("nothing", function() end)
	fazt.sleep(0.01)
	fazt.storage.kv.set("steps", { n = a.n, before = before, id = fazt.id(), code = why.code, nothing = nothing == nil })
	fazt.sleep(0.01)
	fazt.storage.kv.set("again", { n = a.n, before = before, fine = fine })
end
LUA
);

$fazt->install(work => { 'app.json' => { visibility => 'members', permissions => ['storage', 'queue'] }, 'api/main.lua' => $main, %jobs });
$fazt->start;
my $owner = $fazt->person;
my $work = $fazt->url('work', '');
$owner->get("$work/list");

sub post { my $a = $owner->fetch(POST => "$work$_[0]", json => $_[1]); $a->{status} == 200 ? $a->{json} : die "$a->{status} $a->{body}" }
sub queue { my ($handler, $input, %opts) = @_; post('/queue', { handler => "api/$handler.lua", input => $input, opts => \%opts }) }
sub kv { my $a = $owner->fetch(GET => "$work/kv/$_[0]"); $a->{status} == 200 ? $a->{json} : die "$a->{status} $a->{body}" }
sub things { my ($of) = @_; grep { $_->{of} eq $of } @{ $owner->fetch(GET => "$work/list")->{json} } }
sub until_kv { my ($key) = @_; my $v; $fazt->wait_for(sub { defined($v = kv($key)) }, "$key is there", 8); $v }

# ---- a run ----

my $id = queue(hello => { name => 'world' });
like($id, qr/^[0-9a-z]{26}$/, 'queue gives the id of a run');
is_deeply(until_kv('hello'), { input => { name => 'world' }, trigger => 'queue', run => $id, user => 'owner' }, 'it runs, with its input, as who started it');

my $r = $owner->fetch(POST => "$work/now", json => {});
is($r->{status}, 400, 'sleep does not work in a request');

queue(sleeper => { seconds => 0.3, name => 'a' });
cmp_ok(until_kv('slept:a'), '>=', 300, 'behind a sleep it is later');

queue('steps' => {});
my ($steps, $again) = (until_kv('steps'), until_kv('again'));
is($steps->{n}, $again->{n}, 'a step is run once');
is($steps->{before}, $again->{before}, 'ids behind a step are the same in every life');
is($steps->{code}, 'bad_request', 'inside a step nothing is written');
ok($steps->{nothing}, 'a step without a value has none');

my $unkept = queue(unkept => {}, retries => 0);
$fazt->wait_for(sub { $fazt->admin_json('run', 'show', $unkept)->{ended} }, 'it ends');
my $ended = $fazt->admin_json('run', 'show', $unkept);
is($ended->{state}, 'done', 'a step whose result or error cannot be kept is over all the same') or diag json_of($ended);
is_deeply(text_of($ended->{result}), [qw(bad_request too_large bad_request too_large app_error app_error conflict app_error app_error kept)], '… and says why, in each life');
is(kv('unkept'), 10, '… and what follows it is written, once');

queue(all => {});
is_deeply(until_kv('all:end'), { gone => JSON::PP::true }, 'everything an app may call is a step');
is_deeply(kv('all'), { n => 2, count => 2, bytes => 300000, size => 300000, why => 'not_found', left => 1 }, '… and happens once');

# ---- events ----

my $early = queue(waiter => { name => 'early', events => 'go' }, delay => 1);
post('/signal', { run => $early, event => 'go', data => { n => 1 } });
is_deeply(until_kv('got:early'), { event => 'go', data => { n => 1 } }, 'a signal that comes before the wait is kept');
my $first = queue(waiter => { name => 'first', events => ['a', 'b'] });
sleep 0.3;
post('/signal', { run => $first, event => 'b' });
is(until_kv('got:first')->{event}, 'b', 'the first of several is waited for');
queue(waiter => { name => 'late', events => 'never', timeout => 1 });
is(until_kv('got:late'), 'nothing', 'a wait ends at its time-out');
my $anna = $fazt->person('anna');
$anna->get("$work/list");
$r = $anna->fetch(POST => "$work/signal", json => { run => queue(waiter => { name => 'mine', events => 'x', timeout => 3 }), event => 'x' });
is($r->{status}, 404, 'nobody signals another person\'s run') or diag $r->{body};

queue('parent', {});
is_deeply(until_kv('sum'), { sum => 60, fine => JSON::PP::false, code => 'app_error' }, 'runs are joined, and say how they ended');

# Of those that would close a circle the last to come is told, wherever they are and however close behind each other.
sub circle { my @runs = @{ post('/circle', { n => $_[0] }) }; return map { text_of(until_state($_, 'done')->{result}) } @runs }
is((circle(1))[0][0], 'bad_request', 'a run cannot wait for its own end');
for my $n (2, 2, 2, 2, 2, 3, 5) {
	my @ends = circle($n);
	is_deeply([sort map { $_->[0] } @ends], ['conflict', ('joined') x ($n - 1)], "$n runs that join each other in a circle all end, for one of them is refused");
	like((grep { $_->[0] eq 'conflict' } @ends)[0][1], qr/waits for the end of this one.*fazt\.signal/, '… and told what to do');
}

# ---- who is gone ----

# A run of somebody who was removed meanwhile writes no more, long before it ends.
my $bert = $fazt->person('bert');
$bert->get("$work/list");
my $fills = $bert->fetch(POST => "$work/queue", json => { handler => 'api/fills.lua', input => {}, opts => { retries => 0 } })->{json};
$fazt->wait_for(sub { my $s = run_of($fills); $s->{state} eq 'running' && $s->{steps} > 2 }, 'it writes');
$fazt->admin('user', 'remove', 'bert');
$fazt->wait_for(sub { run_of($fills)->{ended} }, 'it ends');
is_deeply(text_of(run_of($fills)->{result} // '[]'), ['unauthorized', 0], 'a run of somebody who was removed is refused what it would write, at once and each time') or diag json_of(run_of($fills));

# ---- what others see ----

my $shown = queue(progress => {});
$fazt->wait_for(sub { ($owner->fetch(GET => "$work/_fazt/run/$shown")->{json} // {})->{state} eq 'waiting' }, 'it waits');
is_deeply($owner->fetch(GET => "$work/_fazt/run/$shown")->{json}, { run => $shown, state => 'waiting', progress => { done => 3, total => 3, text => 'part 3' } }, 'whoever started a run sees how it stands');
is($anna->fetch(GET => "$work/_fazt/run/$shown")->{status}, 404, '… and nobody else');
like($owner->get("$work/_fazt/run/$shown")->{body}, qr/part 3/, '… on a page too');
post('/signal', { run => $shown, event => 'go' });
$fazt->wait_for(sub { ($owner->fetch(GET => "$work/_fazt/run/$shown")->{json} // {})->{state} eq 'done' }, 'it is done');
is_deeply($owner->fetch(GET => "$work/_fazt/run/$shown")->{json}{result}, [JSON::PP::true], '… and what came of it');
my $follow = $owner->fetch(GET => $fazt->url('os', "/_fazt/api/run.follow?id=$shown&seq=4"))->{json};
is_deeply([map { $_->{name} } @{ $follow->{journal} }], ['step', 'wait'], 'the owner follows its steps');
my @followed = map { text_of($_) } split /\n/, $fazt->admin('run', 'follow', $shown, '--seq', 4, '--json');
is_deeply([map { $_->{name} // $_->{state} } @followed], ['step', 'wait', 'done'], '… in the terminal too, to its end');

# ---- ends ----

sub run_of { my ($id) = @_; $fazt->admin_json('run', 'show', $id) }
sub until_state { my ($id, $state) = @_; my $run; $fazt->wait_for(sub { ($run = run_of($id))->{state} eq $state }, "$id is $state", 15); $run }

sub stored { return (grep { $_->{name} eq 'app.bytes' } @{ $fazt->admin_json('app', 'usage', 'work') })[0]{used} }
my $stored = stored();
until_state(queue(gives => 50_000), 'done');
my $kept = stored() - $stored;
cmp_ok($kept, '>', 50_000, 'DSK-01: what a run gives counts in what the app may store');
cmp_ok($kept, '<', 51_000, '… once');
$fazt->admin('app', 'limit', 'work', 'app.bytes', stored() + 30_000);
my $full = until_state(queue(gives => 50_000, retries => 5), 'failed');
is_deeply([@$full{qw(code attempt)}], ['quota_exceeded', 0], 'DSK-01: … and when there is no room for it, the run says so and ends');
$fazt->admin('app', 'limit', 'work', 'app.bytes', 'default');

my $poor = queue(fails => { name => 'poor' }, retries => 2, backoff => 0);
my $run = until_state($poor, 'failed');
is($run->{attempt}, 2, 'a run that fails is tried again as often as it said');
is($run->{code}, 'app_error', '… and is a dead letter then');
is(kv('tried:poor'), 1, '… and no effect was made twice');
like((grep { $_->{id} eq $poor } @{ $fazt->admin_json('run', 'list', '--state', 'failed') })[0]{handler}, qr{^api/fails\.lua$}, '… that the owner sees');
$fazt->admin('run', 'retry', $poor, '--start');
until_state($poor, 'failed');
is(kv('tried:poor'), 2, 'a retry from the start begins anew');
post('/set', { key => 'works:poor', value => JSON::PP::true });
$fazt->admin('run', 'retry', $poor);
until_state($poor, 'done');
is(kv('tried:poor'), 2, 'a retry from the step that failed repeats nothing before it');
is(($fazt->try_admin('run', 'retry', $poor))[0], 5, 'what is done is not tried again');

for my $excuse ([unavailable => 0], [unavailable => 1], [disk_full => 0], [over_budget => 0], [app_disabled => 0]) {
	my ($code, $step) = @$excuse;
	my $run = until_state(queue(excuse => { code => $code, step => $step ? JSON::PP::true : JSON::PP::false }, retries => 1, backoff => 0), 'failed');
	is_deeply([@$run{qw(code attempt)}], [$code, 1], "an app that itself says $code" . ($step ? ', in a step,' : '') . ' has failed, and is tried as often as it said');
}
$fazt->admin('setting', 'set', 'run.steps', 20);
like(until_state(queue(often => {}), 'failed')->{error}, qr/at most 20 steps/, 'fazt.step counts among the steps a run may have');
$fazt->admin('setting', 'set', 'run.steps', 10_000);

post('/set', { key => 'whom', value => '0' x 26 });
my $joins = queue(joins => {}, retries => 0);
is(until_state($joins, 'failed')->{code}, 'not_found', 'a call that would wait is refused');
post('/set', { key => 'whom', value => $poor });
$fazt->admin('run', 'retry', $joins);
until_state($joins, 'done');
pass('… and made again by a retry');
post('/set', { key => 'whom', value => my $child = queue(fails => { name => 'child' }, delay => 1, retries => 0) });
$joins = queue(joins => {}, retries => 0);
is(until_state($joins, 'failed')->{steps}, 2, 'a call that waited and failed is a step');
post('/set', { key => 'works:child', value => JSON::PP::true });
$fazt->admin('run', 'retry', $child);
until_state($child, 'done');
$fazt->admin('run', 'retry', $joins);
until_state($joins, 'done');
pass('… which a retry makes again as well');

my $gone = queue(waiter => { name => 'gone', events => 'x' });
until_state($gone, 'waiting');
post('/cancel', { run => $gone });
is(run_of($gone)->{state}, 'cancelled', 'a run is cancelled');
$r = $owner->fetch(POST => "$work/signal", json => { run => $gone, event => 'x' });
is($r->{status}, 404, '… and hears nothing any more');

my @same = map { queue(waiter => { name => 'key', events => 'x' }, key => 'one') } 1 .. 2;
is($same[0], $same[1], 'of runs with one key one is under way');
$fazt->admin('run', 'cancel', $same[0]);
isnt(queue(waiter => { name => 'key', events => 'x', timeout => 0 }, key => 'one'), $same[0], '… and the next begins when it has ended');

is($owner->fetch(POST => "$work/queue", json => { handler => 'api/waiter.lua', input => {}, opts => { key => "one\0two" } })->{status}, 400, '… and none ends before it is over');

# ---- who killed it does not matter ----

my $kills_of = Fazt::Kills->new($fazt);
sub workers { $kills_of->workers }
sub kill_workers { $kills_of->strike }
sub whole { my ($name, $steps) = @_; is_deeply([$kills_of->faults([things($name)], $steps)], [], "SCH-05: $name: every step has one effect, none is lost and none doubled, in their order") }
sub done { my ($id, $seconds) = @_; $fazt->wait_for(sub { $kills_of->look($id)->{state} eq 'done' }, "$id ends", $seconds) }

my @boundaries = $ENV{FAZT_LONG} ? 1 .. 150 : (1, 2, 7, 40, 90, 149);
my $victim = queue(count => { name => 'victim', steps => 50, work => $ENV{FAZT_LONG} ? 3000000 : 300000 });
my $kills = $kills_of->murder($victim, @boundaries);
cmp_ok($kills, '>=', @boundaries / 4, "the workers were killed $kills times");
done($victim, 120);
whole('victim', 50);
is(run_of($victim)->{id}, $victim, 'SCH-05: it is the same run all the while');

# Two workers, four threads, leases that end all the time: no run is worked on twice.
my @many = map { queue(count => { name => "many$_", steps => 10, work => 1000 }) } 1 .. 8;
for (1 .. 5) { sleep 0.2; kill_workers() }
done($_, 60) for @many;
whole("many$_", 10) for 1 .. 8;

# ---- unless it is the run itself that ends its worker, each time ----

my $deadly = queue(busy => {}, retries => 0);
my $deaths = 0;
while ($deaths < 30) {
	$fazt->wait_for(sub { $run = run_of($deadly); $run->{state} eq 'failed' || ($run->{state} eq 'running' && $run->{attempt} >= $deaths) }, 'somebody works on it');
	last if $run->{state} eq 'failed';
	kill_workers();
	$deaths++;
}
ok($deaths <= 9 && $deaths > 4, 'SCH-05: a run that ends its worker each time is not tried for ever, nor given up after the first times')
	or diag "$deaths times"; # on a busy machine a lease may end that somebody works on, which counts as well
like($run->{error}, qr/^Its worker died 9 times .* behind step 0/, '… but a dead letter that says so') or diag $run->{error};

# ---- an app that is off, or gone ----

my $held = queue(hello => { name => 'later' }, delay => 1);
my $void = queue(waiter => { name => 'void', events => 'x', timeout => 2 });
$fazt->admin('app', 'disable', 'work');
$fazt->wait_for(sub { run_of($held)->{state} eq 'held' }, 'it is held');
is(run_of($held)->{steps}, 0, 'SCH-07: nothing of an app that is switched off runs');
$fazt->admin('app', 'enable', 'work');
until_state($held, 'done');
pass('… and what was due runs when it is on again');

# ---- another version ----

my $old = queue(waiter => { name => 'old', events => 'go' });
until_state($old, 'waiting');
(my $next = $jobs{'api/waiter.lua'}) =~ s/local got/fazt.storage.kv.set("new", true) local got/;
my $dir = $fazt->cartridge(work => { 'app.json' => { visibility => 'members', permissions => ['storage', 'queue'], version => '2.0.0' }, 'api/main.lua' => $main, %jobs, 'api/waiter.lua' => $next });
$fazt->admin('app', 'upgrade', 'work', '--source', $dir, '--yes') for 1;
post('/signal', { run => $old, event => 'go' });
until_state($old, 'done');
is(kv('new'), undef, 'a run ends on the version that it began on');
my $new = queue(waiter => { name => 'new', events => 'x', timeout => 0 });
until_state($new, 'done');
ok(kv('new'), '… and a new one begins on the new version');

sub version {
	my ($number, %o) = @_;
	my $dir = $fazt->cartridge(work => { 'app.json' => { visibility => 'members', permissions => ['storage', 'queue'], version => $number, %{ $o{manifest} // {} } },
		'api/main.lua' => $main, %jobs, %{ $o{files} // {} } });
	$fazt->admin('app', 'upgrade', 'work', '--source', $dir, '--yes');
}
my %other = (files => { 'api/waiter.lua' => $jobs{'api/waiter.lua'} =~ s/local got/fazt.storage.kv.incr("another-way", 1) local got/r });
my $crossed = queue(waiter => { name => 'crossed', events => 'x' });
until_state($crossed, 'waiting');
version('3.0.0', %other);
$fazt->admin('run', 'cancel', $crossed);
$fazt->admin('run', 'retry', $crossed, '--newest');
$run = until_state($crossed, 'failed');
like($run->{error}, qr/Step 0 was storage\.kv\.set .* is storage\.kv\.incr \{"key":"another-way"/, 'code that takes another way ends the run, and both are shown') or diag $run->{error};
is(kv('another-way'), undef, '… before it does anything');
my $follows = queue(waiter => { name => 'follows', events => 'go' });
until_state($follows, 'waiting');
version('4.0.0', manifest => { runs => 'follow' }, files => { 'api/waiter.lua' => ($other{files}{'api/waiter.lua'} =~ s/return got/return "new"/r) });
post('/signal', { run => $follows, event => 'go' });
is(until_state($follows, 'done')->{result}, '"new"', 'an app may say that its runs follow it');

# ---- many that sleep ----

sub cpu { my $sum = 0; for my $pid (workers()) { my @f = split ' ', slurp("/proc/$pid/stat") =~ s/.*\)//sr; $sum += $f[11] + $f[12] } $sum }
my $many = $ENV{FAZT_LONG} ? 10000 : 500;
$fazt->admin('setting', 'set', 'durability', 'normal');
for (my $n = 0; $n < $many; $n += 500) { post('/many', { n => 500, size => $n ? 0 : 60_000 }) }
sub peak { my $most = 0; for (workers()) { my ($kb) = slurp("/proc/$_/status") =~ /^VmHWM:\s+(\d+)/m; $most = $kb if $kb > $most } return $most }
my $peak = peak();
my $listed = $owner->fetch(GET => $fazt->url('os', '/_fazt/api/run.list?limit=1000'));
cmp_ok(scalar @{ $listed->{json} }, '>=', 500, 'all of them are listed') or diag $listed->{body};
cmp_ok(peak() - $peak, '<', Fazt::sanitized() ? 300_000 : 15_000, '… without a worker that holds what each of them carries');
my $before = cpu();
sleep 3;
my $spent = cpu() - $before;
note "$many sleeping runs cost $spent ticks in 3 s";
cmp_ok($spent, '<', 100, "$many runs that sleep cost nothing");
queue(hello => { name => 'awake' });
$fazt->wait_for(sub { kv('hello')->{input}{name} eq 'awake' }, 'one among them is awake');
pass('… and one that is due is found among them');

my $parent = queue(litter => { n => Fazt::sanitized() ? 400 : 1500 });
until_state($parent, 'waiting');
is(post('/cancel', { run => $parent }), JSON::PP::true, 'CPU-16: a run that started very many is cancelled with all of them, within one request');
my $left = grep { $_->{state} eq 'queued' && $_->{handler} eq 'api/kitten.lua' } @{ $fazt->admin_json('run', 'list', '--limit', 1000) };
is($left, 0, '… and nothing of it is left');

done_testing;
