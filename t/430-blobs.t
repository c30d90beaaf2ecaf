# Files that people keep in apps, through nginx: whose they are, how they are sent, what a browser may do with them, what
# they cost.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of slurp);
use Fcntl qw(:flock);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Test::More;

my $fazt = Fazt->new(settings => { 'app.files' => 3100000 });
$fazt->install(shelf => {
	'app.json' => { visibility => 'anyone', permissions => ['storage', 'storage:app'], open => ['/open/*'], collections => {
		albums => { read => 'shared' },
		photos => { parent => 'albums', read => 'shared', add => 'shared', change => 'owner' },
		wiki => { read => 'anyone', add => 'members', change => 'members' },
		drop => { read => 'owner', add => 'anyone', change => 'owner' },
	} },
	'private/page.html' => '<p>guarded</p>', 'private/large.txt' => 'line of text' x 10000, 'api/main.lua' => <<'LUA' });
local fazt = require 'fazt'
local blob, docs = fazt.storage.blob, fazt.storage.docs
local function call(fn, ...)
	local ok, a, b = pcall(fn, ...)
	if not ok then return { json = { error = a.code, message = a.message } } end
	return { json = { a = a, b = b } }
end
local q = function(req) return req.query.name end
return {
	["POST /put"] = function(req) return call(blob.put, q(req), req.body, { type = req.query.type, parent = req.query.parent }) end,
	["POST /app/put"] = function(req) return fazt.as_app(function() return call(blob.put, q(req), req.body) end) end,
	["GET /app/url"] = function(req) return fazt.as_app(function() return call(blob.url, q(req)) end) end,
	["POST /grow"] = function(req) return call(blob.put, q(req), string.rep(req.query.text, 100000)) end,
	["GET /get"] = function(req) return call(blob.get, q(req)) end,
	["GET /head"] = function(req) return call(blob.head, q(req)) end,
	["GET /list"] = function(req) return call(blob.list, req.query.prefix, { limit = tonumber(req.query.limit), cursor = req.query.cursor }) end,
	["GET /url"] = function(req) return call(blob.url, q(req), { expires = tonumber(req.query.expires) }) end,
	["POST /form"] = function(req) return call(blob.put, q(req), req.files.f) end,
	["POST /delete"] = function(req) return call(blob.delete, q(req)) end,
	["POST /file"] = function(req) return { blob = q(req) } end,
	["GET /file"] = function(req) return { blob = q(req), headers = { ["X-Mine"] = "yes" } } end,
	["GET /named"] = function(req) return { blob = q(req), headers = { ["Content-Type"] = "text/html", ["Content-Disposition"] = req.query.how, ETag = '"x"', ["Content-Security-Policy"] = "default-src *" } } end,
	["GET /private"] = function(req) return { file = "private/" .. q(req) } end,
	["GET /code"] = function(req) return { file = "api/main.lua" } end,
	["GET /evil"] = function(req) return { text = "app", headers = { ["X-Accel-Redirect"] = "/_fazt/cache/" .. q(req) } } end,
	["POST /album"] = function(req) return call(docs.insert, "albums", { title = "x" }) end,
	["POST /share"] = function(req) return call(docs.share, "albums", req.query.id, req.query.who, req.query.level) end,
	["POST /album/delete"] = function(req) return call(docs.delete, "albums", req.query.id) end,
	["GET /me"] = function(req) return { text = req.user and req.user.id or "" } end,
}
LUA
$fazt->start;
my ($ann, $bob, $stranger) = ($fazt->person, $fazt->person('bob'), $fazt->browser);
$_->get($fazt->url('shelf', '/_fazt/sign-in')) for $ann, $bob;
sub at { my ($path, %query) = @_; return $fazt->url('shelf', $path) . (%query ? '?' . Fazt::Browser::form(%query) : '') }
sub get { my ($who, $path, %query) = @_; return $who->fetch(GET => at($path, %query)) }
sub ask { my ($who, $path, %query) = @_; return get($who, $path, %query)->{json} }
sub post { my ($who, $path, $body, %query) = @_; return $who->fetch(POST => at($path, %query), body => $body, type => 'application/octet-stream')->{json} }
my $usage = sub { $fazt->admin_json('app', 'show', 'shelf')->{storage} };
isnt(get($_, '/me')->{body}, '', 'somebody is signed in') for $ann, $bob;

# ---- put, get, head, list, delete ----

my $put = post($ann, '/put', "hello\0w\xF6rld", name => 'notes/hello.txt');
is_deeply([@{ $put->{a} }{qw(name size type owner)}], ['notes/hello.txt', 11, 'text/plain', get($ann, '/me')->{body}], 'put says what there is now') or diag explain $put;
like($put->{a}{hash}, qr/^[0-9a-f]{64}$/, '… and the hash of it');
is(ask($ann, '/head', name => 'notes/hello.txt')->{a}{size}, 11, 'head');
is(ask($ann, '/head', name => 'notes/nothing')->{a}, undef, 'head of nothing is nil');
is(ask($ann, '/get', name => 'notes/nothing')->{a}, undef, 'get of nothing is nil');
post($ann, '/put', 'text', name => 'plain');
is_deeply([ask($ann, '/get', name => 'plain')->{a}, ask($ann, '/get', name => 'plain')->{b}{type}], ['text', 'application/octet-stream'], 'get gives bytes and what is known');
post($ann, '/put', '', name => 'empty');
is(ask($ann, '/get', name => 'empty')->{a}, '', 'an empty file is one');
is(get($ann, '/file', name => 'empty')->{body}, '', '… and can be sent');
is_deeply([map { $_->{name} } @{ ask($ann, '/list', prefix => '')->{a} }], ['empty', 'notes/hello.txt', 'plain'], 'list');
my $page = ask($ann, '/list', prefix => '', limit => 2);
is_deeply([map { $_->{name} } @{ ask($ann, '/list', prefix => '', limit => 2, cursor => $page->{b})->{a} }], ['plain'], '… in pages');
is(ask($bob, '/list', prefix => '', cursor => $page->{b})->{error}, 'bad_cursor', '… whose cursors are the person\'s own');
is_deeply([map { $_->{name} } @{ ask($ann, '/list', prefix => 'no')->{a} }], ['notes/hello.txt'], '… by the beginning of the name');
is(ask($ann, '/list', prefix => 'x', limit => 0)->{error}, 'bad_request', 'limits are checked');
is(post($ann, '/put', 'x', name => $_->[0])->{error}, 'bad_request', "no name: $_->[1]") for ['', 'empty'], ['a' x 513, 'too long'], ["a\nb", 'a line break'], ["a\xE2\x80\xAEb", 'a direction mark'];
is(post($ann, '/put', 'x', name => 'x', type => $_)->{error}, 'bad_request', 'no type: ' . length $_) for 'html', "text/\x01", 'text/' . 'x' x 200;
my $first = $put->{a};
my $again = post($ann, '/put', 'other', name => 'notes/hello.txt')->{a};
is_deeply([$again->{created} == $first->{created}, $again->{size}, $again->{hash} eq $first->{hash}], [1, 5, ''], 'put again replaces');
post($ann, '/delete', '', name => 'empty');
is(ask($ann, '/head', name => 'empty')->{a}, undef, 'delete');
is_deeply(post($ann, '/delete', '', name => 'empty'), {}, '… of nothing is nothing');

# ---- whose they are ----

is(ask($bob, '/head', name => 'plain')->{a}, undef, 'RLS-16 a private file is not there for others');
is(get($bob, '/file', name => 'plain')->{status}, 404, 'RLS-16 … nor answered with');
is(ask($bob, '/url', name => 'plain')->{a}, undef, 'RLS-16 … nor given an address');
is(get($stranger, '/file', name => 'plain')->{status}, 401, 'RLS-16 a stranger is asked to sign in');
is(ask($stranger, '/list', prefix => '')->{error}, 'unauthorized', '… and has no files of their own');
post($bob, '/put', 'of bob', name => 'plain');
is(ask($ann, '/get', name => 'plain')->{a}, 'text', 'the same name of two people is two files');
post($bob, '/delete', '', name => 'plain');
is(ask($ann, '/get', name => 'plain')->{a}, 'text', '… deleted one by one');
post($ann, '/app/put', 'of the app', name => 'plain');
is(ask($ann, '/get', name => 'plain')->{a}, 'text', 'the app\'s own is a third');
is(get($stranger, '/app/url', name => 'plain')->{json}{a} =~ s{^http://[^/]+}{}r =~ m{^/_fazt/blob\?} ? 1 : 0, 1, '… which it may give an address');

post($bob, '/put', 'a page', name => 'wiki/logo.png');
is(get($stranger, '/file', name => 'wiki/logo.png')->{body}, 'a page', 'a rule that admits anyone');
is(post($ann, '/put', 'a new page', name => 'wiki/logo.png')->{a}{owner}, get($bob, '/me')->{body}, '… and members to change');
is(post($stranger, '/put', 'x', name => 'wiki/logo.png')->{error}, 'unauthorized', '… and no stranger');
is(post($stranger, '/put', 'x', name => 'wiki/new.png')->{error}, 'unauthorized', '… who may not add either');
is_deeply(post($stranger, '/put', 'secret', name => 'drop/x')->{a}{name}, 'drop/x', 'a letter-box takes what strangers bring');
is(get($_, '/file', name => 'drop/x')->{status}, 404, '… and shows it to nobody') for $stranger, $bob;

my $album = post($ann, '/album', '')->{a}{id};
is(post($ann, '/put', 'cat', name => "photos/$album/cat", parent => $album)->{a}{parent}, $album, 'a file hangs below a row');
is(get($bob, '/file', name => "photos/$album/cat")->{status}, 404, 'RLS-16 which is not his');
is(post($bob, '/put', 'dog', name => "photos/$album/dog", parent => $album)->{error}, 'not_found', '… where he can add nothing');
post($ann, '/share', '', id => $album, who => get($bob, '/me')->{body}, level => 'read');
is(get($bob, '/file', name => "photos/$album/cat")->{body}, 'cat', 'shared with the row it hangs below');
is(post($bob, '/put', 'dog', name => "photos/$album/dog", parent => $album)->{error}, 'denied', '… to read');
is(post($bob, '/put', 'dog', name => "photos/$album/cat")->{error}, 'denied', '… and not to change');
is(post($bob, '/delete', '', name => "photos/$album/cat")->{error}, 'denied', '… or delete');
is(post($ann, '/put', 'x', name => 'photos/none')->{error}, 'not_found', 'without a row to hang below there is no file');
my $before = $usage->();
post($ann, '/album/delete', '', id => $album);
is(ask($ann, '/head', name => "photos/$album/cat")->{a}, undef, 'it goes with the row');
is($before->{blobs} - $usage->()->{blobs}, 3, '… and so does what it cost');

# ---- how they are sent ----

my $small = get($ann, '/file', name => 'notes/hello.txt');
is_deeply([$small->{status}, $small->{body}, @{ $small->{headers} }{qw(content-type content-disposition x-content-type-options x-mine)}],
	[200, 'other', 'text/plain; charset=utf-8', 'inline; filename="hello.txt"', 'nosniff', 'yes'], 'a small file is sent by the worker');
like($small->{headers}{'content-security-policy'}, qr/^sandbox;/, '… in a sandbox');
my %types = ('image/png' => ['image/png', 'inline'], 'IMAGE/PNG' => ['IMAGE/PNG', 'inline'], 'image/svg+xml' => ['image/svg+xml', 'attachment'], 'video/mp4' => ['video/mp4', 'inline'],
	'application/pdf' => ['application/pdf', 'inline'], 'text/html' => ['application/octet-stream', 'attachment'], 'text/plain; charset=utf-16' => ['text/plain; charset=utf-16', 'inline'],
	'text/javascript' => ['application/octet-stream', 'attachment'], 'application/xhtml+xml' => ['application/octet-stream', 'attachment'], 'Image/SVG+xml' => ['Image/SVG+xml', 'attachment'],
	'image/svg+xml;x=image/png' => ['image/svg+xml;x=image/png', 'attachment'],
	# browsers take the last type of a list, and show whatever ends in +xml as a document
	'image/png, text/html' => ['application/octet-stream', 'attachment'], 'image/png;x=,text/javascript' => ['application/octet-stream', 'attachment'],
	'image/svg+xml, text/javascript' => ['application/octet-stream', 'attachment'], 'image/x+XML' => ['application/octet-stream', 'attachment']);
for my $type (sort keys %types) {
	post($ann, '/put', '<script>alert(1)</script>', name => 'typed', type => $type);
	my $answer = get($ann, '/file', name => 'typed');
	is_deeply([$answer->{headers}{'content-type'}, $answer->{headers}{'content-disposition'} =~ /^(\w+)/], $types{$type}, "HTTP-24 $type");
	is($answer->{headers}{'x-content-type-options'} . substr($answer->{headers}{'content-security-policy'}, 0, 7), 'nosniffsandbox', '… is not sniffed, and in a sandbox');
}
post($ann, '/put', 'x', name => 'typed', type => 'image/svg+xml');
my $named = get($ann, '/named', name => 'typed', how => 'attachment; filename="mine.txt"');
is_deeply([@{ $named->{headers} }{qw(content-disposition content-type)}], ['attachment; filename="mine.txt"', 'image/svg+xml'], 'an app may name what is saved, and not its type');
like($named->{headers}{'content-security-policy'}, qr/^sandbox/, '… nor its policy');
unlike(get($ann, '/named', name => 'typed', how => 'inline')->{headers}{'content-disposition'}, qr/inline/, '… nor have it shown');
post($ann, '/put', 'x', name => "dir/na\"me \xC3\xA9 100%.txt");
is(get($ann, '/file', name => "dir/na\"me \xC3\xA9 100%.txt")->{headers}{'content-disposition'},
	"inline; filename=\"na_me __ 100_.txt\"; filename*=UTF-8''na%22me%20%C3%A9%20100%25.txt", 'a name that needs RFC 8187');

post($ann, '/grow', '', name => 'large', text => '0123456789');
for my $size (['notes/hello.txt', 'other'], ['large', '0123456789' x 100000]) {
	my ($name, $bytes) = @$size;
	my $n = length $bytes;
	my $range = sub { my ($how, @more) = @_; my $r = $ann->fetch(GET => at('/file', name => $name), headers => [Range => $how, @more]); [$r->{status}, $r->{headers}{'content-range'} // '', $r->{body}] };
	my $whole = get($ann, '/file', name => $name);
	ok($whole->{status} == 200 && $whole->{body} eq $bytes && $whole->{headers}{'accept-ranges'} eq 'bytes', "$name is sent whole");
	my $etag = $whole->{headers}{etag};
	is_deeply($range->('bytes=1-3'), [206, "bytes 1-3/$n", substr $bytes, 1, 3], '… or a part of it');
	is_deeply($range->('bytes=-2'), [206, 'bytes ' . ($n - 2) . '-' . ($n - 1) . "/$n", substr $bytes, -2], '… its end');
	is_deeply($range->("bytes=2-99999999"), [206, "bytes 2-" . ($n - 1) . "/$n", substr $bytes, 2], '… all but its beginning');
	is_deeply([@{ $range->("bytes=$n-") }[0, 1]], [416, "bytes */$n"], '… and not what is behind it');
	is($range->('bytes=1-3', 'If-Range' => $etag)->[0], 206, 'If-Range of what it is');
	is($range->('bytes=1-3', 'If-Range' => '"other"')->[0], 200, 'If-Range of what it was');
	is($range->('lines=1-3')->[0], 200, 'another unit');
	my $same = $ann->fetch(GET => at('/file', name => $name), headers => ['If-None-Match' => "\"x\", $etag"]);
	is_deeply([$same->{status}, $same->{body}], [304, ''], 'If-None-Match');
	my $gone = $ann->fetch(GET => at('/file', name => $name), headers => ['If-Match' => '"x"', Range => 'bytes=1-3']);
	is_deeply([$gone->{status}, $gone->{body}], [412, ''], 'If-Match of what it was');
	is($range->('bytes=1-3', 'If-Match' => "\"x\", $etag")->[0], 206, '… and of what it is');
	my $posted = $ann->fetch(POST => at('/file', name => $name), body => '', headers => ['If-None-Match' => $etag, Range => 'bytes=1-3']);
	is_deeply([$posted->{status}, length $posted->{body}], [200, $n], '… which is for reading, as ranges are');
	my $head = $ann->fetch(HEAD => at('/file', name => $name));
	is_deeply([$head->{status}, @{ $head->{headers} }{qw(content-length etag)}, $head->{body}], [200, $n, $etag, ''], 'HEAD');
	isnt($whole->{headers}{'content-disposition'}, undef, 'it has a name');
	like($whole->{headers}{'content-security-policy'}, qr/^sandbox/, 'it is in a sandbox');
	is(scalar(grep { $_->[0] =~ /^(?:x-accel|last-modified)/i } @{ $whole->{all} }), 0, 'nothing shows how it was sent');
}
like(get($ann, '/named', name => 'large', how => 'attachment')->{headers}{'content-security-policy'}, qr/^sandbox/, 'a large file has the kernel\'s policy too');
my @cached = map { m{([^/]+)$} } glob "$fazt->{home}/cache/*";
is_deeply(\@cached, [ask($ann, '/head', name => 'large')->{a}{hash}], 'a large one is sent from the cache, under its hash');
is($stranger->get($fazt->url('shelf', "/_fazt/cache/$cached[0]"))->{status}, 404, '… where nobody gets at it');
is(get($ann, '/evil', name => $cached[0])->{body}, 'app', 'HTTP-02 … not by a header of an app either');
is($bob->fetch(GET => at('/file', name => 'large'))->{status}, 404, 'RLS-16 a cached file is still not his');
unlink glob "$fazt->{home}/cache/*";
is(length get($ann, '/file', name => 'large')->{body}, 1000000, 'the cache can be deleted at any time');
$fazt->admin('setting', 'set', 'cache.bytes', 1000);
unlink glob "$fazt->{home}/cache/*";
is(get($ann, '/file', name => 'large')->{body}, '0123456789' x 100000, 'without room there the worker sends it');
is($ann->fetch(GET => at('/file', name => 'large'), headers => [Range => 'bytes=5-900000'])->{body}, substr('0123456789' x 100000, 5, 899996), '… and parts of it');
is_deeply([glob "$fazt->{home}/cache/{.,}*[0-9a-f]"], [], '… and the cache stays empty');
$fazt->admin('setting', 'set', 'cache.bytes', 100000000);

# ---- many at once for what is not there yet ----

# A copy is under way: to workers it looks as if another one made it, for as long as the lock is held.
my $fresh = 'fresh' x 20000;
my $hash = post($ann, '/put', $fresh, name => 'fresh')->{a}{hash};
my ($path) = ask($ann, '/url', name => 'fresh')->{a} =~ m{(/_fazt/.*)};
open my $copying, '>', "$fazt->{home}/cache/.$hash" or die $!;
flock $copying, LOCK_EX or die $!;
my ($waiting, %answer) = IO::Select->new;
for (1 .. 200) { # many more than may wait for it
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die "cannot connect: $!";
	syswrite $s, join "\r\n", "GET $path HTTP/1.1", 'Host: shelf.localhost', 'Accept: application/json', 'Connection: close', '', '';
	$waiting->add($s);
}
sub read_some { # what comes in a moment
	for my $s ($waiting->can_read(0.1)) {
		$waiting->remove($s) unless sysread $s, $answer{$s}, 65536, length($answer{$s} // '');
	}
	return $waiting->count;
}
$fazt->wait_for(sub { read_some() <= 100 }, 'most are answered while the copy is being made');
is($stranger->get($fazt->url('os', '/_fazt/health'))->{status}, 200, 'a file that many ask for while it is copied keeps nobody else waiting');
cmp_ok(read_some(), '>=', 1, '… while some wait for it');
ok(!-e "$fazt->{home}/cache/$hash", '… and it is not there');
close $copying;
$fazt->wait_for(sub { !read_some() }, 'all are answered');
my %how;
for (map { Fazt::Browser::parse($_, 'GET') } values %answer) {
	$how{ $_->{status} == 200 && $_->{body} eq $fresh ? 'whole' : $_->{status} == 503 && $_->{headers}{'retry-after'} ? 'told to come back' : "$_->{status}" }++;
}
is(($how{whole} // 0) + ($how{'told to come back'} // 0), 200, '… and all are answered: ' . join ', ', map { "$how{$_} $_" } sort keys %how);
is(-s "$fazt->{home}/cache/$hash", length $fresh, '… and it is there for the next');
post($ann, '/delete', '', name => 'fresh');
sub cached { return [map { m{([^/]+)$} } glob "$fazt->{home}/cache/{.,}*[0-9a-f]"] }
open my $half, '>', "$fazt->{home}/cache/.$hash" or die $!; # of somebody who died copying it
ok(eval { $fazt->wait_for(sub { !grep { /$hash/ } @{ cached() } }, 'its copy is gone', 30) }, 'what is deleted is not kept in the cache either, nor half of it');
get($ann, '/file', name => 'large');
is_deeply(cached(), [ask($ann, '/head', name => 'large')->{a}{hash}], '… and what is there stays') or diag explain cached();

# ---- half a form ----

my $used = $usage->()->{blobs};
sub send_form { # with a file of so many bytes
	my ($who, $path, $n, %query) = @_;
	my $form = join "\r\n", '--xyz', 'Content-Disposition: form-data; name="f"; filename="x"', '', 'x' x $n, '--xyz--', '';
	return $who->fetch(POST => at($path, %query), body => $form, type => 'multipart/form-data; boundary=xyz')->{json};
}
for my $who (['a person', $ann], ['a stranger', $stranger]) {
	my $answer = send_form($who->[1], '/put', 2300000, name => 'drop/x');
	is($answer->{error}{code}, 'quota_exceeded', "$who->[0] sends a form whose end does not fit") or diag explain $answer;
	is($usage->()->{blobs}, $used, '… and nothing of it is kept');
}

# ---- without nginx ----

my ($exit, $out) = $fazt->try_admin('app', 'request', 'shelf', 'GET', '/file?name=large');
ok($exit == 0 && $out eq '0123456789' x 100000, 'the shell gets a large file whole');
my $cgi = sub {
	my (%more) = @_;
	my (undef, $out) = Fazt::run({ FAZT_HOME => $fazt->{home}, REQUEST_METHOD => 'GET', REQUEST_URI => '/private?name=large.txt', HTTP_HOST => 'shelf.localhost',
		REMOTE_ADDR => '127.0.0.1', HTTP_AUTHORIZATION => 'Bearer ' . $fazt->token('owner', 'shelf'), %more }, Fazt::program(), 'worker', '--home', $fazt->{home});
	return Fazt::Browser::parse($out =~ s/^Status:/HTTP\/1.1/r, 'GET');
};
is($cgi->()->{body}, 'line of text' x 10000, 'a plain CGI program sends a large file');
is_deeply([@{ $cgi->(HTTP_RANGE => 'bytes=12-119998') }{qw(status body)}], [206, substr 'line of text' x 10000, 12, 119987], '… and parts of it');
is($cgi->(HTTP_RANGE => 'bytes=120000-')->{status}, 416, '… and not what is not there');

# A web server that knows nothing of cache/, and then one that goes away: how much of a file is read for it?
my $longest = 48 * 1048576;
$fazt->admin('setting', 'set', 'app.files', 100000000);
send_form($ann, '/form', $longest, name => 'long');
my ($long) = ask($ann, '/url', name => 'long')->{a} =~ m{(/_fazt/.*)};
$fazt->stop('nginx');
sub serve { # the answer of a worker as FastCGI has it, or its first bytes
	my ($path, $most) = @_;
	my $record = sub { my ($type, $bytes) = @_; pack('CCnnCC', 1, $type, 1, length $bytes, 0, 0) . $bytes };
	my %param = (REQUEST_METHOD => 'GET', REQUEST_URI => $path, HTTP_HOST => 'shelf.localhost', REMOTE_ADDR => '127.0.0.1');
	my $s = IO::Socket::UNIX->new(Peer => "$fazt->{home}/run/fcgi.sock") or die "no worker: $!";
	syswrite $s, $record->(1, pack 'nCx5', 1, 0) . $record->(4, join '', map { pack 'NNa*a*', 1 << 31 | length, 1 << 31 | length $param{$_}, $_, $param{$_} } sort keys %param) . $record->(4, '') . $record->(5, '');
	my $answer = '';
	1 while length $answer < $most && sysread $s, $answer, 65536, length $answer;
	return $answer;
}
sub looked_at { # bytes that the workers have read, once nobody is connected
	$fazt->wait_for(sub { 1 == (() = slurp('/proc/net/unix') =~ m{\Q$fazt->{home}\E/run/fcgi\.sock$}mg) }, 'the workers are done');
	my $processes = $fazt->processes_below($fazt->pid('serve'));
	my $sum = 0;
	$sum += (slurp("/proc/$_/io") =~ /^rchar: (\d+)/)[0] for grep { $processes->{$_} =~ /\bworker\b/ } keys %$processes;
	return $sum;
}
my $before_it = looked_at();
cmp_ok(length serve($long, 2 * $longest), '>', $longest, 'FastCGI by hand: the whole of a large file');
my $for_all = looked_at() - $before_it;
cmp_ok($for_all, '>=', $longest, '… is read for it');
cmp_ok(length serve($long, 1048576), '<', 2 * 1048576, '… the first MB of it');
my $for_one = looked_at() - $before_it - $for_all;
cmp_ok($for_one, '<', $for_all / 4, "… and the rest is not read for a client that went away ($for_one of $for_all bytes)");
$fazt->start_nginx;
post($ann, '/delete', '', name => 'long');
$fazt->admin('setting', 'set', 'app.files', 3100000);

my $guarded = get($ann, '/private', name => 'page.html');
is_deeply([$guarded->{body}, $guarded->{headers}{'content-type'}], ['<p>guarded</p>', 'text/html; charset=utf-8'], 'a file of the app\'s private folder');
unlike($guarded->{headers}{'content-security-policy'}, qr/sandbox/, '… is the app\'s own page');
is(length get($ann, '/private', name => 'large.txt')->{body}, 120000, '… a large one');
is(get($ann, '/private', name => $_)->{status}, 404, "… and nothing else: $_") for 'none', '../api/main.lua', '';
is(get($ann, '/code')->{json}{error}{code}, 'bad_response', 'the app\'s code is no file to answer with');

# ---- signed addresses ----

my $url = ask($ann, '/url', name => 'large')->{a};
is(length $stranger->get($url)->{body}, 1000000, 'a signed address needs nobody signed in');
is($stranger->get($url =~ s/expires=(\d+)/'expires=' . ($1 + 1)/er)->{status}, 404, '… for no longer');
is($stranger->get($url =~ s/mac=(.)/'mac=' . ($1 eq 'a' ? 'b' : 'a')/er)->{status}, 404, '… nor guessed');
is($stranger->get($url =~ s/[?].*//r)->{status}, 404, '… nor empty');
my $other = ask($ann, '/url', name => 'plain')->{a};
my ($id) = $other =~ /id=(\w+)/;
is($stranger->get($url =~ s/id=\w+/id=$id/r)->{status}, 404, '… nor for another file');
is(ask($ann, '/url', name => 'plain', expires => 700000)->{error}, 'bad_request', 'a week is the longest');
my $short = ask($ann, '/url', name => 'plain', expires => 1)->{a};
$fazt->wait_for(sub { $stranger->get($short)->{status} == 404 }, 'a signed address expires');
pass('a signed address expires');
post($ann, '/put', 'new text', name => 'plain');
is($stranger->get($other)->{status}, 404, 'replacing revokes it');
$other = ask($ann, '/url', name => 'plain')->{a};
is($stranger->get($other)->{body}, 'new text', 'a new one');
post($ann, '/delete', '', name => 'plain');
is($stranger->get($other)->{status}, 404, 'deleting revokes it');

# ---- once, and counted for each ----

my $one = $usage->();
post($bob, '/grow', '', name => 'same', text => '0123456789');
is($usage->()->{blobs} - $one->{blobs}, 1000000, 'the same content counts for each who keeps it');
is(post($ann, '/grow', '', name => 'more', text => 'abcdefghij')->{error}, undef, 'there is room for more');
is(post($ann, '/grow', '', name => 'too much', text => 'ABCDEFGHIJ')->{error}, 'quota_exceeded', 'up to the quota');
is(ask($ann, '/head', name => 'too much')->{a}, undef, '… and nothing is left of what was too much');
is(post($ann, '/grow', '', name => 'more', text => 'ABCDEFGHIJ')->{error}, undef, 'replacing needs no more room');
SKIP: {
	skip 'no sqlite3 program', 3 unless `sqlite3 --version 2>/dev/null`;
	my $count = sub { my $n = `sqlite3 $fazt->{home}/data.db "$_[0]"`; chomp $n; $n };
	is($count->('SELECT count(*) FROM blobs b JOIN objects o ON o.hash = b.object WHERE b.size = 1000000'), 3, 'three files');
	is($count->('SELECT count(DISTINCT object) FROM blobs WHERE size = 1000000'), 2, '… of which two are one object');
	post($_->[0], '/delete', '', name => $_->[1]) for [$ann, 'large'], [$ann, 'more'];
	is(length get($bob, '/file', name => 'same')->{body}, 1000000, '… which stays while somebody has it');
	post($bob, '/delete', '', name => 'same');
	is($count->('SELECT count(*) FROM objects WHERE refs <= 0 OR refs <> (SELECT count(*) FROM files WHERE object = hash) + (SELECT count(*) FROM blobs WHERE object = hash)'), 0, 'references are counted');
	is($count->('SELECT count(*) FROM chunks WHERE object NOT IN (SELECT body FROM objects)'), 0, 'nothing is left of what nobody has');
}
post($ann, '/grow', '', name => 'last', text => '0123456789');
get($ann, '/file', name => 'last');
cmp_ok(scalar @{ cached() }, '>', 0, 'a file of an app is in the cache');
$fazt->admin('app', 'remove', 'shelf', '--purge');
ok(eval { $fazt->wait_for(sub { !@{ cached() } }, 'the cache is empty', 30) }, '… until the app is purged') or diag explain cached();
SKIP: {
	skip 'no sqlite3 program', 1 unless `sqlite3 --version 2>/dev/null`;
	is(`sqlite3 $fazt->{home}/data.db "SELECT (SELECT count(*) FROM blobs) + (SELECT count(*) FROM objects WHERE hash NOT IN (SELECT object FROM files))"`, "0\n", 'purging an app purges its files');
}
done_testing;
