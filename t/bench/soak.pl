# ./dev soak [N] — N requests of all kinds by three people and strangers; afterwards the system must hold as much memory
# and as many descriptors as when it was warm, and every answer must have been the expected one.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp);

my $total = shift // 100_000;
my $fazt = Fazt->new(settings => { 'app.bytes' => 4_000_000_000, 'app.rows' => 10_000_000 });
$fazt->install(soak => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { board => { read => 'anyone', add => 'members' } } },
	'public/page.html' => '<p>page',
	'api/main.lua' => <<'LUA',
local docs = require("fazt").storage.docs
return {
	["GET /hello"] = function() return { text = "hello" } end,
	["GET /list"] = function() return { json = docs.find("board", {}, { sort = "-created", limit = 10 }) } end,
	["POST /add"] = function(req) return { status = 201, json = docs.insert("board", req.json) } end,
	["GET /fail"] = function() error("on purpose") end,
	["GET /grow"] = function() local t = {} while true do t[#t + 1] = ("x"):rep(100000) .. #t end end,
}
LUA
});
$fazt->start;
my @people = map { my $p = $fazt->person($_); $p->enter($fazt->url('soak')); $p } qw(ann bob cy);
my $stranger = $fazt->browser;
my @kinds = (
	[30, 'hello', sub { $stranger->request(GET => url('/hello')) }, 200],
	[20, 'list', sub { $stranger->request(GET => url('/list')) }, 200],
	[10, 'add', sub { $people[rand 3]->fetch(POST => url('/add'), json => { text => 'x' x rand 2000 }) }, 201],
	[10, 'page', sub { $stranger->request(GET => url('/page.html')) }, 200],
	[10, 'missing', sub { $stranger->request(GET => url('/nothing')) }, 404],
	[5, 'denied', sub { $stranger->fetch(POST => url('/add'), json => {}) }, '401 429'], # strangers write at a bounded rate
	[5, 'health', sub { $stranger->request(GET => $fazt->url('os', '/_fazt/health')) }, 200],
	[2, 'fail', sub { $stranger->request(GET => url('/fail')) }, 500],
	[1, 'grow', sub { $stranger->request(GET => url('/grow')) }, 500],
);
my @lottery = map { my $k = $_; ($k) x $k->[0] } @kinds;
sub url { $fazt->url('soak', @_) }

sub weigh {
	my ($kb, $descriptors) = (0, 0);
	my $root = $fazt->pid('serve');
	for my $pid ($root, keys %{ $fazt->processes_below($root) }) {
		my ($own) = (eval { slurp("/proc/$pid/smaps_rollup") } // '') =~ /^Pss:\s+(\d+)/m;
		$kb += $own // 0;
		$descriptors += () = glob "/proc/$pid/fd/*";
	}
	return ($kb, $descriptors);
}

my ($wrong, %seen, @warm) = (0);
for my $n (1 .. $total) {
	my (undef, $name, $ask, $status) = @{ $lottery[rand @lottery] };
	my $answer = $ask->();
	$seen{"$name $answer->{status}"}++;
	if (!grep { $answer->{status} == $_ } split ' ', $status) {
		print "request $n, $name: $answer->{status} instead of $status\n" if $wrong++ < 10;
	}
	@warm = weigh() if $n == int($total / 5);
	printf STDERR "  %d requests, %.1f MB, %d descriptors\n", $n, (weigh())[0] / 1024, (weigh())[1] if $n % (int($total / 10) || 1) == 0;
}
my @end = weigh();
printf "%-14s %8d\n", $_, $seen{$_} for sort keys %seen;
printf "memory  %.1f MB when warm, %.1f MB at the end\ndescriptors  %d, %d\n", $warm[0] / 1024, $end[0] / 1024, $warm[1], $end[1];
my @complaints = ($wrong ? "$wrong answers were not as expected" : (), !Fazt::sanitized() && $end[0] > $warm[0] * 1.05 + 1024 ? 'memory grows' : (),
	$end[1] > $warm[1] + 8 ? 'descriptors leak' : ());
print map({ "$_\n" } @complaints), @complaints ? '' : "as it should be\n";
exit(@complaints ? 1 : 0);
