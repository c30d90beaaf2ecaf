# Identity through nginx: sessions, the hand-over, tokens, and what hostile pages and guessers get. The finer tables
# (every Origin, every broken token, every address to go on to) are in t/unit/session.c, t/unit/signin.c and t/unit/jwt.c.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of slurp);
use Fazt::Browser;
use MIME::Base64 qw(encode_base64url decode_base64url);
use Test::More;
use Time::HiRes qw(time);

my $fazt = Fazt->new;
my %echo = ('api/main.lua' => <<'LUA');
return {
  ["GET /api/me"] = function(req) return { json = { user = req.user, cookies = req.cookies, headers = req.headers } } end,
  ["POST /api/do"] = function(req) return { json = { user = req.user } } end,
  ["POST /hook"] = function(req) return { json = { user = req.user, headers = req.headers } } end,
  ["GET /"] = function(req) return "hello " .. (req.user and req.user.name or "stranger") end,
}
LUA
$fazt->install($_->[0], { %echo, 'app.json' => { visibility => $_->[1], open => ['/hook'], permissions => [] } })
	for ['pad', 'members'], ['blog', 'anyone'];
$fazt->install('wide', { %echo, 'app.json' => { visibility => 'members', open => ['/*'], permissions => [] } });
$fazt->install_built_in('os');
$fazt->start;
my ($os, $pad, $blog) = map { $fazt->url($_, '') } qw(os pad blog);
my $me = "$pad/api/me";

sub seen { my ($answer) = @_; return ref $answer->{json} && $answer->{json}{user} ? $answer->{json}{user}{name} : undef }

# ---- the straight line ----

my $anna = $fazt->person('anna');
my $page = $anna->get("$pad/");
is($page->{body}, 'hello anna', 'signed in at the dashboard, an app opens by itself');
is($page->{url}, "$pad/", 'at its own address');
my $answer = $anna->get($me);
is(seen($answer), 'anna', 'and knows who it is');
is_deeply($answer->{json}{cookies} // {}, {}, 'IDN-16 it sees no cookie of the kernel');
ok(!exists $answer->{json}{headers}{$_}, "IDN-16 nor the header $_") for qw(cookie authorization);
my ($id) = $answer->{json}{user}{id};
$anna->get("$blog/_fazt/sign-in?next=/");
isnt($anna->get("$blog/api/me")->{json}{user}{id}, $id, 'another app knows the same person by another id');
is($fazt->browser->get("$blog/")->{body}, 'hello stranger', 'a public app needs nobody');
is($fazt->browser->fetch(GET => $me)->{status}, 401, 'a program that nobody is signed in to gets 401');
like($fazt->browser->get("$pad/")->{url}, qr{^\Q$os\E/_fazt/sign-in\?}, 'a browser the sign-in page');

# ---- cookies ----

my $mallory = $fazt->browser;
$mallory->{jar}{'.localhost'}{$_} = $anna->cookie('os.localhost', '__Host-os') for qw(os fazt);
like($mallory->get("$os/")->{url}, qr{/_fazt/sign-in}, 'IDN-01 a session under another name is none');
$anna->{jar}{'.localhost'}{os} = 'tossed';
is($anna->get("$os/_fazt/sign-out")->{status}, 200, 'IDN-01 a tossed cookie harms nobody');
like($anna->get("$os/_fazt/sign-out")->{body}, qr/<b>anna</, 'IDN-01 who is still signed in');
delete $anna->{jar}{'.localhost'};
$mallory = $fazt->browser;
$mallory->{jar}{'os.localhost'}{'__Host-os'} = $anna->cookie('pad.localhost', '__Host-fazt');
like($mallory->get("$os/")->{url}, qr{/_fazt/sign-in}, 'an app that kept its cookie could not open the dashboard with it');

# ---- tokens ----

my $token = $fazt->token('anna', 'pad');
my $program = $fazt->browser;
is(seen($program->request(GET => $me, token => $token)), 'anna', 'a token opens its app');
is(seen($program->request(POST => "$pad/api/do", token => $token, json => {})), 'anna', 'for writing, too');
is($program->request(GET => "$blog/api/me", token => $token)->{status}, 401, 'IDN-08 no other app');
is($program->request(GET => "$os/_fazt/api/session.show", token => $token)->{status}, 401, 'IDN-08 not the dashboard');
my ($header, $claims, $signature) = split /\./, $token;
my %hostile = (
	'alg none' => encode_base64url('{"alg":"none","typ":"JWT"}') . ".$claims.",
	'alg none, signed' => encode_base64url('{"alg":"none","typ":"JWT"}') . ".$claims.$signature",
	'a path for a key' => encode_base64url('{"alg":"EdDSA","kid":"../../dev/null"}') . ".$claims.$signature",
	'SQL for a key' => encode_base64url(q({"alg":"EdDSA","kid":"' OR 1=1 --"})) . ".$claims.$signature",
	'other claims' => "$header." . encode_base64url(decode_base64url($claims) =~ s/"exp":\d/"exp":9/r) . ".$signature",
	'no signature' => "$header.$claims.",
	'nonsense' => 'x',
);
is($program->request(GET => $me, token => $hostile{$_})->{status}, 401, "IDN-07 $_") for sort keys %hostile;
is($program->request(GET => "$me?access_token=$token")->{status}, 400, 'IDN-22 a token in an address');
my $named = $program->request(GET => "$me?t=$token");
is($named->{status}, 400, 'IDN-22 under any name');
unlike($fazt->log_with($named), qr/\Q$signature\E/, 'IDN-22 the log does not keep it');
my $keys = $program->get("$os/_fazt/jwks.json")->{json}{keys};
is_deeply([map { $_->{kid} } @$keys], [text_of(decode_base64url($header))->{kid}], 'the JWKS has the key it is signed with');

# ---- where requests come from ----

is($anna->fetch(POST => "$pad/api/do", json => {})->{status}, 200, 'a page of the app itself may write');
is($anna->fetch(POST => "$pad/api/do", json => {}, from => $blog)->{status}, 403, 'a page of another app may not');
is($anna->fetch(POST => "$pad/api/do", form => {}, from => 'https://evil.example')->{status}, 403, 'nor one of another site');
is($anna->request(POST => "$pad/api/do", json => {})->{status}, 403, 'nor anyone who does not say');
$answer = $anna->fetch(POST => "$pad/hook", json => {}, from => 'https://elsewhere.example');
is($answer->{status}, 200, 'an open path takes posts from everywhere');
is($answer->{json}{user}, undef, 'without a person');
my $hand = $fazt->browser->request(POST => "$pad/hook", token => 'their-own', json => {});
is($hand->{json}{headers}{authorization}, 'Bearer their-own', 'and with the Authorization that is meant for it');
my $wide = $fazt->url('wide', '');
$anna->get("$wide/_fazt/sign-in?next=/");
is($anna->get("$wide/")->{body}, 'hello stranger', 'an app that opens every path knows nobody there');
like($anna->get("$wide/_fazt/sign-out")->{body}, qr/<b>anna</, 'but what is Fazt\'s own stays closed: one can sign out');
is($anna->fetch(POST => "$wide/_fazt/sign-out", form => {}, from => $blog)->{status}, 403, 'and nobody else can do it');
my $session = $anna->fetch(GET => "$os/_fazt/api/session.show")->{json};
is($anna->fetch(GET => "$os/_fazt/api/session.show")->{headers}{'x-content-type-options'}, 'nosniff', 'its answers are JSON and nothing else');
is($session->{user}{name}, 'anna', 'the dashboard knows anna');
is($anna->fetch(POST => "$os/_fazt/api/session.end", json => {})->{status}, 403, 'its verbs want the session\'s token');
is($anna->fetch(POST => "$os/_fazt/api/session.end", json => {}, from => $pad,
	headers => ['X-CSRF-Token' => $session->{csrf}])->{status}, 403, 'from its own pages');

# ---- links ----

my $link = $fazt->admin('login-link', 'anna');
like($link, qr{^\Q$os\E/_fazt/login\?code=}, 'IDN-13 links come from the settings');
like($fazt->browser->raw("GET /_fazt/sign-in HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"), qr{^(?:$|HTTP/1.1 4)},
	'IDN-13 another Host is refused');
for my $next ('//evil.example', '/\\evil.example', "$pad.evil.example/", "http://pad.localhost:$fazt->{port}\@evil.example/",
	'https://evil.example/', "$pad/../x", 'javascript:alert(1)') {
	is($fazt->browser->get("$os/_fazt/sign-in?next=" . Fazt::Browser::encode($next))->{status}, 400, "IDN-10 no way to $next");
}
my $bot = $fazt->browser;
$bot->get($link) for 1 .. 3;
is($fazt->browser->sign_in($link)->{status}, 200, 'a link that was previewed still works');
is($fazt->browser->get($link)->{status}, 404, 'once');

# ---- guessing ----

my $bert = $fazt->browser;
$bert->sign_in($fazt->admin_json('user', 'add', 'bert')->{link}, password => 'correct horse battery');
my $door = $fazt->browser;
my $form = $door->get("$os/_fazt/sign-in");
my %status;
my $began = time();
$status{ $door->submit($form, name => 'bert', password => "guess $_")->{status} }++ for 1 .. 1000;
my $heard = 6 + int(log(1 + time() - $began) / log 2); # six, and one more after 1, 3, 7, 15 … seconds
ok($status{401} <= $heard, "IDN-11 of a thousand guesses at one name $heard are heard at most, the others are turned away: " . join ', ', %status);
is($status{401} + $status{429}, 1000, 'IDN-11 and the others are wrong');
my $limited = $door->submit($form, name => 'bert', password => 'correct horse battery');
is($limited->{status}, 429, 'IDN-11 now even the right one waits');
ok($limited->{headers}{'retry-after'} > 0, 'IDN-11 and is told how long');
like($bert->get("$pad/")->{body}, qr/hello bert/, 'IDN-11 bert himself goes on working');
is($fazt->browser->sign_in($fazt->admin('login-link'))->{status}, 200, 'IDN-11 the owner always has a way in');

# ---- one's own password ----

my $cora = $fazt->person('cora');
my $elsewhere = $fazt->person('cora');
my $own = $fazt->token('cora', 'pad');
sub choose {
	my ($who, %arguments) = @_;
	my $token = $who->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};
	return $who->fetch(POST => "$os/_fazt/api/session.password", json => \%arguments, headers => ['X-CSRF-Token' => $token]);
}
is(choose($cora, password => 'short')->{status}, 400, 'a password of one\'s own has ten characters');
is(choose($cora, password => 'a word of coras')->{status}, 200, 'cora chooses one while she is signed in');
is($cora->fetch(GET => "$os/_fazt/api/session.show")->{json}{password}, JSON::PP::true(), 'and has one then');
like($elsewhere->get("$os/")->{url}, qr{/_fazt/sign-in}, 'her other browser has to sign in again');
is($program->request(GET => $me, token => $own)->{status}, 401, 'and her programs need new tokens');
is(choose($cora, password => 'another of coras', present => 'no idea at all')->{status}, 403, 'one who says the present password must be right');
unlike(join('', map { slurp($_) } glob("$fazt->{home}/logs/* $fazt->{home}/data.db*")), qr/a word of coras|no idea at all/, 'nothing keeps a password');

# ---- the end ----

my $two = $fazt->browser;
$two->sign_in($fazt->admin('login-link', 'anna'));
is($two->get("$pad/")->{body}, 'hello anna', 'anna on a second machine');
my $csrf = $two->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};
is($two->fetch(POST => "$os/_fazt/api/session.end", json => { everywhere => JSON::PP::true() }, headers => ['X-CSRF-Token' => $csrf])->{status},
	200, 'she signs out everywhere');
like($_->get("$os/")->{url}, qr{/_fazt/sign-in}, 'no session of the dashboard is left') for $anna, $two;
is($_->fetch(GET => $me)->{status}, 401, 'nor of an app') for $anna, $two;
is($anna->fetch(POST => "$pad/api/do", json => {})->{status}, 401, 'IDN-15 what comes after is not done');
is($program->request(GET => $me, token => $token)->{status}, 401, 'nor does a token work');
my ($exit, undef, $err) = $fazt->try_admin('user', 'remove', 'owner');
is($exit, 3, 'the owner cannot be removed');
like($err, qr/owner/, 'and it says so');

done_testing;
