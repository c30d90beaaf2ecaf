# ./dev soak [MINUTES] — REL-13, and the machine the user has: fifty apps, three clients asking for all kinds of things, among
# it killers (processor, memory, log, storage), for so long and for at least so many requests. Once a second all processes are
# weighed. At the end: what was answered, whether memory, descriptors and the WAL stayed as they were, a plot, and what is wrong.
#
#     perl -It/lib t/bench/soak.pl SECONDS REQUESTS [FILE.svg]
#
# The limit of 1 GB is a group's (./dev soak makes one by systemd-run, FAZT_LIMIT says so) or, where there is none, a measured
# one: what all processes weigh together (PSS), with 256 MB left to the rest of such a machine.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp spew json_of text_of);
use List::Util qw(max sum);
use POSIX ();
use Time::HiRes qw(sleep time);

my ($seconds, $requests, $svg) = @ARGV;
my $LIMIT_MB = 1024 - 256;
my $SLACK_MB = $seconds < 300 ? 5 : 4; # two workers keep four connections to the database, and 2 MB of it for each; the last ones are seldom used
my $CLIENTS = 3;
my $APPS = 50;

my $fazt = Fazt->new(settings => { 'app.bytes' => 400_000_000, 'app.rows' => 10_000_000, deadline => 2000 });
my %small = ('app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { board => { read => 'anyone', add => 'members', change => 'members' } } },
	'public/page.html' => '<p>page', 'api/main.lua' => <<'LUA');
local docs = require("fazt").storage.docs
return {
	["GET /hello"] = function() return { text = "hello" } end,
	["GET /list"] = function() return { json = docs.find("board", {}, { sort = "-created", limit = 10 }) } end,
	["POST /add"] = function(req)
		local old = docs.find("board", {}, { sort = "created", limit = 1 })
		if docs.count("board") > 200 then pcall(docs.delete, "board", old[1].id) end -- another one may have been faster
		return { status = 201, json = docs.insert("board", req.json) }
	end,
	["GET /fail"] = function() error("on purpose") end,
}
LUA
my %killer = ('app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { junk => { read => 'anyone', add => 'anyone', change => 'anyone' } } },
	'api/main.lua' => <<'LUA');
local docs = require("fazt").storage.docs
return {
	["GET /cpu"] = function() while true do end end,
	["GET /memory"] = function() local t = {} while true do t[#t + 1] = ("x"):rep(100000) .. #t end end,
	["GET /log"] = function() for i = 1, 5000 do print(("x"):rep(2000) .. i) end return { text = "said" } end,
	["GET /store"] = function()
		for _ = 1, 10 do docs.insert("junk", { text = ("x"):rep(100000) }) end
		if docs.count("junk") > 60 then for _, row in ipairs(docs.find("junk", {}, { limit = 100 })) do docs.delete("junk", row.id) end end
		return { text = "stored" }
	end,
}
LUA

my $folder = $fazt->cartridge(small => \%small);
my @apps = map { sprintf 'app%02d', $_ } 1 .. $APPS - 1;
$fazt->admin('app', 'install', $folder, '--name', $_, '--yes', '--grant', 'all') for @apps;
$fazt->install(killer => \%killer);
$fazt->start;
my @people = map { $fazt->person("person$_") } 1 .. $CLIENTS;

# ---- what is asked for: of a hundred, the name, how, and the answers that are right ----

my ($me, $stranger); # of this client
my %entered;
sub any { return $apps[rand @apps] }
sub member { my ($app) = @_; $entered{$app}++ or $me->enter($fazt->url($app)); return $me }
my @kinds = (
	[35, 'hello', sub { $stranger->request(GET => $fazt->url(any(), '/hello')) }, 200],
	[20, 'list', sub { $stranger->request(GET => $fazt->url(any(), '/list')) }, 200],
	[14, 'add', sub { my $app = $apps[rand 5]; member($app)->fetch(POST => $fazt->url($app, '/add'), json => { text => 'x' x rand 2000 }) }, 201],
	[10, 'page', sub { $stranger->request(GET => $fazt->url(any(), '/page.html')) }, 200],
	[9, 'missing', sub { $stranger->request(GET => $fazt->url(any(), '/nothing')) }, 404],
	[4, 'denied', sub { $stranger->fetch(POST => $fazt->url(any(), '/add'), json => {}) }, '401 429'], # strangers write at a bounded rate
	[5, 'health', sub { $stranger->request(GET => $fazt->url('os', '/_fazt/health')) }, 200],
	[2, 'fail', sub { $stranger->request(GET => $fazt->url(any(), '/fail')) }, 500],
	[1, 'killer', sub { $stranger->request(GET => $fazt->url('killer', '/' . (qw(cpu memory log store))[rand 4])) }, '200 429 500 503 504 507'],
);
my @lottery = map { my $k = $_; ($k) x $k->[0] } @kinds;

# One client, in a process of its own; what it saw goes into a file.
sub client {
	my ($number, $until) = @_;
	my (%seen, @wrong, $slowest);
	$me = $people[$number];
	$stranger = $fazt->browser;
	srand 13 + $number;
	my $n = 0;
	while (time < $until || $n < $requests / $CLIENTS) {
		my (undef, $name, $ask, $right) = @{ $lottery[rand @lottery] };
		my $answer = eval { $ask->() } // { status => 0 }; # none
		$seen{"$name $answer->{status}"}++;
		push @wrong, "$name: $answer->{status} instead of $right" unless grep { $answer->{status} == $_ } split ' ', $right;
		$n++;
	}
	spew($fazt->home . "/client.$number", json_of({ n => $n, seen => \%seen, wrong => [splice @wrong, 0, 20], nwrong => scalar @wrong }));
}

# ---- what it weighs ----

sub processes {
	my (%parent, %state);
	for my $stat (glob '/proc/[0-9]*/stat') {
		my ($pid, $s, $p) = (eval { slurp($stat) } // '') =~ /^(\d+) \(.*\) (\S) (\d+)/s or next;
		($parent{$pid}, $state{$pid}) = ($p, $s);
	}
	my @roots = map { $fazt->pid($_) } qw(serve nginx);
	my @ours = grep { my $p = $_; $p = $parent{$p} while $p && !grep { $p == $_ } @roots; $p } keys %parent;
	return (\@ours, \%parent, \%state);
}

sub weigh {
	my ($ours, $parent, $state) = processes();
	my %line = map { $_ => (eval { slurp("/proc/$_/cmdline") } // '') } @$ours;
	my %w = (standing => 0, own => 0, cells => 0, ncells => 0, descriptors => 0, zombies => 0, pids => [], wal => (-s $fazt->home . '/data.db-wal') // 0);
	for my $pid (@$ours) {
		$w{zombies}++, next if $state->{$pid} eq 'Z';
		my %kb = (eval { slurp("/proc/$pid/smaps_rollup") } // '') =~ /^(Pss|Pss_Anon):\s+(\d+)/mg or next;
		my $cell = ($line{ $parent->{$pid} } // '') =~ /^[^\0]*\0zygote\0/;
		$w{ $cell ? 'cells' : 'standing' } += $kb{Pss} / 1024;
		$w{ncells} += $cell;
		next if $cell;
		$w{own} += $kb{Pss_Anon} / 1024; # what others share of a library comes and goes with them
		$w{descriptors} += () = glob "/proc/$pid/fd/*";
		push @{ $w{pids} }, $pid;
	}
	$w{pids} = join ' ', sort { $a <=> $b } @{ $w{pids} };
	return \%w;
}

sub median { my @s = sort { $a <=> $b } @_; return @s ? $s[@s / 2] : 0 }
# Of the samples after the warm-up, a third of them all: the middle one of the first third and of the last.
sub thirds {
	my ($key, @samples) = @_;
	my $third = int(@samples / 3) || 1;
	return (median(map { $_->{$key} } @samples[0 .. $third - 1]), median(map { $_->{$key} } @samples[-$third .. -1]));
}

# ---- pictures ----

sub plot {
	my (@mb) = @_;
	my ($high, $rows, $width) = (max(@mb) * 1.1 || 1, 10, 72);
	my @column = map { my $from = int($_ * @mb / $width); $mb[$from] // 0 } 0 .. $width - 1;
	my $text = '';
	for my $row (reverse 1 .. $rows) {
		$text .= sprintf('%7.0f MB |', $high * $row / $rows) . join('', map { $_ >= $high * ($row - 0.5) / $rows ? '#' : ' ' } @column) . "\n";
	}
	return $text . ' ' x 11 . '+' . '-' x $width . "\n";
}

sub write_svg {
	my ($path, @samples) = @_;
	my $high = max(map { $_->{standing} + $_->{cells} } @samples) * 1.1 || 1;
	my $line = sub {
		my ($of) = @_;
		my $n = 0;
		return join ' ', map { sprintf '%.1f,%.1f', 60 + 720 * $n++ / (@samples - 1 || 1), 280 - 260 * $of->($_) / $high } @samples;
	};
	spew($path, sprintf <<'SVG', $high, $line->(sub { $_[0]{standing} + $_[0]{cells} }), $line->(sub { $_[0]{standing} }), scalar @samples);
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 320" font-family="sans-serif" font-size="12">
<path d="M60 20V280H780" fill="none" stroke="#888"/><text x="4" y="30">%.0f MB</text><text x="40" y="284">0</text>
<polyline fill="none" stroke="#c60" points="%s"/><polyline fill="none" stroke="#06c" points="%s"/>
<text x="62" y="300">%d seconds</text><text x="560" y="14" fill="#c60">everything</text><text x="640" y="14" fill="#06c">without cells</text>
</svg>
SVG
}

# ---- the run ----

sub oom_kills {
	my ($group) = (eval { slurp('/proc/self/cgroup') } // '') =~ /^0::(\S+)/m or return 0;
	my ($kills) = (eval { slurp("/sys/fs/cgroup$group/memory.events") } // '') =~ /^oom_kill (\d+)/m;
	return $kills // 0;
}

my $until = time + $seconds;
my $killed_before = oom_kills();
my @clients = map {
	my $pid = fork // die "fork: $!";
	if (!$pid) { client($_, $until); POSIX::_exit(0) }
	$pid;
} 0 .. $CLIENTS - 1;
my %running = map { $_ => 1 } @clients;
my @samples;
my $began = time;
while (%running) {
	sleep 1;
	push @samples, weigh();
	printf STDERR "  %d s, %.0f MB in %d cells and %.0f MB around them, %d descriptors\n", time - $began, @{ $samples[-1] }{qw(cells ncells standing descriptors)}
		if @samples % (int($seconds / 10) || 1) == 0;
	waitpid($_, POSIX::WNOHANG()) > 0 && delete $running{$_} for keys %running;
}
my $took = time - $began;
sleep 2;
my $last = weigh();

my (%seen, @wrong, $n);
for my $c (map { text_of(slurp($fazt->home . "/client.$_")) } 0 .. $CLIENTS - 1) {
	$n += $c->{n};
	$seen{$_} += $c->{seen}{$_} for keys %{ $c->{seen} };
	push @wrong, @{ $c->{wrong} };
}
my @warm = @samples[int(@samples / 3) .. $#samples];
my ($mb, $mb_end) = thirds('own', @warm);
my ($fds, $fds_end) = thirds('descriptors', @warm);
my $most = max(map { $_->{standing} + $_->{cells} } @samples);
my $wal = max(map { $_->{wal} } @samples) / 1048576;

printf "%-16s %8d\n", $_, $seen{$_} for sort keys %seen;
print "\n", plot(map { $_->{standing} + $_->{cells} } @samples), "\n";
printf "%-34s %s\n", @$_ for
	['limit', $ENV{FAZT_LIMIT} // "measured: $LIMIT_MB MB of 1024 for all processes together (PSS)"],
	['requests', sprintf '%d in %d s, %d of them killers, %d apps', $n, $took, (sum map { $seen{$_} } grep { /^killer/ } keys %seen) // 0, $APPS],
	['memory at most', sprintf '%.1f MB, %.1f of it cells', $most, max map { $_->{cells} } @samples],
	['without cells, shared with nobody', sprintf '%.1f MB in the first third, %.1f in the last: %+.1f %%', $mb, $mb_end, 100 * ($mb_end / ($mb || 1) - 1)],
	['descriptors', "$fds in the first third, $fds_end in the last"],
	['WAL at most', sprintf '%.1f MB', $wal],
	['zombies', $last->{zombies}], ['killed for memory', oom_kills() - $killed_before];
if ($svg) {
	write_svg($svg, @samples);
	print "plot: $svg\n";
}

my @complaints = map { "answer: $_" } @wrong[0 .. ($#wrong < 9 ? $#wrong : 9)];
push @complaints, 'memory grows' if !Fazt::sanitized() && $mb_end > $mb * 1.05 + $SLACK_MB;
push @complaints, 'descriptors leak' if $fds_end > $fds * 1.05 + 4;
push @complaints, 'more memory than such a machine has' if !Fazt::sanitized() && $most > $LIMIT_MB;
push @complaints, 'the WAL is not bounded' if $wal > 96;
push @complaints, 'zombies are left' if $last->{zombies};
push @complaints, 'a process that is no cell was replaced' if $last->{pids} ne $samples[0]{pids};
print map({ "$_\n" } @complaints), @complaints ? '' : "as it should be\n";
exit(@complaints ? 1 : 0);
