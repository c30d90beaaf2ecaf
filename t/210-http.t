# Hostile HTTP: what strangers send to nginx and what a worker makes of it, and what a hostile app sends back.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp);
use Test::More;
use Time::HiRes qw(time);

my $fazt = Fazt->new;
$fazt->install(echo => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'] },
	'api/main.lua' => <<'LUA',
local function bad(headers, status) return { text = "x", headers = headers, status = status } end
return {
	["GET /*rest"] = function(req) return { json = { path = req.path, query = req.query, method = req.method } } end,
	["POST /*rest"] = function(req) return { json = { n = #(req.body or ""), form = req.headers["content-type"] == "application/x-www-form-urlencoded" and req.form or nil } } end,
	["PUT /*rest"] = function(req) return { json = { method = req.method } } end,
	["GET /set/crlf"] = function() return bad { ["X-A"] = "a\r\nSet-Cookie: evil=1" } end,
	["GET /set/lf"] = function() return bad { ["X-A"] = "a\nSet-Cookie: evil=1" } end,
	["GET /set/nul"] = function() return bad { ["X-A"] = "a\0b" } end,
	["GET /set/name"] = function() return bad { ["X A:"] = "a" } end,
	["GET /set/length"] = function() return bad { ["Content-Length"] = "300" } end,
	["GET /set/te"] = function() return bad { ["Transfer-Encoding"] = "chunked" } end,
	["GET /set/server"] = function() return bad { Server = "evil", Connection = "upgrade", ["Proxy-Authenticate"] = "x" } end,
	["GET /set/cookie-domain"] = function() return bad { ["Set-Cookie"] = "a=b; Domain=localhost; Path=/" } end,
	["GET /set/cookie-kernel"] = function() return bad { ["Set-Cookie"] = "__Host-fazt=stolen; Path=/; Secure" } end,
	["GET /set/cors"] = function() return bad { ["Access-Control-Allow-Origin"] = "*" } end,
	["GET /status/:n"] = function(req) return { text = "x", status = tonumber(req.params.n) or req.params.n } end,
	["GET /redirect/js"] = function() return { redirect = "javascript:alert(1)" } end,
	["GET /redirect/crlf"] = function() return { redirect = "/a\r\nSet-Cookie: evil=1" } end,
	["GET /redirect/ok"] = function() return { redirect = "/fine" } end,
	["GET /many"] = function() local h = {} for i = 1, 10000 do h["X-" .. i] = "y" end return bad(h) end,
	["GET /spin"] = function() local t = os.time() while true do end end,
}
LUA
});
$fazt->admin('setting', 'set', deadline => 2000);
$fazt->start;
my $b = $fazt->browser;
sub url { $fazt->url('echo', @_) }
sub status_of { my ($bytes) = @_; return ($bytes =~ m{^HTTP/1\.. (\d+)})[0] // 'closed' }
sub send_head { my ($head, $body) = @_; return status_of($b->raw("$head\r\nHost: echo.localhost\r\nConnection: close\r\n\r\n" . ($body // ''))) }

# ---- requests ----

like(send_head("POST /x HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\nGET /"), qr/^(?:400|501|closed)$/, 'HTTP-13 a length and chunked');
like(send_head("POST /x HTTP/1.1\r\nTransfer-Encoding: xchunked", 'hello'), qr/^(?:400|501|closed)$/, 'HTTP-13 an unknown transfer coding');
like(send_head("POST /x HTTP/1.1\r\nContent-Length: -5", 'hello'), qr/^(?:400|closed)$/, 'HTTP-13 a negative length');
like(send_head("POST /x HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6", 'hello!'), qr/^(?:400|closed)$/, 'HTTP-13 two lengths');
like(send_head("GET /x HTTP/1.1\r\nX-A: b\r\n folded"), qr/^(?:400|200)$/, 'HTTP-13 a folded header');
like(send_head("GET /x HTTP/1.1\r\nX-A : b"), qr/^(?:400|200)$/, 'HTTP-13 a space before the colon');
like(send_head("GET /x HTTP/1.1\r\nX-A: a\0b"), qr/^(?:400|closed)$/, 'HTTP-13 a NUL in a header');
like(send_head("GET /a%00b HTTP/1.1"), qr/^400$/, 'HTTP-13 a NUL in a path');
is(send_head('TRACE /x HTTP/1.1'), 405, 'HTTP-19 TRACE');
like(send_head('CONNECT x:1 HTTP/1.1'), qr/^(?:400|405)$/, 'HTTP-19 CONNECT');
like(send_head('get /x HTTP/1.1'), qr/^(?:400|405|501)$/, 'HTTP-19 a method in lower case');
like(send_head(('M' x 100) . ' /x HTTP/1.1'), qr/^(?:400|405|501)$/, 'HTTP-19 a long method');
is(send_head('PROPFIND /x HTTP/1.1'), 405, 'HTTP-19 a method nobody knows here');
is($b->fetch(DELETE => url('/x'))->{status}, 405, 'HTTP-19 a method the app does not answer');
is(send_head("GET /x HTTP/1.1\r\nContent-Length: 2", 'hi'), 200, 'HTTP-19 GET with a body');
my $head = $b->request(HEAD => url('/x'));
ok($head->{status} == 200 && $head->{body} eq '', 'HTTP-19 HEAD is GET without the body');
is($b->request(OPTIONS => url('/x'))->{status} =~ /^(?:200|204|405)$/ ? 1 : 0, 1, 'HTTP-19 OPTIONS is defined');

my $start = time;
like(send_head('GET /q?' . join('&', map { "k$_=v" } 1 .. 3000) . ' HTTP/1.1'), qr/^(?:200|400|414|431)$/, 'HTTP-18 thousands of query parameters');
my $form = join '&', map { "k$_=v" } 1 .. 10000;
like($b->fetch(POST => url('/f'), body => $form, type => 'application/x-www-form-urlencoded')->{status}, qr/^(?:200|400)$/, 'HTTP-18 ten thousand form fields');
like(send_head("GET /x HTTP/1.1\r\n" . join("\r\n", map { "X-$_: y" } 1 .. 900)), qr/^(?:400|431)$/, 'HTTP-18 many header names');
like(send_head("GET /x HTTP/1.1\r\nCookie: " . join('; ', map { "c$_=v" } 1 .. 1500)), qr/^(?:200|400|431)$/, 'HTTP-18 many cookies');
ok(time - $start < 5, 'HTTP-18 all of it in no time');

my $forwarded = $b->request(GET => url('/x'), headers => ['X-Real-Ip' => '1.2.3.4', 'X-Forwarded-For' => '1.2.3.4']);
is($forwarded->{status}, 200, 'HTTP-10 forwarded addresses are only headers');

# ---- answers ----

for my $case (qw(crlf lf nul name)) {
	my $r = $b->request(GET => url("/set/$case"));
	is($r->{status}, 500, "HTTP-03 a header with $case");
	like($r->{json}{error}{code} // '', qr/^bad_(?:header|response)$/, '… is a bad header');
	ok(!@{ $r->{set_cookie} }, '… and nothing of it is sent');
}
for my $case (qw(length te server cors)) {
	my $r = $b->request(GET => url("/set/$case"));
	my %h = map { $_->[0] => $_->[1] } @{ $r->{all} };
	ok(($h{'content-length'} // 1) != 300 && ($h{server} // '') ne 'evil' && ($h{connection} // '') ne 'upgrade'
		&& !exists $h{'access-control-allow-origin'} && !exists $h{'proxy-authenticate'}, "a header of the transport or of policy: $case ($r->{status})");
}
my $domain = $b->request(GET => url('/set/cookie-domain'));
ok(!grep({ /domain=/i } @{ $domain->{set_cookie} }), 'HTTP-05 a cookie for the whole domain');
is($b->request(GET => url('/set/cookie-kernel'))->{status}, 500, "HTTP-05 a cookie with the kernel's name");
for my $status (999, 99, 101, 103, 0, -1, 'abc', 200.5) {
	is($b->request(GET => url("/status/$status"))->{status}, 500, "HTTP-07 status $status");
}
is($b->request(GET => url('/status/418'))->{status}, 418, 'HTTP-07 a status that exists');
is($b->request(GET => url('/many'))->{status}, 500, 'MEM-10 ten thousand headers');
is($b->request(GET => url('/redirect/js'))->{status}, 500, 'HTTP-23 a redirect to a script');
is($b->request(GET => url('/redirect/crlf'))->{status}, 500, 'HTTP-23 a redirect that splits the answer');
my $redirect = $b->request(GET => url('/redirect/ok'));
ok($redirect->{status} =~ /^30[237]$/ && $redirect->{headers}{location} =~ m{/fine$}, 'HTTP-23 an honest redirect');

# ---- time ----

$start = time;
my $spin = $b->request(GET => url('/spin'));
is($spin->{status}, 504, 'CPU-01 a handler that never ends: 504');
is($spin->{json}{error}{code}, 'app_timeout', '… app_timeout');
ok(time - $start < 4, '… at its deadline');
is($b->request(GET => url('/x'))->{status}, 200, '… and the next request works');

# HTTP-15: while fifty bodies trickle in, others are served as always.
my @slow = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) } 1 .. 50;
print $_ "POST /slow HTTP/1.1\r\nHost: echo.localhost\r\nContent-Length: 1000\r\n\r\nx" for @slow;
$_->flush for @slow;
$start = time;
my $good = grep { $b->request(GET => url('/x'))->{status} == 200 } 1 .. 20;
ok($good == 20 && time - $start < 3, 'HTTP-15 slow bodies hold nobody up');
close $_ for @slow;

# HTTP-20: whoever leaves does not leave a process behind.
my $leaver = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port);
print $leaver "GET /spin HTTP/1.1\r\nHost: echo.localhost\r\n\r\n";
$leaver->flush;
close $leaver;
my $after = $b->request(GET => url('/x'));
is($after->{status}, 200, 'HTTP-20 a client that leaves disturbs nobody');

my @lines = split /\n/, $fazt->log_with($after);
is(scalar(grep { !defined eval { Fazt::text_of($_) } } @lines), 0, 'every log line is JSON');

done_testing;
