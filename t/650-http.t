# fazt.http: apps and the rest of the Internet. Real servers on the loopback, over TLS with an authority of the test, and a
# resolver that leads astray.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top slurp json_of text_of free_port);
use Fazt::Web;
use File::Temp qw(tempdir);
use IO::Compress::Gzip qw(gzip);
use Test::More;
use Time::HiRes qw(sleep time);

my $dir = tempdir(CLEANUP => 1);
chmod 0755, $dir;
my ($made, undef, $why) = Fazt::run({}, 'cc', '-shared', '-fPIC', '-O', '-o', "$dir/resolver.so", top() . '/t/lib/resolver.c', '-ldl');
is($made, 0, 'a resolver for the test') or die($why);

my @own = map { "$_.example.com" } qw(api files expired self wrong);
my $web = Fazt::Web->new(@own);
my $closed = free_port();
my $port = free_port();
my $fazt = Fazt->new(port => $port, settings => { 'net.ca' => $web->ca, 'cells.app' => 16, cells => 40, deadline => 25000,
	'net.allow' => $web->allow . " api.example.com:$closed=127.0.0.1:$closed circle.example.com:80=127.0.0.1:$port" });

my @inside = map { "$_.example.com" } qw(inside metadata private carrier zero six mapped unique link nat tunnel teredo crowd everybody);
my $code = <<'LUA';
local fazt = require "fazt"
local http, blob = fazt.http, fazt.storage.blob
local function ask(req)
	local q = req.json
	local began, ok, a = fazt.now(), pcall(http.request, q.method or "GET", q.url, q.opts)
	if not ok then return { json = { code = a.code or tostring(a), message = a.message } } end
	local file = a.file and blob.put("got/" .. a.file.name, a.file)
	local text = #a.body < 4096 and not a.body:find("%z") and a.body or nil
	return { json = { status = a.status, headers = a.headers, body = text, size = #a.body, url = a.url, file = file } }
end
return {
	["POST /ask"] = ask, ["POST /open"] = ask,
	["GET /still"] = function() return { text = "still here" } end,
	["GET /env"] = function() return { json = { KEY = fazt.env.KEY or "unseen", CITY = fazt.env.CITY or "unset" } } end,
	["GET /post"] = function() return { json = http.post("https://api.example.com/notes", { json = { text = "x" } }).json } end,
	["GET /native"] = function()
		local bytes, made = http.send("GET", "https://api.example.com/hello")
		return { text = bytes .. made.status }
	end,
	["GET /others"] = function(req)
		local a = http.get("https://api.example.com/echo", { headers = { ["X-Own"] = "1" } })
		return { json = a.json.headers }
	end,
	["POST /stream"] = function(req)
		local q, seen, began = req.json, { pieces = 0, size = 0, longest = 0 }, nil
		q.opts = q.opts or {}
		q.opts.stream = function(piece, answer)
			seen.pieces, seen.size, seen.status = seen.pieces + 1, seen.size + #piece, answer.status
			if #piece > seen.longest then seen.longest = #piece end
			if #piece < 100 then seen.text = (seen.text or "") .. piece end
			if q.fails then error("enough of that") end
			return not (q.most and seen.size >= q.most)
		end
		local ok, a = pcall(http.get, q.url, q.opts)
		if not ok then seen.code = type(a) == "table" and a.code or tostring(a) else seen.answered, seen.body = a.status, a.body end
		return { json = seen }
	end,
	["GET /yields"] = function(req)
		local lines = coroutine.wrap(function() http.get("https://api.example.com/events?n=3&ms=1", { stream = coroutine.yield }) end)
		return { text = lines():sub(1, 8) }
	end,
	["GET /leaves"] = function()
		local ids = {}
		for i = 1, 4 do ids[i] = select(2, http.open("GET", "https://api.example.com/endless")).stream end
		local _, why = pcall(http.open, "GET", "https://api.example.com/endless")
		http.close(ids[1]) http.close(ids[1])
		local _, closed = pcall(http.read, ids[1])
		return { json = { ids = ids, fifth = why.code, closed = closed.code, size = #http.read(ids[2]) } }
	end,
	["GET /run"] = function() return { text = fazt.queue("api/job.lua", { bare = false }) } end,
	["GET /run/bare"] = function() return { text = fazt.queue("api/job.lua", { bare = true }) } end,
	["GET /circle"] = function() return { text = http.get("http://circle.example.com/circle").body } end,
}
LUA
my $job = <<'LUA';
local fazt = require "fazt"
local function size()
	local n = 0
	fazt.http.get("https://api.example.com/bytes?n=300000", { stream = function(piece) n = n + #piece end })
	return n
end
return function(req)
	if not req.input.bare then return fazt.step("size", size) end
	local done, why = pcall(size)
	return done or why.message
end
LUA
my %manifest = (visibility => 'anyone', open => ['/open'], permissions => ['storage', 'queue', map({ "net:$_" } @own, @inside), 'net:slow.example.com', 'net:nowhere.example.com', "net:api.example.com:$closed",
	'net:http://api.example.com', 'net:http://files.example.com', 'net:http://circle.example.com'],
	env => [{ name => 'KEY', host => 'api.example.com' }, { name => 'TOKEN', host => 'files.example.com', header => 'X-Api-Key' }, { name => 'CITY' }]);
$fazt->install(web => { 'app.json' => \%manifest, 'api/main.lua' => $code, 'api/job.lua' => $job });
$fazt->install(bare => { 'app.json' => { visibility => 'anyone', permissions => ['storage'] }, 'api/main.lua' => $code });
$fazt->admin('app', 'domain', 'add', 'web', 'circle.example.com');
my %token = map { $_ => $fazt->token('owner', $_) } qw(web bare);

{
	local $ENV{LD_PRELOAD} = "$dir/resolver.so";
	local $ENV{ASAN_OPTIONS} = "$ENV{ASAN_OPTIONS}:verify_asan_link_order=0";
	$fazt->start;
}

sub call {
	my ($app, $method, $path, %o) = @_;
	return $fazt->browser->request($method, $fazt->url($app, $path), headers => [Authorization => "Bearer $token{$app}", @{ delete $o{headers} // [] }], %o);
}
sub ask {
	my ($url, %q) = @_;
	my $app = delete $q{app} // 'web';
	my $method = delete $q{method} // 'GET';
	my $answer = call($app, POST => '/ask', json => { method => $method, url => $url, %q ? (opts => \%q) : () });
	return $answer->{status} == 200 ? $answer->{json} : { code => "$answer->{status} " . ($answer->{json}{error}{code} // ''), message => $answer->{body} };
}
sub code_is {
	my ($url, $code, $name, %q) = @_;
	my $got = ask($url, %q);
	is($got->{code} // "status $got->{status}", $code, $name) or diag json_of($got);
	return $got;
}
sub inner { utf8::encode(my $text = $_[0] // 'null'); return text_of($text) }
sub fetcher { my $p = $fazt->processes_below($fazt->pid('serve')); my ($pid) = grep { $p->{$_} =~ /^faztd fetch/ } keys %$p; return $pid }
my $api = 'https://api.example.com';

# ---- it works ----

my $hello = ask("$api/hello");
is($hello->{body}, 'Hello!', 'over TLS') or die(json_of($hello) . $fazt->logs);
is($hello->{url}, "$api/hello", '… and says where the answer came from');
is(ask('http://api.example.com/hello')->{body}, 'Hello!', 'over plain http, where that was granted');
is(call('web', GET => '/native')->{body}, 'Hello!200', 'http.send is below all of it');
is(call('web', GET => '/post')->{json}{text}, 'x', 'http.post');
my $echo = inner(ask("$api/echo?a=b", method => 'POST', json => { text => "\x{fc}" }, headers => { 'X-Own' => 'yes' })->{body});
is_deeply([@$echo{qw(method url)}, $echo->{headers}{'content-type'}, $echo->{headers}{'x-own'}], ['POST', '/echo?a=b', 'application/json', 'yes'], 'method, address, headers');
is(text_of($echo->{body})->{text}, "\xfc", '… and a body of JSON');
$echo = inner(ask("$api/echo", method => 'PUT', form => { a => '1 & 2', b => 'c' })->{body});
is_deeply([@$echo{qw(method body)}], ['PUT', 'a=1%20%26%202&b=c'], 'a form');
$echo = inner(ask("$api/echo", method => 'PATCH', body => 'plain', headers => { 'content-type' => 'text/x' })->{body});
is_deeply([$echo->{body}, $echo->{headers}{'content-type'}], ['plain', 'text/x'], 'a body of any type');
is($echo->{headers}{'user-agent'}, 'Fazt/0.1.0', 'who asks');
ok(!exists $echo->{headers}{cookie} && !exists $echo->{headers}{authorization}, 'nothing of the person goes along');
is(join(' ', @{ ask("$api/hello", method => 'HEAD') }{qw(status size)}), '200 0', 'HEAD');
is(ask("$api/status?status=404")->{status}, 404, 'an answer is an answer, whatever its status');
is(ask("$api/echo")->{headers}{'set-cookie'}, 'a=1, b=2', 'headers that come twice');
is(ask("$api/bomb?n=100000")->{size}, 100000, 'a packed body is unpacked');
code_is("$api/hello", 'bad_request', 'one body at a time', json => {}, body => 'x');
code_is("$api/hello", 'bad_request', 'an option there is not', nonsense => 1);

# ---- SSRF-01, SSRF-02: addresses ----

code_is("http://$_/", 'blocked_address', "SSRF-01 $_") for '127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '169.254.169.254', '10.0.0.1', '172.16.0.1', '192.168.0.1',
	'100.64.0.1', '[fd00::1]', '[fe80::1]', '[fe80::1%25lo]', '224.0.0.1', '[ff02::1]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', 'os.localhost';
code_is("https://$_/", 'blocked_address', "SSRF-01 a name that leads inside: $_") for @inside;
code_is("http://$_/", 'blocked_address', "SSRF-02 $_") for '2130706433', '0x7f000001', '0177.0.0.1', '127.1', '0', '127%2e0.0.1', '0x7f.1', '017700000001';
is(inner(ask("$api/seen?url=/")->{body}), 0, 'SSRF-01 nobody heard of any of them');

# ---- SSRF-06, SSRF-09: only what was granted ----

code_is($_, 'bad_request', "SSRF-06 $_") for 'file:///etc/passwd', 'gopher://api.example.com/', 'dict://api.example.com/', 'scp://api.example.com/x', 'ldap://api.example.com/',
	'telnet://api.example.com/', 'ftp://api.example.com/', 'smtp://api.example.com/', 'javascript:1', 'api.example.com', '//api.example.com/', '', 'https://',
	"https://api.example.com/\nx", "https://api.example.com\0.evil.example/", 'https://api.example.com/' . 'x' x 9000;
is(ask($_)->{body}, 'Hello!', "SSRF-09 $_ is that host") for 'https://api.example.com./hello', 'https://API.EXAMPLE.COM/hello', 'HTTPS://api.example.com:443/hello';
code_is($_, 'permission_denied', "SSRF-09 $_ is another") for 'https://evilapi.example.com/', 'https://api.example.com.evil/', 'https://api.example.com:22/', 'https://api.example.com:8443/', 'http://api.example.com:443/',
	'https://example.com/', 'https://sub.api.example.com/', 'http://wrong.example.com/', 'http://[2606:4700::1111]/', 'http://1.1.1.1/';
code_is($_, 'bad_request', "SSRF-09 $_ is none") for 'https://api.example.com@evil.example/', 'https://u:p@api.example.com/', 'https://api.example.com\\@evil.example/', "https://api.ex\x{e4}mple.com/",
	'https://api.example.com:0/', 'https://api.example.com:99999/', 'https://api.example.com,evil.example/';

# ---- SSRF-05: redirects ----

sub redirect { my ($to, $status, $from) = @_; $to =~ s/([^\w])/sprintf '%%%02X', ord $1/ge; return ($from // $api) . "/redirect?to=$to" . ($status ? "&status=$status" : '') }
my $there = ask(redirect('https://files.example.com/hello'));
is_deeply([@$there{qw(status body url)}], [200, 'Hello!', 'https://files.example.com/hello'], 'SSRF-05 a redirect to a host that is granted');
is(ask(redirect('/hello'))->{body}, 'Hello!', '… to another path');
code_is(redirect('http://127.0.0.1/', $_, 'http://api.example.com'), 'blocked_address', "SSRF-05 a redirect ($_) to this machine") for 301, 302, 303, 307, 308;
code_is(redirect('https://inside.example.com/'), 'blocked_address', 'SSRF-05 … by name');
code_is(redirect('https://evil.example/'), 'permission_denied', 'SSRF-05 … to a host that is not granted');
code_is(redirect('https://api.example.com:8443/'), 'permission_denied', 'SSRF-05 … to another port');
code_is(redirect($_), 'fetch_failed', "SSRF-05 … to $_") for 'file:///etc/passwd', 'gopher://api.example.com/', 'https://u:p@api.example.com/', 'http://api.example.com/hello';
my $twice = redirect(redirect(redirect("$api/hello")));
is(ask($twice)->{body}, 'Hello!', 'SSRF-05 three in a row');
code_is(redirect($twice), 'fetch_failed', 'SSRF-05 a fourth');
code_is($twice, 'fetch_failed', '… or as many as the app likes', redirects => 2);
is(ask(redirect("$api/hello"), redirects => 0)->{status}, 302, 'none are followed where the app does not want it');
my %private = (headers => { Authorization => 'Bearer mine', Cookie => 'a=1', 'X-Api-Key' => 'mine', Accept => 'text/x' });
$echo = inner(ask(redirect('https://files.example.com/echo'), %private)->{body});
is_deeply([grep { exists $echo->{headers}{$_} } qw(authorization cookie x-api-key)], [], 'SSRF-05 credentials do not go to another host');
is($echo->{headers}{accept}, 'text/x', '… but what says nothing does');
$echo = inner(ask(redirect("$api/echo"), %private)->{body});
is($echo->{headers}{authorization}, 'Bearer mine', '… and all of them to the same');
is(join(' ', @{ inner(ask(redirect("$api/echo", $_->[0]), method => 'POST', body => 'x')->{body}) }{qw(method body)}), $_->[1], "after $_->[0] a POST is $_->[1]")
	for [302, 'GET '], [303, 'GET '], [307, 'POST x'], [308, 'POST x'];

# ---- SSRF-10: answers without measure ----

sub fetched { my $t = time; my $got = code_is(@_); cmp_ok(time - $t, '<', 60, '… and is not waited for'); return $got }
fetched("$api/endless", 'response_too_large', 'SSRF-10 an endless body');
fetched("$api/bytes?n=10000000000", 'response_too_large', 'SSRF-10 10 GB');
fetched("$api/bomb?n=50000000", 'response_too_large', 'SSRF-10 a bomb: bytes are counted unpacked');
fetched("$api/headers?n=1000", 'response_too_large', 'SSRF-10 a thousand headers');
fetched("$api/headers?n=1&size=70000", 'response_too_large', 'SSRF-10 a header of 70 KB');
fetched("$api/headers?n=1&size=1000000", 'fetch_failed', 'SSRF-10 a header of 1 MB, which libcurl itself refuses');
fetched("$api/drip", 'timeout', 'SSRF-10 a byte a second', timeout => 3);
fetched("$api/hang", 'timeout', 'SSRF-10 no answer at all', timeout => 2);
sub raw { "$api/raw?hex=" . unpack 'H*', $_[0] }
fetched(raw("Hello, this is no HTTP\r\n"), 'fetch_failed', 'SSRF-10 HTTP/0.9');
fetched(raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), 'fetch_failed', 'a body that ends too early');
is(ask(raw("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nx"))->{headers}{a}, 'b', 'interim answers are none');

# ---- SSRF-12: headers ----

code_is("$api/echo", 'bad_request', "SSRF-12 the header $_", headers => { $_ => '1' }) for 'Host', 'Content-Length', 'content-length', 'Transfer-Encoding', 'Connection', 'Proxy-Authorization', 'Proxy-X', 'Upgrade', 'TE',
	'Fazt-Hops', 'X-Forwarded-For', 'Accept-Encoding', 'a b', 'a:b', "a\r\nb", '';
code_is("$api/echo", 'bad_request', 'SSRF-12 a value with ' . (unpack 'H*', $_), headers => { 'X-A' => "a${_}b" }) for "\r\nX-B: 1", "\n", "\0", "\r", "\x7f";
code_is("$api/echo", 'bad_request', 'SSRF-12 a method like ' . substr($_, 0, 12), method => $_) for "GET / HTTP/1.1\r\nX: y", 'get', 'CONNECT', 'TRACE', '', 'A' x 30, 'GET ';
code_is("$api/echo", 'too_large', 'SSRF-12 too many headers', headers => { map { ("X-$_" => 'y') } 1 .. 60 });

# ---- SSRF-13: TLS ----

code_is("https://$_.example.com/hello", 'fetch_failed', "SSRF-13 a certificate that is $_") for qw(expired self wrong);
code_is("https://api.example.com:$closed/hello", 'fetch_failed', 'SSRF-13 nothing falls back to plain http');

# ---- SSRF-16: an app learns nothing of the network ----

my %said = map { $_->{message} => 1 } ask("https://api.example.com:$closed/"), ask('https://nowhere.example.com/'), ask('https://expired.example.com/'), ask(raw("no HTTP\r\n"));
is_deeply([keys %said], ['The other server could not be reached, or did not answer as it should.'], 'SSRF-16 a closed port, a name there is not, a bad certificate: one sentence');
like($fazt->logs, qr/"fetch\.failed".*certificate has expired/, '… and the log of the node knows');

# ---- INS-12, XAP-06 ----

code_is("$api/hello", 'permission_denied', 'INS-12 an app without the permission', app => 'bare');
is(call('bare', GET => '/still')->{body}, 'still here', 'INS-12 … still runs');
code_is($fazt->url('bare', '/still'), 'blocked_address', 'XAP-06 another app of this node, by its name');
code_is('http://127.0.0.1:' . $fazt->port . '/still', 'blocked_address', 'XAP-06 … by address');
code_is('http://api.example.com/', 'bad_request', 'XAP-06 … with another Host', headers => { Host => 'bare.localhost' });
my $in = $fazt->person;
$in->get($fazt->url('web', '/_fazt/sign-in?next=/still'));
my $sent = $in->get($fazt->url('web', '/others'));
is_deeply([sort keys %{ $sent->{json} }], [qw(accept accept-encoding fazt-hops host user-agent x-own)], 'XAP-06 nothing of a session leaves') or diag $sent->{body};

# ---- INS-18 ----

for my $bad ('*', '*.*', '*.example.com', 'localhost', '10.0.0.1', '2130706433', '0x7f.1', '[::1]', 'com', "b\xfccher.example", 'xn--bcher-kva.example', 'a.example:0', 'a.example:99999', 'a.example:x', 'u@a.example', 'a.example/x',
	'A.example', 'a.example.', 'https://a.example', 'http://10.0.0.1', 'http://*', 'http:a.example', 'db.internal') {
	my $folder = $fazt->cartridge(greedy => { 'app.json' => { permissions => ["net:$bad"] }, 'api/main.lua' => 'return {}' });
	is(($fazt->try_admin('app', 'install', $folder, '--yes', '--grant', 'all'))[0], 7, "INS-18 net:$bad");
}

# ---- CPU-13: circles ----

is(inner(ask("$api/echo")->{body})->{headers}{'fazt-hops'}, 1, 'CPU-13 a request says how many apps it came through');
is(call('web', GET => '/others', headers => ['Fazt-Hops' => 2])->{json}{'fazt-hops'}, 3, 'CPU-13 … one more each');
my $circle = call('web', GET => '/others', headers => ['Fazt-Hops' => 4]);
is("$circle->{status} $circle->{json}{error}{code}", '508 loop_detected', 'CPU-13 … and at four it ends');
is(call('web', GET => '/others', headers => ['Fazt-Hops' => $_])->{status}, 508, "CPU-13 … also after \"$_\"") for 99, -1, 'x';

like(call('web', GET => '/circle')->{body}, qr/"loop_detected"/, 'CPU-13 an app that asks itself is stopped') or diag $fazt->logs;

# ---- secrets ----

$fazt->admin('app', 'env', 'set', 'web', 'KEY', 'k3y');
$fazt->admin('app', 'env', 'set', 'web', 'TOKEN', 't0ken');
$fazt->admin('app', 'env', 'set', 'web', 'CITY', 'Aachen');
is_deeply(call('web', GET => '/env')->{json}, { KEY => 'unseen', CITY => 'Aachen' }, 'the app does not see a secret that is for a host');
sub headers_sent { my $got = ask(@_); return $got->{body} ? inner($got->{body})->{headers} : diag(json_of($got)) }
is(headers_sent("$api/echo", secret => 'KEY')->{authorization}, 'Bearer k3y', '… which gets it');
is(headers_sent('https://files.example.com/echo', secret => 'TOKEN')->{'x-api-key'}, 't0ken', '… in the header it likes');
code_is('https://files.example.com/echo', 'bad_request', '… and no other does', secret => 'KEY');
code_is('http://api.example.com/echo', 'bad_request', '… and not over plain http', secret => 'KEY');
ok(!exists headers_sent(redirect('https://files.example.com/echo'), secret => 'KEY')->{authorization}, 'SSRF-05 … not by a redirect either');
code_is("$api/echo", 'bad_request', 'a secret there is not', secret => $_) for 'NOPE', 'CITY';
isnt(($fazt->try_admin('app', 'env', 'set', 'web', 'KEY', "a\nb"))[0], 0, 'a secret for a header is one line');
my ($key) = grep { $_->{name} eq 'KEY' } @{ $fazt->admin_json('app', 'env', 'list', 'web') };
is_deeply([map { "$_" } @$key{qw(secret set host)}, $key->{value} // 'hidden'], [1, 1, 'api.example.com', 'hidden'], 'env list says which host it is for, and not what it is');
my %moved = (%manifest, version => '1.1.0', env => [{ name => 'KEY', host => 'files.example.com' }, { name => 'TOKEN' }, { name => 'CITY' }]);
my $folder = $fazt->cartridge(keeper => { 'app.json' => \%manifest, 'api/main.lua' => $code });
$fazt->admin('app', 'install', $folder, '--yes', '--grant', 'all');
$fazt->admin('app', 'env', 'set', 'keeper', 'KEY', 'k3y');
$fazt->admin('app', 'env', 'set', 'keeper', 'TOKEN', 't0ken');
Fazt::spew("$folder/app.json", json_of({ %moved, name => 'keeper', title => 'Keeper' }));
Fazt::spew("$folder/api/main.lua", $code =~ s/fazt\.env\.CITY/fazt.env.TOKEN/r);
$fazt->admin('app', 'upgrade', 'keeper', '--yes', '--grant', 'all');
$token{keeper} = $fazt->token('owner', 'keeper');
is_deeply(call('keeper', GET => '/env')->{json}, { KEY => 'unseen', CITY => 'unset' }, 'an upgrade that wants to see a secret does not');
code_is('https://files.example.com/echo', 'bad_request', '… nor one that wants to send it elsewhere', app => 'keeper', secret => 'KEY');

# ---- retries ----

my $n = 0;
sub flaky { my ($fails, $more) = @_; return "$api/flaky?fails=$fails&id=" . $n++ . ($more // '') }
my $patient = ask(flaky(2), retries => 2);
is($patient->{body}, 'attempt 3', 'as often as it is worth') or diag json_of($patient);
is(ask(flaky(2), retries => 1)->{status}, 503, '… and no oftener');
is(ask(flaky(1, '&how=cut'), retries => 1)->{body}, 'attempt 2', 'after a connection that broke');
is(ask(flaky(1), retries => 3, method => 'POST')->{status}, 503, 'a POST is sent once');
is(ask(flaky(1), retries => 3, method => 'POST', headers => { 'Idempotency-Key' => '7' })->{body}, 'attempt 2', '… unless it says that it may be twice');
my $began = time;
is(ask(flaky(1, '&after=2'), retries => 1)->{body}, 'attempt 2', 'after as long as the server asks for');
cmp_ok(time - $began, '>=', 2, '… that is, not before');
is(ask(flaky(1, '&after=3600'), retries => 1)->{status}, 503, '… but not longer than there is time');
$began = time;
is(ask(flaky(1, '&date=3'), retries => 1)->{body}, 'attempt 2', 'a date says it as well');
cmp_ok(time - $began, '>=', 1.9, '… to the second'); # dates have no parts of one
is(ask(flaky(1, '&date=3600'), retries => 1)->{status}, 503, '… one that is too far away');
is(ask(flaky(1, "&after=$_"), retries => 1)->{body}, 'attempt 2', "… \"$_\" says nothing") for 'Sun,%2006%20Nov%201994%2008:49:37%20GMT', 'soon', '-1', '99999999999999999999';

# ---- answers that are read as they come ----

sub stream { my ($url, %q) = @_; my $got = call('web', POST => '/stream', json => { url => $url, %q }); return $got->{json} // diag $got->{body} }
my $big = stream("$api/bytes?n=20000000");
is_deeply([@$big{qw(size answered body status)}], [20_000_000, 200, '', 200], 'a large body comes in pieces') or diag json_of($big);
cmp_ok($big->{longest}, '<=', 65536, '… of at most 64 KB');
cmp_ok($big->{pieces}, '>', 300, '… more calls than a request may make otherwise count for nothing') if $big->{longest} < 65536;
my $events = stream("$api/events?n=10&ms=50");
is($events->{text}, join('', map { "event $_\n" } 1 .. 10), 'events come one by one');
cmp_ok($events->{pieces}, '>=', 5, '… as soon as they are there');
is(stream("$api/status?status=404")->{body}, 'as you like', 'what is no 2xx comes whole');
is(stream("$api/status?status=204")->{pieces}, 0, 'a body without bytes');
is(stream("$api/bomb?n=3000000")->{size}, 3_000_000, 'a packed one');
gzip(\("\0" x 60_000_000) => \my $once);
gzip(\$once => \my $packed);
my $bomb = raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: " . length($packed) . "\r\n\r\n$packed");
is(stream($bomb)->{code}, 'response_too_large', 'SSRF-10 a few hundred bytes that unpack to 60 MB are not kept for an app that reads slowly');
my $cut = stream("$api/events?n=5&cut=1");
is($cut->{code}, 'fetch_failed', 'one that is cut in the middle');
like($cut->{text}, qr/^event 1\nevent 2\n/, '… after what came');
is(stream(raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"))->{code}, 'fetch_failed', '… by its length as well');
my $early = stream("$api/endless", most => 500_000);
is($early->{answered}, 200, 'the app has enough of it') or diag json_of($early);
cmp_ok($early->{size}, '<', 700_000, '… and gets no more');
like(stream("$api/endless", fails => \1)->{code}, qr/enough of that/, 'an error of the app is its error');
is(stream("$api/drip", opts => { timeout => 3 })->{code}, 'timeout', 'SSRF-10 time is up while it comes');
is(call('web', GET => '/yields')->{body}, 'event 1' . "\n", 'the function may yield');
my $left = call('web', GET => '/leaves')->{json};
is_deeply([@$left{qw(ids fifth closed)}], [[1 .. 4], 'rate_limited', 'bad_request'], 'four at once');
$fazt->wait_for(sub { ask("$api/open")->{body} == 0 }, 'the other server sees that nobody reads');
pass('what an app leaves open ends with its request');
is(stream('http://127.0.0.1/')->{code}, 'blocked_address', 'SSRF-01 the same rules');
is(stream(redirect('https://inside.example.com/'))->{code}, 'blocked_address', 'SSRF-05 … for redirects');
is(stream("$api/hello", opts => { file => 'x' })->{code}, 'bad_request', 'a file or a stream');
for ([run => '300000'], ['run/bare' => qr/inside fazt\.step/]) {
	my ($path, $want) = @$_;
	my $run = call('web', GET => "/$path")->{body};
	my $shown;
	$fazt->wait_for(sub { $shown = $fazt->admin_json('run', 'show', $run); $shown->{state} !~ /queued|running/ }, 'the run ends');
	like(json_of($shown), ref $want ? $want : qr/\b$want\b/, ref $want ? '… and refused as bare calls' : 'in a run it is one step') or diag json_of($shown);
}
my ($rss) = slurp('/proc/' . fetcher() . '/status') =~ /^VmHWM:\s+(\d+)/m;
cmp_ok($rss, '<', Fazt::sanitized() ? 400000 : 60000, "none of it is ever in memory whole ($rss KB at most)");

# ---- files ----

my $file = ask("$api/bytes?n=8000000", file => 'large.png');
is_deeply([@{ $file->{file} // {} }{qw(name size type)}], ['got/large.png', 8000000, 'image/png'], 'a large body becomes a file') or diag json_of($file);
my ($peak) = slurp('/proc/' . fetcher() . '/status') =~ /^VmHWM:\s+(\d+)/m;
cmp_ok($peak, '<', Fazt::sanitized() ? 400000 : 60000, "… and is never in memory whole ($peak KB at most)");
is(ask("$api/status?status=404", file => 'none.png')->{body}, 'as you like', 'an error is no file');

# ---- SSRF-14, SSRF-15: time ----

sub parallel {
	my (@urls) = @_;
	my @pipes = map {
		my $url = $_;
		pipe my $r, my $w;
		my $pid = fork // die;
		if (!$pid) { print $w json_of(ask($url)); close $w; POSIX::_exit(0) }
		close $w;
		[$r, $pid]
	} @urls;
	return sub { return map { my ($r, $pid) = @$_; local $/; my $got = <$r>; waitpid $pid, 0; text_of($got) } @pipes };
}
my $wait = parallel(('https://slow.example.com/') x 8);
sleep 0.5;
is(call('bare', GET => '/still')->{body}, 'still here', 'SSRF-14 while names are looked for, others are served') for 1 .. 5;
my %codes;
$codes{ $_->{code} }++ for $wait->();
is_deeply([sort keys %codes], [qw(fetch_failed rate_limited)], 'SSRF-14 a slow resolver is not waited for, and not everybody may wait for it');
cmp_ok($codes{fetch_failed}, '>=', 4, 'SSRF-14 … four at once do');
is(ask("$api/hello")->{body}, 'Hello!', 'SSRF-14 … then it goes on');

$wait = parallel(redirect('https://files.example.com/hello') . '&ms=2500');
sleep 0.7;
$fazt->admin('app', 'revoke', 'web', 'net:files.example.com');
is_deeply([map { $_->{code} // 'answered' } $wait->()], ['permission_denied'], 'SSRF-15 a grant that is taken back meanwhile counts at once');
$fazt->admin('app', 'grant', 'web', 'net:files.example.com');
is(ask('https://files.example.com/hello')->{body}, 'Hello!', '… and one that is given, too');

# ---- the day's bytes ----

$fazt->admin('app', 'limit', 'web', 'app.egress', 5_000_000);
is(stream("$api/endless")->{code}, 'response_too_large', 'what is left of them bounds a stream');
my %ends;
for (1 .. 60) { $ends{ stream("$api/endless", most => 1)->{code} // 'fine' }++; last if $ends{rate_limited} } # two workers count for themselves
ok($ends{rate_limited}, '… and what was on its way when the app had enough is counted') or diag json_of(\%ends);
$fazt->admin('app', 'limit', 'web', 'app.egress', 1000);
for (1 .. 20) { last if (ask("$api/hello")->{code} // '') eq 'rate_limited' }
my $over = code_is("$api/hello", 'rate_limited', 'an app has so many bytes in a day');
like($over->{message}, qr/in a day/, '… and is told so');
is(call('bare', GET => '/still')->{body}, 'still here', '… and goes on without');
$fazt->admin('app', 'limit', 'web', 'app.egress', 'default');
is(ask("$api/hello")->{body}, 'Hello!', '… and the owner allows it more');

# ---- the process ----

my $pid = fetcher();
my $status = slurp("/proc/$pid/status");
like($status, qr/^NoNewPrivs:\s+1$/m, 'the process that fetches has no privileges to win');
SKIP: {
	skip 'not root, or with sanitizers', 2 if $> || Fazt::sanitized();
	like($status, qr/^Uid:\s+58000\s+58000/m, '… its own uid');
	like($status, qr/^Seccomp:\s+2$/m, '… and a filter');
}
my @open = map { readlink // '' } glob "/proc/$pid/fd/*";
is_deeply([grep { /data\.db|fcgi/ } @open], [], '… and neither the database nor the door');
kill KILL => $pid;
is(ask("$api/hello", retries => 2)->{body}, 'Hello!', 'when it dies, another one fetches');
isnt(fetcher(), $pid, '… indeed');
is(($fazt->try_admin('app', 'request', 'web', 'POST', '/ask', '--as', 'owner', '--type', 'application/json', '--body', json_of({ url => "$api/hello" })))[0], 0, 'fazt-admin fetches without any of them');

# ---- SSRF-16 again, last: what this address may ask is used up by it ----

my @burst = map { $fazt->browser->request(POST => $fazt->url('web', '/open'), json => { url => 'none' })->{json} } 1 .. 150; # two workers count for themselves
ok((grep { ($_->{code} // '') eq 'rate_limited' } @burst), 'SSRF-16 strangers make an app ask only so often');

done_testing;
