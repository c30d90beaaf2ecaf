# The same program without daemons: started by a web server for each request, as on shared hosting (RFC 3875).
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Test::More;

my $fazt = Fazt->new;
$fazt->install(echo => {
	'app.json'     => { name => 'echo', visibility => 'anyone', permissions => ['storage'], open => ['/in'],
		collections => { lines => { read => 'anyone', add => 'anyone' } } },
	'api/main.lua' => <<'END',
local docs = require("fazt").storage.docs
return {
  ["GET /:word"] = function(req) return { json = { word = req.params.word, query = req.query, agent = req.headers["user-agent"] } } end,
  ["POST /in"]   = function(req) return { status = 201, json = docs.insert("lines", { text = req.json.text }) } end,
  ["GET /lines"] = function() return { json = docs.find("lines") } end,
}
END
});

# One CGI call: (status, body).
sub cgi {
	my ($method, $uri, $body, %more) = @_;
	my ($exit, $out) = Fazt::run({
		GATEWAY_INTERFACE => 'CGI/1.1', FAZT_HOME => $fazt->home, REQUEST_METHOD => $method, REQUEST_URI => $uri,
		HTTP_HOST => 'echo.localhost', REMOTE_ADDR => '127.0.0.1', CONTENT_LENGTH => length($body // ''),
		CONTENT_TYPE => 'application/json', %more, '<' => $body // '' }, Fazt::program());
	my ($head, $text) = split /\r\n\r\n/, $out, 2;
	return ($head =~ /^Status: (\d+)/, $text);
}

my ($status, $body) = cgi('GET', '/hello?a=1', undef, HTTP_USER_AGENT => 'test');
is($status, 200, 'a request without a server of ours');
is_deeply(Fazt::text_of($body), { word => 'hello', query => { a => '1' }, agent => 'test' }, 'reaches the app');
($status) = cgi('GET', '/hello', undef, HTTP_HOST => 'nobody.localhost');
is($status, 404, 'a host without an app');
($status) = cgi('GET', '/../x');
is($status, 400, 'a path that is none');
($status, $body) = cgi('GET', '/lines');
is_deeply(Fazt::text_of($body), [], 'no rows yet');
($status, $body) = cgi('POST', '/in', '{"text":"by hand"}');
is($status, 201, 'a body arrives on standard input');
($status, $body) = cgi('GET', '/lines');
is(Fazt::text_of($body)->[0]{text}, 'by hand', 'and is kept');
done_testing;
