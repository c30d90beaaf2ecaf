# Durable runs: work that goes on after whatever ended it. The workers are killed for real.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of json_of slurp);
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
	# two effects for each step, and a decision that hangs on chance
	'api/count.lua' => <<'LUA',
local fazt = require "fazt"
local docs, kv = fazt.storage.docs, fazt.storage.kv
return function(req)
	local ids = {}
	for i = 1, req.input.steps do
		local n = kv.incr("count:" .. req.input.name, 1)
		local doc = docs.insert("things", { of = req.input.name, i = i, n = n, id_made = fazt.id(), chance = math.random(1000000) })
		assert(docs.get("things", doc.id).n == n)
		ids[#ids + 1] = doc.id
		if i % 10 == 0 then fazt.sleep(0.05) end
	end
	return fazt.list(ids)
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

done_testing;
