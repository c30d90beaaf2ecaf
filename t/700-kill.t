# Processes killed at random moments while clients write: what was acknowledged is there, once, and nothing else broke.
# Then the gentle ways: SIGHUP, SIGTERM, a second supervisor; nginx too. FAZT_KILLS sets the number of kills (20; 200 in the long run).
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp json_of text_of);
use IO::Handle;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $kills = $ENV{FAZT_KILLS} // ($ENV{FAZT_LONG} ? 200 : 20);
my $writers = 4;

my $fazt = Fazt->new;
my $home = $fazt->home;
$fazt->install(ledger => {
	'app.json' => { permissions => ['storage'], visibility => 'members', collections => { entries => { unique => ['n'] } } },
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local docs = fazt.storage.docs
return {
	["GET /hello"] = function() return "hello" end,
	["POST /entries"] = function(req) return { status = 201, json = docs.insert("entries", req.json) } end,
	["GET /brief"] = function()
		local x = 0
		for i = 1, 1e6 do x = x + i % 7 end
		return "brief"
	end,
	["GET /while"] = function()
		local x = 0
		for i = 1, 4e6 do x = x + i % 7 end
		return "while"
	end,
	["GET /slow"] = function()
		local x = 0
		for i = 1, 1e7 do x = x + i % 7 end
		return "slow"
	end,
	-- two rows that are there together or not at all
	["POST /pairs"] = function(req)
		fazt.storage.tx(function()
			docs.insert("pairs", { n = req.json.n, side = "left" })
			docs.insert("pairs", { n = req.json.n, side = "right" })
		end)
		return { status = 201, json = { n = req.json.n } }
	end,
}
LUA
});
$fazt->start;
my $token = $fazt->token('owner', 'ledger', '--ttl', '7200');
srand($ENV{FAZT_SEED} // time); # after the names of temporary folders

# ---- the processes ----

sub children_of {
	my ($pid) = @_;
	return grep { my $stat = eval { slurp("/proc/$_/stat") } // ''; $stat =~ /^\d+ \(.*\) \S $pid /s }
		map { m{/(\d+)$} } glob '/proc/[0-9]*';
}
sub line_of { (eval { slurp("/proc/$_[0]/cmdline") } // '') =~ tr/\0/ /r }
sub state_of { (eval { slurp("/proc/$_[0]/stat") } // '') =~ /^\d+ \(.*\) (\S)/s ? $1 : '' }
sub workers { grep { line_of($_) =~ /^faztd worker/ } children_of($fazt->pid('serve')) }
sub zygotes { grep { line_of($_) =~ /^faztd zygote/ } children_of($fazt->pid('serve')) }
sub everyone { grep { line_of($_) =~ /^faztd (?:worker|zygote) --home \Q$home\E/ } map { m{/(\d+)$} } glob '/proc/[0-9]*' }
# A cell outlives its zygote, and shares its command line.
sub cells { my %zygote = map { $_ => 1 } zygotes(); return grep { line_of($_) =~ /^faztd zygote/ && !$zygote{$_} } everyone() }
sub nginx_workers { grep { line_of($_) =~ /^nginx: worker/ } children_of($fazt->pid('nginx')) }
sub any { $_[rand @_] }
sub descriptors { scalar(my @fds = glob "/proc/$_[0]/fd/*") }

# The supervisor, started again as the loop of ./dev would.
sub restart_supervisor {
	my $pid = delete $fazt->{children}{serve};
	kill KILL => $pid;
	waitpid $pid, 0;
	$fazt->spawn(serve => Fazt::program(), 'serve', '--home', $home);
}

# nginx with all its processes, and a new one, as a service manager would.
sub restart_nginx {
	my ($signal) = @_;
	my $pid = delete $fazt->{children}{nginx};
	kill $signal => $signal eq 'KILL' ? -$pid : $pid;
	waitpid $pid, 0;
	$fazt->start_nginx;
}

sub answers {
	my $answer = eval { $fazt->browser->request(GET => $fazt->url('ledger', '/hello'), token => $token) };
	return $answer && $answer->{status} == 200;
}

sub recovery {
	my ($limit) = @_;
	my $start = time;
	until (answers()) {
		return 1e9 if time - $start > $limit;
		sleep 0.005;
	}
	return 1000 * (time - $start);
}

# ---- writers: each notes an acknowledged number on disk before it goes on ----

sub write_forever {
	my ($who) = @_;
	my ($stop, $n, $parent) = (0, 0, getppid);
	local $SIG{TERM} = sub { $stop = 1 };
	open my $ledger, '>', "$home/ledger.$who" or die;
	while (!$stop && getppid == $parent) {
		my $key = "$who-" . ++$n;
		my $path = $n % 4 ? '/entries' : '/pairs';
		my $answer = eval {
			$fazt->browser->request(POST => $fazt->url('ledger', $path), token => $token,
				json => { n => $key, text => 'x' x rand 3000 });
		};
		my $status = $answer ? $answer->{status} : 0;
		print $ledger "$path $key $status " . ($status == 201 && $path eq '/entries' ? $answer->{json}{id} : '-') . "\n";
		$ledger->flush;
		$ledger->sync;
	}
	POSIX::_exit(0);
}

sub start_writers {
	return map {
		my $who = $_;
		my $pid = fork // die;
		write_forever($who) unless $pid;
		$pid;
	} @_;
}

sub stop_writers {
	kill TERM => @_;
	waitpid $_, 0 for @_;
}

sub ledger {
	return map { [split ' '] } map { split /\n/, slurp($_) } glob "$home/ledger.*";
}

# ---- the storm ----

my @writers = start_writers(map { "w$_" } 1 .. $writers);
sleep 0.5;
my (%recovered, %killed);
for my $round (1 .. $kills) {
	sleep 0.02 + rand 0.3;
	my $what = $round % 20 == 11 ? 'supervisor' : $round % 20 == 16 ? 'nginx' : any('worker', 'worker', 'cell', 'cell', 'zygote', 'nginx worker');
	my $pid;
	if ($what eq 'supervisor') {
		restart_supervisor();
	} elsif ($what eq 'nginx') {
		restart_nginx('KILL');
	} else {
		my %there = (worker => \&workers, cell => \&cells, zygote => \&zygotes, 'nginx worker' => \&nginx_workers);
		$pid = any($there{$what}->()) // next;
		kill KILL => $pid;
	}
	$killed{$what}++;
	push @{ $recovered{$what} }, recovery(10);
}
sleep 0.3;
stop_writers(@writers);

# What it takes is a fraction of a second (the note says how much); the bound is what only a broken system needs.
for my $what (sort keys %killed) {
	my ($worst) = sort { $b <=> $a } @{ $recovered{$what} };
	cmp_ok($worst, '<=', 5000, "after $killed{$what} kills of a $what the system answers again");
	note sprintf '%s: within %.0f ms', $what, $worst;
}

# ---- nothing was lost ----

sub sql {
	my ($exit, $out, $err) = Fazt::run({}, 'sqlite3', "$home/data.db", @_);
	die "sqlite3: $err" if $exit;
	return split /\n/, $out;
}

my ($row_cost) = slurp(Fazt::top() . '/fcgi/store/row.h') =~ /^#define ROW_COST (\d+)/m or die;

sub check_books {
	my ($when) = @_;
	my %there;
	$there{ (split /\|/)[0] }{ (split /\|/)[1] }++
		for sql("SELECT json_extract(body, '\$.n'), collection FROM docs WHERE collection IN ('entries', 'pairs')");
	my %ids = map { $_ => 1 } sql("SELECT id FROM docs WHERE collection = 'entries'");
	my ($acknowledged, @lost, @doubled, @torn) = (0);
	for my $entry (ledger()) {
		my ($path, $n, $status, $id) = @$entry;
		my $pair = $path eq '/pairs';
		my $rows = $there{$n}{ $pair ? 'pairs' : 'entries' } // 0;
		if ($status == 201) {
			$acknowledged++;
			push @lost, $n if !$rows || (!$pair && !$ids{$id});
		}
		push @doubled, $n if $rows > ($pair ? 2 : 1);
		push @torn, $n if $pair && $rows == 1;
	}
	cmp_ok($acknowledged, '>', 3 * $kills, "$when: $acknowledged writes were acknowledged");
	is_deeply(\@lost, [], "REL-01: $when: every acknowledged row exists");
	is_deeply(\@doubled, [], "REL-01: $when: none exists twice");
	is_deeply(\@torn, [], "REL-01: $when: nothing is half-written");
	is_deeply([sql('PRAGMA integrity_check')], ['ok'], "REL-01: $when: the database is sound");
	is_deeply([sql("SELECT u.bytes, u.rows FROM usage u JOIN apps a ON a.id = u.app_id WHERE a.name = 'ledger'")],
		[sql("SELECT sum(size), count(*) FROM (SELECT length(CAST(body AS BLOB)) + $row_cost AS size FROM docs)")],
		"$when: what the app is charged for is what a recount finds");
}
check_books('after the storm');

# ---- nothing is left over ----

cmp_ok(scalar(cells()), '<=', 16, 'no more cells than the settings allow');
is(scalar(workers()), 2, 'two workers');
is(scalar(zygotes()), 1, 'one zygote');
my @zombies = grep { state_of($_) eq 'Z' } keys %{ $fazt->processes_below($fazt->pid('serve')) };
is_deeply(\@zombies, [], 'no zombies');
my ($most) = sort { $b <=> $a } map { descriptors($_) } workers();
cmp_ok($most, '<=', 150, "no worker holds more descriptors than its connections and cells ($most)");

# ---- the leash ----

answers() for 1 .. 20;
my @alive = cells();
ok(@alive > 0, 'cells are alive');
kill KILL => workers();
sub still { grep { -d "/proc/$_" && state_of($_) ne 'Z' } @alive }
for (1 .. 100) { sleep 0.05 if still() }
is_deeply([still()], [], 'a dead worker takes its cells along');
cmp_ok(recovery(10), '<=', 5000, 'both workers are back');
my %ours = %{ $fazt->processes_below($fazt->pid('serve')) };
is_deeply([map { "$_ " . line_of($_) } grep { !$ours{$_} } everyone()], [], 'no worker, zygote or cell of before is left behind');

# A worker whose supervisor died before it could look has another parent: here this test is that parent.
my $listening = IO::Socket::UNIX->new(Local => "$home/run/orphan.sock", Listen => 1) or die "no socket: $!";
my $orphan = fork // die;
if (!$orphan) {
	POSIX::dup2(fileno $listening, 0);
	exec { Fazt::program() } 'faztd', 'worker', '--home', $home, 0, 2, $fazt->pid('serve') or POSIX::_exit(1);
}
my $ended = eval { $fazt->wait_for(sub { waitpid($orphan, POSIX::WNOHANG()) == $orphan }, 'its end', 20); 1 };
kill KILL => $orphan if !$ended;
ok($ended, 'a worker that finds another parent than its supervisor ends');
# ---- who goes first when there is no memory left ----

answers() for 1 .. 20;
sub badness { slurp("/proc/$_[0]/oom_score_adj") + 0 }
my %badness = (supervisor => badness($fazt->pid('serve')), worker => badness((workers())[0]), cell => badness((cells())[0]), zygote => badness((zygotes())[0]));
note "oom_score_adj: " . json_of(\%badness);
is_deeply([grep { badness($_) != $badness{cell} } cells()], [], 'REL-16: all cells are alike to the OOM killer');
cmp_ok($badness{cell}, '>=', 900, 'REL-16: they go first');
cmp_ok($badness{cell} - $badness{$_}, '>=', 500, "REL-16: long before the $_") for 'zygote', 'worker', 'supervisor';
cmp_ok($badness{zygote}, '>', $badness{worker}, 'REL-16: the zygote, which only starts again, before a worker');

# ---- stopping and reloading while requests are under way ----

# Ask path from many clients at once, until told to stop; what they got, by status.
sub under_load {
	my ($clients, $seconds, $method, $path, $meanwhile) = @_;
	my @pids = map {
		my $who = $_;
		my $pid = fork // die;
		if (!$pid) {
			my %got;
			my $until = time + $seconds;
			while (time < $until) {
				my $answer = eval { $fazt->browser->request($method => $fazt->url('ledger', $path), token => $token, json => { n => "$$-" . rand }) };
				$got{ $answer ? $answer->{status} : 'none' }++;
			}
			Fazt::spew("$home/load.$who", json_of(\%got));
			POSIX::_exit(0);
		}
		$pid;
	} 1 .. $clients;
	$meanwhile->();
	waitpid $_, 0 for @pids;
	my %all;
	for my $who (1 .. $clients) {
		my $got = text_of(slurp("$home/load.$who"));
		$all{$_} += $got->{$_} for keys %$got;
	}
	return \%all;
}

my $got = under_load(6, 2, POST => '/entries', sub {
	for (1 .. 3) {
		sleep 0.4;
		kill HUP => $fazt->pid('serve');
	}
});
is_deeply([keys %$got], [201], 'three reloads under load: no request fails') or diag(json_of($got));
$got = under_load(6, 3, POST => '/entries', sub {
	for (1 .. 3) {
		sleep 0.6;
		kill TERM => any(workers());
	}
	kill TERM => zygotes();
	kill TERM => workers();
});
is_deeply([keys %$got], [201], 'SIGTERM to single workers, and to all of them at once: no request fails') or diag(json_of($got));
$got = under_load(6, 2, POST => '/entries', sub {
	for (1 .. 3) {
		sleep 0.4;
		kill HUP => $fazt->pid('nginx'); # as after a certificate was renewed
	}
});
is_deeply([keys %$got], [201], 'REL-18: three reloads of nginx under load: no request fails') or diag(json_of($got));
$got = under_load(6, 2, POST => '/entries', sub {
	sleep 0.5;
	restart_nginx('QUIT');
});
is_deeply([grep { !/^(?:201|none|0)$/ } keys %$got], [], 'REL-18: while nginx itself is started anew nobody answers; every answer is a good one') or diag(json_of($got));
cmp_ok($got->{201} // 0, '>', 0, 'REL-18: before it and after it');
my @old = workers();
kill HUP => $fazt->pid('serve');
my %old = map { $_ => 1 } @old;
$fazt->wait_for(sub { 2 == grep { !$old{$_} } workers() }, 'fresh workers', 5);
pass('and fresh workers are there at once');

my ($exit, $out, $err) = Fazt::run({}, Fazt::program(), 'serve', '--home', $home);
is($exit, 6, 'a second faztd serve on the same home ends at once');
like($err, qr/another faztd serves \Q$home\E already/, 'and says why');
ok(answers(), 'and the first one goes on');

# Connections to the workers, those that nobody has accepted yet among them.
sub connections { return scalar(() = slurp('/proc/net/unix') =~ m{\Q$home\E/run/fcgi\.sock$}mg) - 1 }

# What 50 requests that are sent at once are answered with, by status, when something happens once nginx has passed them on.
sub fifty {
	my ($path, $meanwhile) = @_;
	my (%answer, %got);
	my $all = IO::Select->new;
	for (1 .. 50) {
		my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die "nginx: $!";
		print $s "GET $path HTTP/1.1\r\nHost: ledger.localhost\r\nAuthorization: Bearer $token\r\nConnection: close\r\n\r\n";
		$s->flush;
		$all->add($s);
		$answer{$s} = '';
	}
	$fazt->wait_for(sub { connections() >= 50 || $all->can_read(0) }, 'nginx has connected, or they are answered already');
	sleep 0.1;
	$meanwhile->();
	while ($all->count && (my @ready = $all->can_read(20))) {
		for my $s (@ready) {
			next if sysread $s, $answer{$s}, 65536, length $answer{$s};
			$all->remove($s);
			close $s;
		}
	}
	$got{ /^HTTP\S+ (\d+)/ ? $1 : 'none' }++ for values %answer;
	return \%got;
}

@writers = start_writers('t1', 't2');
sleep 0.5;
for my $whom ('the supervisor', 'every process') {
	my ($started, $took);
	$got = fifty('/while', sub {
		my $pid = delete $fazt->{children}{serve};
		my @pids = ($pid, $whom eq 'every process' ? everyone() : ());
		$started = time;
		kill TERM => @pids;
		waitpid $pid, 0;
		$took = time - $started;
		is($?, 0, "REL-15: SIGTERM to $whom with 50 requests under way: it ends well");
	});
	note sprintf 'it took %.1f s', $took;
	is_deeply([grep { !/^(?:200|50[34])$/ } keys %$got], [], 'REL-15: each of them was answered, with 503 or 504 where a busy machine came to its deadline') or diag(json_of($got));
	cmp_ok($got->{200} // 0, '>', 0, '… and with what was asked for where there was time');
	is_deeply([everyone()], [], 'REL-15: nothing is left running');
	$fazt->spawn(serve => Fazt::program(), 'serve', '--home', $home);
	cmp_ok(recovery(10), '<=', 5000, 'and it starts again');
}
my $started = time;
my $gone = delete $fazt->{children}{serve};
kill TERM => $gone;
waitpid $gone, 0;
cmp_ok(time - $started, '<=', 9, 'REL-15: while clients go on asking it ends as well');
stop_writers(@writers);
check_books('after the stop (REL-15)');
$fazt->spawn(serve => Fazt::program(), 'serve', '--home', $home);
cmp_ok(recovery(10), '<=', 5000, 'and it starts again');

done_testing;
