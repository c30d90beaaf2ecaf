# Sessions once more: what signing in changes, what a stranger learns at the door, who guesses from everywhere, and signing out while
# something is under way.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use IO::Socket::INET;
use List::Util qw(max min);
use Test::More;
use Time::HiRes qw(time sleep);

my $fazt = Fazt->new(settings => { deadline => 20000 });
$fazt->install(pad => {
	'app.json' => { visibility => 'members', permissions => ['storage'], collections => { notes => { read => 'members', add => 'members' } } },
	'api/main.lua' => <<'LUA',
local docs = require("fazt").storage.docs
return {
	["GET /"] = function(req) return { json = req.user and req.user.name } end,
	["GET /count"] = function() return { json = docs.count("notes", {}) } end,
	["POST /add"] = function(req) return { status = 201, json = docs.insert("notes", { text = "x" }) } end,
	["POST /slow"] = function(req)
		docs.count("notes", {})
		for i = 1, 60 do local s = 0 for j = 1, 300000 do s = s + j end end
		return { status = 201, json = docs.insert("notes", { text = "slow" }) }
	end,
}
LUA
});
$fazt->install_built_in('os');

# ---- before anybody is known ----

$fazt->start;
my $os = $fazt->url('os', '');
my $pad = $fazt->url('pad', '');
my $stranger = $fazt->browser;
for my $path ('/', '/setup', '/install', '/_fazt/setup', '/_fazt/init', '/_fazt/owner', '/add', '/apps/pad') {
	my $answer = $stranger->visit(GET => "$os$path", stay => 1);
	ok(($answer->{status} == 303 && $answer->{headers}{location} =~ m{^/_fazt/sign-in}) || $answer->{status} == 404, "IDN-19 a fresh node shows nobody a way to claim it: $path ($answer->{status})");
}
for my $name ('owner', '', 'admin', 'root') {
	my $form = $stranger->get("$os/_fazt/sign-in");
	is($stranger->submit($form, name => $name, password => $_)->{status}, 401, "IDN-19 nor is \"$name\" anybody with \"$_\" for a password") for '', 'owner';
}
is($stranger->fetch(POST => "$os/_fazt/login", form => { code => $_ })->{status}, 404, 'IDN-19 a code is not guessed: ' . json_of(substr $_, 0, 20)) for '', 'x' x 43, '0' x 43, 'x' x 5000;
my $link = $fazt->admin('login-link');
my $owner = $fazt->browser;
$owner->sign_in($link);
is($stranger->get($link)->{status}, 404, 'IDN-19 the code of the console opens it once');

# ---- a new session at every step ----

my $anna = $fazt->person('anna');
sub session { $_[0]->cookie('os.localhost', '__Host-os') }
sub lives { my ($value) = @_; my $b = $fazt->browser; $b->{jar}{'os.localhost'}{'__Host-os'} = $value; return $b->request(GET => "$os/_fazt/api/session.show")->{status} == 200 }
my $first = session($anna);
$anna->sign_in($fazt->admin('login-link', 'anna'));
isnt(session($anna), $first, 'IDN-03 signing in again makes a new session');
ok(!lives($first), 'IDN-03 … and the one before has ended');
my $planted = 'A' x 43;
my $victim = $fazt->browser;
$victim->{jar}{'os.localhost'}{'__Host-os'} = $planted;
$victim->sign_in($fazt->admin('login-link', 'anna'));
isnt(session($victim), $planted, 'IDN-03 a session that somebody planted is not the one that is signed in');
ok(!lives($planted), 'IDN-03 … and opens nothing');
$anna->enter("$pad/");
my $at_pad = $anna->cookie('pad.localhost', '__Host-fazt');
$anna->get("$pad/_fazt/sign-in?next=/");
is($anna->fetch(GET => "$pad/")->{json}, 'anna', 'IDN-03 going to an app again does no harm');
my $kept = session($anna);
$fazt->admin('user', 'role', 'anna', 'admin');
my $show = $anna->fetch(GET => "$os/_fazt/api/session.show");
ok($show->{status} == 401 || session($anna) ne $kept || $show->{json}{user}{role} eq 'admin', 'IDN-03 other rights are true at once, or the session has ended') or diag $show->{raw};
$fazt->admin('user', 'role', 'anna', 'member');
isnt(($anna->fetch(GET => "$os/_fazt/api/session.show")->{json}{user}{role} // 'none'), 'admin', 'IDN-03 … and taken back at once');
my $elsewhere = $fazt->browser;
$elsewhere->sign_in($fazt->admin('login-link', 'anna'));
$elsewhere->sign_in($fazt->admin('user', 'reset', 'anna') =~ s/.*?(http\S+).*/$1/sr, password => 'quite another word');
ok(!lives(session($anna)), 'IDN-03 a new password ends the sessions of before') if session($anna);
is($anna->fetch(GET => "$pad/")->{status}, 401, 'IDN-03 … at apps too');

my $bert = $fazt->person('bert');
my $lure = $fazt->admin('login-link', 'anna');
like($fazt->browser->get($lure)->{body}, qr/<form[^>]* data-auto/, 'IDN-03 a link signs in by itself where nobody is signed in');
unlike($bert->get($lure)->{body}, qr/data-auto/, 'IDN-03 … but nobody becomes another person without a click');

# ---- what the door tells ----

# Whether there is an account: twelve who are, with a password or without, and twelve who are not, one after the other.
my $password = 'correct horse battery';
$fazt->admin('user', 'add', "plain$_") for 1 .. 6;
for my $n (1 .. 6) {
	my $link = $fazt->admin_json('user', 'add', "known$n")->{link};
	$fazt->browser->sign_in($link, password => $password);
}
my $address = 0;
sub guess {
	my ($name, $word, $from) = @_;
	$address++;
	my $body = Fazt::Browser::form(name => $name, password => $word);
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port, LocalAddr => $from // sprintf '127.0.%d.%d', 2 + $address / 200, 1 + $address % 200) or die "no connection: $!";
	my $since = time;
	print $s join "\r\n", 'POST /_fazt/sign-in HTTP/1.1', 'Host: os.localhost', "Origin: $os", 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body, 'Connection: close', '', $body;
	$s->flush;
	local $/;
	my $answer = Fazt::Browser::parse(scalar <$s>);
	return ($answer, time - $since);
}
my (%took, %said);
for my $round (1 .. 3) {
	for my $n (1 .. 6) {
		for my $kind ('known', 'plain', 'nobody') {
			my ($answer, $time) = guess("$kind$n", "guess $round");
			push @{ $took{$kind} }, $time;
			my $text = join "\n", map { "$_->[0]: $_->[1]" } grep { $_->[0] !~ /^(?:date|x-request-id)$/ } @{ $answer->{all} };
			$said{$kind}{"$answer->{status} $text " . ($answer->{body} =~ s/"request_id":"\w+"//r)}++;
		}
	}
}
is_deeply([map { keys %{ $said{$_} } } 'known', 'plain'], [(keys %{ $said{nobody} }) x 2], 'IDN-12 who has an account, with a password or without, and who has none: the same status, headers and body') or diag explain \%said;
sub median { my @s = sort { $a <=> $b } @_; return $s[@s / 2] }
my %median = map { $_ => median(@{ $took{$_} }) } keys %took;
note(sprintf 'IDN-12 medians of %d: known %.0f ms, without a password %.0f ms, nobody %.0f ms', scalar @{ $took{known} }, map { $median{$_} * 1000 } qw(known plain nobody));
cmp_ok(max(values %median) / min(values %median), '<', 1.6, 'IDN-12 … and the same time');
my @dead = ('x' x 43, $link =~ /code=(\S+)/, '', 'x');
my %told;
for my $path ('login', 'invite', 'reset') {
	for my $code (@dead) {
		my $answer = $stranger->fetch(GET => "$os/_fazt/$path?code=$code");
		$told{"$answer->{status} " . ($answer->{body} =~ s/"request_id":"\w+"//r)}++;
	}
}
is(scalar keys %told, 1, 'IDN-12 a link that was used, one of another kind and one that never was are told alike') or diag explain \%told;
%told = ();
$told{ $_->{status} . ($_->{body} =~ s/"request_id":"\w+"//r) }++ for map { $stranger->fetch(GET => $fazt->url($_, '/')) } 'nosuch', 'unknown';
is(scalar keys %told, 1, 'IDN-12 names of apps there are not are told alike');

# ---- guessing from everywhere ----

my %status;
for my $n (1 .. 250) {
	my ($answer) = guess('known1', "wrong $n", sprintf '127.9.%d.%d', $n / 200, 1 + $n % 200);
	$status{ $answer->{status} }++;
}
cmp_ok($status{429} // 0, '>=', 240, 'IDN-11 guesses at one account from 250 addresses wait for each other: ' . json_of(\%status));
my ($late) = guess('known1', $password, '127.9.9.9');
cmp_ok($late->{headers}{'retry-after'} // 0, '>=', 1, 'IDN-11 … and are told how long');
my ($spelled) = guess(' KNOWN1 ', 'wrong', '127.9.9.8');
is($spelled->{status}, 429, 'IDN-11 … however the name is written');
my ($fine) = guess('known2', $password, '127.9.9.7');
is($fine->{status}, 303, 'IDN-11 … while others sign in');
is($fazt->browser->sign_in($fazt->admin('login-link', 'known1'))->{status}, 200, 'IDN-11 … and a link still opens the account');

# ---- pages around pages ----

for my $url ("$os/", "$os/_fazt/sign-in", "$os/add", "$os/waiting", "$os/_fazt/sign-out", "$pad/_fazt/sign-out", "$os/nothing") {
	my $answer = $owner->visit(GET => $url);
	like($answer->{headers}{'content-security-policy'} // '', qr/frame-ancestors 'none'/, "IDN-18 no frame around $url") or diag $answer->{raw};
}
for my $dest ('iframe', 'image', 'script', 'embed', 'object', 'empty') {
	my $answer = $owner->request(GET => "$os/_fazt/hand-over?app=pad&challenge=" . 'A' x 43 . '&next=/', headers => ['Sec-Fetch-Dest' => $dest, 'Sec-Fetch-Mode' => 'no-cors', 'Sec-Fetch-Site' => 'cross-site']);
	unlike($answer->{headers}{location} // '', qr/code=/, "IDN-10 a hand-over is for a document, not for $dest");
}

# ---- signing out while something is under way ----

my ($before, $written, %answers) = (0, 0);
my $cleo = $fazt->person('cleo');
sub add { # a request that is sent, and its answer later
	my ($path, $cookies) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die "no connection: $!";
	print $s join "\r\n", "POST $path HTTP/1.1", 'Host: pad.localhost', "Origin: $pad", "Cookie: $cookies", 'Content-Type: application/json', 'Content-Length: 2', 'Connection: close', '', '{}';
	$s->flush;
	return $s;
}
sub answer_of { my ($s) = @_; local $/; return Fazt::Browser::parse(scalar <$s>) }
my $count = sub { my $b = $fazt->browser; return $b->request(GET => "$pad/count", token => $fazt->{pad_token} //= $fazt->token('owner', 'pad'))->{json} };
for my $round (1 .. 4) {
	$cleo->sign_in($fazt->admin('login-link', 'cleo'));
	$cleo->enter("$pad/");
	my $cookies = $cleo->cookies("$pad/");
	$before = $count->();
	my @early = map { add('/slow', $cookies) } 1 .. 3;
	push @early, map { add('/add', $cookies) } 1 .. 6;
	sleep 0.1 * $round;
	my $csrf = $cleo->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};
	is($cleo->fetch(POST => "$os/_fazt/api/session.end", json => {}, headers => ['X-CSRF-Token' => $csrf])->{status}, 200, "IDN-15 signing out, round $round");
	my @late = map { answer_of(add('/add', $cookies)) } 1 .. 3;
	is_deeply([map { $_->{status} } @late], [(401) x 3], 'IDN-15 what comes after is refused');
	my @ends = map { answer_of($_) } @early;
	$written = grep { $_->{status} == 201 } @ends;
	$answers{ $_->{status} }++ for @ends;
	is($count->() - $before, $written, 'IDN-15 what was under way has written, or was refused');
}
is(join(' ', grep { !/^(?:201|401)$/ } keys %answers), '', 'IDN-15 with one of these two answers: ' . json_of(\%answers));
cmp_ok($answers{401} // 0, '>=', 1, 'IDN-15 a write that would have come after the end was refused');
done_testing;
