# nginx in front, as `nginx print` renders it: accepted by nginx for development and production; static files, their
# caching and what is refused; what a worker is told.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp spew);
use Test::More;

my $fazt = Fazt->new;

# ---- the configuration itself ----

my $tls = "$fazt->{home}/tls";
mkdir $tls;
is((Fazt::run({}, 'openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', "$tls/key.pem", '-out', "$tls/cert.pem",
	'-days', 2, '-subj', '/CN=example.org'))[0], 0, 'a certificate for the test');
my @tls = ('--cert', "$tls/cert.pem", '--key', "$tls/key.pem");

like($fazt->admin('nginx', 'check', '--dev'), qr/accepts/, 'nginx accepts the configuration for development');
$fazt->admin('setting', 'set', domain => 'example.org');
$fazt->admin('setting', 'set', scheme => 'https');
$fazt->admin('setting', 'set', port => 443);
like($fazt->admin('nginx', 'check', @tls), qr/accepts/, 'nginx accepts the configuration for production');
my ($exit, undef, $err) = $fazt->try_admin('nginx', 'check', '--cert', '/nowhere', '--key', '/nowhere');
ok($exit != 0 && $err =~ /nginx refuses.*\/nowhere/, 'what nginx says of a missing certificate is passed on');
($exit, undef, $err) = $fazt->try_admin('nginx', 'print', '--cert', '/a"b', '--key', '/k');
ok($exit == 2 && $err =~ /quote/, 'a path that cannot stand in a configuration is refused');

my $site = $fazt->admin('nginx', 'print', @tls);
like($site, qr/listen 443 ssl http2/, 'TLS and HTTP/2');
like($site, qr/server_name os\.example\.org;/, 'the dashboard has its own server');
like($site, qr/\\\.example\\\.org\$"/, "an app's host is matched exactly");
like($site, qr{return 301 https://\$host\$request_uri}, 'http leads to https');
like($site, qr/ssl_reject_handshake on/, 'strangers to the domain see no certificate');
unlike($site =~ s/^\s*#.*//mgr, qr/REMOTE_USER|\$http_host|fastcgi_param\s+HTTP_PROXY\s++[^"]/, 'what must never be passed is not');
unlike($site, qr/@[A-Z]/, 'no placeholder is left');

$fazt->admin('setting', 'set', domain => 'localhost');
$fazt->admin('setting', 'set', scheme => 'http');
$fazt->admin('setting', 'set', port => $fazt->port);

# ---- a site to look at ----

my $big = 'x' x 5000;
$fazt->install(site => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'] },
	'public/index.html' => '<!doctype html><title>site</title>',
	'public/page.html' => '<p>hi',
	'public/docs/index.html' => '<p>docs',
	'public/main-5QX3FJ2K.js' => "// $big",
	'public/main.0f3a9c1e.css' => '/* */',
	'public/report-20261121.js' => '//',
	'public/GUIDE-CHAPTERS.html' => '<p>',
	'api/main.lua' => <<'LUA',
return function(req)
	if req.path == "/accel" then
		return { text = "from the app", headers = { ["X-Accel-Redirect"] = "/page.html", ["X-Accel-Limit-Rate"] = "1",
			["X-Accel-Buffering"] = "no", ["X-Accel-Charset"] = "koi8-r", ["X-Accel-Expires"] = "100" } }
	end
	return { json = { method = req.method, path = req.path, headers = req.headers, body = #(req.body or "") } }
end
LUA
});
$fazt->start;
my $b = $fazt->browser;
sub url { $fazt->url('site', @_) }

# ---- static files ----

my $page = $b->get(url('/page.html'));
is($page->{status}, 200, 'a public file');
is($page->{headers}{'content-type'}, 'text/html; charset=utf-8', 'its type');
is($page->{headers}{'cache-control'}, 'no-cache', 'it is asked for again each time');
is($page->{headers}{'x-content-type-options'}, 'nosniff', 'HTTP-24 nosniff');
like($page->{headers}{'content-security-policy'}, qr/default-src 'self'.*object-src 'none'/, 'a content security policy');
is($page->{headers}{'referrer-policy'}, 'same-origin', 'a referrer policy');
ok($page->{headers}{etag}, 'an ETag');
is($b->request(GET => url('/page.html'), headers => ['If-None-Match' => $page->{headers}{etag}])->{status}, 304, 'and it is honoured');
is($b->get(url('/'))->{body}, '<!doctype html><title>site</title>', 'index.html of the root');
is($b->get(url('/docs/'))->{body}, '<p>docs', 'index.html of a folder');
is($b->request(HEAD => url('/page.html'))->{body}, '', 'HTTP-19 HEAD has no body');

my $hashed = $b->request(GET => url('/main-5QX3FJ2K.js'), headers => ['Accept-Encoding' => 'gzip']);
like($hashed->{headers}{'cache-control'}, qr/max-age=31536000, immutable/, 'a name with a hash is kept for a year');
is($hashed->{headers}{'content-type'}, 'text/javascript; charset=utf-8', 'the type of a script');
is($hashed->{headers}{'content-encoding'}, 'gzip', 'it is compressed');
like($b->get(url('/main.0f3a9c1e.css'))->{headers}{'cache-control'}, qr/immutable/, 'a hash in hex too');
is($b->get(url('/report-20261121.js'))->{headers}{'cache-control'}, 'no-cache', 'a date is no hash');
is($b->get(url('/GUIDE-CHAPTERS.html'))->{headers}{'cache-control'}, 'no-cache', 'a page is never kept');

is($b->fetch(POST => url('/page.html'), json => {})->{json}{method}, 'POST', 'other methods than GET and HEAD are the app\'s');

my $www = "$fazt->{home}/www/site";
SKIP: {
	skip 'no published files on disk', 4 unless -d $www;
	spew("$www/.git/config", 'secret');
	symlink '/etc/passwd', "$www/passwd.txt";
	symlink "$fazt->{home}/www", "$www/out";
	my $dot = $b->get(url('/.git/config'));
	is($dot->{status}, 404, 'a name that begins with a dot is not served');
	unlike($dot->{body}, qr/secret/, 'nor its bytes');
	unlike($b->get(url('/passwd.txt'))->{body}, qr/root:/, 'a link out of the folder is not followed');
	unlike($b->get(url('/out/site/page.html'))->{body}, qr/<p>hi/, 'nor a linked folder');
}
for my $path ('/../../data.db', '/..%2f..%2fdata.db', '/%2e%2e/%2e%2e/data.db', '/docs/../../../data.db', '/docs/..%5c..%5cdata.db') {
	my $r = $b->request(GET => url($path));
	ok($r->{status} =~ /^4/ || $r->{json}, "HTTP $path leads nowhere ($r->{status})");
	unlike($r->{body}, qr/SQLite format/, '… and shows no file of the home');
}

# ---- what passes through a worker ----

my $accel = $b->request(GET => url('/accel'));
ok($accel->{body} !~ /<p>hi/ && !grep({ $_->[0] =~ /^x-accel/ } @{ $accel->{all} }), 'HTTP-02 X-Accel of an app is neither obeyed nor passed on');

my $echo = $b->fetch(POST => url('/echo'), json => { a => 1 }, headers => [Proxy => 'http://evil', 'X-Fazt-User' => 'owner',
	'Remote-User' => 'owner', 'X_Underscore' => 'no', Authorization => 'Basic b3duZXI6eA==', 'X-Mine' => 'yes']);
my %seen = %{ $echo->{json}{headers} // {} };
is($seen{'x-mine'}, 'yes', "a client's header reaches the app");
ok(!exists $seen{proxy}, 'a Proxy header does not (httpoxy)');
ok(!exists $seen{x_underscore} && !exists $seen{'x-underscore'}, 'nor one with an underscore');
is($b->request(GET => url('/_fazt/health'), headers => ['X-Fazt-User' => 'owner', 'Remote-User' => 'owner'])->{status}, 200,
	'HTTP-09 invented identity headers change nothing');

my $page_csp = $page->{headers}{'content-security-policy'};
is($echo->{headers}{'content-security-policy'} // '', $page_csp, 'an app and its files have the same policy');

# ---- hosts ----

sub status_of { my ($bytes) = @_; return ($bytes =~ m{^HTTP/1\.. (\d+)})[0] // 'closed' }
sub ask { my ($host, $path) = @_; return $b->raw("GET " . ($path // '/') . " HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n\r\n") }

for my $host ('evil.example', '127.0.0.1', 'localhost.evil.example', 'a.os.localhost', '[::1]', '-x.localhost') {
	is(status_of(ask($host)), 'closed', "HTTP-12 $host gets no answer");
}
like(ask('localhost'), qr{^HTTP/1.1 302.*\r\nLocation: http://os\.localhost}s, 'the bare domain leads to the dashboard');
is(status_of(ask('SITE.LocalHost.:' . $fazt->port, '/page.html')), 200, 'HTTP-12 upper case, a dot at the end and a port are the same host');
like(status_of(ask('nosuchapp.localhost')), qr/^(?:404|421)$/, 'an app that does not exist');
is(status_of($b->raw("GET / HTTP/1.0\r\n\r\n")), 'closed', 'HTTP-12 no host at all');
is(status_of($b->raw("GET / HTTP/1.1\r\nHost: site.localhost\r\nHost: os.localhost\r\nConnection: close\r\n\r\n")), 400, 'HTTP-12 two hosts');
like($b->raw("GET http://site.localhost/who HTTP/1.1\r\nHost: os.localhost\r\nConnection: close\r\n\r\n"), qr/"path":"\/who"/,
	'the request line decides when the two disagree');

# ---- bodies and headers ----

my $large = $b->fetch(POST => url('/echo'), body => 'x' x 1_500_000, type => 'text/plain');
is($large->{status}, 413, 'HTTP-15 a body over the limit');
is($large->{json}{error}{code}, 'too_large', 'in the kernel\'s words');
is(status_of($b->raw("POST /echo HTTP/1.1\r\nHost: site.localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
	. join('', map { "40000\r\n" . 'x' x 0x40000 . "\r\n" } 1 .. 6) . "0\r\n\r\n")), 413, 'HTTP-15 the same without a length');
my $chunked = Fazt::Browser::parse($b->raw("POST /echo HTTP/1.1\r\nHost: site.localhost\r\nTransfer-Encoding: chunked\r\n"
	. "Origin: " . url('') . "\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
is($chunked->{json}{body}, 5, 'a chunked body arrives whole');
is(status_of($b->raw("GET /x HTTP/1.1\r\nHost: site.localhost\r\nX: " . 'y' x 40_000 . "\r\nConnection: close\r\n\r\n")), 400, 'a header over the limit');
is(status_of($b->raw("GET /_fazt/health HTTP/1.1\r\nHost: os.localhost\r\nCookie: a=" . 'y' x 50_000 . "\r\nConnection: close\r\n\r\n")), 200,
	'the dashboard bears many cookies');
like($b->raw("GET / HTTP/1.1\r\nHost: os.localhost\r\nCookie: a=" . 'y' x 600_000 . "\r\nConnection: close\r\n\r\n"), qr/\r\nClear-Site-Data: "cookies"/i,
	'and beyond that they are dropped, so that no app can lock the owner out');

my $owner = $fazt->person;
$owner->{jar}{'.localhost'} = { map { ("toss$_" => 'x' x 3000) } 1 .. 15 };
$owner->{jar}{'.localhost'}{os} = 'evil';
is($owner->request(GET => $fazt->url('os', '/_fazt/api/session.show'))->{status}, 200, 'IDN-01 cookies for the whole domain keep nobody out of the dashboard');

# ---- connections ----

my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port);
my $ask = "GET /_fazt/health HTTP/1.1\r\nHost: os.localhost\r\n\r\n";
my $answers = 0;
for (1 .. 5) {
	print $s $ask;
	sysread $s, my $got, 65536 or last;
	$answers++ if $got =~ m{^HTTP/1.1 200};
}
is($answers, 5, 'a client keeps its connection');

my $first = $fazt->browser->get(url('/echo'));
is($first->{status}, 200, 'before the workers go away');
$fazt->stop('serve');
my $away = $b->request(GET => url('/echo'));
is($away->{status}, 502, 'no worker: 502');
is($away->{json}{error}{code}, 'unavailable', 'as JSON for programs');
is($away->{headers}{'retry-after'}, 2, 'with Retry-After');
like($b->get(url('/echo'))->{body}, qr/http-equiv='refresh'.*tries again/s, 'as a page that tries again for people');
is($b->get(url('/page.html'))->{status}, 200, 'public files are still there');
$fazt->start_faztd;
is($b->request(GET => url('/echo'))->{status}, 200, 'and back');

done_testing;
