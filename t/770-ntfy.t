# Notifications: fazt.notify of apps, and the server at ntfy.DOMAIN as ntfy's own command line (2.11), apprise and plain HTTP
# see it. Without these programs their part is left out: FAZT_NTFY is where ntfy's is, ./dev check fetches it.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp spew fetched);
use MIME::Base64 qw(encode_base64 encode_base64url);
use Test::More;
binmode Test::More->builder->$_, ":utf8" for qw(output failure_output);
use Time::HiRes qw(time sleep);

my $fazt = Fazt->new(settings => { durability => 'normal' });
my %leads = ('app.json' => { visibility => 'members', permissions => ['notify'] }, 'api/main.lua' => <<'LUA');
local fazt = require "fazt"
return {
	["POST /notify"] = function(req) return { json = fazt.notify(req.json) } end,
	["POST /flood"] = function(req)
		local n = 0
		for i = 1, 60 do if pcall(fazt.notify, { title = "hi " .. i }) then n = n + 1 end end
		return { json = n }
	end,
}
LUA
$fazt->install(leads => \%leads);
$fazt->install(other => \%leads);
$fazt->admin('setting', 'set', 'push.app', 40);
$fazt->start;
my $os = $fazt->url('ntfy', '');
my $client = $fazt->browser;

# ---- topics and tokens ----

is($fazt->admin('topic', 'add', 'alerts'), "$os/alerts", 'topic add prints the address');
$fazt->admin('topic', 'add', 'quiet');
my $rw = $fazt->admin('topic', 'token', 'add', 'rw', '--read', 'alerts,quiet', '--write', 'alerts');
my $ro = $fazt->admin('topic', 'token', 'add', 'phone', '--read', '*');
my $wo = $fazt->admin('topic', 'token', 'add', 'script', '--write', 'alerts');
like($rw, qr/^tk_[0-9a-z]{32}$/, 'topic token add prints the token alone');
is_deeply([map { [@$_{qw(name read write)}] } @{ $fazt->admin_json('topic', 'token', 'list') }],
	[['phone', ['*'], []], ['rw', ['alerts', 'quiet'], ['alerts']], ['script', [], ['alerts']]], 'topic token list says what each may');
unlike($fazt->admin('topic', 'token', 'list') . slurp($fazt->home . '/data.db') . slurp($fazt->home . '/data.db-wal'), qr/\Q$rw/, 'and the token is nowhere');
sub code { my (undef, $out) = $fazt->try_admin(@_, '--json'); return (eval { text_of($out) } // {})->{error}{code} // "none: $out" }
is(code('topic', 'add', 'alerts'), 'conflict', 'a topic once');
is(code('topic', 'add', $_), 'bad_request', "no topic: $_") for 'a b', '*', 'docs', 'x' x 65, 'a/b';
is(code('topic', 'token', 'add', 'x', '--read', 'nosuch'), 'not_found', 'a token for a topic there is');
is(code('topic', 'token', 'add', 'x'), 'bad_request', 'a token that may something');
is(code('topic', 'remove', 'fazt'), 'bad_request', 'the topic of Fazt itself stays');
is(code('topic', 'remove', 'nosuch'), 'not_found', 'removing what is not there');
is(code('topic', 'token', 'remove', 'nosuch'), 'not_found', 'and a token that is not there');

# ---- over HTTP ----

sub ask {
	my ($method, $path, %o) = @_;
	my $token = exists $o{token} ? delete $o{token} : $rw;
	my @headers = (@{ delete $o{headers} // [] }, $token ? (Authorization => "Bearer $token") : ());
	return $client->request($method, "$os$path", headers => \@headers, %o);
}
sub publish { my ($body, %o) = @_; return ask(POST => '/alerts', body => $body, type => 'text/plain', headers => [%o]) }
sub lines { return map { text_of($_) } grep { length } split /\n/, $_[0]{body} }
sub poll { my ($path, %o) = @_; return lines(ask(GET => $path, %o)) }
sub problem { my ($answer) = @_; my $e = eval { text_of($answer->{body}) } // {}; return "$answer->{status} " . ($e->{code} // $answer->{body}) }

my $hello = publish('hello world', Title => 'Greeting', Priority => 'high', Tags => 'tada, warning', Click => 'https://x.org/a', Icon => 'https://x.org/i.png', Markdown => 'yes');
is($hello->{status}, 200, 'a message is published') or diag $hello->{body};
my $sent = text_of($hello->{body});
like($sent->{id}, qr/^[0-9A-Za-z]{12}$/, 'with an id as ntfy has them');
is_deeply([@$sent{qw(event topic title message priority click icon content_type)}, $sent->{tags}],
	['message', 'alerts', 'Greeting', 'hello world', 4, 'https://x.org/a', 'https://x.org/i.png', 'text/markdown', ['tada', 'warning']], 'and all that was said');
cmp_ok(abs($sent->{expires} - $sent->{time} - 12 * 3600), '<=', 1, 'kept for twelve hours');
is($hello->{headers}{'access-control-allow-origin'}, '*', 'pages elsewhere may ask, with a token');
is_deeply([poll('/alerts/json?poll=1')], [$sent], 'and it is polled as it was answered');
is(text_of(ask(PUT => '/alerts', body => 'x', headers => ['X-Title' => '=?UTF-8?B?w5xuw68=?='])->{body})->{title}, "\x{dc}n\x{ef}", 'a title in an encoded word');
is(text_of(ask(GET => "/alerts/$_?message=a%20b&t=T&p=5&ta=x,y&click=https%3A%2F%2Fx.org")->{body})->{message}, 'a b', "GET /alerts/$_") for 'publish', 'send', 'trigger';
is(text_of(publish('')->{body})->{message}, 'triggered', 'an empty body is a trigger');
is(text_of(publish('', Message => 'one\ntwo')->{body})->{message}, "one\ntwo", 'the message as a header');
my $json = text_of(ask(POST => '/', json => { topic => 'alerts', title => 'J', message => 'from JSON', priority => 2, tags => ['a', 'b'], click => 'https://x.org',
	actions => [{ action => 'view', label => 'Open', url => 'https://x.org', clear => JSON::PP::true() }] })->{body});
is_deeply([@$json{qw(title message priority)}, $json->{tags}, $json->{actions}], ['J', 'from JSON', 2, ['a', 'b'],
	[{ id => 'action1', action => 'view', label => 'Open', url => 'https://x.org', clear => JSON::PP::true() }]], 'publishing as JSON');
is(text_of(publish('x', Actions => 'http, Post it, https://x.org/do, method=put, body=on; view, See, https://x.org')->{body})->{actions}[0]{method}, 'PUT', 'buttons as a sentence');

# tokens, everywhere ntfy has them
my $basic = 'Basic ' . encode_base64("anyone:$rw", '');
is(ask(GET => '/alerts/auth', token => undef, headers => [Authorization => $basic])->{status}, 200, 'a token as the password');
is(ask(GET => '/alerts/auth', token => undef, headers => [Authorization => 'Basic ' . encode_base64("$rw:", '')])->{status}, 200, 'or as the name without one');
is(ask(GET => '/alerts/auth?auth=' . encode_base64url($_), token => undef)->{status}, 200, 'or in ?auth=') for $basic, "Bearer $rw";
is(problem(ask(GET => '/alerts/auth', token => "tk_" . 'x' x 32)), '401 40101', 'a token there is not');
is(problem(ask(GET => '/alerts/auth?auth=%20', token => undef)), '401 40101', 'what is no token');
is(ask(GET => '/v1/health', token => undef)->{body}, "{\"healthy\":true}\n", '/v1/health');
is(text_of(ask(GET => '/v1/account')->{body})->{username}, 'rw', '/v1/account');
is(text_of(ask(GET => '/v1/account', token => undef)->{body})->{role}, 'anonymous', 'and of nobody');
is(ask(GET => '/')->{status}, 200, 'a word for who looks with a browser');
is(ask(OPTIONS => '/alerts', token => undef)->{status}, 200, 'a page elsewhere asks first');

# WS-18: who may what; topics cannot be guessed
is(problem(ask(GET => "/$_/json?poll=1", token => undef)), '403 40301', "WS-18: without a token nothing is read: $_") for 'alerts', 'nosuch', 'fazt', 'alerts,quiet';
is(problem(ask(GET => "/$_/json?poll=1", token => $wo)), '403 40301', "WS-18: who may only write does not read: $_") for 'alerts', 'nosuch';
is(problem(ask(POST => '/alerts', body => 'x', token => $ro)), '403 40301', 'WS-18: who may only read does not write');
is(problem(ask(POST => '/quiet', body => 'x')), '403 40301', 'WS-18: a token is for its topics');
is(problem(ask(POST => '/nosuch', body => 'x', token => $ro)), '403 40301', 'WS-18: a topic that is not there looks like one that is not open');
is(problem(ask(GET => '/alerts,fazt/json?poll=1')), '403 40301', 'WS-18: one topic that may not be read is enough');

# XAP-11: the kernel's topic is written by the kernel alone
my $star = $fazt->admin('topic', 'token', 'add', 'star', '--read', '*', '--write', '*');
is(ask(POST => '/alerts', body => 'x', token => $star)->{status}, 200, 'a token for every topic writes to one');
is(problem(ask(POST => '/fazt', body => 'approve this', token => $star)), '403 40301', 'XAP-11: but not to the kernel\'s');
is(problem(ask(POST => '/', json => { topic => 'fazt', message => 'approve this' }, token => $star)), '403 40301', 'XAP-11: nor as JSON');
is(code('topic', 'token', 'add', 'x', '--write', 'alerts,fazt'), 'bad_request', 'XAP-11: and no token is made that names it to write');
$fazt->admin('notice', 'test');
my @said = poll('/fazt/json?poll=1', token => $star);
ok(@said && !(grep { $_->{message} eq 'approve this' } @said), 'XAP-11: what the kernel says is read there, and nothing else') or diag explain \@said;
$fazt->admin('topic', 'token', 'remove', 'star');
is(problem(ask(GET => "/$_/json?poll=1", token => $ro)), '404 40401', "WS-18: no wildcards: $_") for '*', 'al*', 'alerts,*';
is(problem(ask(GET => '/' . join(',', ('alerts') x 17) . '/json?poll=1')), '400 40000', 'WS-18: at most 16 topics at once');

# WS-18: sizes
is(problem(publish('x' x 1_000_001, Filename => 'big.bin')), '413 41301', 'WS-18: a file over the limit is refused') if $fazt->admin('setting', 'set', 'push.file', 1_000_000) || 1;
is(ask(POST => '/alerts', body => 'x' x 1_200_000)->{status}, 413, 'WS-18: more than a megabyte is not even read');
is(problem(ask(POST => '/', body => json_of({ topic => 'alerts', message => 'x' x 20000 }), type => 'application/json')), '413 41303', 'WS-18: nor a large JSON');
is(problem(publish('x', Title => 'x' x 501)), '400 40000', 'WS-18: nor a long title');

# WS-18: headers are cleaned
my $evil = text_of(publish('x', Title => '=?UTF-8?Q?a=0D=0AX-Evil:_1=E2=80=AEb?=', Tags => "a,\x07b", Actions => '[{"action":"http","label":"a\r\nb","url":"https://x.org","headers":{"A":"b\r\nC: d"}}]')->{body});
is($evil->{title}, 'a  X-Evil: 1 b', 'WS-18: a title has no line ends, and nothing that turns text around');
is(json_of($evil->{actions}), json_of([{ id => 'action1', action => 'http', label => 'a  b', clear => JSON::PP::false(), url => 'https://x.org', headers => { A => 'b  C: d' } }]),
	'WS-18: neither have buttons');
is(problem(publish('x', Click => $_)), '400 40000', "WS-18: $_ is no click") for 'javascript:alert(1)', 'data:text/html,x';
is(text_of(publish('x', Title => "caf\xe9")->{body})->{title}, "caf\x{fffd}", 'a title in Latin-1 is not refused');

# what ntfy refuses, with its codes
my %refused = (40001 => [Email => 'a@b.c'], 40002 => [Delay => '10m', Cache => 'no'], 40004 => [Delay => 'soon'], 40005 => [Delay => '1s'], 40006 => [In => '4 days'],
	40007 => [Priority => '9'], 40013 => [Attach => 'ftp://x'], 40018 => [Actions => 'nonsense'], 40021 => [Icon => 'x'], 40032 => [Call => 'yes'], 40043 => [Template => 'yes']);
is(problem(publish('x', @{ $refused{$_} })), "400 $_", "@{ $refused{$_} }") for sort keys %refused;
is(problem(ask(GET => '/alerts/json?poll=1&since=nonsense')), '400 40008', 'a bad since');
is(problem(ask(POST => '/', body => '{', type => 'application/json')), '400 40017', 'bad JSON');
is(problem(ask(POST => '/', json => { topic => 'a/b', message => 'x' })), '400 40009', 'a bad topic in JSON');
is(problem(ask(PATCH => '/alerts')), '404 40401', 'a method there is not');
is(problem(ask(GET => '/a/b/c')), '404 40401', 'a page there is not');

# ---- attachments ----

my $long = text_of(publish('y' x 5000)->{body});
is($long->{message}, 'You received a file: attachment.txt', 'a long message becomes a file');
is($long->{attachment}{size}, 5000, 'of its size');
my $file = $client->request(GET => $long->{attachment}{url});
is($file->{body}, 'y' x 5000, 'which is fetched at its address');
like($file->{headers}{'content-security-policy'}, qr/sandbox/, 'and never runs');
my $picture = text_of(publish("\x89PNG\x00\xff", Filename => 'a.png')->{body})->{attachment};
is_deeply([@$picture{qw(name type size)}], ['a.png', 'image/png', 6], 'bytes with a name are a file');
like($picture->{url}, qr{^\Q$os\E/file/[0-9a-z]{32}\.png$}, 'at an address nobody guesses');
my $large = "\xff" . 'p' x 200_000;
is($client->request(GET => text_of(publish($large)->{body})->{attachment}{url})->{body}, $large, 'a large one too');
is(problem(ask(GET => '/file/' . 'x' x 32)), '404 40401', 'and there is no other');
my $elsewhere = text_of(publish('', Attach => 'https://x.org/pics/flower.jpg')->{body});
is_deeply([$elsewhere->{attachment}, $elsewhere->{message}], [{ name => 'flower.jpg', url => 'https://x.org/pics/flower.jpg' }, 'You received a file: flower.jpg'], 'a file elsewhere');
$fazt->admin('setting', 'set', 'push.files', 205_100);
is(problem(publish('z' x 4097)), '413 41301', 'all files together have a bound');
$fazt->admin('setting', 'set', 'push.file', 0);
is(problem(publish('z' x 4097)), '400 40014', 'and none are taken when the owner says so');

# ---- fetching ----

my $mark = text_of(publish('mark')->{body});
my @ids = map { text_of(publish("n$_", Priority => $_, Title => 'count', Tags => "n$_,all")->{body})->{id} } 1 .. 5;
is_deeply([map { $_->{message} } poll("/alerts/json?poll=1&since=$mark->{id}")], ['n1' .. 'n5'], 'since an id: what came after it, in order');
is_deeply([map { $_->{message} } poll("/alerts/json?poll=1&since=$mark->{id}&$_->[0]")], $_->[1], "with $_->[0]")
	for ['priority=4,max', ['n4', 'n5']], ['tags=all,n2', ['n2']], ['message=n3', ['n3']], ['title=nope', []], ["id=$ids[0]", ['n1']], ['scheduled=1', ['n1' .. 'n5']];
is((poll("/alerts/json?poll=1&since=latest"))[0]{message}, 'n5', 'the latest');
is(scalar(my @none = poll("/alerts/json?poll=1&since=" . (time + 100 | 0))), 0, 'since a moment to come');
cmp_ok(scalar(my @all = poll('/alerts/json?poll=1&since=10m')), '>=', 20, 'since ten minutes');
is_deeply([map { $_->{message} } poll('/alerts,quiet/json?poll=1&since=latest')], ['n5'], 'two topics');
is((split /\n/, ask(GET => "/alerts/raw?poll=1&since=$ids[3]")->{body})[0], 'n5', '/raw');
my $sse = ask(GET => "/alerts/sse?poll=1&since=$ids[3]");
like($sse->{body}, qr/^data: \{.*"n5".*\}\n\n$/, '/sse: messages have no event line');
is($sse->{headers}{'content-type'}, 'text/event-stream; charset=utf-8', 'of its type');
my $later = text_of(publish('later', In => '1h')->{body});
cmp_ok(abs($later->{time} - time - 3600), '<', 60, 'a delayed message has the time it is delivered at');
is((grep { $_->{message} eq 'later' } poll('/alerts/json?poll=1')), 0, 'and is not there before');
is((grep { $_->{message} eq 'later' } poll('/alerts/json?poll=1&scheduled=1')), 1, 'but for who asks for it');
my $soon = text_of(publish('soon', Delay => '10s')->{body});

# streams end: a client comes back
my $began = time;
my @stream = poll("/alerts/json?since=$ids[3]");
is_deeply([map { $_->{event} } @stream[0, 1]], ['open', 'message'], 'a stream begins, gives what is asked for, and ends');
like(ask(GET => '/alerts/sse')->{body}, qr/^retry: 30000\nevent: open\ndata: .*\n\n$/, 'browsers are told when to come back');
my $ws = ask(GET => '/alerts/ws');
is(problem($ws), '503 50301', 'WebSockets are refused for now');
ok($ws->{headers}{'retry-after'}, 'with a word when to come back');
cmp_ok(time - $began, '<', 20, 'and no thread is held');

# ---- apps ----

my $mia = $fazt->person('mia');
$mia->get($fazt->url($_, '/')) for 'leads', 'other'; # signs in there
sub notify { my ($app, $what) = @_; return $mia->fetch(POST => $fazt->url($app, '/notify'), json => $what) }
sub refused { my ($answer) = @_; return "$answer->{status} " . ($answer->{json}{error}{code} // 'fine') }
my $told = notify(leads => { title => 'Three new leads', body => "Anna\nBen", priority => 4, tags => ['tada'], click => '/leads?new=1' });
is($told->{json}{topic}, 'leads', 'an app has a topic of its own') or diag $told->{body};
my ($got) = poll('/leads/json?poll=1', token => $ro);
is_deeply([@$got{qw(id title message priority click)}, $got->{tags}], [$told->{json}{id}, 'leads: Three new leads', "Anna\nBen", 4, $fazt->url('leads', '/leads?new=1'), ['tada']],
	'and its name is in front of the title');
is(problem(ask(GET => '/leads/json?poll=1')), '403 40301', 'who reads other topics does not read this one');
is(notify(leads => { title => 'x', topic => 'urgent' })->{json}{topic}, 'leads-urgent', 'and more, below its name');
is(refused(notify(leads => $_->[0])), $_->[1], "refused: " . json_of($_->[0])) for
	[{}, '400 bad_request'], [{ title => '' }, '400 bad_request'], [{ title => 'x', sender => 'Fazt' }, '400 bad_request'], [{ title => 'x', priority => 6 }, '400 bad_request'],
	[{ title => 'x', topic => '../fazt' }, '400 bad_request'], [{ title => 'x', tags => ['a b'] }, '400 bad_request'], [{ title => 'x', body => 'x' x 5000 }, '413 too_large'];
is(refused(notify(leads => { title => $_ })), '422 reserved_name', "XAP-11: an app does not speak as the kernel: $_") for
	'Fazt: approve update', 'FAZT - approve', '[Fazt] approve', "\x{26a0} Fazt: approve", 'Kernel: x', 'fazt', 'System! look', "Fazt\x{ff1a} approve";
is(notify(leads => { title => 'fazt is nice' })->{status}, 200, 'XAP-11: but may speak of it');
is(refused(notify(leads => { title => 'x', click => $_ })), '400 bad_request', "XAP-11, HLT-10: click leads into the app alone: $_") for
	'https://evil.example/', $fazt->url('os', '/'), $fazt->url('other', '/'), '/_fazt/login?code=x', '//evil.example', 'javascript:alert(1)', 'leads', '/a\\b';
is(notify(leads => { title => 'x', topic => 'fazt' })->{json}{topic}, 'leads-fazt', 'XAP-11: the kernel\'s topic is nobody else\'s');
is((grep { $_->{title} !~ /^leads: / } poll('/leads,leads-urgent,leads-fazt/json?poll=1', token => $ro)), 0, 'XAP-11: every notice of an app carries its name');
$fazt->admin('topic', 'add', 'other');
like(notify(other => { title => 'x' })->{json}{topic}, qr/^other-[0-9a-z]{7}$/, 'a topic of the owner\'s is not an app\'s because it has its name');
cmp_ok($mia->fetch(POST => $fazt->url('leads', '/flood'))->{json}, '<=', 40, 'an app sends only so many a day');
is(refused(notify(leads => { title => 'x' })), '429 rate_limited', 'and is told');
is(refused(notify(other => { title => 'x' })), '200 fine', 'others may go on');
is_deeply([sort map { "$_->{topic} " . ($_->{app} // '') =~ s/ $//r } @{ $fazt->admin_json('topic', 'list') }],
	[sort 'alerts ', 'fazt ', 'quiet ', 'other ', 'leads leads', 'leads-urgent leads', 'leads-fazt leads', map { "$_->{topic} other" } grep { $_->{topic} =~ /^other-/ } @{ $fazt->admin_json('topic', 'list') }],
	'topic list says whose they are');

# quiet hours: half of the day around now
my @now = gmtime;
my $hours = sprintf '%02d:%02d-%02d:%02d', ($now[2] + 23) % 24, $now[1], ($now[2] + 2) % 24, $now[1];
$fazt->admin('setting', 'set', 'push.quiet', $hours);
isnt(($fazt->try_admin('setting', 'set', 'push.quiet', '22-7'))[0], 0, 'quiet hours are two times');
my $held = notify(other => { title => 'shh' })->{json};
cmp_ok($held->{at} / 1000 - time, '>', 3600, "in quiet hours ($hours) a notice waits");
cmp_ok($held->{at} / 1000 - time, '<', 2 * 3600 + 120, 'until they end');
cmp_ok(notify(other => { title => 'fire', priority => 5 })->{json}{at} / 1000 - time, '<', 60, 'what is urgent does not');
is((grep { $_->{title} eq 'other: shh' } poll("/$held->{topic}/json?poll=1", token => $ro)), 0, 'and is not there before');
$fazt->admin('setting', 'set', 'push.quiet', '');

# ---- the owner ----

is(length $fazt->admin('topic', 'send', 'quiet', 'Good morning', '--title', 'Hi', '--priority', '2'), 12, 'topic send prints the id');
is_deeply([map { [@$_{qw(title message priority)}] } poll('/quiet/json?poll=1')], [['Hi', 'Good morning', 2]], 'and it is there');
is(code('topic', 'send', 'nosuch', 'x'), 'not_found', 'to a topic there is');
$fazt->admin('setting', 'set', 'push.token', 1);
is(problem(publish('x')), '429 42908', 'a token sends only so many a day');
$fazt->admin('setting', 'set', 'push.token', 5000);

sleep 0.2 while time < $soon->{time} + 1;
is((poll("/alerts/json?poll=1&since=$ids[4]&id=$soon->{id}"))[0]{message}, 'soon', 'a delayed message is there in time');

# WS-18: since=all on a big topic is paged
my $body = 'b' x 4000;
publish("$_ $body") for 1 .. 320;
my $page = ask(GET => '/alerts/json?poll=1&since=all');
cmp_ok(length $page->{body}, '<', 1_100_000, 'WS-18: an answer is bounded');
my ($n, $last, %seen) = (0, 'all');
for (1 .. 10) {
	my @page = poll("/alerts/json?poll=1&since=$last") or last;
	$seen{ $_->{id} }++ for @page;
	$last = $page[-1]{id};
	$n++;
}
cmp_ok($n, '>', 1, "WS-18: what follows comes with since=ID ($n pages)");
cmp_ok(scalar(keys %seen), '>=', 320, 'until all are there');
is((grep { $_ > 1 } values %seen), 0, 'each once');


# ---- ntfy's own command line, and apprise: both find the server by way of nginx as their proxy ----

my %proxy = (http_proxy => 'http://127.0.0.1:' . $fazt->port, HTTP_PROXY => 'http://127.0.0.1:' . $fazt->port, HOME => $fazt->home);
my ($ntfy) = grep { -x } grep { defined } $ENV{FAZT_NTFY}, fetched() . '/peers/usr/bin/ntfy', map { "$_/ntfy" } split /:/, $ENV{PATH};
SKIP: {
	skip 'ntfy is not here', 9 unless $ntfy;
	$fazt->admin('topic', 'add', 'cli');
	my $cli = $fazt->admin('topic', 'token', 'add', 'cli', '--read', 'cli', '--write', 'cli');
	my $run = sub { my ($exit, $out, $err) = Fazt::run(\%proxy, $ntfy, @_); return ($exit, $out, $err) };
	my ($exit, $out, $err) = $run->('publish', '--token', $cli, '--title', "H\xc3\xa9 there", '--priority', 'high', '--tags', 'tada', '--click', 'https://x.org',
		'--actions', 'view, Open, https://x.org', '--markdown', "$os/cli", 'hello from the command line');
	is($exit, 0, 'ntfy publish') or diag $out, $err;
	my $first = text_of($out);
	is_deeply([@$first{qw(title message priority content_type)}], ["H\x{e9} there", 'hello from the command line', 4, 'text/markdown'], 'what it sent');
	spew($fazt->home . '/note.txt', 'a file');
	$fazt->admin('setting', 'set', 'push.file', 1000);
	$fazt->admin('setting', 'set', 'push.files', 1_000_000);
	is(text_of(($run->('publish', '--token', $cli, '--file', $fazt->home . '/note.txt', "$os/cli"))[1])->{attachment}{name}, 'note.txt', 'ntfy publish --file');
	is(($run->('publish', '--user', "me:$cli", '--delay', '30m', "$os/cli", 'later'))[0], 0, 'ntfy publish --user --delay');
	is_deeply([map { $_->{message} } lines({ body => ($run->('subscribe', '--poll', '--token', $cli, "$os/cli"))[1] })],
		['hello from the command line', 'You received a file: note.txt'], 'ntfy subscribe --poll');
	is_deeply([map { $_->{message} } lines({ body => ($run->('subscribe', '--poll', '--scheduled', '--since', $first->{id}, '--token', $cli, "$os/cli"))[1] })],
		['You received a file: note.txt', 'later'], 'ntfy subscribe --poll --since ID --scheduled');
	($exit, $out, $err) = $run->('publish', "$os/cli", 'no');
	isnt($exit, 0, 'ntfy publish without a token');
	like($out . $err, qr/40301/, 'is told why as its own server would');
	like(join('', ($run->('publish', '--token', $cli, '--priority', '9', "$os/cli", 'x'))[1, 2]), qr/40007/, 'and what else is wrong');
}
SKIP: {
	skip 'apprise is not here', 3 unless grep { -x "$_/apprise" } split /:/, $ENV{PATH};
	$fazt->admin('topic', 'add', 'apprise');
	my $token = $fazt->admin('topic', 'token', 'add', 'apprise', '--read', 'apprise', '--write', 'apprise');
	my $at = 'ntfy.localhost:' . $fazt->port . '/apprise';
	my ($exit, $out, $err) = Fazt::run(\%proxy, 'apprise', '-vv', '-t', 'From apprise', '-b', "b\xc3\xb6dy", "ntfy://me:$token\@$at?mode=private&priority=high&tags=tada");
	is($exit, 0, 'apprise') or diag $out, $err;
	is_deeply([map { [@$_{qw(title message priority)}] } poll('/apprise/json?poll=1', token => $token)], [['From apprise', "b\x{f6}dy", 4]], 'what it sent');
	isnt((Fazt::run(\%proxy, 'apprise', '-b', 'x', "ntfy://me:wrong\@$at?mode=private"))[0], 0, 'without a token it fails');
}

# ---- the end ----

$fazt->admin('topic', 'token', 'remove', 'rw');
is(problem(ask(GET => '/alerts/auth')), '401 40101', 'a token that was removed');
$fazt->admin('topic', 'remove', 'alerts');
is(problem(ask(GET => '/alerts/json?poll=1', token => $ro)), '403 40301', 'a topic that was removed');
$fazt->admin('app', 'remove', 'leads', '--yes');
is((grep { ($_->{app} // '') eq 'leads' || $_->{topic} =~ /^leads/ } @{ $fazt->admin_json('topic', 'list') }), 0, 'an app that was removed has no topics');
unlike(slurp($_), qr/tk_[0-9a-z]{32}/, "no token is in $_") for glob($fazt->home . '/log/*');
is(($fazt->try_admin('app', 'install', $fazt->cartridge('ntfy', \%leads), '--yes'))[0], 7, 'no app is called ntfy');
done_testing;
