# Several people use one app at once, through the same workers, connections and cells: nobody is ever given another
# one's row, name or id, whatever the requests before and beside have done.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of);
use IO::Socket::INET;
use POSIX ();
use Test::More;

my $ROUNDS = $ENV{FAZT_LONG} ? 12_500 : 1000; # of each of 8 connections

my $fazt = Fazt->new(settings => { deadline => 2000 });
$fazt->install(mine => {
	'app.json' => { visibility => 'members', permissions => ['storage', 'people', 'storage:app'], collections => {
		notes => { read => 'owner', add => 'members', change => 'owner' }, wall => { read => 'members', add => 'members' } } },
	'api/state.lua' => 'return { last = nil, names = {} }',
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local state = require "state"
local docs, kv = fazt.storage.docs, fazt.storage.kv
local last
-- whatever an app keeps, by mistake or on purpose, is gone when the next request begins
local function keep(req)
	local found = last or state.last or remembered or getmetatable and rawget(string, "stolen") or fazt.stolen
	last, state.last, remembered = req.user.name, req.user.name, req.user.name
	state.names[#state.names + 1] = req.user.name
	string.stolen, fazt.stolen = req.user.name, req.user.name
	return found or (#state.names > 1 and state.names[1]) or nil
end
return {
	["GET /me"] = function(req) return { json = { found = keep(req), name = req.user.name, id = req.user.id } } end,
	["GET /notes"] = function(req) keep(req) return { json = { me = req.user.name, list = (docs.find("notes", {}, { limit = 5, sort = "-created" })), n = docs.count("notes") } } end,
	["POST /notes"] = function(req) keep(req) return { json = docs.insert("notes", { by = req.user.name, n = req.json.n }) } end,
	["POST /key"] = function(req) keep(req) kv.set("name", req.user.name) return { json = { name = kv.get("name") } } end,
	["GET /key"] = function(req) return { json = { name = kv.get("name") or fazt.null } } end,
	["GET /crash"] = function(req) keep(req) docs.insert("notes", { by = req.user.name }) error("in the middle of " .. req.user.name) end,
	["GET /tx"] = function(req) keep(req) return { json = fazt.storage.tx(function() local d = docs.insert("notes", { by = req.user.name }) docs.update("notes", d.id, { again = req.user.name }) return { name = req.user.name } end) } end,
	["GET /broken"] = function(req) fazt.storage.tx(function() docs.insert("notes", { by = req.user.name }) error("never") end) end,
	["GET /lent"] = function(req) return { json = { n = fazt.as_app(function() return docs.count("notes") end), own = docs.count("notes") > 0, name = req.user.name } } end,
	["GET /memory"] = function(req) keep(req) local t = {} while true do t[#t + 1] = req.user.name:rep(1e5) .. #t end end,
}
LUA
});
$fazt->start;

# ---- two people, one after the other, in browsers with sessions ----

my %browser = map { ($_ => $fazt->person($_)) } 'anna', 'bert';
$browser{$_}->get($fazt->url('mine', '/me')) for keys %browser; # the hand-over to the app's host
my (%id, %count, @wrong);
for my $i (1 .. 300) {
	my $who = ('anna', 'bert')[$i % 2];
	my $me = $browser{$who}->fetch(GET => $fazt->url('mine', '/me'));
	$id{$who} //= $me->{json}{id};
	$count{$who}++ if !defined $me->{json}{found} && $me->{json}{name} eq $who && $me->{json}{id} eq $id{$who};
	push @wrong, $me->{body} unless $me->{status} == 200 && $me->{json}{name} eq $who && !defined $me->{json}{found};
}
is_deeply(\%count, { anna => 150, bert => 150 }, 'RLS-07 two people alternating: each request is whose cookie it has') or diag $wrong[0];
isnt($id{anna}, $id{bert}, 'two people, two ids');

# ---- eight connections at once, each of them changing person with every request ----

my @people = qw(anna bert carl dora);
my %token = map { $fazt->try_admin('user', 'add', $_); ($_ => $fazt->token($_, 'mine')) } @people;

# One request on a connection that stays open: the answer's status and JSON.
sub ask {
	my ($s, $who, $method, $path, $json) = @_;
	my $body = defined $json ? json_of($json) : '';
	print $s "$method $path HTTP/1.1\r\nHost: mine.localhost\r\nAuthorization: Bearer $token{$who}\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
	my ($head, $length) = ('', 0);
	while (defined(my $line = <$s>)) {
		$head .= $line;
		$length = $1 if $line =~ /^content-length: *(\d+)/i;
		last if $line eq "\r\n";
	}
	my $bytes = '';
	while (length $bytes < $length) {
		read $s, $bytes, $length - length $bytes, length $bytes or last;
	}
	my ($status) = $head =~ m{^HTTP/1.1 (\d+)};
	return ($status // 0, eval { text_of($bytes) }, $bytes);
}

# An id may look like a name.
sub nobody_in { return $_[0] =~ s/"request_id":"\w+"//r !~ /anna|bert|carl|dora/ }

my @requests = (
	sub { my ($s, $who) = @_; my (undef, $v, $raw) = ask($s, $who, GET => '/me'); return ($v && $v->{name} eq $who && !defined $v->{found}, $raw) },
	sub { my ($s, $who) = @_; my (undef, $v, $raw) = ask($s, $who, GET => '/notes'); return ($v && $v->{me} eq $who && !(grep { $_->{by} ne $who } @{ $v->{list} }), $raw) },
	sub { my ($s, $who, $n) = @_; my (undef, $v, $raw) = ask($s, $who, POST => '/notes', { n => $n, by => 'other', owner => 'other' }); return ($v && $v->{by} eq $who && $v->{n} == $n, $raw) },
	sub { my ($s, $who) = @_; my (undef, $v, $raw) = ask($s, $who, POST => '/key', {}); return ($v && $v->{name} eq $who, $raw) },
	sub { my ($s, $who) = @_; my (undef, $v, $raw) = ask($s, $who, GET => '/key'); return ($v && (!defined $v->{name} || $v->{name} eq $who), $raw) },
	sub { my ($s, $who) = @_; my ($status, undef, $raw) = ask($s, $who, GET => '/crash'); return ($status == 500 && nobody_in($raw), $raw) },
	sub { my ($s, $who) = @_; my (undef, $v, $raw) = ask($s, $who, GET => '/tx'); return ($v && $v->{name} eq $who, $raw) },
	sub { my ($s, $who) = @_; my ($status, undef, $raw) = ask($s, $who, GET => '/broken'); return ($status == 500 && nobody_in($raw), $raw) },
	sub { my ($s, $who) = @_; my (undef, $v, $raw) = ask($s, $who, GET => '/lent'); return ($v && $v->{n} == 0 && $v->{name} eq $who, $raw) },
	sub { my ($s, $who, $n) = @_; return 1 if $n % 10; my ($status, undef, $raw) = ask($s, $who, GET => '/memory'); return ($status == 500, $raw) },
);

# What the logs say of a request that was answered like this.
sub said_of {
	my ($id) = $_[0] =~ /"request_id":"(\w+)"/ or return '';
	return join '', grep { /$id/ } map { Fazt::slurp($_) =~ /^.*\n/mg } glob $fazt->home . '/log/*.log';
}

# A child's part: how many answers were its person's, and the first that was not.
sub alternate {
	my ($seed) = @_;
	my ($fine, $other, $s) = (0, '');
	srand $seed;
	for my $n (1 .. $ROUNDS) {
		$s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) if !$s || $n % 100 == 0;
		my $who = $people[rand @people];
		my ($ok, $raw) = $requests[rand @requests]->($s, $who, $n);
		$ok ? $fine++ : ($other ||= "$who was answered: " . ($raw // 'nothing') . "\n" . said_of($raw // ''));
	}
	return "$fine $other";
}

my @children;
for my $seed (1 .. 8) {
	pipe my $in, my $out or die;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		print $out alternate($seed);
		close $out;
		POSIX::_exit(0);
	}
	push @children, { pid => $pid, in => $in, seed => $seed };
}
for my $c (@children) {
	local $/;
	my ($fine, $other) = readline($c->{in}) =~ /^(\d+) (.*)/s;
	waitpid $c->{pid}, 0;
	is($fine, $ROUNDS, "RLS-07 connection $c->{seed}: each of $ROUNDS answers is for whoever asked") or diag substr $other, 0, 2000;
}

# ---- what is there in the end ----

my %rows;
for my $who (@people) {
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port);
	my (undef, $v) = ask($s, $who, GET => '/notes');
	ok($v->{n} > 0 && !(grep { $_->{by} ne $who } @{ $v->{list} }), "RLS-07 $who has rows, all of them $who\'s own");
	my (undef, $key) = ask($s, $who, GET => '/key');
	is($key->{name}, $who, "$who has a key of that name");
}
my $nobody = $fazt->browser;
is($nobody->fetch(GET => $fazt->url('mine', '/notes'))->{status}, 401, 'a stranger on the same cells has nothing');
done_testing;
