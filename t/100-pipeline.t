# The pipeline, by `fazt-admin app request` and once more through nginx: which handler answers, what it is given, what
# comes of what it returns, and what an error looks like from outside and in the log.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use Test::More;

my $fazt = Fazt->new;
$fazt->install(echo => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'] },
	'api/deep.lua' => <<'LUA',
return function() local t = nil; return t.secret_name end
LUA
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local deep = require "deep"
local function who(name) return function(req) return { json = { handler = name, params = req.params } } end end
return {
	["GET /"] = function() return "<p>home</p>" end,
	["GET /items/special"] = who "literal",
	["GET /items/:id"] = who "param",
	["GET /items/*rest"] = who "rest",
	["GET /items/:id/parts"] = who "parts",
	["POST /items"] = who "add",
	["DELETE /items/:id"] = who "remove",
	["GET /headed"] = who "get", ["HEAD /headed"] = function() return { headers = { ["X-Own"] = "yes" }, text = "" } end,

	["GET /json"] = function() return { json = { list = fazt.list {}, table = {}, null = fazt.null, deep = { { a = 1 } }, n = 1.5, i = 3, t = "é" } } end,
	["GET /html"] = function() return { html = "<b>x</b>" } end,
	["GET /text"] = function() return { text = "plain" } end,
	["GET /body"] = function() return { body = "\0\1\255", headers = { ["Content-Type"] = "application/x-thing" } } end,
	["GET /bytes"] = function() return { body = "abc" } end,
	["GET /redirect"] = function() return { redirect = "/html" } end,
	["GET /moved"] = function() return { status = 308, redirect = "/html" } end,
	["GET /nil"] = function() return nil end,
	["GET /empty"] = function() return { status = 204 } end,
	["GET /created"] = function() return { status = 201, headers = { ["X-One"] = "1", ["X-Two"] = { "a", "b" }, ETag = '"e"' }, json = 1 } end,
	["GET /false"] = function() return { json = false } end,
	["GET /null"] = function() return { json = fazt.null } end,
	["GET /list"] = function() return { json = { 1, 2, 3 } } end,
	["GET /number"] = function() return 7 end,
	["GET /unknown"] = function() return { jsn = 1 } end,
	["GET /two"] = function() return { json = 1, text = "x" } end,
	["GET /mixed"] = function() return { json = { 1, 2, a = 3 } } end,
	["GET /hole"] = function() return { json = { [1] = 1, [3] = 3 } } end,
	["GET /function"] = function() return { json = { f = print } } end,
	["GET /nan"] = function() return { json = { 0/0 } } end,
	["GET /cycle"] = function() local t = {} t.t = t return { json = t } end,

	["POST /req"] = function(req)
		return { json = { method = req.method, path = req.path, query = req.query, header = req.headers["x-thing"], body = req.body,
			cookies = req.cookies, user = req.user, id = req.id, trigger = req.trigger, input = req.input, host = req.headers.host, origin = req.origin } }
	end,
	["POST /form"] = function(req) return { json = req.form } end,
	["POST /decode"] = function(req) return { json = { value = req.json, null = req.json == fazt.null } } end,
	["POST /kinds"] = function(req) return { json = { req.json, fazt.json.encode(req.json), fazt.json.encode(req.json.list), fazt.json.encode(req.json.object) } } end,
	["GET /same"] = function(req) req.query.a = "changed" return { json = req.query } end,

	["GET /fail"] = function() fazt.fail("conflict", "Somebody was faster.") end,
	["GET /fail-default"] = function() fazt.fail("not_found") end,
	["GET /fail-table"] = function() error({ code = "denied", message = "Not yours." }) end,
	["GET /fail-made-up"] = function() fazt.fail("no_such_code", "x") end,
	["GET /fail-caught"] = function() local ok, e = pcall(fazt.fail, "conflict", "x") return { json = { ok = ok, code = e.code, message = e.message } } end,
	["GET /error"] = function() error("the password is hunter2") end,
	["GET /error-deep"] = function() local x = deep() return x end,
	["GET /error-nil"] = function() error(nil) end,
	["GET /error-object"] = function() error(setmetatable({}, { __tostring = function() return "hunter2" end })) end,
	["GET /log"] = function() fazt.log.info("said info") fazt.log.warn("said warn") fazt.log.error("said error") print("printed", 1, nil) return { text = "" } end,
}
LUA
});

# ---- the two doors ----

sub shell {
	my ($method, $path, @options) = @_;
	my ($exit, $out, $err) = $fazt->try_admin('app', 'request', 'echo', $method, $path, @options, '--json');
	my $answer = eval { text_of($out) } or die "app request $method $path: exit $exit\n$out$err";
	return $answer if $answer->{error};
	utf8::encode(my $body = $answer->{body});
	$answer->{json} = eval { text_of($body) } if ($answer->{headers}{'content-type'} // '') =~ /json/;
	return $answer;
}

sub handler { my $a = shell(@_); return $a->{json}{handler} // $a->{json}{error}{code} // "status $a->{status}" }

# ---- routes ----

is(handler(GET => '/items/special'), 'literal', 'a literal comes before a parameter');
is(handler(GET => '/items/9'), 'param', 'a parameter comes before the rest');
is(handler(GET => '/items/9/parts'), 'parts', 'the longer pattern with a parameter comes before the rest');
is(handler(GET => '/items/9/else/more'), 'rest', 'the rest takes what is left');
is_deeply(shell(GET => "/items/a%20b%2520")->{json}{params}, { id => "a b%20" }, "a parameter is decoded, once");
is(shell(GET => '/items/a/b/c')->{json}{params}{rest}, 'a/b/c', '*rest holds the slashes');
is(handler(GET => '/nothing'), 'not_found', 'what no route takes is 404');
is(handler(GET => '/items/'), 'rest', 'a parameter is never empty');
my $refused = shell(PATCH => '/items/9');
is($refused->{status}, 405, 'a method no route of the path has is 405');
is($refused->{headers}{allow}, 'DELETE, GET, HEAD', '… with the methods that would do') or diag explain $refused;
is($refused->{json}{error}{code}, 'method_not_allowed', '… and says so') or diag explain $refused;
is(shell(HEAD => '/json')->{status}, 200, 'HEAD is answered by the GET route');
is(shell(HEAD => '/headed')->{headers}{'x-own'}, 'yes', '… unless there is one for HEAD');

# ---- forms of an answer ----

sub is_answer {
	my ($path, $status, $type, $body, $what) = @_;
	my $a = shell(GET => $path);
	is_deeply([$a->{status}, $a->{headers}{'content-type'}, $a->{body}], [$status, $type, $body], $what) or diag explain $a;
	return $a;
}

is_answer('/', 200, 'text/html; charset=utf-8', '<p>home</p>', 'a string is HTML');
is_answer('/html', 200, 'text/html; charset=utf-8', '<b>x</b>', 'html');
is_answer('/text', 200, 'text/plain; charset=utf-8', 'plain', 'text');
is_answer('/bytes', 200, 'application/octet-stream', 'abc', 'body');
is(shell(GET => '/body')->{headers}{'content-type'}, 'application/x-thing', 'a type the app sets itself');
is_answer('/false', 200, 'application/json', 'false', 'false is a value');
is_answer('/null', 200, 'application/json', 'null', 'so is null');
is_answer('/list', 200, 'application/json', '[1,2,3]', 'a list');
is_deeply(shell(GET => '/json')->{json}, { list => [], table => {}, null => undef, deep => [{ a => 1 }], n => 1.5, i => 3, t => "\x{e9}" }, 'json: lists, objects, null, numbers, text');
is_deeply([@{ shell(GET => '/redirect') }{'status'}, shell(GET => '/redirect')->{headers}{location}], [303, '/html'], 'redirect');
is(shell(GET => '/moved')->{status}, 308, '… with a status of its own');
is(shell(GET => '/nil')->{status}, 404, 'nil is 404');
is(shell(GET => '/empty')->{status}, 204, 'a status without a body');
my $created = shell(GET => '/created');
is_deeply([$created->{status}, @{ $created->{headers} }{qw(x-one etag)}], [201, '1', '"e"'], 'status and headers');
is($created->{headers}{'x-content-type-options'}, 'nosniff', 'the kernel adds nosniff');
like($created->{headers}{'content-security-policy'}, qr/default-src 'self'/, '… and a content policy');
is($created->{headers}{'cache-control'}, 'private, no-cache', '… and nothing is cached unless the app says so');

for (['/number', 'a number'], ['/unknown', 'an unknown field'], ['/two', 'two bodies'],
	['/mixed', 'a table that is list and object'], ['/function', 'a function in JSON'],
	['/nan', 'a number JSON does not have'], ['/cycle', 'a table that contains itself']) {
	my ($path, $what) = @$_;
	my $a = shell(GET => $path);
	is($a->{status}, 500, "$what cannot be sent: 500") or diag explain $a;
	is($a->{json}{error}{code}, 'bad_response', '… bad_response') or diag explain $a;
	cmp_ok(length $a->{json}{error}{message}, '>', 20, "… that says why: $a->{json}{error}{message}");
}

# ---- what a handler is given ----

my $got = shell(POST => '/req?a=1&b=%C3%A9&a=2&c', '--header', 'X-Thing: v', '--header', 'Cookie: k="v"; __Host-fazt=secret; fazt=secret', '--body', 'raw', '--type', 'text/plain', '--as', 'nobody');
is_deeply([@{ $got->{json} }{qw(method path header body trigger)}], ['POST', '/req', 'v', 'raw', 'http'], 'method, path, a header, the body, the trigger') or diag explain $got;
is($got->{json}{origin}, "http://" . $got->{json}{host}, "… and where links to the app lead");
is_deeply($got->{json}{query}, { a => '2', b => "\x{e9}", c => '' }, 'the query, decoded; the last of several counts');
is_deeply($got->{json}{cookies}, { k => 'v' }, 'its own cookies, never the kernel\'s');
like($got->{json}{id}, qr/^[0-9a-z]{26}$/, 'the request\'s id');
is($got->{json}{user}, undef, 'nobody is nil');
is_deeply([@{ shell(POST => '/req')->{json}{user} }{qw(name role)}], ['owner', 'admin'], 'the owner is an admin');
is_deeply(shell(POST => '/form', '--body', 'a=1+2&b=%2B&b=x', '--type', 'application/x-www-form-urlencoded')->{json}, { a => '1 2', b => 'x' }, 'a form');
is(handler(POST => '/form', '--body', '{}'), 'unsupported_type', 'a form must be one: 415');
is_deeply(shell(POST => '/decode', '--body', '{"a":[1,{"b":null}]}')->{json}{value}, { a => [1, { b => undef }] }, 'a JSON body');
is(shell(POST => '/decode', '--body', 'null')->{json}{null} ? 1 : 0, 1, 'null is fazt.null');
is_deeply(shell(POST => '/kinds', '--body', '{"list":[],"object":{}}')->{json}[2], '[]', 'an empty list stays one');
is_deeply(shell(POST => '/kinds', '--body', '{"list":[],"object":{}}')->{json}[3], '{}', 'an empty object stays one');
is_deeply(shell(GET => '/same?a=1')->{json}, { a => 'changed' }, 'a field decoded once is the handler\'s to change');
for ('{', '', '[1,]', "{\"a\":1}x", "\"\\ud800\"", '1e999', "\"\x01\"", '{"a":1,}', 'nul') {
	my $a = shell(POST => '/decode', '--body', $_);
	is_deeply([$a->{status}, $a->{json}{error}{code}], [400, 'bad_request'], 'not JSON: ' . json_of($_)) or diag explain $a;
}
my $deep = shell(POST => '/decode', '--body', ('[' x 100) . (']' x 100));
is_deeply([$deep->{status}, $deep->{json}{error}{code}], [400, 'too_deep'], 'JSON nested too deeply') or diag explain $deep;
is(shell(POST => '/decode', '--body', '[' . join(',', (1) x 20000) . ']')->{status}, 413, 'JSON of too many values');
is(handler(GET => '/a?x=%zz'), 'not_found', 'a query that is not well-formed does not fail by itself');

# ---- errors ----

sub is_error {
	my ($path, $status, $code, $message, $what) = @_;
	my $a = shell(GET => $path);
	is_deeply([$a->{status}, $a->{json}{error}{code}], [$status, $code], $what) or diag explain $a;
	is($a->{json}{error}{message}, $message, '… with its message');
	like($a->{json}{error}{request_id}, qr/^[0-9a-z]{26}$/, '… and the request\'s id');
	is_deeply([sort(keys %{ $a->{json} }), sort(keys %{ $a->{json}{error} })], [qw(error code message request_id)], '… and nothing else');
	unlike($a->{body}, qr/hunter2|main\.lua|traceback|secret_name/, '… nor what the app said in confidence');
	return $a->{json}{error}{request_id};
}

is_error('/fail', 409, 'conflict', 'Somebody was faster.', 'fail: the status of the code');
is_error('/fail-default', 404, 'not_found', 'There is nothing here.', 'fail without a message: that of the code');
is_error('/fail-table', 403, 'denied', 'Not yours.', 'error with a table that has a code');
is_deeply(shell(GET => '/fail-caught')->{json}, { ok => JSON::PP::false(), code => 'conflict', message => 'x' }, 'pcall sees code and message');
is(shell(GET => '/fail-made-up')->{status}, 500, 'a code that does not exist is the app\'s mistake');
my $id = is_error('/error', 500, 'app_error', 'The app failed; its log says why.', 'an uncaught error');
is_error('/error-nil', 500, 'app_error', 'The app failed; its log says why.', 'an error that is nil');
is_error('/error-object', 500, 'app_error', 'The app failed; its log says why.', 'an error that is an object of the app');
my $deep_id = is_error('/error-deep', 500, 'app_error', 'The app failed; its log says why.', 'an error two files down');
shell(GET => '/log');
my @log = @{ $fazt->admin_json('app', 'logs', 'echo') };
sub line { my ($request, $match) = @_; return grep { ($_->{request} // '') eq $request && $_->{text} =~ $match } @log }
ok(line($id, qr{hunter2}), 'the app\'s log has the message, under the request\'s id') or diag explain \@log;
ok(line($id, qr{api/main\.lua:\d+:}), '… and where it was, file and line');
ok(line($deep_id, qr{api/deep\.lua:1:.*nil value}), '… in the right file');
ok(line($deep_id, qr{api/main\.lua:\d+}), '… and the way there');
ok(!(grep { !defined $_->{at} || !defined $_->{level} || $_->{at} !~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ } @log), 'every line has its moment and level');
is_deeply([map { [@$_{qw(level text)}] } @log[-4 .. -1]], [['info', 'said info'], ['warn', 'said warn'], ['error', 'said error'], ['info', "printed\t1\tnil"]], 'what the app says, in order');
like($fazt->admin('app', 'logs', 'echo', '--limit', 1), qr/printed/, 'the last line alone');
my @lines = map { text_of($_) } grep { /"event":"request"/ } split /\n/, slurp($fazt->home . '/log/fazt.log');
my ($line) = grep { $_->{request} eq $id } @lines;
is_deeply([@$line{qw(app method path status error)}], ['echo', 'GET', '/error', 500, 'app_error'], 'the kernel\'s log has a line for the request') or diag explain $line;
ok($line->{ms} =~ /^\d+$/ && length $line->{user}, '… with its duration and person');
unlike(slurp($fazt->home . '/log/fazt.log'), qr/hunter2|b=%C3|secret/, '… and neither query nor what the app said');
my ($exit, $out) = $fazt->try_admin('app', 'request', 'echo', 'GET', '/fail');
is($exit, 5, 'the exit code is that of the error');

# ---- the same through nginx ----

$fazt->start;
my $b = $fazt->browser;
sub url { $fazt->url('echo', @_) }
my $a = $b->request(GET => url('/created'));
is_deeply([$a->{status}, $a->{body}, $a->{headers}{etag}], [201, '1', '"e"'], 'HTTP: status, body, headers');
is_deeply([map { $_->[1] } grep { $_->[0] eq 'x-two' } @{ $a->{all} }], ['a', 'b'], 'HTTP: a header twice');
like($a->{headers}{'x-request-id'}, qr/^[0-9a-z]{26}$/, 'HTTP: the request\'s id is in a header');
($line) = map { text_of($_) } grep { /"$a->{headers}{'x-request-id'}"/ } split /\n/, $fazt->log_with($a);
is($line->{status}, 201, 'HTTP: and in the log');
ok(!defined $line->{user}, 'HTTP: a stranger has no id there');
$a = $b->request(GET => url('/body'));
is($a->{body}, "\0\1\377", 'HTTP: bytes pass as they are');
$a = $b->request(HEAD => url('/json'));
is_deeply([$a->{status}, $a->{body}], [200, ''], 'HTTP: HEAD has no body');
is($a->{headers}{'content-length'}, length $b->request(GET => url('/json'))->{body}, 'HTTP: … but the length it would have') or diag explain $a;
$a = $b->request(PATCH => url('/items/9'), headers => [Authorization => 'Bearer ' . $fazt->token('owner', 'echo')]);
is_deeply([$a->{status}, $a->{headers}{allow}, $a->{json}{error}{code}], [405, 'DELETE, GET, HEAD', 'method_not_allowed'], 'HTTP: 405 with Allow') or diag explain $a;
$a = $b->fetch(GET => url('/error'));
is_deeply([$a->{status}, $a->{json}{error}{code}, $a->{json}{error}{request_id}], [500, 'app_error', $a->{headers}{'x-request-id'}], 'HTTP: an error for programs');
$a = $b->get(url('/error'));
is($a->{status}, 500, 'HTTP: the same for people');
like($a->{headers}{'content-type'}, qr{^text/html}, '… is a page');
like($a->{body}, qr/<h1>.*Request $a->{headers}{'x-request-id'}/s, '… with the request\'s id');
unlike($a->{body}, qr/hunter2|main\.lua/, '… and nothing of the inside');
$a = $b->get(url('/nothing'));
like($a->{body}, qr/<h1>Nothing here/, 'HTTP: 404 is a page too');
$a = $b->get($fazt->url('nosuch', '/'));
is($a->{status}, 404, 'HTTP: a name no app has');
done_testing;
