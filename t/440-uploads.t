# Bytes on their way in: forms with files, the tus protocol with its own client, slow and hostile senders, and that a file of
# any size costs a worker the same.
use strict;
use warnings;
use lib 't/lib';
use Digest::SHA ();
use Fazt qw(top text_of json_of slurp);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

my $large = ($ENV{FAZT_LONG} ? 2048 : Fazt::sanitized() ? 40 : 300) * 1048576;
my $fazt = Fazt->new(settings => { 'upload.bytes' => $large + 1048576, 'app.files' => 2 * $large + 10000000 });
my %app = ('app.json' => { visibility => 'anyone', permissions => ['storage'], open => ['/open'], collections => { drop => { read => 'owner', add => 'anyone', change => 'owner' } } },
	'api/main.lua' => <<'LUA');
local fazt = require 'fazt'
local blob = fazt.storage.blob
local function call(fn, ...)
	local ok, a = pcall(fn, ...)
	if not ok then return { json = { error = a.code, message = a.message } } end
	return { json = a or fazt.null }
end
local function show(req)
	fazt.storage.kv.incr(req.query.name)
	if req.files.f then blob.put(req.query.name, req.files.f) end
	return { blob = req.query.name }
end
return {
	["POST /form"] = function(req) return { json = { form = req.form, files = req.files, body = req.body, n = fazt.list{ #(req.files.many or {}) } } } end,
	["PUT /form"] = function(req) return { json = { files = req.files } } end,
	["POST /put"] = function(req) return call(blob.put, req.query.name, req.files.f) end,
	["POST /open"] = function(req) return call(blob.put, "drop/" .. fazt.id(), req.files.f) end,
	["POST /take"] = function(req) return call(blob.put, req.form.name, { upload = req.form.upload }) end,
	["POST /wrong"] = function(req) return call(blob.put, "x", { upload = 7 }) end,
	["POST /show"] = show, ["PUT /show"] = show, ["PATCH /show"] = show, ["DELETE /show"] = show,
	["GET /asked"] = function(req) return { text = tostring(fazt.storage.kv.get(req.query.name)) } end,
	["GET /head"] = function(req) return call(blob.head, req.query.name) end,
	["GET /file"] = function(req) return { blob = req.query.name } end,
	["GET /fast"] = function() return { text = "fast" } end,
}
LUA
$fazt->install(post => \%app);
$fazt->install(other => \%app);
$fazt->install(bare => \%app);
$fazt->admin('app', 'revoke', 'bare', 'storage');
$fazt->start;
my ($ann, $bob, $stranger) = ($fazt->person, $fazt->person('bob'), $fazt->browser);
for my $app (qw(post other bare)) { $_->get($fazt->url($app, '/_fazt/sign-in')) for $ann, $bob }
my $type = 'multipart/form-data; boundary=xyz';
sub at { my ($path, %query) = @_; return $fazt->url('post', $path) . (%query ? '?' . Fazt::Browser::form(%query) : '') }
sub part { my ($disposition, $bytes, @more) = @_; return join "\r\n", '--xyz', "Content-Disposition: form-data; $disposition", @more, '', $bytes, '' }
sub form { return join '', @_, "--xyz--\r\n" }
sub post { my ($who, $path, $body, %o) = @_; return $who->fetch(POST => $path =~ /^http/ ? $path : at($path), body => $body, type => $type, %o) }
sub code { my ($answer) = @_; return "$answer->{status} " . ((ref $answer->{json} eq 'HASH' && ref $answer->{json}{error} && $answer->{json}{error}{code}) || 'fine') }
my $usage = sub { $fazt->admin_json('app', 'show', 'post')->{storage}{blobs} };

# ---- forms ----

my $form = post($ann, '/form', form(part('name="a"', 'one & two = three'), part('name="f"; filename="C:\\dir\\cat.png"', "\0\xFF\r\n--xy", 'Content-Type: image/png'),
	part('name="none"; filename=""', ''), part('name="many[]"; filename="1"', 'x'), part('name="many[]"; filename="2"', 'yy')))->{json};
is_deeply([$form->{form}, $form->{body}, $form->{n}], [{ a => 'one & two = three' }, '', [2]], 'the texts of a form, and its files in a list');
is_deeply([@{ $form->{files}{f} }{qw(name type size)}], ['cat.png', 'image/png', 8], 'a file: its name is no path');
is($form->{files}{none}, undef, 'a file that was not chosen is none');
is(post($ann, '/form', form(part('name="a"', 'x' x 10)))->{json}{form}{a}, 'x' x 10, 'a form without files');
is($ann->fetch(PUT => at('/form'), body => form(part('name="f"; filename="x"', 'put')), type => $type)->{json}{files}{f}{size}, 3, 'PUT');
is(post($ann, at('/put', name => 'cat'), form(part('name="f"; filename="cat.png"', 'miaow' x 300000, 'Content-Type: image/png')))->{json}{size}, 1500000, 'a file is put');
my $cat = $ann->fetch(GET => at('/file', name => 'cat'));
is_deeply([$cat->{headers}{'content-type'}, $cat->{body} eq 'miaow' x 300000], ['image/png', 1], '… and comes back');
for my $method (qw(POST PUT PATCH DELETE)) { # nginx sends what is large, from a request that is a GET by then
	my ($bytes, $asked) = ("$method is large " x 10000, at('/show', name => "shown $method"));
	post($ann, at('/put', name => "shown $method"), form(part('name="f"; filename="x"', $bytes))) if $method eq 'DELETE';
	my $shown = $ann->fetch($method => $asked, $method eq 'DELETE' ? () : (body => form(part('name="f"; filename="x"', $bytes)), type => $type));
	is_deeply([$shown->{status}, $shown->{body} eq $bytes], [200, 1], "$method is answered with a large file") or diag substr $shown->{raw}, 0, 1000;
	is($ann->fetch(GET => at('/asked', name => "shown $method"))->{body}, 1, '… for which the app is asked once');
}
is(post($ann, at('/put', name => 'none'), form(part('name="a"', 'x')))->{json}{error}, 'bad_request', 'nothing is no file');
is(post($ann, '/wrong', form())->{json}{error}, 'bad_request', 'nor is a number');

# ---- whose ----

my $upload = $form->{files}{f}{upload};
my $take = sub { my ($who, $app, $id) = @_; $who->fetch(POST => $fazt->url($app, '/take'), form => { name => 'taken', upload => $id // $upload })->{json} };
is($take->($bob, 'post')->{error}, 'not_found', 'RLS-16 another person cannot take it');
is($take->($stranger, 'post')->{error}, 'not_found', '… nor a stranger');
is($take->($ann, 'other')->{error}, 'not_found', '… nor another app');
is($take->($ann, 'post')->{size}, 8, 'it is its sender\'s');
is($take->($ann, 'post')->{error}, 'not_found', '… once');
is(post($stranger, '/open', form(part('name="f"; filename="x"', 'for you')))->{json}{size}, 7, 'a stranger\'s file is taken in its request');
my $before = $usage->();
my $left = post($stranger, '/form', form(part('name="f"; filename="x"', 'left')))->{json}{files}{f}{upload};
is($usage->(), $before, '… or gone with it');
is($take->($stranger, 'post', $left)->{error}, 'not_found', '… for everybody');

# ---- malformed, too much, not allowed ----

my %bad = (
	'no boundary' => [form(), 'multipart/form-data'],
	'no end' => [part('name="a"', 'x')],
	'nothing' => [''],
	'a part without a name' => [form(part('x=y', ''))],
	'a part without a header' => ["--xyz\r\n\r\nx\r\n--xyz--"],
	'a control character' => [form(part("name=\"f\"; filename=\"a\x01b\"", 'x'))],
	'MEM-07 100,000 empty parts' => [form((part('name="a"', '')) x 100000)],
	'MEM-07 a header of 10 MB' => ["--xyz\r\nContent-Disposition: form-data; name=\"" . 'x' x 10000000],
	'101 files' => [form((part('name="f"; filename="x"', '')) x 101)],
);
for my $what (sort keys %bad) {
	my ($body, $as) = @{ $bad{$what} };
	is(code(post($ann, '/form', $body, type => $as // $type)), '400 bad_request', $what);
}
is($usage->(), $before, 'nothing of them is kept');
is(code(post($ann, '/form', form(part('name="a"', 'x' x 1100000)))), '413 too_large', 'more text than a form may have');
is(post($ann, '/form', 'x', headers => ['X' => 'y'], type => $type)->{status}, 400, 'the next request is answered');
is(code(post($ann, $fazt->url('bare', '/form'), form(part('name="f"; filename="x"', 'x')))), '403 permission_denied', 'an app without storage gets no files');
is(code(post($ann, $fazt->url('bare', '/form'), form(part('name="a"', 'x')))), '200 fine', '… but forms');
is(code(post($ann, '/form', form(part('name="f"; filename="x"', 'x')), from => 'http://evil.example')), '403 bad_origin', 'not from another site');
is(code(post($ann, $_, form(part('name="a"', 'x')))), '415 unsupported_type', "the kernel's own pages take no such form: $_") for at('/_fazt/sign-out'), $fazt->url('os', '/_fazt/sign-in'), $fazt->url('os', '/_fazt/api/app.list');
is($ann->fetch(POST => at('/form'), body => 'x' x 1100000, type => 'text/plain')->{status}, 413, 'other bodies may have 1 MB');
my $told = $ann->raw(join("\r\n", 'POST /form HTTP/1.1', 'Host: post.localhost', "Content-Type: $type", 'Content-Length: ' . ($large + 2000000), 'Connection: close', '', ''));
like($told, qr{^HTTP/1.1 413 }, 'DSK-09 nginx refuses what is larger than an upload');
my $chunk = sprintf("%x\r\n%s\r\n", 65536, 'x' x 65536);
$fazt->admin('setting', 'set', 'upload.bytes', 3000000); # the kernel knows at once, nginx when it is printed anew
{
	my $begin = part('name="f"; filename="x"', '') =~ s/\r\n$//r;
	my $body = sprintf("%x\r\n%s\r\n", length $begin, $begin) . $chunk x 80 . "0\r\n\r\n";
	my $bytes = $ann->raw(join("\r\n", 'POST /form HTTP/1.1', 'Host: post.localhost:' . $fazt->port, "Content-Type: $type", 'Transfer-Encoding: chunked', 'Cookie: ' . $ann->cookies(at('/form')),
		'Origin: ' . $fazt->url('post', '') =~ s{/$}{}r, 'Connection: close', '', $body));
	like($bytes, qr{^HTTP/1.1 413 }, 'DSK-09 … and the kernel when its length is not said');
}
is(code(post($ann, '/form', form(part('name="f"; filename="x"', 'x' x 4000000)))), '413 too_large', '… or when it is');
$fazt->admin('setting', 'set', 'upload.bytes', $large + 1048576);
is($usage->(), $before, '… and keeps nothing');

# ---- tus by hand ----

my $endpoint = at('/_fazt/upload');
my @tus = ('Tus-Resumable' => '1.0.0');
my $create = sub { my ($who, $n, @more) = @_; $who->fetch(POST => $endpoint, body => '', headers => [@tus, 'Upload-Length' => $n, @more]) };
my $patch = sub { my ($who, $url, $at, $bytes, %o) = @_; $who->fetch(PATCH => $url, body => $bytes, type => 'application/offset+octet-stream', headers => [@tus, 'Upload-Offset' => $at], %o) };
my $options = $ann->fetch(OPTIONS => $endpoint);
is_deeply([$options->{status}, @{ $options->{headers} }{qw(tus-version tus-extension tus-max-size)}], [204, '1.0.0', 'creation,expiration,termination', $large + 1048576], 'tus: what it can');
is($ann->fetch(POST => $endpoint, body => '', headers => ['Upload-Length' => 5])->{status}, 412, 'tus: which version is asked for');
is(code($create->($stranger, 5)), '401 unauthorized', 'tus: strangers send no pieces');
is($create->($ann, $large + 2000000)->{status}, 413, 'tus: an upload has a largest size');
is($create->($ann, 'x')->{status}, 400, 'tus: a length is a number');
is($create->($ann, 5, 'Upload-Metadata' => 'filename ***')->{status}, 400, 'tus: metadata are well-formed');
is($ann->fetch(POST => $endpoint, body => '', headers => [@tus, 'Upload-Length' => 5], from => 'http://evil.example')->{status}, 403, 'tus: not from another site');
is($ann->fetch(POST => $fazt->url('bare', '/_fazt/upload'), body => '', headers => [@tus, 'Upload-Length' => 5])->{status}, 403, 'tus: not for an app without storage');
my $made = $create->($ann, 10);
my $url = $made->{headers}{location};
is_deeply([$made->{status}, @{ $made->{headers} }{qw(tus-resumable upload-offset)}], [201, '1.0.0', 0], 'tus: created');
like($made->{headers}{'upload-expires'}, qr/GMT$/, 'tus: it expires');
is($patch->($ann, $url, 0, 'four')->{headers}{'upload-offset'}, 4, 'tus: a piece');
is($ann->fetch(HEAD => $url, headers => \@tus)->{headers}{'upload-offset'}, 4, 'tus: is there');
is($bob->fetch(HEAD => $url, headers => \@tus)->{status}, 404, 'RLS-16 tus: for its sender');
is($patch->($bob, $url, 4, 'x')->{status}, 404, 'RLS-16 tus: who alone may go on');
is($patch->($ann, $url, 0, 'four')->{status}, 409, 'tus: from where it ended');
is($patch->($ann, $url, 4, 'too much data')->{status}, 400, 'tus: no further than its length');
is($ann->fetch(PATCH => $url, body => 'x', type => 'text/plain', headers => [@tus, 'Upload-Offset' => 4])->{status}, 415, 'tus: as what it is');
my ($half) = $url =~ /id=(\w+)/;
is($take->($ann, 'post', $half)->{error}, 'conflict', 'tus: half a file cannot be taken');
is($patch->($ann, $url, 4, 'and six')->{status}, 400, 'tus: nor more than all');
is($patch->($ann, $url, 4, 'and 6!')->{headers}{'upload-offset'}, 10, 'tus: the rest');
is($patch->($ann, $url, 10, '')->{status}, 409, 'tus: then no more');
is($take->($ann, 'post', $half)->{size}, 10, 'tus: taken');
is($ann->fetch(HEAD => $url, headers => \@tus)->{status}, 404, 'tus: and gone');
is($ann->fetch(HEAD => $url =~ s/id=.*/id=x/r, headers => \@tus)->{status}, 404, 'tus: what never was');
$before = $usage->();
my $broken = $create->($ann, 3000000)->{headers}{location};
my $offset = sub { $ann->fetch(HEAD => $broken, headers => \@tus)->{headers}{'upload-offset'} // 0 };
sub send_some { # a piece whose end does not come
	my ($at, $bytes) = @_;
	my ($path) = $broken =~ m{(/_fazt/.*)};
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die;
	print $s join("\r\n", "PATCH $path HTTP/1.1", 'Host: post.localhost', 'Cookie: ' . $ann->cookies($broken), 'Origin: ' . $fazt->url('post', '') =~ s{/$}{}r, @{[map { "$_->[0]: $_->[1]" } ['Tus-Resumable', '1.0.0'], ['Upload-Offset', $at]]},
		'Content-Type: application/offset+octet-stream', 'Content-Length: ' . (3000000 - $at), '', $bytes);
	$s->flush;
	return $s;
}
my $line = send_some(0, 'x' x 1100000);
$fazt->wait_for(sub { $offset->() == 1048576 }, 'a whole chunk is kept');
kill KILL => $_ for grep { $fazt->processes_below($fazt->pid('serve'))->{$_} =~ /\bworker\b/ } keys %{ $fazt->processes_below($fazt->pid('serve')) };
close $line;
$fazt->wait_for(sub { $fazt->healthy }, 'the workers are back');
is($offset->(), 1048576, 'tus: what was there when the workers were killed is there');
$line = send_some(1048576, 'x' x 500000);
sleep 0.3;
close $line;
$fazt->wait_for(sub { $offset->() > 1048576 }, 'what came before the line broke is kept');
cmp_ok($offset->(), '<=', 1548576, 'tus: what came before the line broke is kept (' . $offset->() . ')');
is($usage->() - $before, $offset->(), 'DSK-06 and counts at once');
is($ann->fetch(DELETE => $broken, headers => \@tus)->{status}, 204, 'tus: given up');
is($usage->(), $before, '… it costs nothing');

# ---- tus by its own client ----

my ($node) = grep { -x } map { ("$_/node", "$_/nodejs") } split /:/, $ENV{PATH};
my $packages = Fazt::fetched() . '/node';
die "the packages of the tests are not there; ./dev check fetches them\n" unless -d "$packages/node_modules/tus-js-client";
my $size = 5000000;
my ($exit, $out, $err) = Fazt::run({ FAZT_NODE => $packages, ENDPOINT => $endpoint, TOKEN => $fazt->token('owner', 'post'), SIZE => $size },
	$node, top() . '/t/browser/tus.mjs');
for (split /\n/, $out) { /^(not )?ok \d+ - (.*)/ ? ok(!$1, "tus-js-client: $2") : 1 }
is($exit, 0, 'tus-js-client ended well') or diag $out, $err;
my ($sent) = $out =~ /url \S*id=(\w+)/;
my $blob = $take->($ann, 'post', $sent);
is_deeply([@{$blob}{qw(size type)}], [$size, 'application/x-test'], '… and the app has the file');
my $expected = pack 'V*', map { ($_ * 4 * 2654435761) & 0xFFFFFFFF } 0 .. $size / 4 - 1;
ok($ann->fetch(GET => at('/file', name => 'taken'))->{body} eq $expected, '… every byte of it');

# ---- slow senders ----

# nginx passes on what goes there as it comes, on every host; only an app's is one that reads it
for (['the dashboard', 'os', '/_fazt/upload', 'text/plain'], ['topics', 'ntfy', '/', $type], ['a topic', 'ntfy', '/news', $type]) {
	my ($what, $host, $path, $type) = @$_;
	my ($unanswered, @held) = 0;
	for (1 .. 120) {
		my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die;
		$s->autoflush(1);
		print $s join("\r\n", "POST $path HTTP/1.1", "Host: $host.localhost", "Content-Type: $type", 'Content-Length: 100000', 'Accept: application/json', '', 'x');
		push @held, $s;
	}
	for my $s (@held) {
		my $in = '';
		vec($in, fileno $s, 1) = 1;
		$unanswered++ unless select $in, undef, undef, 5;
	}
	is($unanswered, 0, "HTTP-15 where nothing takes uploads nobody waits for them: $what");
}

my $workers = grep { /\bworker\b/ } values %{ $fazt->processes_below($fazt->pid('serve')) };
for (['strangers', ''], ['one person', "\r\nAuthorization: Bearer " . $fazt->token('bob', 'post')]) {
	my ($who, $header) = @$_;
	my @slow;
	for (1 .. 16 * $workers + 6) {
		my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die;
		$s->autoflush(1);
		print $s join("\r\n", "POST /open HTTP/1.1$header", 'Host: post.localhost', "Content-Type: $type", 'Content-Length: 100000', 'Accept: application/json', '', part(@slow % 2 ? 'name="f"; filename="x"' : 'name="f"', 'slow'));
		push @slow, $s;
	}
	sleep 0.5;
	is($stranger->fetch(GET => at('/fast'))->{body}, 'fast', "HTTP-15 while many files of $who trickle in, others are served");
	is(post($ann, at('/put', name => 'meanwhile'), form(part('name="f"; filename="x"', 'x')))->{status}, 200, '… and another one who is known finds room to send');
	my $refused = 0;
	for my $s (@slow) {
		my ($in, $answer) = ('', '');
		vec($in, fileno $s, 1) = 1;
		next unless select $in, undef, undef, 0.01;
		sysread $s, $answer, 4096;
		$refused++ if $answer =~ m{^HTTP/1.1 503 .*?\r\nretry-after: \d}is;
	}
	cmp_ok($refused, '>=', 1, "HTTP-15 the rest are told to come back ($refused of " . @slow . ')');
	close $_ for @slow;
	$fazt->wait_for(sub { post($ann, at('/put', name => "after $who"), form(part('name="f"; filename="x"', 'x')))->{status} == 200 }, 'then there is room again');
	pass('HTTP-15 when they are gone there is room again');
}

# ---- constant memory ----

sub peak { my $most = 0; for my $pid (grep { $fazt->processes_below($fazt->pid('serve'))->{$_} =~ /\bworker\b/ } keys %{ $fazt->processes_below($fazt->pid('serve')) }) {
	my ($kb) = slurp("/proc/$pid/status") =~ /VmHWM:\s+(\d+)/; $most = $kb if $kb > $most } return $most / 1024 }
sub send_large {
	my ($name) = @_;
	my ($head, $tail) = (part('name="f"; filename="large.bin"', '') =~ s/\r\n$//r, "\r\n--xyz--\r\n");
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die;
	print $s join("\r\n", 'POST ' . at('/put', name => $name) =~ s{^http://[^/]+}{}r . ' HTTP/1.1', 'Host: post.localhost:' . $fazt->port, "Content-Type: $type", 'Cookie: ' . $ann->cookies(at('/put')),
		'Origin: ' . $fazt->url('post', '') =~ s{/$}{}r, 'Connection: close', 'Content-Length: ' . ($large + length($head) + length $tail), '', $head);
	my $zeros = "\0" x 1048576;
	print $s pack('N', $_) . substr $zeros, 4 for 1 .. $large / 1048576;
	print $s $tail;
	$s->flush;
	local $/;
	my $answer = <$s>;
	return Fazt::Browser::parse($answer, 'POST');
}
for my $name ('cat') { post($ann, at('/put', name => "$name$_"), form(part('name="f"; filename="x"', 'x' x 3000000))), $ann->fetch(GET => at('/file', name => "$name$_")) for 1 .. 8 }
my $peak = peak();
my $answer = send_large('large');
is($answer->{json}{size}, $large, 'a file of ' . $large / 1048576 . ' MB arrives') or diag $answer->{raw};
my $grown = peak() - $peak;
SKIP: {
	skip 'sanitizers keep memory', 1 if Fazt::sanitized();
	cmp_ok($grown, '<', 24, sprintf 'in constant memory: a worker\'s peak rose by %.1f MB over %.1f', $grown, $peak);
}
my ($sum, $blocks) = (0, 0);
{
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $fazt->port) or die;
	print $s join("\r\n", 'GET ' . at('/file', name => 'large') =~ s{^http://[^/]+}{}r . ' HTTP/1.1', 'Host: post.localhost:' . $fazt->port, 'Cookie: ' . $ann->cookies(at('/file')), 'Connection: close', '', '');
	my $head = '';
	$head .= getc $s until $head =~ /\r\n\r\n$/;
	while (my $n = read $s, my $block, 1048576) { $sum += $n; $blocks++ if $block eq pack('N', $blocks + 1) . "\0" x 1048572 }
}
is_deeply([$sum, $blocks], [$large, $large / 1048576], '… and leaves again');
is($ann->fetch(GET => at('/file', name => 'large'), headers => [Range => 'bytes=' . ($large - 1048576) . '-' . ($large - 1048573)])->{body}, pack('N', $large / 1048576), '… in parts');
SKIP: {
	skip 'sanitizers keep memory', 1 if Fazt::sanitized();
	$grown = peak() - $peak;
	cmp_ok($grown, '<', 24, sprintf 'in constant memory: a worker\'s peak rose by %.1f MB', $grown);
}
is(post($ann, at('/put', name => 'full'), form(part('name="f"; filename="x"', 'x')))->{status}, 200, 'there is room');
$fazt->admin('setting', 'set', 'app.files', $usage->() + 1500000);
my $full = post($ann, at('/put', name => 'full'), form(part('name="f"; filename="x"', 'y' x 3000000)));
is(code($full), '507 quota_exceeded', 'a form that is too much for the quota');
my $once = $usage->();
is(code($patch->($ann, $create->($ann, 3000000)->{headers}{location}, 0, 'y' x 3000000)), '507 quota_exceeded', 'an upload that is');

# ---- abandoned ----

SKIP: {
	skip 'no sqlite3 program', 1 unless `sqlite3 --version 2>/dev/null`;
	system 'sqlite3', "$fazt->{home}/data.db", '.timeout 5000', 'UPDATE uploads SET created = 0';
	$fazt->wait_for(sub { `sqlite3 $fazt->{home}/data.db 'SELECT count(*) FROM uploads'` == 0 }, 'abandoned uploads are reaped', 30);
	pass('DSK-06 what nobody took is gone');
}
done_testing;
