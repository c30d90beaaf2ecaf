package Fazt::Neighbour;

# One app that takes everything it may, and another one beside it that is asked small things all the time: how often is
# that one answered, and how much later than when it is alone?
#
#     my $street = Fazt::Neighbour->new($fazt);        # installs both, greedy and modest; then $fazt->start
#     my $r = $street->measure('cpu', seconds => 3);   # { success, p99, idle, ratio, loads, taken, page, page_idle }
#
# loads is how many requests of the greedy one were answered, taken the share of them that did what it wanted: a greed that is
# refused at once is none. page and page_idle are the 99th percentiles of a static file of the modest one, which nginx answers alone: how
# much of it is the machine's.
#
# Idle and busy moments alternate, so that a machine which is slow just then is slow for both.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

use constant { SCHED_SETSCHEDULER => (POSIX::uname())[4] =~ /^(?:x86_64|amd64)$/ ? 144 : 119, SCHED_FIFO => 1, SCHED_IDLE => 5 };

# What it does in a request, each short of what ends it.
our %greed = (
	cpu => 'return function() local n = 0 for i = 1, 6e7 do n = n + i % 7 end return { json = n } end',
	bursts => 'return function() local n = 0 for i = 1, 1e6 do n = n + i % 7 end return { json = n } end',
	memory => 'return function() local t = {} for i = 1, 1e5 do t[i] = ("x"):rep(60) .. i end return { json = #t } end',
	calls => 'return function() for i = 1, 900 do kv.get("seen/x") end return { json = 1 } end',
	scans => 'return function() if docs.count("pages") < 2000 then fazt.storage.tx(function() for i = 1, 500 do docs.insert("pages", { text = ("x"):rep(200) }) end end) end '
		. 'for _ = 1, 20 do docs.count("pages", { text = { contains = "zzz" } }) end return { json = 1 } end',
	writes => 'return function() for i = 1, 100 do kv.set("seen/" .. i, i) end return { json = 1 } end',
	batches => 'return function() fazt.storage.tx(function() for i = 1, 300 do docs.insert("rows", { n = i }) end end) return { json = 1 } end',
	inserts => 'return function() for _ = 1, 100 do docs.insert("rows", { text = ("x"):rep(200) }) end return { json = 1 } end',
	logs => 'return function() for i = 1, 1000 do print(("x"):rep(3000)) end return { json = 1 } end',
	uploads => 'return function(req) return { json = #req.body } end',
);
my %body = (uploads => 'x' x 900_000);
our @kinds = sort keys %greed;

sub new {
	my ($class, $fazt, $greedy, $modest) = @_;
	my $self = bless { fazt => $fazt, greedy => $greedy // 'greedy', modest => $modest // 'modest' }, $class;
	my $head = qq{local fazt = require "fazt"\nlocal docs, kv = fazt.storage.docs, fazt.storage.kv\n};
	my %rules = (permissions => ['storage'], visibility => 'anyone', collections => { map { $_ => { read => 'anyone', add => 'anyone', change => 'anyone' } } qw(rows pages seen) });
	$fazt->install($self->{greedy} => { 'app.json' => \%rules, 'api/main.lua' => "return {\n" . join('', map { qq{\t["* /$_"] = require "$_",\n} =~ s/\*/exists $body{$_} ? 'POST' : 'GET'/er } @kinds) . "}\n",
		map { ("api/$_.lua" => $head . $greed{$_}) } @kinds });
	$fazt->install($self->{modest} => { 'app.json' => \%rules, 'public/page.html' => 'page', 'api/main.lua' => $head . <<'LUA' });
return {
	["GET /"] = function() kv.set("seen/x", 1) return { json = kv.get("seen/x") } end,
	["GET /read"] = function() return { json = kv.get("seen/x") or 0 } end,
}
LUA
	return $self;
}

sub request { my ($host, $method, $path, $body, $more) = @_; return "$method $path HTTP/1.1\r\nHost: $host.localhost\r\n" . ($more // '') . (defined $body ? 'Content-Length: ' . length($body) . "\r\n\r\n$body" : "\r\n") }
sub dial { my ($self) = @_; return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{fazt}->port) }

# One answer from a kept connection: its status, or 0.
sub answer {
	my ($s) = @_;
	my $got = '';
	while ($got !~ /\r\n\r\n/) { sysread($s, $got, 65536, length $got) or return 0 }
	my ($head, $rest) = split /\r\n\r\n/, $got, 2;
	my $left = ($head =~ /^content-length: (\d+)/im ? $1 : 0) - length($rest // '');
	while ($left > 0) { my $n = sysread($s, my $more, 65536) or return 0; $left -= $n }
	return $head =~ m{^HTTP/1.1 (\d+)} ? $1 : 0;
}

# The status and ms of one request on a kept connection, which is dialled anew when it breaks.
sub timed {
	my ($self, $s, $path) = @_;
	my $began = time;
	syswrite $$s, request($self->{modest}, GET => $path);
	my $status = answer($$s);
	my $ms = 1000 * (time - $began);
	$$s = $self->dial unless $status;
	return ($status, $ms);
}

# [status, ms, ms of the page] of each of its requests, one every few milliseconds.
sub probe {
	my ($self, $seconds) = @_;
	my ($s, @list) = ($self->dial);
	go_first();
	for (my $until = time + $seconds; time < $until; sleep 0.01) {
		push @list, [$self->timed(\$s, '/read'), ($self->timed(\$s, '/page.html'))[1]];
	}
	return @list;
}

# Clients live on other machines, and what is measured is Fazt: those who make the load run when nobody else would, and the one who
# measures does not wait for them, nor for what it measures. That is for root alone; others do with less.
sub scheduled { my ($policy, $priority) = @_; my ($call, $parameters) = (SCHED_SETSCHEDULER, pack 'i', $priority); return syscall($call, 0, $policy, $parameters) == 0 }
sub go_first { scheduled(SCHED_FIFO, 1) }
sub go_last { scheduled(SCHED_IDLE, 0) or POSIX::nice(19) }

# Connections that ask for the same again and again, until they are told to end or nobody is left who would.
sub load {
	my ($self, $kind, $connections) = @_;
	$self->{token} //= $self->{fazt}->token('owner', $self->{greedy});
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	go_last();
	my $what = request($self->{greedy}, exists $body{$kind} ? 'POST' : 'GET', "/$kind", $body{$kind}, "Authorization: Bearer $self->{token}\r\n");
	$SIG{PIPE} = 'IGNORE';
	for (2 .. $connections) { last unless fork // 1 }
	my ($parent, %got) = (getppid);
	$SIG{TERM} = sub { Fazt::spew("$self->{fazt}{home}/load.$$", join ' ', %got); POSIX::_exit(0) };
	while (getppid == $parent) {
		my $s = $self->dial or do { sleep 0.05; next };
		while (getppid == $parent) {
			my $at = 0;
			while ($at < length $what) { my $n = syswrite($s, $what, 65536, $at) or last; $at += $n }
			my $status = answer($s) or last;
			$got{$status}++;
			sleep 0.02 if $status != 200; # a client that is turned away comes back, and does not spin
		}
	}
	POSIX::_exit(0);
}

# What the connections were answered, by status; they are gone then.
sub loads {
	my ($self) = @_;
	my %all;
	for my $path (glob "$self->{fazt}{home}/load.*") {
		my %got = split ' ', Fazt::slurp($path);
		$all{$_} += $got{$_} for keys %got;
		unlink $path;
	}
	return \%all;
}

sub percentile { my ($p, @s) = @_; @s = sort { $a <=> $b } @s; return $s[$p * $#s] }

# Children of the load are in its group: one signal ends them all. What they were answered adds up in $counts.
sub under {
	my ($self, $kind, $connections, $code, $counts) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		my $parent = getppid;
		POSIX::setpgid(0, 0);
		my $load = $self->load($kind, $connections);
		$SIG{TERM} = 'IGNORE';
		sleep 0.05 while getppid == $parent && waitpid($load, POSIX::WNOHANG) == 0; # a test that dies leaves no load behind
		POSIX::_exit(0);
	}
	POSIX::setpgid($pid, $pid);
	sleep 0.4;
	my @list = $code->();
	kill TERM => -$pid;
	my $until = time + 2;
	sleep 0.02 while kill(0 => -$pid) && waitpid($pid, POSIX::WNOHANG) == 0 && time < $until;
	kill KILL => -$pid;
	waitpid $pid, 0;
	my $got = $self->loads;
	$counts->{$_} += $got->{$_} for keys %$got;
	return @list;
}

sub measure {
	my ($self, $kind, %o) = @_;
	my ($rounds, $seconds) = ($o{rounds} // 3, $o{seconds} // 2);
	my (@idle, @busy, %counts);
	$self->probe(0.3);
	for (1 .. $rounds) {
		push @idle, $self->probe($seconds);
		push @busy, $self->under($kind, $o{connections} // 24, sub { $self->probe($seconds) }, \%counts);
		sleep 0.3;
	}
	my ($idle, $busy) = map { percentile(0.99, map { $_->[1] } @$_) } \@idle, \@busy;
	my $loads = 0;
	$loads += $_ for values %counts;
	return { kind => $kind, loads => $loads, taken => $loads ? ($counts{200} // 0) / $loads : 0, idle => $idle, p99 => $busy, ratio => $busy / $idle, probes => scalar @busy, p50 => percentile(0.5, map { $_->[1] } @busy),
		page => percentile(0.99, map { $_->[2] } @busy), page_idle => percentile(0.99, map { $_->[2] } @idle), idle50 => percentile(0.5, map { $_->[1] } @idle), success => (grep { $_->[0] == 200 } @busy) / @busy };
}

1;
