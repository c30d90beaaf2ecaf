# The edge once more, by what goes together: spoofed addresses, smuggled requests, floods of names, slow clients, bodies of every route.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of slurp spew text_of);
use IO::Select;
use IO::Socket::INET;
use List::Util qw(min);
use Test::More;
use Time::HiRes qw(time sleep);

my $fazt = Fazt->new(settings => { deadline => 5000 });
$fazt->install(echo => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'] },
	'public/page.html' => '<p>hi',
	'api/main.lua' => <<'LUA',
local blob = require("fazt").storage.blob
return {
	["GET /*rest"] = function(req) return { json = { path = req.path, cookies = req.cookies, headers = req.headers, user = req.user } } end,
	["POST /*rest"] = function(req) local n = 0 for _ in pairs(req.form or req.json or {}) do n = n + 1 end return { json = { n = n, bytes = #(req.body or "") } } end,
	["POST /json"] = function(req) local n = 0 for _ in pairs(req.json) do n = n + 1 end return { json = { n = n } } end,
	["POST /go"] = function(req) return { redirect = req.json } end,
	["POST /header"] = function(req) return { text = "x", headers = { [req.json.name] = req.json.value } } end,
	["POST /cookie"] = function(req) return { text = "x", headers = { ["Set-Cookie"] = req.json } } end,
	["POST /keep"] = function(req) blob.put(req.json.name, req.json.bytes, { type = req.json.type }) return { json = true } end,
	["GET /kept"] = function(req) return { blob = req.query.name } end,
}
LUA
});
$fazt->install_built_in('os');
$fazt->start;
my $b = $fazt->browser;
sub url { $fazt->url('echo', @_) }
sub connection { my ($from) = @_; return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port, LocalAddr => $from // '127.0.0.1') // die "no connection: $!" }
sub send_from { my ($from, $bytes) = @_; my $s = connection($from); $s->autoflush(1); print $s $bytes; return $s }
sub rest_of { my ($s) = @_; my $got = ''; local $SIG{ALRM} = sub { die "no end\n" }; alarm 30; 1 while sysread $s, $got, 65536, length $got; alarm 0; return $got }
# The head of the answer, without waiting for the connection's end.
sub head_of { my ($bytes) = @_; my $s = send_from(undef, $bytes); my $got = ''; 1 while $got !~ /\r\n\r\n/ && sysread $s, $got, 65536, length $got; return $got }
sub status_of { ($_[0] =~ m{^HTTP/1\.. (\d+)})[0] // 'closed' }
sub answers { my ($bytes) = @_; return scalar(() = $bytes =~ m{^HTTP/1\.\d \d}mg) }

# begun now, looked at in the end: heads and bodies that do not come
my $began = time;
my @slow_heads = map { send_from('127.0.0.7', "GET /x HTTP/1.1\r\nHost: echo.localhost\r\nX-A: ") } 1 .. 5;
my @slow_bodies = map { send_from('127.0.0.7', "POST /x HTTP/1.1\r\nHost: echo.localhost\r\nContent-Length: 1000\r\n\r\nx") } 1 .. 5;

# ---- who asks ----

my @forged = map { ("$_: 127.0.0.1", "$_: 6.6.6.6") } 'X-Real-Ip', 'X-Forwarded-For', 'Forwarded', 'Client-Ip', 'True-Client-Ip', 'X-Client-Ip', 'Cf-Connecting-Ip';
my %turned;
for my $n (1 .. 45) {
	my $body = "name=nobody$n&password=x";
	my $answer = rest_of(send_from('127.0.0.8', join("\r\n", 'POST /_fazt/sign-in HTTP/1.1', 'Host: os.localhost', 'Origin: ' . $fazt->url('os', ''), "X-Real-Ip: 10.0.0.$n",
		"X-Forwarded-For: 10.0.0.$n", "Forwarded: for=10.0.0.$n", "Remote-Addr: 10.0.0.$n", 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: ' . length $body, 'Connection: close', '', $body)));
	$turned{ status_of($answer) }++;
}
cmp_ok($turned{429} // 0, '>=', 15, 'HTTP-10 a client that invents addresses is held to its own: ' . json_of(\%turned));
my $other = rest_of(send_from('127.0.0.9', join("\r\n", 'POST /_fazt/sign-in HTTP/1.1', 'Host: os.localhost', 'Origin: ' . $fazt->url('os', ''), 'X-Forwarded-For: 127.0.0.8',
	'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 17', 'Connection: close', '', 'name=x&password=y')));
is(status_of($other), 401, 'HTTP-10 and holds up nobody whose address it names');
my $seen = $b->request(GET => url('/who'), headers => [map { split /: /, $_, 2 } @forged, 'Fazt-Cache: on', 'Fazt-User: owner', 'Document-Root: /', 'Script-Name: /x', 'Path-Info: /x',
	'Request-Uri: /_fazt/api/app.list', 'Request-Method: DELETE', 'Redirect-Status: 200', 'Https: on', 'Php-Value: x', 'X-Accel-Redirect: /_fazt/cache/x', 'X-Original-Uri: /_fazt/x']);
is_deeply([$seen->{status}, $seen->{json}{path}, $seen->{json}{user}], [200, '/who', undef], 'HTTP-09 headers named like parameters are headers');
is($b->raw("GET /a HTTP/1.1\r\nHost: echo.localhost\r\nAuthorization: Bearer x\r\nAuthorization: Bearer y\r\nConnection: close\r\n\r\n") =~ m{^HTTP/1.1 400}, 1, 'HTTP-09 two credentials are refused');

# ---- where one request ends ----

my $inner = "GET /_fazt/health HTTP/1.1\r\nHost: os.localhost\r\n\r\n";
my %smuggled = (
	'a length and chunks' => "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner",
	'chunks with a space before the colon' => "Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n$inner",
	'chunks in another spelling' => "Transfer-Encoding: chunKed, identity\r\n\r\n0\r\n\r\n$inner",
	'a tab before chunked' => "Transfer-Encoding:\tchunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n$inner",
	'chunked twice' => "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n$inner",
	'a chunk with a sign' => "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n$inner",
	'a chunk too large for a number' => "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n\r\n$inner",
	'two lengths' => "Content-Length: 0\r\nContent-Length: 44\r\n\r\n$inner",
	'a length with a sign' => "Content-Length: +0\r\n\r\n$inner",
	'lengths in one header' => "Content-Length: 0, 44\r\n\r\n$inner",
	'a length in hexadecimal' => "Content-Length: 0x0\r\n\r\n$inner",
	'a NUL' => "X-A: a\0b\r\n\r\n$inner",
	'a bare carriage return' => "X-A: a\rContent-Length: 44\r\n\r\n",
);
my %waiting = map { ($_ => send_from('127.0.0.1', "POST /x HTTP/1.1\r\nHost: echo.localhost\r\n$smuggled{$_}")) } keys %smuggled;
sleep 1;
for my $what (sort keys %waiting) {
	my $bytes = '';
	1 while IO::Select->new($waiting{$what})->can_read(0) && sysread $waiting{$what}, $bytes, 65536, length $bytes;
	ok(answers($bytes) <= 1 && $bytes !~ /"ok":true/, "HTTP-13 $what: no second request: " . status_of($bytes)) or diag $bytes;
	like($bytes, qr{^(?:$|HTTP/1.1 (?:400|501) .*\r\nConnection: close\r\n)}s, 'HTTP-13 … and no more on that connection');
}

# ---- hosts: whatever is odd is nobody's, and never the dashboard's ----

for my $host ('os.localhost.', 'OS.LOCALHOST', 'os.localhost:1') {
	like($b->raw("GET /_fazt/health HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n"), qr/"ok":true/, "HTTP-12 $host is the dashboard");
}
for my $host ('os.localhost..', 'os..localhost', '.os.localhost', 'os.localhost.echo.localhost', 'echo.localhost.localhost', 'os.localhost/', 'os.localhost#', 'os.localhost?', 'os.localhost%00', 'os_.localhost',
	'os.localhost,echo.localhost', 'os.localhost echo.localhost', '"os.localhost"', "\xC3\xB6s.localhost", 'xn--os-.localhost', 'os:os.localhost', 'localhost.os', '0', '[os.localhost]', 'x' x 300 . '.localhost') {
	my $bytes = $b->raw("GET /_fazt/health HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n");
	ok(status_of($bytes) =~ /^(?:closed|400|404|421)$/ && $bytes !~ /"ok":true/, 'HTTP-12 ' . substr($host, 0, 40) . ' is nobody') or diag $bytes;
}
unlike($b->raw("GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n"), qr{nginx/\d}, 'what nginx refuses does not say which nginx it is');

# ---- many of everything, in time that grows as they do ----

sub took { my ($what) = @_; my $start = time; my $answer = $what->(); return ($answer, time - $start) }
my %made = (
	'form fields' => ['application/x-www-form-urlencoded', sub { join '&', map { "k$_=v" } 1 .. $_[0] }],
	'form fields of one name' => ['application/x-www-form-urlencoded', sub { join '&', ('a=1') x $_[0] }],
	'empty form fields' => ['application/x-www-form-urlencoded', sub { '&' x $_[0] }],
	'JSON keys' => ['application/json', sub { '{' . join(',', map { "\"k$_\":1" } 1 .. $_[0]) . '}' }],
	'JSON keys of one name' => ['application/json', sub { '{' . join(',', ('"a":1') x $_[0]) . '}' }],
);
for my $what (sort keys %made) {
	my ($type, $make) = @{ $made{$what} };
	my %took;
	for my $n (10_000, 40_000) {
		my $body = $make->($n);
		my @times;
		for (1 .. 3) {
			my ($answer, $time) = took(sub { $b->fetch(POST => url($type =~ /json/ ? '/json' : '/form'), body => $body, type => $type) });
			like($answer->{status}, qr/^(?:200|400|413)$/, "HTTP-18 $n $what: $answer->{status}") if !@times;
			push @times, $time;
		}
		$took{$n} = min(@times);
	}
	cmp_ok($took{40_000}, '<', 16 * ($took{10_000} + 0.02), sprintf 'HTTP-18 … four times as many %s take no square of that: %.0f and %.0f ms', $what, map { $took{$_} * 1000 } 10_000, 40_000);
}
my %names = (parameters => sub { 'GET /q?' . join('&', map { "k$_=" } 1 .. 10_000) . " HTTP/1.1\r\nHost: echo.localhost" }, cookies => sub { "GET /x HTTP/1.1\r\nHost: echo.localhost\r\nCookie: " . join('; ', map { "c$_=v" } 1 .. 10_000) },
	'header names' => sub { "GET /x HTTP/1.1\r\nHost: echo.localhost\r\n" . join("\r\n", map { "X-$_: y" } 1 .. 10_000) });
for my $what (sort keys %names) {
	like(status_of($b->raw($names{$what}->() . "\r\nConnection: close\r\n\r\n")), qr/^(?:400|414|431)$/, "HTTP-18 10,000 $what");
}
my $crowd = $b->raw("GET /x HTTP/1.1\r\nHost: echo.localhost\r\nConnection: close\r\nCookie: " . join('; ', map { "c$_=v" } 1 .. 1500) . "\r\n\r\n");
is(status_of($crowd), 200, 'HTTP-18 as many cookies as fit are read');
is(status_of($b->raw("GET /x HTTP/1.1\r\nHost: echo.localhost\r\nConnection: close\r\n" . join('', map { "X-$_: y\r\n" } 1 .. 120) . "\r\n")), 400, 'HTTP-18 more headers than a request may have');
is(status_of($b->raw("POST /_fazt/sign-in HTTP/1.1\r\nHost: os.localhost\r\nOrigin: " . $fazt->url('os', '') . "\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 500000\r\n\r\n"
	. substr('name=x&' x 80_000, 0, 500_000))), 401, 'HTTP-18 the sign-in form bears them as well');

# ---- cookies of apps ----

for my $cookie ('a=b; domain=localhost', "a=b;\tDomain=localhost", 'a=b; DOMAIN = .localhost', '__Host-os=x; Path=/; Secure', '__host-OS=x', ' __Host-os=x', 'os=x', 'os-device=x', 'fazt=x', "a=b\r\nX: y", "a=b\n", '__Host-fazt-nonce=x',
	'=__Host-os=x', '=x', '', '; Domain=localhost', "a=b; Path=/\0; Domain=localhost",
	'os =x', "\tos=x", "os\t=x", '__Host-fazt =x; Path=/; Secure', '__Host-fazt-nonce =x', 'OS=x', 'a=b; Path=/;Domain =localhost', 'a=b;;domain=localhost', 'a=b; "Domain"=localhost; Domain=localhost') {
	my $answer = $b->fetch(POST => url('/cookie'), json => $cookie);
	ok(!(grep { /domain|__host-|^\s*=|^(?:os|fazt)/i } @{ $answer->{set_cookie} }) && !exists $answer->{headers}{x}, 'HTTP-05 ' . json_of($cookie) . ": $answer->{status}") or diag explain $answer->{set_cookie};
}

# ---- where an app may send people, and what it may say in the name of its host ----

for my $to ("/\t/evil.example", "/\\evil.example", "\t//evil.example", "//evil.example", "java\tscript:alert(1)", ' https://evil.example', "https:\\\\evil.example", '', 'vbscript:x', "/a\0b", "/\x7f") {
	my $answer = $b->fetch(POST => url('/go'), json => $to);
	ok($answer->{status} == 500 && !defined $answer->{headers}{location}, 'HTTP-23 no redirect to ' . json_of($to)) or diag $answer->{raw};
}
for my $name ('Clear-Site-Data', 'Strict-Transport-Security', 'Alt-Svc', 'NEL', 'Report-To', 'Reporting-Endpoints', 'Refresh', 'Service-Worker-Allowed', 'Origin-Agent-Cluster', 'Access-Control-Allow-Credentials', 'Set-Cookie2', 'Upgrade', 'Trailer', 'Status',
	'X-Accel-Redirect', 'x-ACCEL-limit-rate', 'X-Sendfile', 'X-Frame-Options', 'X-Content-Type-Options', 'X-Request-Id', 'Permissions-Policy', 'Content-Encoding', 'Content-Location', 'Date', 'Server', 'Via') {
	my $answer = $b->fetch(POST => url('/header'), json => { name => $name, value => '31337' });
	ok(!(grep { $_->[0] eq lc $name && $_->[1] =~ /31337/ } @{ $answer->{all} }), "HTTP-02 an app does not set $name");
}

# ---- bodies of every route ----

my $ann = $fazt->person('ann');
my $csrf = $ann->fetch(GET => $fazt->url('os', '/_fazt/api/session.show'))->{json}{csrf};
my %routes = (echo => ['/x', '/page.html', '/_fazt/me', '/_fazt/sign-out', '/_fazt/nothing'], os => ['/', '/_fazt/sign-in', '/_fazt/api/session.end', '/_fazt/hand-over']);
for my $app (sort keys %routes) {
	for my $path (@{ $routes{$app} }) {
		my $head = join "\r\n", "POST $path HTTP/1.1", "Host: $app.localhost", 'Cookie: ' . $ann->cookies($fazt->url($app)), 'Origin: ' . $fazt->url($app, ''), "X-CSRF-Token: $csrf", 'Content-Type: text/plain', 'Connection: close', '';
		is(status_of(head_of("${head}Content-Length: 1000000000\r\n\r\n" . 'x' x 10_000)), 413, "DSK-09 $app$path: a gigabyte is refused before it is sent");
		is(status_of($b->raw("${head}Transfer-Encoding: chunked\r\n\r\n" . ("40000\r\n" . 'x' x 0x40000 . "\r\n") x 5 . "0\r\n\r\n")), 413, '… and when it does not say how much it is');
	}
}
my @temporary = glob "$fazt->{home}/nginx/body/*";
is(scalar @temporary, 0, 'DSK-09 nothing of them is left on the disk');
sub turned_away {
	my (@sent) = @_;
	$fazt->wait_for(sub { IO::Select->new(@sent)->can_read(0) }, 'some of them are turned away');
	sleep 0.5;
	return grep { status_of($_) eq '503' } map { my $got = ''; sysread $_, $got, 4096; $got } IO::Select->new(@sent)->can_read(0);
}
my $filling = "POST /x HTTP/1.1\r\nHost: echo.localhost\r\nContent-Length: 900000\r\n";
my @filling = map { send_from('127.0.0.6', "$filling\r\n" . 'x' x 200_000) } 1 .. 300;
my @turned = turned_away(@filling);
cmp_ok(scalar @turned, '>=', 40, 'DSK-09 HTTP-15 a client alone keeps 256 bodies waiting: of 300 that trickle ' . @turned . ' are turned away');
like($turned[0] // '', qr/\r\nRetry-After: \d/i, '… for a moment');
my $kept = 0;
$kept += -s $_ for grep { -e } glob "$fazt->{home}/nginx/body/*";
cmp_ok($kept, '<=', 256 * 1_000_000, sprintf 'DSK-09 … so what nginx keeps for it is bounded (%.0f MB)', $kept / 1e6);
is($b->request(GET => url('/x'))->{status}, 200, 'HTTP-15 … and others are served');
close $_ for @filling;

# Somebody with one network of IPv6, whose addresses a proxy in front tells; there is none on the loopback.
my $conf = slurp("$fazt->{home}/nginx/nginx.conf");
spew("$fazt->{home}/nginx/nginx.conf", $conf =~ s/^http \{\n/$&\tset_real_ip_from 127.0.0.8;\n\treal_ip_header X-Real-IP;\n/mr);
my $before = $fazt->processes_below($fazt->pid('nginx'));
kill HUP => $fazt->pid('nginx');
$fazt->wait_for(sub { my $now = $fazt->processes_below($fazt->pid('nginx')); grep { !$before->{$_} } keys %$now }, 'nginx has read that');
sleep 0.5;
my @other = send_from('127.0.0.8', "${filling}X-Real-IP: 2001:db8:0:1::1\r\n\r\nx");
@filling = map { send_from('127.0.0.8', sprintf("${filling}X-Real-IP: 2001:db8::%x:%x\r\n\r\nx", $_, $_)) } 1 .. 300;
@turned = turned_away(@filling);
cmp_ok(scalar @turned, '>=', 40, 'HTTP-15 … however many addresses of a network it uses: ' . @turned . ' are turned away');
ok(!IO::Select->new(@other)->can_read(0), '… and another network is not');
close $_ for @filling, @other;

# ---- what is uploaded is nobody's page ----

for (['evil.html', 'text/html'], ['evil.svg', 'image/svg+xml'], ['evil.xhtml', 'application/xhtml+xml'], ['evil.js', 'text/javascript'], ['evil', ''], ['evil.txt', 'text/plain'], ['evil.pdf', 'application/pdf'], ["e\x{202E}vil\".html", 'text/html; charset=utf-7']) {
	my ($name, $type) = @$_;
	$ann->enter(url('/'));
	$ann->fetch(POST => url('/keep'), json => { name => $name, type => $type || undef, bytes => '<script>alert(1)</script>' });
	my $answer = $ann->request(GET => url('/kept?name=' . Fazt::Browser::encode($name)));
	next if $answer->{status} == 404 || $answer->{status} == 400; # a name or a type that is refused
	my %h = %{ $answer->{headers} };
	ok(($h{'content-disposition'} // '') =~ /^attachment/ || ($h{'content-security-policy'} // '') =~ /sandbox/ || ($h{'content-type'} // '') =~ m{^(?:text/plain|image/(?!svg)|application/pdf)}, 'HTTP-24 ' . json_of([$name, $type]) . ' is no page of the app')
		or diag $answer->{raw};
	is($h{'x-content-type-options'}, 'nosniff', 'HTTP-24 … and nothing else either');
}

# ---- those who do not come to an end ----

for (['heads', \@slow_heads, 1], ['bodies', \@slow_bodies, 1]) {
	my ($what, $list) = @$_;
	my $open = IO::Select->new(@$list);
	my $ended = 0;
	while ($open->count && time - $began < 90) {
		for my $s ($open->can_read(1)) {
			my $n = sysread $s, my $got, 4096;
			next if $n;
			$open->remove($s);
			$ended++;
		}
	}
	is($ended, 5, "HTTP-15 nginx ends $what that do not come") or diag time - $began;
}
is($b->request(GET => url('/x'))->{status}, 200, 'HTTP-15 and serves on');
done_testing;
