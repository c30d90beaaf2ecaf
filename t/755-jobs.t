# What apps do by themselves: jobs fire at their moments, once, whatever happens to the node. The clock is moved under the
# running processes, and workers are killed for real.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use Fazt::Clock;
use Test::More;
use Time::HiRes qw(sleep time);

my $clock = Fazt::Clock->new;
my $fazt = Fazt->new(settings => { 'run.lease' => 500, 'run.days' => 3650, timezone => 'Europe/Berlin' });

my %jobs = (
	'api/main.lua' => 'return {}',
	'api/note.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.kv.incr("count:" .. req.input, 1)
	return { due = req.due, at = fazt.now(), trigger = req.trigger, run = req.run, user = req.user and true or false }
end
LUA
	'api/wait.lua' => <<'LUA',
local fazt = require "fazt"
return function(req) fazt.wait("go", req.input or {}) return req.due end
LUA
	'api/fail.lua' => 'return function() error("no") end',
	'api/long.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local n
	for i = 1, 20 do
		n = fazt.storage.kv.incr("long:" .. req.run, 1)
		for _ = 1, 300000 do end
	end
	return { due = req.due, n = n }
end
LUA
);
sub job { my ($name, $schedule, $handler, %o) = @_; return { name => $name, schedule => $schedule, handler => "api/$handler.lua", jitter => 0, %o } }
sub app { my ($version, @cron) = @_; return { 'app.json' => { version => $version, permissions => ['storage', 'queue', 'schedule'], cron => \@cron }, %jobs } }
sub upgrade { my ($name, $files) = @_; $fazt->admin('app', 'upgrade', $name, '--source', $fazt->cartridge($name, $files), '--yes', '--grant', 'all') }

sub history { my ($app, $job, @o) = @_; return @{ $fazt->admin_json('job', 'history', '--app', $app, ($job ? ('--job', $job) : ()), @o) } }
sub runs { return grep { $_->{run} } history(@_) }
sub missed { my ($app, $job) = @_; return { map { $_->{reason} => $_->{times} } grep { $_->{state} eq 'missed' } history($app, $job) } }
sub listed { my ($app, $job) = @_; return (grep { $_->{name} eq $job } @{ $fazt->admin_json('job', 'list', '--app', $app) })[0] }
sub result { return text_of($fazt->admin_json('run', 'show', $_[0])->{result}) }
# All processes see the new time: whoever sleeps until the next moment is woken by a change.
sub wake { $fazt->admin('app', 'enable', $_[0]) }
sub to { my ($app, $moment) = @_; $clock->to($moment); wake($app) }
sub until_runs {
	my ($app, $job, $n) = @_;
	my $done = sub { grep({ $_->{state} eq 'done' } runs($app, $job)) >= $n };
	eval { $fazt->wait_for($done, "$job has run $n times", 30) } or die $@, $fazt->admin('job', 'list'), "\n", $fazt->admin('job', 'history', '--app', $app), "\n";
}

$clock->to('2027-03-01T10:00:30Z');
$fazt->start;

# ---- a job ----

$fazt->install(tick => app('1', job(minute => '* * * * *', 'note', input => 'minute'), job(morning => '30 7 * * *', 'note', input => 'morning'),
	job(tokyo => '@daily', 'note', input => 'tokyo', tz => 'Asia/Tokyo')));
is_deeply(listed('tick', 'morning'), { app => 'tick', name => 'morning', schedule => '30 7 * * *', zone => 'Europe/Berlin', handler => 'api/note.lua', state => 'waiting',
	next => $clock->ms('2027-03-02T06:30:00Z'), last => undef, last_state => undef, missed => 0, reason => '' }, 'a job waits for its moment, in the zone of the owner');
is(listed('tick', 'tokyo')->{next}, $clock->ms('2027-03-01T15:00:00Z'), '… or in its own');
my @next = @{ $fazt->admin_json('job', 'next', 'tick', 'morning') };
is(scalar(@next), 10, 'ten firings are foretold');
is_deeply($next[1], { at => $clock->ms('2027-03-03T06:30:00Z'), local => '2027-03-03T07:30:00+01:00', zone => 'Europe/Berlin' }, '… by the clock of the zone, with the offset');
is(scalar(runs('tick')), 0, 'nothing fires before its moment');
to(tick => '2027-03-01T10:01:00Z');
until_runs('tick', 'minute', 1);
my ($run) = runs('tick', 'minute');
is($run->{due}, $clock->ms('2027-03-01T10:01:00Z'), 'it fires at its moment');
my $result = result($run->{run});
is_deeply([@$result{qw(due trigger run user)}], [$run->{due}, 'cron', $run->{run}, JSON::PP::false], '… and its handler knows for which, and acts for nobody');
cmp_ok($result->{at} - $result->{due}, '>=', 0, '… and not before it');
is(listed('tick', 'minute')->{next}, $clock->ms('2027-03-01T10:02:00Z'), 'the next one is known');
to(tick => '2027-03-01T10:02:00Z');
until_runs('tick', 'minute', 2);
is_deeply([map { $_->{due} } runs('tick', 'minute')], [map { $clock->ms("2027-03-01T10:0$_:00Z") } 2, 1], 'each moment has one run');
is_deeply(missed('tick'), {}, '… and none was missed');

my $id = $fazt->admin('job', 'run', 'tick', 'morning');
until_runs('tick', 'morning', 1);
is((history('tick', 'morning'))[0]{reason}, 'by hand', 'a job is run by hand');
is((history('tick', 'morning'))[0]{run}, $id, '… and its run is told');
is($fazt->admin_json('run', 'show', $id)->{job}, 'morning', '… which knows its job');
is(($fazt->try_admin('job', 'run', 'tick', 'nothing'))[0], 4, 'there is no such job');

my @coming = @{ $fazt->admin_json('job', 'simulate', '--days', 2, '--app', 'tick', '--limit', 5000) };
is_deeply([map { $_->{local} } grep { $_->{name} ne 'minute' } @coming], ['2027-03-02T00:00:00+09:00', '2027-03-02T07:30:00+01:00', '2027-03-03T00:00:00+09:00', '2027-03-03T07:30:00+01:00'],
	'what would fire is foretold, of all jobs in their order') or diag explain [map { $_->{local} } grep { $_->{name} ne 'minute' } @coming];
cmp_ok(scalar(grep { $_->{name} eq 'minute' } @coming), '>', 2000, '… and none is left out');
is(scalar(runs('tick', 'morning')), 1, '… and nothing is run');

$fazt->admin('setting', 'set', 'timezone', 'Asia/Tokyo');
is(listed('tick', 'morning')->{next}, $clock->ms('2027-03-01T22:30:00Z'), 'with another zone of the owner it has another moment');
is(listed('tick', 'tokyo')->{next}, $clock->ms('2027-03-01T15:00:00Z'), '… but not where it has a zone of its own');
$fazt->admin('setting', 'set', 'timezone', 'Europe/Berlin');

# ---- how often ----

my $often = $fazt->cartridge(often => app('1', job(often => '@every 2s', 'note', input => 'often')));
my ($exit, $out) = $fazt->try_admin('app', 'install', $often, '--yes', '--grant', 'all', '--json');
is(text_of($out)->{error}{code}, 'bad_manifest', 'SCH-01: an app is woken once a minute at most');
like($out, qr/cron\[0\]\.schedule: .*job\.seconds/, '… and its author and its owner hear what to do');
$fazt->admin('setting', 'set', 'job.seconds', 1);
$fazt->admin('app', 'install', $often, '--yes', '--grant', 'all');
until_runs('often', 'often', 2);
my @times = map { $_->{due} } runs('often', 'often');
is($times[-2] - $times[-1], 2000, '… unless its owner lets it');
$fazt->admin('app', 'remove', 'often', '--purge');
$fazt->admin('setting', 'set', 'job.seconds', 60);

# ---- overlap ----

upgrade(tick => app('2', job(skip => '* * * * *', 'wait'), job(queue => '* * * * *', 'wait', overlap => 'queue', most => 2),
	job(allow => '* * * * *', 'wait', overlap => 'allow')));
is_deeply([sort map { $_->{name} } @{ $fazt->admin_json('job', 'list', '--app', 'tick') }], [qw(allow queue skip)], 'the jobs are those of the version that serves');
for my $minute (3 .. 6) {
	to(tick => "2027-03-01T10:0$minute:00Z");
	$fazt->wait_for(sub { scalar(runs('tick', 'allow')) == $minute - 2 }, "allow fires at $minute", 15);
}
$fazt->wait_for(sub { (missed('tick', 'skip')->{overlap} // 0) == 3 }, 'SCH-02: what a job that still runs leaves out is counted');
is(scalar(runs('tick', 'skip')), 1, 'SCH-02: it does not run twice at a time');
is(listed('tick', 'skip')->{missed}, 3, '… and the list says how many');
is(listed('tick', 'skip')->{state}, 'running', '… and that it runs');
is(scalar(runs('tick', 'queue')), 1, 'with queue the next one waits');
is(($fazt->try_admin('job', 'run', 'tick', 'skip'))[0], 5, 'nor is it run by hand meanwhile');
upgrade(tick => app('2.1', job(skip => '* * * * *', 'wait'), job(queue => '* * * * *', 'wait', overlap => 'queue', most => 2)));
for my $n (1 .. 2) {
	$fazt->wait_for(sub { (runs('tick', 'queue'))[0]{state} eq 'waiting' }, 'the run of queue waits');
	$fazt->admin('run', 'cancel', (runs('tick', 'queue'))[0]{run});
	$fazt->wait_for(sub { scalar(runs('tick', 'queue')) == $n + 1 }, 'the next begins when the one before has ended', 10);
}
is_deeply([map { $_->{due} } runs('tick', 'queue')], [map { $clock->ms("2027-03-01T10:0$_:00Z") } 6, 5, 3], '… the last ones, as many as it wants');
is_deeply(missed('tick', 'queue'), { overlap => 1 }, '… and the others are counted');
$fazt->admin('run', 'cancel', $_->{run}) for grep { $_->{state} eq 'waiting' } history('tick');

# ---- Fazt was off ----

upgrade(tick => app('3', job(one => '0 * * * *', 'note', input => 'one'), job(none => '0 * * * *', 'note', input => 'none', catchup => 'none'),
	job(all => '0 * * * *', 'note', input => 'all', catchup => 'all', most => 3), job(waits => '0 0 1 1 *', 'wait', input => { timeout => 60 })));
$fazt->stop('serve');
$clock->to('2027-03-01T20:30:00Z');
$fazt->start_faztd;
until_runs('tick', 'all', 3);
until_runs('tick', 'one', 1);
is_deeply([map { $_->{due} } runs('tick', 'one')], [$clock->ms('2027-03-01T20:00:00Z')], 'what was missed while Fazt was off is made up for once');
is_deeply(missed('tick', 'one'), { off => 9 }, '… and the rest is written down');
is_deeply([map { $_->{due} } runs('tick', 'all')], [map { $clock->ms("2027-03-01T$_:00:00Z") } 20, 19, 18], '… or as often as the job wants');
is_deeply(missed('tick', 'all'), { off => 7 }, '… and the rest is written down');
$fazt->wait_for(sub { (missed('tick', 'none')->{off} // 0) == 10 }, 'none is made up for');
is(scalar(runs('tick', 'none')), 0, '… or not at all');
my ($gap) = history('tick', 'none');
is_deeply([@$gap{qw(due until times)}], [$clock->ms('2027-03-01T11:00:00Z'), $clock->ms('2027-03-01T20:00:00Z'), 10], 'one row tells of all of them');

# ---- the owner's wish ----

$fazt->admin('app', 'disable', 'tick');
is_deeply([map { @$_{qw(state next reason)} } listed('tick', 'one')], ['paused', undef, 'disabled'], 'SCH-07: jobs of an app that is off rest');
$clock->to('2027-03-01T23:30:00Z');
$fazt->admin('job', 'list');
sleep 0.5;
is(scalar(runs('tick', 'one')), 1, 'SCH-07: … and do not fire');
$fazt->admin('app', 'enable', 'tick');
$fazt->wait_for(sub { (missed('tick', 'one')->{disabled} // 0) == 3 }, 'SCH-07: what they missed is written down');
is(listed('tick', 'one')->{next}, $clock->ms('2027-03-02T00:00:00Z'), '… and they go on with their next moment');
$fazt->admin('app', 'revoke', 'tick', 'schedule');
is(listed('tick', 'one')->{reason}, 'permission', 'without the permission nothing fires');
is(($fazt->try_admin('job', 'run', 'tick', 'one'))[0], 3, '… nor by hand');
$fazt->admin('app', 'grant', 'tick', 'schedule');
my $asleep = $fazt->admin('job', 'run', 'tick', 'waits');
$fazt->wait_for(sub { $fazt->admin_json('run', 'show', $asleep)->{state} eq 'waiting' }, 'a run of a job waits');
$fazt->admin('app', 'revoke', 'tick', 'schedule');
to(tick => '2027-03-02T01:30:00Z');
$fazt->wait_for(sub { $fazt->admin_json('run', 'show', $asleep)->{state} eq 'failed' }, 'a run of a job that waits ends with the permission');
pass('… and what a job began ends with the permission');
$fazt->admin('app', 'grant', 'tick', 'schedule');
$fazt->wait_for(sub { (missed('tick', 'one')->{permission} // 0) == 2 }, 'granted again, they go on');
$fazt->admin('job', 'pause', 'tick', 'one');
is_deeply([map { @$_{qw(state reason)} } listed('tick', 'one')], ['paused', 'paused'], 'a job is paused');
to(tick => '2027-03-02T02:30:00Z');
until_runs('tick', 'all', 4);
is(scalar(runs('tick', 'one')), 1, '… and rests while the others go on');
$fazt->admin('job', 'resume', 'tick', 'one');
$fazt->wait_for(sub { (missed('tick', 'one')->{paused} // 0) == 1 }, 'what it missed is written down');
to(tick => '2027-03-02T03:00:00Z');
until_runs('tick', 'one', 2);
pass('… and it goes on');

my $missing = $fazt->cartridge(asks => app('1', job(x => '* * * * *', 'note', input => 'x')));
$fazt->admin('app', 'install', $missing, '--yes', '--grant', 'storage');
is(listed('asks', 'x')->{reason}, 'permission', 'the permission has to be consented to by name');
like($fazt->admin('app', 'show', 'asks'), qr/It wakes by itself for x: every minute\./, '… and the app shows what it would do');

$fazt->admin('app', 'rollback', 'tick');
is_deeply([sort map { $_->{name} } @{ $fazt->admin_json('job', 'list', '--app', 'tick') }], [qw(queue skip)], 'the jobs go back with the version');
$fazt->admin('app', 'remove', 'tick');
$clock->to('2027-03-02T05:30:00Z');
$fazt->admin('app', 'grant', 'asks', 'schedule');
$fazt->wait_for(sub { missed('asks', 'x')->{permission} }, 'the jobs of others go on');
is_deeply([grep { $_->{name} ne 'x' } @{ $fazt->admin_json('job', 'list') }], [], 'SCH-07: with the app its jobs are gone');
$fazt->admin('app', 'remove', 'asks', '--purge');

# ---- both changes of the clock ----

$clock->to('2027-03-27T12:10:00Z');
$fazt->install(dst => app('1', map { job("at$_" => "30 $_ * * *", 'note', input => "at$_") } 1 .. 3));
for my $day (['2027-03-27T', '2027-03-28T', '2027-03-29T'], ['2027-10-30T', '2027-10-31T', '2027-11-01T']) {
	$clock->to("$day->[0]12:20:00Z") if $day->[0] =~ /10-30/;
	wake('dst');
	$fazt->wait_for(sub { !grep { $_->{next} <= $clock->now || $_->{state} eq 'running' } @{ $fazt->admin_json('job', 'list') } }, 'the time in between is settled');
	my %before = map { $_ => scalar(runs('dst', $_)) } qw(at1 at2 at3);
	for my $step (1 .. 24) {
		my $moment = $clock->ms("$day->[0]12:20:00Z") + $step * 3600000;
		$clock->by(($moment - $clock->now) / 1000);
		next if $step < 10 || $step > 15; # 23:20 to 4:20 in Berlin, more or less
		wake('dst');
		$fazt->wait_for(sub { !grep { $_->{next} <= $clock->now || $_->{state} eq 'running' } @{ $fazt->admin_json('job', 'list') } }, 'what is due fires');
	}
	for my $job (qw(at1 at2 at3)) {
		until_runs('dst', $job, $before{$job} + 1);
		is(scalar(runs('dst', $job)), $before{$job} + 1, "$job fires once on the day of the change, $day->[1]");
	}
}
cmp_ok(missed('dst', 'at2')->{off}, '>', 200, 'and what half a year without Fazt left out is counted');
$fazt->admin('app', 'remove', 'dst', '--purge');

# ---- whoever is killed ----

sub workers { my $all = $fazt->processes_below($fazt->pid('serve')); grep { $all->{$_} =~ /\bworker\b/ } keys %$all }
$fazt->install(victim => app('1', job(long => '0 * * * *', 'long')));
my $moment = listed('victim', 'long')->{next};
$clock->by(($moment - $clock->now) / 1000);
wake('victim');
$fazt->wait_for(sub { runs('victim', 'long') }, 'it fires');
($run) = runs('victim', 'long');
kill KILL => workers();
my $killed = time;
$fazt->wait_for(sub { (runs('victim', 'long'))[0]{state} eq 'done' }, 'it ends', 30);
my $late = time - $killed;
is(scalar(runs('victim', 'long')), 1, 'SCH-05: a job whose worker was killed is not fired anew');
is_deeply(result($run->{run}), { due => $moment, n => 20 }, '… but goes on, for the same moment, and no effect is doubled');
note sprintf 'killed, it was done %.1f s later', $late;
for (1 .. 5) {
	$moment = listed('victim', 'long')->{next};
	$clock->by(($moment - $clock->now) / 1000);
	kill KILL => workers();
	$fazt->wait_for(sub { grep { $_->{due} == $moment && $_->{state} eq 'done' } runs('victim', 'long') }, 'it fires all the same', 30);
}
is(scalar(runs('victim', 'long')), 6, 'whenever workers are killed, each moment has one run');
is_deeply(missed('victim'), {}, '… and none is missed');
$fazt->admin('app', 'remove', 'victim', '--purge');

# ---- everybody at midnight ----

my $many = $ENV{FAZT_LONG} ? 50 : 20;
my $crowd = $fazt->cartridge(crowd => { 'app.json' => { permissions => ['storage', 'schedule'], cron => [{ name => 'night', schedule => '0 0 * * *', handler => 'api/j.lua', ($ENV{FAZT_LONG} ? () : (jitter => 8)) },
		map { { name => "year$_", schedule => "$_ 3 7 7 *", handler => 'api/j.lua' } } 1 .. 19] },
	'api/main.lua' => 'return {}', 'api/j.lua' => 'return function(req) for _ = 1, 3000000 do end return req.due end' });
$fazt->admin('app', 'install', $crowd, '--name', "crowd$_", '--yes', '--grant', 'all') for 1 .. $many;
my %due = map { $_->{name} eq 'night' ? ($_->{app} => $_->{next}) : () } @{ $fazt->admin_json('job', 'list') };
is(scalar(keys %{ { reverse %due } }), 1, "SCH-08: $many apps want to wake at midnight");
my ($midnight) = values %due;
sub cpu { my $sum = 0; for my $pid (workers()) { my @f = split ' ', slurp("/proc/$pid/stat") =~ s/.*\)//sr; $sum += $f[11] + $f[12] } $sum }
sleep 0.5;
my $before = cpu();
sleep 2;
my $spent = cpu() - $before;
note "@{[20 * $many]} sleeping jobs cost $spent ticks in 2 s";
cmp_ok($spent, '<', 70, 'jobs that sleep cost nothing');
$clock->by(($midnight - 500 - $clock->now) / 1000);
wake('crowd1');
my ($most, $slowest, %seen, %began) = (0, 0);
my $owner = $fazt->person;
my $until = time + 90;
while (time < $until) {
	my $began = time;
	my $list = $owner->fetch(GET => $fazt->url('os', '/_fazt/api/run.list?limit=200'))->{json};
	$slowest = time - $began if time - $began > $slowest;
	my $running = grep { $_->{state} eq 'running' } @$list;
	$most = $running if $running > $most;
	last if grep({ $_->{state} eq 'done' && $_->{job} && ($_->{app} // "") =~ /^crowd/ } @$list) == $many;
	sleep 0.05;
}
my @crowd = grep { $_->{run} } map { history("crowd$_") } 1 .. $many;
is(scalar(@crowd), $many, 'SCH-08: all have run');
my @begins = sort { $a <=> $b } map { $_->{at} - $midnight } @crowd;
cmp_ok($begins[-1] - $begins[0], '>', 3000, "SCH-08: they begin spread out, over $begins[-1] ms");
cmp_ok($most, '<=', 2, 'SCH-08: one or two at a time');
cmp_ok($slowest, '<', 5, sprintf 'SCH-08: meanwhile the dashboard answers within %.2f s', $slowest);

# ---- without a daemon ----

$fazt->stop('serve');
$clock->by(86400);
is(($fazt->admin_json('tick'))->{runs}, $many, 'tick does what is due') ;
is(scalar(grep { $_->{run} } map { history("crowd$_") } 1 .. $many), 2 * $many, '… the jobs as well');
is($fazt->admin_json('tick')->{runs}, 0, '… once');

# ---- a clock that was wrong ----

$fazt->start_faztd;
$fazt->install(back => app('1', job(monthly => '0 0 1 * *', 'note', input => 'back'), job(weeks => '@every 15d', 'note', input => 'back')));
my ($monthly, $hundred) = (listed('back', 'monthly')->{next}, 100 * 86400);
$clock->by($hundred);
wake('back');
until_runs('back', $_, 1) for 'monthly', 'weeks';
is(listed('back', 'monthly')->{next} > $monthly, !!1, 'a clock that runs ahead by months has jobs fire');
$clock->by(-$hundred);
wake('back');
$fazt->wait_for(sub { listed('back', 'monthly')->{next} == $monthly }, 'set back, the next moment is one of this time');
cmp_ok(listed('back', 'weeks')->{next}, '<=', $clock->now + 15 * 86400_000, '… of every job');
$clock->by(($monthly - $clock->now) / 1000);
wake('back');
until_runs('back', 'monthly', 2);
pass('… and it fires then');

done_testing;
