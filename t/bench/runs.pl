# ./dev bench runs — durable runs beside DBOS on PostgreSQL, in turns on one machine: how many in a second, what a step costs, how
# late whoever slept is awake and a job begins, what those that sleep cost.
#
# Equal terms: a step is on disk before the next one begins, with fdatasync (Fazt's default; fsync and synchronous_commit of
# PostgreSQL on), the same disk. Fazt works on four runs at once, isolates the code in a process of its own and begins it anew
# behind each sleep; DBOS works on up to 50 in one process, keeps a sleeping workflow in memory and looks every 100 ms for queued ones.
#
# BENCH_ROUNDS (3), BENCH_RUNS (600), BENCH_STEPS (1000), BENCH_SLEEPERS (200), BENCH_JOBS (20: seconds of twenty
# jobs, each every two seconds) and BENCH_IDLE (10000) change it.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top build slurp spew json_of text_of);
use File::Path qw(make_path);
use IPC::Open2;
use POSIX ();
use Time::HiRes qw(sleep time);

my %many = map { $_->[0] => $ENV{ 'BENCH_' . uc $_->[0] } // $_->[1] } [rounds => 3], [runs => 600], [steps => 1000], [sleepers => 200], [jobs => 20], [idle => 10000];
my $report = '';
$| = 1;

sub note { print STDERR "  @_\n" }
sub median { return part(0.5, @_) }
sub part { my ($p, @s) = (shift, sort { $a <=> $b } @_); return $s[$p * $#s + 0.5] }

# ---- Fazt ----

my $fazt = Fazt->new(settings => { 'job.seconds' => 2, 'app.cpu' => 6000000, 'app.runs' => 100000, 'app.starts' => 10000000, 'run.keep' => 1000000, 'app.rows' => 10000000, 'app.bytes' => 4000000000 });
$fazt->install(bench => { 'app.json' => { visibility => 'members', permissions => ['storage', 'queue'] }, 'api/main.lua' => <<'LUA',
local fazt = require "fazt"
return {
	["POST /queue"] = function(req)
		local q = req.json
		for i = 1, q.n do fazt.queue("api/" .. q.what .. ".lua", (q.input or 0) + (q.more or 0) * i, { delay = q.delay }) end
		return { json = true }
	end,
}
LUA
	'api/empty.lua' => 'return function() end',
	'api/steps.lua' => 'local fazt = require "fazt" return function(req) for i = 1, req.input do fazt.step("step", function() return i end) end end',
	'api/effects.lua' => 'local fazt = require "fazt" return function(req) for i = 1, req.input do fazt.storage.kv.incr("n", 1) end end',
	'api/delayed.lua' => 'local fazt = require "fazt" return function(req) return fazt.now() end',
	'api/sleeper.lua' => 'local fazt = require "fazt" return function(req) fazt.sleep(req.input / 1000) end',
	'api/sleeps.lua' => 'local fazt = require "fazt" return function(req) fazt.sleep(86400) end',
});
$fazt->install(clockwork => { 'app.json' => { permissions => ['schedule'], cron => [map { { name => "job$_", schedule => '@every 2s', handler => 'api/late.lua', jitter => 0 } } 1 .. 20] },
	'api/main.lua' => 'return {}', 'api/late.lua' => 'local fazt = require "fazt" return function(req) return fazt.now() - req.due end' });
$fazt->admin('app', 'disable', 'clockwork');
$fazt->start;
my $person = $fazt->person('bench');
$person->enter($fazt->url('bench', ''));

sub queue { my $a = $person->fetch(POST => $fazt->url('bench', '/queue'), json => {@_}); $a->{status} == 200 or die $a->{body} }
sub sql {
	my ($exit, $out, $err) = Fazt::run({}, 'sqlite3', '-readonly', '-separator', ' ', $fazt->home . '/data.db', @_);
	die $err if $exit;
	return split /\n/, $out;
}
my $since = 0; # runs of this part
sub begin { ($since) = map { $_ || 0 } sql('SELECT max(rowid) FROM runs'); $since ||= 0 }
sub ended { my ($n) = @_; $fazt->wait_for(sub { (sql("SELECT count(*) FROM runs WHERE rowid > $since AND ended > 0"))[0] >= $n }, 'they end', 300) }

my %fazt = (
	runs => sub {
		my ($n) = @_;
		begin();
		for (my $left = $n; $left > 0; $left -= 300) { queue(what => 'empty', n => $left < 300 ? $left : 300) }
		ended($n);
		my ($ms) = sql("SELECT max(ended) - min(created) FROM runs WHERE rowid > $since");
		return { seconds => $ms / 1000 };
	},
	(map { my $what = $_; ($what => sub {
		my ($n) = @_;
		begin();
		queue(what => $what, n => 1, input => $n);
		ended(1);
		my ($ms) = sql("SELECT max(ended) - min(began) FROM steps WHERE run_id = (SELECT id FROM runs WHERE rowid > $since)");
		return { us => 1000 * $ms / $n };
	}) } qw(steps effects)),
	delayed => sub {
		my ($n) = @_;
		begin();
		for (1 .. $n / 10) { queue(what => 'delayed', n => 10, delay => 4); sleep 0.05 }
		ended($n);
		return { late => [sql("SELECT result - created - 4000 FROM runs WHERE rowid > $since")] };
	},
	sleepers => sub {
		my ($n) = @_;
		begin();
		queue(what => 'sleeper', n => $n, input => 2000, more => 10);
		ended($n);
		return { late => [sql("SELECT s.ended - s.began - r.input FROM runs r JOIN steps s ON s.run_id = r.id AND s.name = 'sleep' WHERE r.rowid > $since")] };
	},
	jobs => sub {
		my ($seconds) = @_;
		begin();
		$fazt->admin('app', 'enable', 'clockwork');
		sleep $seconds;
		$fazt->admin('app', 'disable', 'clockwork');
		my @late = sql("SELECT result FROM runs WHERE rowid > $since AND job <> '' AND state = 'done'");
		die "only @{[scalar @late]} jobs began" if @late < 20 * ($seconds / 2 - 2);
		return { late => \@late };
	},
	idle => sub {
		my ($n) = @_;
		begin();
		for (my $left = $n; $left > 0; $left -= 500) { queue(what => 'sleeps', n => $left < 500 ? $left : 500) }
		$fazt->wait_for(sub { (sql("SELECT count(*) FROM runs WHERE rowid > $since AND state = 'waiting'"))[0] >= $n }, 'they sleep', 600);
		return {};
	},
);

# ---- DBOS ----

my ($initdb) = reverse sort glob '/usr/lib/postgresql/*/bin/initdb';
my $bin = $initdb ? $initdb =~ s{/initdb$}{}r : die "PostgreSQL is missing: apt-get install postgresql\n";
my $data = $fazt->home . '/postgres';
my @as = $> ? () : ('setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'); # it refuses to be root
my $port = Fazt::free_port();
mkdir $data;
chmod 0711, $fazt->home;
if (!$>) { my (undef, undef, $uid, $gid) = getpwnam 'postgres'; chown $uid, $gid, $data }
for ([@as, "$bin/initdb", '-D', $data, '-U', 'bench', '-A', 'trust', '--no-sync']) { my ($exit, $out, $err) = Fazt::run({}, @$_); die "$out$err" if $exit }
$fazt->spawn(postgres => @as, "$bin/postgres", '-D', $data, '-k', $data, '-p', $port, '-h', '127.0.0.1');
$fazt->wait_for(sub { (Fazt::run({}, "$bin/pg_isready", '-q', '-h', '127.0.0.1', '-p', $port))[0] == 0 }, 'PostgreSQL answers');
die 'fsync is off' if (Fazt::run({}, "$bin/psql", '-h', '127.0.0.1', '-p', $port, '-U', 'bench', '-Atc', 'SHOW fsync', 'postgres'))[1] !~ /^on/;

my $dbos_pid;
my ($dbos_out, $dbos_in);
{
	local $ENV{BENCH_NODE} = $ENV{BENCH_NODE} // build() . '/bench/node';
	local $ENV{NODE_NO_WARNINGS} = 1;
	local $ENV{BENCH_URL} = "postgresql://bench\@127.0.0.1:$port/bench";
	$dbos_pid = open2($dbos_out, $dbos_in, 'node', top() . '/t/bench/peers/dbos.mjs');
}
END { if ($dbos_pid) { local $?; kill KILL => $dbos_pid; waitpid $dbos_pid, 0 } }
sub answer { while (my $line = <$dbos_out>) { return text_of($line) if $line =~ /^\{/; print STDERR "  DBOS: $line" } die 'DBOS ended' }
sub dbos { my ($job, $n) = @_; print $dbos_in json_of({ job => $job, n => $n }), "\n"; $dbos_in->flush; return answer() }
answer();

# ---- in turns ----

my %got;
sub keep { my ($who, $job, $found) = @_; push @{ $got{$job}{$who} }, $_ for ref $found ? @$found : $found }

for my $round (1 .. $many{rounds}) {
	note("round $round of $many{rounds}");
	my @turn = (
		sub {
			keep(fazt => runs => $many{runs} / $fazt{runs}->($many{runs})->{seconds});
			keep(fazt => $_ => $fazt{$_}->($many{steps})->{us}) for 'steps', 'effects';
			keep(fazt => $_ => $fazt{$_}->($many{sleepers})->{late}) for 'delayed', 'sleepers';
			keep(fazt => jobs => $fazt{jobs}->($many{jobs})->{late});
		},
		sub {
			keep(dbos => runs => $many{runs} / dbos(runs => $many{runs})->{seconds});
			keep(dbos => direct => $many{runs} / dbos(direct => $many{runs})->{seconds});
			keep(dbos => steps => dbos(steps => $many{steps})->{us});
			keep(dbos => $_ => dbos($_ => $many{sleepers})->{late}) for 'delayed', 'sleepers';
		},
	);
	$_->() for $round % 2 ? @turn : reverse @turn;
}

# ---- what those that sleep cost ----

sub tree { my ($root) = @_; return ($root, keys %{ $fazt->processes_below($root) }) }
# What each process has used: { pid => [seconds, wakes] }. Cells come and go; only who is there all the while counts.
sub spent {
	my %all;
	for my $pid (@_) {
		my $stat = eval { slurp("/proc/$pid/stat") } // next;
		my @f = split ' ', $stat =~ s/.*\) //sr;
		my $wakes = 0;
		for my $task (glob "/proc/$pid/task/*/status") { $wakes += $1 if (eval { slurp($task) } // '') =~ /^voluntary_ctxt_switches:\s+(\d+)/m }
		$all{$pid} = [($f[11] + $f[12]) / POSIX::sysconf(POSIX::_SC_CLK_TCK()), $wakes];
	}
	return \%all;
}
sub memory { my $kb = 0; for (@_) { $kb += $1 if (eval { slurp("/proc/$_/smaps_rollup") } // '') =~ /^Pss:\s+(\d+)/m } return $kb / 1024 }
sub cost {
	my ($root) = @_;
	my @pids = map { tree($_) } @$root;
	my $before = spent(@pids);
	sleep 10;
	my $after = spent(@pids);
	my ($cpu, $wakes) = (0, 0);
	for my $pid (grep { $after->{$_} } keys %$before) {
		$cpu += $after->{$pid}[0] - $before->{$pid}[0];
		$wakes += $after->{$pid}[1] - $before->{$pid}[1];
	}
	return { cpu => 100 * $cpu, switches => $wakes / 10, memory => memory(@pids) };
}

my %root = (fazt => [$fazt->pid('serve')], dbos => [$dbos_pid, $fazt->pid('postgres')]);
sleep 3;
my %before = map { $_ => cost($root{$_}) } qw(fazt dbos);
note("$many{idle} that sleep");
$fazt{idle}->($many{idle});
dbos(idle => $many{idle});
sleep 5;
my %after = map { $_ => cost($root{$_}) } qw(fazt dbos);

# ---- the table ----

sub row { my ($what, $fazt, $dbos, $better) = @_; $report .= sprintf "%-46s %10s %10s %9s\n", $what, (map { !defined $_ ? '' : $_ >= 100 ? sprintf('%.0f', $_) : sprintf('%.1f', $_) } $fazt, $dbos), $fazt && $dbos ? sprintf('%.2f', $better ? $fazt / $dbos : $dbos / $fazt) : '' }
$report .= sprintf "%-46s %10s %10s %9s\n", '', 'Fazt', 'DBOS', 'ratio';
my %m = map { my $job = $_; map { ("$job.$_" => median(@{ $got{$job}{$_} })) } keys %{ $got{$job} } } keys %got;
row('runs queued and done, a second', $m{'runs.fazt'}, $m{'runs.dbos'}, 1);
row('  DBOS without its queue', $m{'runs.fazt'}, $m{'direct.dbos'}, 1);
row('a step, us', $m{'steps.fazt'}, $m{'steps.dbos'});
row('a step with an effect in Fazt (kv.incr), us', $m{'effects.fazt'}, undef);
for (['delayed', 'a delayed run begins late, ms'], ['sleepers', 'a run that slept goes on late, ms']) {
	my ($job, $what) = @$_;
	row("$what: p50", map { part(0.5, @{ $got{$job}{$_} }) || 0.5 } qw(fazt dbos));
	row("$what: p99", map { part(0.99, @{ $got{$job}{$_} }) || 0.5 } qw(fazt dbos));
}
row("a job begins late (20 at a time), ms: p$_->[0]", part($_->[1], @{ $got{jobs}{fazt} }) || 0.5, undef) for [50, 0.5], [99, 0.99];
row("$many{idle} asleep, ms of processor in a second", $after{fazt}{cpu}, $after{dbos}{cpu});
row('  none asleep', $before{fazt}{cpu}, $before{dbos}{cpu});
row("$many{idle} asleep, wakes of a thread in a second", $after{fazt}{switches}, $after{dbos}{switches});
row('  none asleep', $before{fazt}{switches}, $before{dbos}{switches});
row("$many{idle} asleep, MB of memory more", map { my $more = $after{$_}{memory} - $before{$_}{memory}; $more > 0.1 ? $more : 0.1 } qw(fazt dbos));
$report .= "\nmedians of $many{rounds} rounds, in turns; a ratio over 1 says that Fazt is better; lateness below 1 ms counts as half of one\n";
print $report;
my $out = build() . '/bench';
make_path($out);
spew("$out/runs.txt", $report);
