# What an app may use (fcgi/kernel/budget.def): shown, given to one app, warned about at 80 %, enforced at 100 %; and that one
# app which takes all of it leaves the others theirs. The ids are those of the list of hostile cases.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use Fazt::Neighbour;
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my %rules = (visibility => 'anyone', permissions => ['storage'], collections => { rows => { read => 'anyone', add => 'members' } });
my %app = ('app.json' => \%rules, 'api/main.lua' => <<'LUA');
local fazt = require "fazt"
local docs, kv = fazt.storage.docs, fazt.storage.kv
local function spin() while true do end end
return {
	["GET /"] = function() return { text = "here" } end,
	["GET /spin"] = spin,
	["GET /work"] = function() local n = 0 for i = 1, 3e6 do n = n + i % 7 end return { json = n } end,
	["GET /log"] = function() for i = 1, 90 do print("line " .. i) end return { text = "logged" } end,
	["GET /calls"] = function() for _ = 1, 10000 do kv.get("x") end return { text = "called" } end,
	["GET /scans"] = function() for _ = 1, 900 do docs.find("rows", { text = { contains = "zzz" } }) end return { text = "found" } end,
	["POST /rows"] = function(req) for _ = 1, req.json.n or 1 do docs.insert("rows", { text = ("x"):rep(req.json.size or 1000) }) end return { text = "kept" } end,
	["POST /lists"] = function(req)
		local l = {}
		for i = 1, 9900 do l[i] = 1.2345678901234567e-300 + i * 1e-310 end
		for _ = 1, req.json.n do docs.insert("lists", { l = l }) end
		return { text = "kept" }
	end,
	["GET /lists"] = function()
		local c = {}
		for i = 1, 64 do c[i] = { l = { contains = i } } end
		return { json = docs.count("lists", { ["or"] = c }) }
	end,
	["POST /slow"] = function() docs.insert("rows", { text = "slow" }) spin() end,
}
LUA

my $fazt = Fazt->new(settings => { deadline => 8000 });
$fazt->install(greedy => \%app);
$fazt->install(modest => \%app);
$fazt->install_built_in('os');
my $street = Fazt::Neighbour->new($fazt, 'eager', 'calm');
$fazt->start;
my $client = $fazt->browser;
my %token = map { ($_ => $fazt->token('owner', $_)) } qw(greedy modest);

sub get { my ($app, $path) = @_; return $client->request(GET => $fazt->url($app, $path), token => $token{$app}) }
sub post { my ($app, $path, %json) = @_; return $client->request(POST => $fazt->url($app, $path), json => \%json, token => $token{$app}) }
sub code { my ($a) = @_; return "$a->{status} " . ((ref $a->{json} eq 'HASH' && ref $a->{json}{error} && $a->{json}{error}{code}) || 'fine') }
sub limit { $fazt->admin('app', 'limit', @_) }
sub usage { my ($app) = @_; return { map { $_->{name} => $_ } @{ $fazt->admin_json('app', 'usage', $app) } } }
sub notices { my ($kind) = @_; return grep { $_->{kind} eq $kind } @{ $fazt->admin_json('notice', 'list') } }
sub connection { my ($app, $path) = @_; my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die; print $s "GET $path HTTP/1.1\r\nHost: $app.localhost\r\n\r\n"; return $s }

# ---- the table ----

my $usage = usage('greedy');
is($usage->{'app.rows'}{limit}, 1000000, 'what every app may');
ok(!$usage->{'app.rows'}{own}, '… and it is not its own');
is(scalar keys %$usage, scalar(() = slurp('fcgi/kernel/budget.def') =~ /^BUDGET\(/mg), 'each row of the table is shown');
limit('greedy', 'app.rows', 50);
is_deeply([@{ usage('greedy')->{'app.rows'} }{qw(limit own)}], [50, JSON::PP::true], 'one app is given less');
ok(!usage('modest')->{'app.rows'}{own}, '… and the others are not');
for (['app.rowz', 5, qr/Did you mean "app.rows"/], ['app.rows', 'many', qr/a whole number/], ['app.rows', -1, qr/from 0/]) {
	my ($exit, undef, $err) = $fazt->try_admin('app', 'limit', 'greedy', @$_[0, 1]);
	isnt($exit, 0, "no limit: $_->[0] $_->[1]");
	like($err, $_->[2], '… and it says why');
}

# ---- stored ----

is(code(post('greedy', '/rows', n => 39)), '200 fine', 'most of it');
is(scalar(notices('app.limit')), 0, 'below 80 % nobody is told');
post('greedy', '/rows', n => 3);
my ($told) = notices('app.limit');
like($told->{body}, qr/41 of 50 \(app\.rows\)/, 'past 80 % the owner is told');
is($told->{app}, 'greedy', '… of which app');
like($fazt->admin('status'), qr/notices +1\b/, '… by status too');
my $last;
for (1 .. 20) { $last = post('greedy', '/rows'); last if $last->{status} != 200 }
is(code($last), '507 quota_exceeded', 'DSK-01 at its quota an app is told 507');
like($last->{json}{error}{message}, qr/app\.rows is 50.*app limit/, 'DSK-01 … which budget, how much, and what to do');
is(usage('greedy')->{'app.rows'}{percent}, 100, 'DSK-01 … shown as used up');
is(code(post('modest', '/rows')), '200 fine', 'DSK-01 … and other apps keep writing');
limit('greedy', 'app.rows', 'default');
is(code(post('greedy', '/rows')), '200 fine', 'more is allowed, and it goes on');
$fazt->admin('notice', 'seen', $told->{id});
like($fazt->admin('status'), qr/notices +0\b/, 'a notice was seen');
$fazt->admin('notice', 'clear');
is_deeply($fazt->admin_json('notice', 'list'), [], 'and is thrown away');
isnt(($fazt->try_admin('notice', 'clear', 'nothing'))[0], 0, 'one there is not');

# ---- a request ----

is(code(get('greedy', '/calls')), '429 syscall_limit', 'CPU-16 ten thousand calls end in 429');
post('modest', '/rows', n => 400, size => 5000);
limit('modest', cpu => 60);
my $scans = get('modest', '/scans');
is(code($scans), '429 syscall_limit', 'CPU-16 what the kernel works for a request is counted');
like($scans->{json}{error}{message}, qr/60 ms.*cpu/, 'CPU-16 … and it says which budget');
limit('modest', cpu => 'default');
limit('greedy', cpu => 200);
my $began = time;
is(code(get('greedy', '/spin')), '504 app_timeout', 'a request past its processor time is ended');
cmp_ok(time - $began, '<', 7.5, '… before its deadline');
like($fazt->admin('app', 'logs', 'greedy', '--limit', 3), qr/200 ms of processor time \(cpu\)/, '… and the log says why');
limit('greedy', cpu => 'default');

# Forty rows, each of which a query of 64 conditions can look at for half a second.
limit('greedy', cpu => 8000);
is(code(post('greedy', '/lists', n => 10)), '200 fine', 'long lists') for 1 .. 4;
$began = time;
my $long = get('greedy', '/lists');
is(code($long), '400 bad_query', 'CPU-16 a query ends at its time') or diag $long->{body};
like($long->{json}{error}{message}, qr/took too long/, 'CPU-16 … and says so');
cmp_ok(time - $began, '<', 6, sprintf 'CPU-16 … and not when it has seen all its rows: %.1f s', time - $began);
limit('greedy', cpu => 'default');

# ---- a minute ----

limit('greedy', 'app.log', 200);
get('greedy', '/log') for 1 .. 6;
my @lines = grep { $_->{text} =~ /^line/ } @{ $fazt->admin_json('app', 'logs', 'greedy', '--limit', 1000) };
cmp_ok(scalar @lines, '>=', 190, 'DSK-05 the lines of a minute are kept: ' . @lines);
cmp_ok(scalar @lines, '<', 330, 'DSK-05 … and no more');
limit('greedy', 'app.log', 'default');
limit('greedy', 'app.log', 100000);
get('greedy', '/log');
ok((grep { $_->{text} =~ /^\d+ lines were dropped: app\.log allows/ } @{ $fazt->admin_json('app', 'logs', 'greedy', '--limit', 1000) }), 'DSK-05 … and it says how many are missing');

limit('greedy', 'app.cpu', 100);
my %got;
for (1 .. 200) { $last = get('greedy', '/work'); $got{ code($last) }++; last if $last->{status} == 503 }
is(code($last), '503 over_budget', 'CPU-16 an app whose minute is used up answers 503');
cmp_ok($last->{headers}{'retry-after'}, '>=', 1, 'CPU-16 … and says when to come back');
like($last->{json}{error}{message}, qr/app\.cpu is 100 ms in a minute/, 'CPU-16 … and which budget that is');
is(code(get('modest', '/')), '200 fine', 'CPU-16 … the others do not');
cmp_ok(usage('greedy')->{'app.cpu'}{percent}, '>=', 90, 'CPU-16 … and it is shown') or diag explain \%got;
ok((grep { $_->{title} =~ /used up app\.cpu/ } notices('app.limit')), 'CPU-16 … and the owner is told');
limit('greedy', 'app.cpu', 6000000);
is(code(get('greedy', '/')), '200 fine', 'a larger limit holds at once') or diag(get('greedy', '/')->{body});

# ---- whose time it is ----

# Strangers at a door that is no app's are on nobody's bill, also when the thread that sees to them has served an app before.
sub workers { my $all = $fazt->processes_below($fazt->pid('serve')); return grep { $all->{$_} =~ /^faztd worker/ } keys %$all }
sub worked {
	my $ticks = 0;
	for my $pid (workers()) { my @f = split ' ', slurp("/proc/$pid/stat") =~ s/.*\)//sr; $ticks += $f[11] + $f[12] }
	return 1000 * $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}
limit('modest', 'app.cpu', 2000); # so little of it is given back meanwhile
my $kept = $street->dial;
sub ask { my ($host, $path) = @_; syswrite $kept, Fazt::Neighbour::request($host, 'GET', $path); return Fazt::Neighbour::answer($kept) }
my $pairs = join '&', map { "p$_=%41%42" } 1 .. 1000;
my ($used, $worked) = (usage('modest')->{'app.cpu'}{used}, worked());
my %answers;
for (1 .. 4) {
	$answers{ ask('modest', '/') }++;
	$answers{ ask('ntfy', "/x/json?$pairs") }++ for 1 .. 200;
	$answers{ ask('modest', '/') }++;
}
($used, $worked) = (usage('modest')->{'app.cpu'}{used} - $used, worked() - $worked);
is_deeply(\%answers, { 200 => 8, 403 => 800 }, 'strangers ask ntfy between the requests of an app');
cmp_ok($used, '<', $worked / 4, sprintf '… and the app is not charged for them: %.0f of %.0f ms', $used, $worked);
limit('modest', 'app.cpu', 'default');

# ---- suspension ----

sub kill_until { my ($n) = @_; my $a; for (1 .. $n) { $a = get('greedy', '/spin'); last if $a->{status} != 504 } return $a }
limit('greedy', cpu => 100);
$fazt->admin('app', 'enable', 'greedy');
my $suspended = kill_until(12);
is(code($suspended), '503 app_suspended', 'CPU-14 five ends in a minute suspend an app');
is(code(get('greedy', '/')), '503 app_suspended', 'CPU-14 … in every worker') for 1 .. 6;
is((grep { $_->{name} eq 'greedy' } @{ $fazt->admin_json('app', 'list') })[0]{state}, 'suspended', 'CPU-14 … and it is listed so');
is(scalar(notices('app.suspended')), 1, 'CPU-14 … and the owner is told');
is(code(get('modest', '/')), '200 fine', 'CPU-14 … and no other app is');
$fazt->stop('serve');
$fazt->start_faztd;
is(code(get('greedy', '/')), '503 app_suspended', 'CPU-14 a restart does not lift it');
my $first = get('greedy', '/')->{headers}{'retry-after'};
cmp_ok($first, '<=', 60, 'CPU-14 the first one is a minute');
$fazt->admin('app', 'enable', 'greedy');
is(code(get('greedy', '/')), '200 fine', 'CPU-14 the owner does');
limit('greedy', cpu => 'default');

# ---- everybody else ----

limit('greedy', cpu => 60000);
my $owner = $fazt->person;
limit('greedy', deadline => 3000);
my @busy = map { connection('greedy', '/spin') } 1 .. 30;
my $until = time + 3.2;
sleep 0.3;
my @os;
for (1 .. 10) { my $t = time; push @os, [$owner->fetch(GET => $fazt->url('os', '/_fazt/api/app.list'))->{status}, time - $t], [$owner->get($fazt->url('os', '/'))->{status}, time - $t] }
is_deeply([grep { $_->[0] != 200 } @os], [], 'REL-14 the dashboard answers with all cells busy');
my ($slowest) = sort { $b <=> $a } map { $_->[1] } @os;
cmp_ok($slowest, '<', 10, sprintf 'REL-14 … at once: the slowest of 20 after %.0f ms', 1000 * $slowest);
is(code(post('modest', '/rows')), '200 fine', 'XAP-13 and another app writes');
close $_ for @busy;

# A client that goes away in the middle of it: the cell ends at its deadline, what it had written stays, nothing is locked.
sleep 0.1 while time < $until;
$fazt->admin('app', 'enable', 'greedy');
limit('greedy', deadline => 700);
my $rows = usage('greedy')->{'app.rows'}{used};
my $gone = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die;
print $gone "POST /slow HTTP/1.1\r\nHost: greedy.localhost\r\nAuthorization: Bearer $token{greedy}\r\nContent-Length: 0\r\n\r\n";
$fazt->wait_for(sub { usage('greedy')->{'app.rows'}{used} == $rows + 1 }, 'the row is there');
close $gone;
my $t = time;
is(code(post('modest', '/rows')), '200 fine', 'HTTP-20 no transaction of it holds up others');
$fazt->wait_for(sub { slurp($fazt->home . '/log/fazt.log') =~ m{"path":"/slow","status":(?:504|499)} }, 'HTTP-20 the work ends');
cmp_ok(time - $t, '<', 7, sprintf 'HTTP-20 a request whose client is gone ends at its deadline: %.1f s', time - $t);
is(code(get('greedy', '/')), '200 fine', 'HTTP-20 … and the app goes on');

# More of them than the workers have threads.
limit('greedy', deadline => 'default');
for (1 .. 10) {
	my @crowd = map { connection('greedy', '/work') } 1 .. 40;
	sleep 0.2;
	close $_ for @crowd;
}
my $probe = connection('modest', '/');
ok(IO::Select->new($probe)->can_read(8), 'HTTP-20 400 clients that went away have not taken the workers with them');
close $probe;

# ---- writers who wait ----

# Somebody else has the database; more wait to write than there are connections to it. Those who read are answered meanwhile.
my $mark = $fazt->home . '/cache/held';
open my $shell, '|-', 'sqlite3', $fazt->home . '/data.db' or die "sqlite3: $!";
$shell->autoflush(1);
print $shell ".timeout 5000\nBEGIN IMMEDIATE;\n.shell touch '$mark'\n";
$fazt->wait_for(sub { -e $mark }, 'it has the database');
my $form = 'name=nobody&password=' . 'x' x 12;
my $writers = IO::Select->new(map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die } 1 .. 16);
print $_ join("\r\n", 'POST /_fazt/sign-in HTTP/1.1', 'Host: os.localhost', 'Origin: ' . $fazt->url('os', ''), 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $form, '', $form) for $writers->handles;
sleep 1;
my @reads = map { $client->get($fazt->url(@$_))->{status} } ['os', '/_fazt/health'], ['calm', '/read'], ['os', '/_fazt/health'];
my $early = () = $writers->can_read(0); # turned away, as there are many
cmp_ok($early, '<', 13, "those who want to write wait ($early do not)");
is_deeply(\@reads, [200, 200, 200], 'REL-14 … and those who read are answered before them');
close $shell;

# ---- the neighbour ----

for my $kind ('cpu', 'writes') {
	my $r = $street->measure($kind, rounds => 2, seconds => 1);
	cmp_ok($r->{success}, '>=', 0.999, sprintf 'CPU-14 XAP-13 beside one that takes all it may (%s): %d of %d answered', $kind, $r->{success} * $r->{probes}, $r->{probes});
	cmp_ok($r->{ratio}, '<', 100, sprintf 'CPU-14 … p99 %.1f ms, alone %.1f: %.1f times', @$r{qw(p99 idle ratio)});
}

# ---- who goes first ----

# The pieces that threads of workers ask the scheduler for, in ms: how many want which (sched_getattr(2); another layout of the call elsewhere).
sub pieces {
	my ($call) = (POSIX::uname())[4] =~ /^(?:x86_64|amd64)$/ ? 315 : 275;
	my %pieces;
	for my $pid (workers()) {
		for my $thread (map { m{(\d+)$} } glob "/proc/$pid/task/*") {
			my $attr = pack 'L2 Q l L Q3', 48;
			syscall($call, 0 + $thread, $attr, 48, 0) == 0 or next;
			$pieces{ (unpack 'L2 Q l L Q3', $attr)[5] / 1e6 }++;
		}
	}
	return \%pieces;
}
my ($kernel) = (POSIX::uname())[2] =~ /^(\d+\.\d+)/;
SKIP: {
	skip 'the kernel takes no such wishes before Linux 6.12', 2 if version->parse("v$kernel") < version->parse('v6.12');
	my $seen;
	$fazt->admin('app', 'enable', 'eager'); # it may have been suspended, when the machine was busy
	limit('eager', 'app.cpu', 60000); # another limit is a fresh minute
	$street->under('calls', 24, sub { for (1 .. 150) { $street->probe(0.1); $seen = pieces(); last if ($seen->{0.2} // 0) > 100 && $seen->{100} } }, \my %asked);
	ok(($seen->{0.2} // 0) > 100 && $seen->{100}, 'beside a heavy app all go first, also those that wait, but who works for it: ' . json_of([$seen, \%asked]));
	limit('eager', 'app.cpu', 100);
	$street->under('calls', 24, sub {
		$fazt->wait_for(sub { slurp($fazt->home . '/log/fazt.log') =~ m{"path":"/calls","status":503} }, 'it is refused');
		$fazt->wait_for(sub { $street->probe(0.1); !pieces()->{100} }, 'nobody to work for it');
	}, {});
	pass('… and who refused it has no turn of it');
}

# ---- who chooses ----

# How often a worker made the processors choose anew so far.
sub ticks {
	my $sum = 0;
	for my $thread (map { glob "/proc/$_/task/*" } workers()) {
		$sum += $1 if slurp("$thread/comm") eq "tick\n" && slurp("$thread/status") =~ /^voluntary_ctxt_switches:\s+(\d+)/m;
	}
	return $sum;
}
sub ticks_in { my ($code) = @_; my $before = ticks(); $code->(); return ticks() - $before }

limit('eager', 'app.cpu', 60001);
$fazt->admin('app', 'enable', 'eager');
my $often = 0;
$street->under('calls', 24, sub { for (1 .. 50) { last if ($often = ticks_in(sub { $street->probe(0.3) })) > 50 } }, {});
cmp_ok($often, '>', 50, 'beside a heavy app the processors choose anew, often');
$fazt->wait_for(sub { !ticks_in(sub { sleep 0.5 }) }, 'nobody is busy');
pass('… and not when it is over');

done_testing;
