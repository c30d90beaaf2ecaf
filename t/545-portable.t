# An app out into one file and in again: on the same node and on another, with people who are known there and people who are
# not; with the files they keep; files that are cut, edited, newer or hostile; and what an upgrade would change, before it does.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(spew slurp json_of text_of);
use File::Temp;
use Test::More;

my ($fazt, $far) = (Fazt->new, Fazt->new);
my $dir = File::Temp::tempdir(CLEANUP => 1);
chmod 0755, $dir;
my $main = <<'LUA';
local fazt = require "fazt"
local docs, kv, blob = fazt.storage.docs, fazt.storage.kv, fazt.storage.blob
return {
  ["GET /"] = function() return { json = docs.find("items", nil, { sort = "n", limit = 100 }) } end,
  ["POST /"] = function(req) kv.set("mine", req.json.n) return { json = docs.insert("items", req.json) } end,
  ["POST /share"] = function(req) docs.share("items", req.json.id, req.json.who, "read") return { json = true } end,
  ["GET /mine"] = function() return { json = { kv.get("mine") } } end,
  ["POST /put"] = function(req) return { json = blob.put(req.json.name, string.rep(req.json.text, req.json.times or 1), { type = req.json.type }) } end,
  ["POST /delete"] = function(req) blob.delete(req.json.name) return { json = true } end,
  ["GET /get/*name"] = function(req) local bytes, info = blob.get(req.params.name) return { json = { bytes and fazt.crypto.hash("sha256", bytes), info } } end,
  ["GET /files"] = function(req) return { json = { (blob.list("")), (blob.list("photos/")) } } end,
  ["GET /who"] = function(req) return { json = { req.user.id } } end,
}
LUA
my %files = ('app.json' => { visibility => 'members', permissions => ['storage', 'net:api.example.com'],
	collections => { items => { read => 'shared', index => ['-n'], unique => ['n'] }, photos => { read => 'members' } } },
	'api/main.lua' => $main, 'public/logo.bin' => join('', map { chr } 0 .. 255) x 2000, 'migrations/0001-x.lua' => 'return { items = function() error("never") end }');
$fazt->install(list => \%files);
$_->admin('user', 'add', 'ann') for $fazt, $far;
$fazt->admin('user', 'add', 'bob');

sub ask {
	my ($node, $app, $who, $method, $path, $body) = @_;
	my ($exit, $out) = $node->try_admin('app', 'request', $app, $method, $path, '--as', $who, $body ? ('--body', json_of($body)) : ());
	return $out =~ /^[\[{t]/ ? text_of($out) : $out;
}
sub seen { my ($node, $app, $who) = @_; return join ' ', map { $_->{n} } @{ ask($node, $app, $who, 'GET', '/') } }

ask($fazt, 'list', 'owner', 'POST', '/', { n => 1 });
my $anns = ask($fazt, 'list', 'ann', 'POST', '/', { n => 2, text => "\x{e9}\n" });
ask($fazt, 'list', 'bob', 'POST', '/', { n => 3 });
ask($fazt, 'list', 'ann', 'POST', '/share', { id => $anns->{id}, who => ask($fazt, 'list', 'bob', 'GET', '/who')->[0] });

ask($fazt, 'list', 'ann', 'POST', '/put', { name => 'notes.txt', text => 'same ', times => 3 });
ask($fazt, 'list', 'bob', 'POST', '/put', { name => 'notes.txt', text => 'same ', times => 3 });
ask($fazt, 'list', 'bob', 'POST', '/put', { name => 'photos/cat', text => "\x{e9}\0pixel", times => 100_000, type => 'image/png' });
ask($fazt, 'list', 'owner', 'POST', '/put', { name => 'photos/none', text => '' });
sub files { my ($node, $app, $who) = @_; return join ' ', map { "$_->{name}:$_->{size}" } map { @$_ } @{ ask($node, $app, $who, 'GET', '/files') } }
sub info { my ($node, $app, $who, $name) = @_; return ask($node, $app, $who, 'GET', "/get/$name") }
is(files($fazt, 'list', 'ann'), 'notes.txt:15 photos/cat:800000 photos/none:0', 'files of hers and of everybody') or diag explain ask($fazt, 'list', 'ann', 'GET', '/files');

# out
my $code = $fazt->admin('app', 'export', 'list');
like($code, qr/\A\{"record":"fazt-app","format":1,/, 'to a pipe');
unlike($code, qr/"record":"(?:doc|person|key)"/, 'the code alone');
my $said = $fazt->admin('app', 'export', 'list', '--data', '--output', "$dir/list.fazt");
like($said, qr/3 rows, 1 shares, 3 keys and 4 files/, 'with rows, into a file');
is((stat "$dir/list.fazt")[2] & 0777, 0600, "for its owner's eyes");
is(join(' ', glob "$dir/*"), "$dir/list.fazt", 'nothing else is left');
is(($fazt->try_admin('app', 'export', 'nosuch'))[0], 4, 'an app there is not');
is(($fazt->try_admin('app', 'export', 'list', '--output', "$dir/no/list.fazt"))[0], 3, 'a file that cannot be written');

# in again, beside itself: people are known by their ids
my ($exit, $out, $err) = $fazt->try_admin('app', 'import', "$dir/list.fazt", '--name', 'copy');
is($exit, 3, 'an import asks for consent');
like($err, qr/^  ! Exchange data with api\.example\.com/m, 'and shows what the app asks for');
like($err, qr/3 rows, 1 shares, 3 keys and 4 files of these people:\n(?:  - (?:ann: ann|bob: bob|owner: owner)\n){3}/, 'and whom it brings');
is($fazt->admin_json('app', 'show', 'list')->{name}, 'list', 'the app itself is untouched');
$fazt->admin('app', 'import', "$dir/list.fazt", '--name', 'copy', '--yes');
is(seen($fazt, 'copy', 'owner'), '1', 'the owner sees what is the owner\'s');
is(seen($fazt, 'copy', 'ann'), '2', 'ann what is hers');
is(seen($fazt, 'copy', 'bob'), '2 3', 'bob his own and what ann shared');
is_deeply(ask($fazt, 'copy', 'ann', 'GET', '/mine'), [2], 'keys too');
is(ask($fazt, 'copy', 'ann', 'GET', '/')->[0]{text}, "\x{e9}\n", 'to the letter');
my ($list, $copy) = map { $fazt->admin_json('app', 'show', $_)->{storage} } 'list', 'copy';
is_deeply($copy, $list, 'it stores as much');
my ($was, $is) = map { info($fazt, $_, 'ann', 'photos/cat') } 'list', 'copy';
ok($was->[0] && $was->[0] eq $is->[0], 'files are there, to the byte');
is_deeply([map { $is->[1]{$_} } qw(type created updated)], [map { $was->[1]{$_} } qw(type created updated)], 'with what is known about them');
is(files($fazt, 'copy', 'bob'), 'notes.txt:15 photos/cat:800000 photos/none:0', "everybody's and one's own");
ask($fazt, 'copy', 'bob', 'POST', '/delete', { name => 'photos/cat' });
is(files($fazt, 'list', 'bob'), 'notes.txt:15 photos/cat:800000 photos/none:0', 'the copy is a copy');
is(info($fazt, 'list', 'ann', 'photos/cat')->[0], $was->[0], 'and content that both have is let go of by one only');
ask($fazt, 'copy', 'bob', 'POST', '/put', { name => 'photos/cat', text => "\x{e9}\0pixel", times => 100_000, type => 'image/png' });
sub parts { return join '', grep { /"record":"(?:file|chunk|content)"/ } split /^/, $fazt->admin('app', 'export', $_[0]) }
ok(parts('copy') eq parts('list'), 'files too, to the byte');
is_deeply([map { $_->{name} } grep { $_->{granted} } @{ $fazt->admin_json('app', 'show', 'copy')->{permissions} }], ['storage'], 'high risk only by name');
is(ask($fazt, 'copy', 'ann', 'POST', '/', { n => 2 })->{error}{code} // 'conflict', 'conflict', 'unique indexes hold');
($exit, undef, $err) = $fazt->try_admin('app', 'import', "$dir/list.fazt", '--yes');
is($exit, 5, 'a name that is taken');
($exit, undef, $err) = $fazt->try_admin('app', 'upgrade', 'copy', '--yes');
like($err, qr/copy was imported from a file; say where its next version is with --source/, 'an upgrade says what it needs');

# on another node
($exit, $out, $err) = $far->try_admin('app', 'import', "$dir/list.fazt", '--yes', '--people', 'ann');
is($exit, 0, 'on another node') or diag($err);
like($err, qr/ann: ann\n/, 'those named are mapped');
like($err, qr/bob: nobody here\n/, 'others are nobody there');
like($out, qr/^8 rows, shares, keys or files are of people who are nobody here$/m, 'and how much that is');
is(seen($far, 'list', 'ann'), '2', 'ann sees her row');
is(seen($far, 'list', 'owner'), '', "the owner does not see other people's");
is(files($far, 'list', 'ann'), 'notes.txt:15 photos/cat:800000 photos/none:0', 'ann has her file');
is(files($far, 'list', 'owner'), 'photos/cat:800000 photos/none:0', "and those that are everybody's are everybody's");
$far->admin('app', 'import', "$dir/list.fazt", '--yes', '--name', 'mine', '--as-owner', '--people', 'bob=ann');
is(seen($far, 'mine', 'owner'), '1 2', '--as-owner: rows of nobody');
is(files($far, 'mine', 'owner'), 'notes.txt:15 photos/cat:800000 photos/none:0', 'and files');
($exit, undef, $err) = $far->try_admin('app', 'import', "$dir/list.fazt", '--yes', '--name', 'both', '--as-owner');
is($exit, 5, 'two files of one name cannot both become theirs');
like($err, qr/two people keep a file of the same name.*--people/, 'and what to do is said');
is(seen($far, 'mine', 'ann'), '2 3', '--people: bob is ann there');
is(($far->try_admin('app', 'import', "$dir/list.fazt", '--yes', '--name', 'x', '--people', 'ann,bob=ann'))[0], 5, 'two cannot become one');
is(($far->try_admin('app', 'import', "$dir/list.fazt", '--yes', '--name', 'x', '--people', 'carl'))[0], 4, 'somebody it does not name');
is(($far->try_admin('app', 'import', "$dir/list.fazt", '--yes', '--name', 'x', '--people', 'bob=carl'))[0], 4, 'somebody who is not here');

# what is refused, and leaves nothing
my $whole = slurp("$dir/list.fazt");
sub refused {
	my ($what, $bytes, $says) = @_;
	spew("$dir/bad.fazt", $bytes);
	my ($exit, undef, $err) = $far->try_admin('app', 'import', "$dir/bad.fazt", '--yes', '--name', 'bad');
	cmp_ok($exit, '>', 0, "$what: refused");
	like($err, $says, "$what: message");
	ok(!(grep { $_->{name} eq 'bad' } @{ $far->admin_json('app', 'list') }), "$what: nothing is installed");
	is(@{ $far->admin_json('decision', 'list') }, 0, "$what: and nothing waits");
}
# an edited export whose checksum was made to fit
sub forged {
	my ($edit) = @_;
	my @lines = split /^/, $whole;
	pop @lines;
	@lines = map { local $_ = $_; $edit->(); $_ } @lines;
	spew("$dir/forged", join '', @lines);
	my $end = `python3 - "$dir/forged" <<'PY'
import hashlib, sys
h = bytes(32)
lines = open(sys.argv[1], "rb").readlines()
for line in lines:
    h = hashlib.blake2b(h + hashlib.blake2b(line, digest_size=32).digest(), digest_size=32).digest()
print('{"record":"end","records":%d,"hash":"%s"}' % (len(lines), h.hex()))
PY`;
	return join('', @lines) . $end;
}
refused('cut', substr($whole, 0, length($whole) * 2 / 3), qr/bad\.fazt cannot be imported: it is not whole: it ends behind line \d+/);
refused('cut at a line', $whole =~ s/[^\n]*\n\z//r, qr/it is not whole/);
refused('empty', '', qr/it is not whole: it ends behind line 0/);
refused('edited', $whole =~ s/"n":3/"n":4/r, qr/its checksum does not fit/);
refused('newer', $whole =~ s/"format":1/"format":2/r, qr/written by a newer Fazt/);
refused('something else', "PK\3\4" . 'x' x 1_000_000, qr/line 1/);
refused('rows without code', $fazt->admin('app', 'export', 'list') =~ s/"code":true/"code":false/r, qr/no code|checksum/);
SKIP: {
	skip 'no python3', 1 unless `python3 -c 'print(1)' 2>/dev/null`;
	spew("$dir/same.fazt", forged(sub { }));
	is(slurp("$dir/same.fazt"), $whole, 'the checksum can be made by anybody, so it proves nothing');
	refused('a stranger as the owner of a row', forged(sub { s/"owner":"u_\w+"/"owner":"!"/ }), qr/"owner" of a record "doc" is not what it must be/);
	refused('a path that leads out', forged(sub { s/"path":"public\/logo.bin"/"path":"..\/..\/etc\/x"/ }), qr/"path" of a record "file"/);
	refused('a row that is no document', forged(sub { s/"body":\{.*?\}/"body":[1]/ }), qr/A document is a table with named fields/);
	refused('a row twice', forged(sub { $_ .= $_ if /"record":"doc"/ }), qr/./);
	refused('two equal in a unique field', forged(sub { s/"n":3/"n":2/ }), qr/Another row of items has the same n/);
	refused('a share with a level there is not', forged(sub { s/"level":1/"level":7/ }), qr/A share has a level from 1 to 3/);
	refused('a field that does not belong', forged(sub { s/"rev":1/"rev":1,"app_id":"x"/ }), qr/a field that does not belong there/);
	refused('a file longer than it says', forged(sub { s/("path":"api\/main.lua","size":)\d+/${1}3/ }), qr/a chunk belongs to no file/);
	refused('a file shorter than it says', forged(sub { s/("path":"api\/main.lua","size":)\d+/${1}99999/ }), qr/is not as long as it says/);
	refused('content that was exchanged', forged(sub { s/"bytes":"\w{20}/"bytes":"c2FtZSBzYW1lIHNhbWUg/ if /"bytes":"c2FtZSBz/; s/c2FtZSBz/d2FtZSBz/ }), qr/a file is damaged: its checksum does not fit/);
	refused('content longer than it says', forged(sub { s/("record":"content","size":)15/${1}14/ }), qr/a file is longer than it says/);
	refused('content shorter than it says', forged(sub { s/("record":"content","size":)15/${1}16/ }), qr/a file is shorter than it says/);
	refused('content larger than a number', forged(sub { s/("record":"content","size":)15/${1}9007199254740992/ }), qr/Its files are larger than an app may store here/);
	refused('content without its chunks', forged(sub { $_ = '' if /"bytes":"c2FtZSBz/ }), qr/a file is shorter than it says/);
	refused('content of no file', forged(sub { $_ = '' if /"name":"notes.txt"/ }), qr/it has content that is no file's/);
	refused('a file without content', forged(sub { $_ = '' if /"record":"content"/ or /"bytes":"c2FtZSBz/ }), qr/a file comes without its content|a chunk belongs to no file/);
	refused('content of this node by its name', forged(sub { $_ = '' if /"bytes":"c2FtZSBz/; s/"content","size":15/"object","size":15/ }), qr/it names content instead of bringing it/);
	refused('a chunk more', forged(sub { $_ .= qq({"record":"chunk","bytes":"eA"}\n) if /"name":"notes.txt"/ }), qr/a chunk belongs to no file/);
	refused('a file twice', forged(sub { $_ .= $_ if /"name":"photos\/cat"/ }), qr/Two files would have the same id, or the same name/);
	refused('a name of one person twice', forged(sub { if (/"name":"photos\/cat"/) { my $again = $_; $again =~ s/"id":"0/"id":"1/; $_ .= $again } }), qr/the same name/);
	refused('a file in a collection its name does not begin with', forged(sub { s/"name":"photos\/cat"/"name":"items\/cat"/ }), qr/A file is in the collection its name begins with/);
	refused('a private file under a common name', forged(sub { s/"own":true/"own":false/ }), qr/or private to its owner/);
	refused('a name that deceives', forged(sub { s/"name":"photos\/cat"/"name":"photos\/\\u202ecat"/ }), qr/text without control characters/);
	refused('a type that is a header', forged(sub { s/"type":"image\/png"/"type":"image\/png\\r\\nSet-Cookie: a=b"/ }), qr/a content type like image\/png/);
	refused('a stranger as the owner of a file', forged(sub { s/"owner":"u_\w+"/"owner":"!0"/ if /"blob"/ }), qr/"owner" of a record "blob" is not what it must be/);
	refused('a hash that is none', forged(sub { s/"hash":"\w\w/"hash":"ZZ/ if /"content"/ }), qr/"hash" of a record "content" is not what it must be/);
	$far->admin('setting', 'set', 'app.files', 800_000);
	refused('more in files than an app may have', $whole, qr/more than an app may store here|larger than an app may store here/);
	$far->admin('setting', 'set', 'app.files', 800_030);
	$far->admin('app', 'import', "$dir/list.fazt", '--yes', '--name', 'full');
	is(files($far, 'full', 'owner'), 'photos/cat:800000 photos/none:0', 'as much as an app may have, to the byte');
	$far->admin('setting', 'set', 'app.files', 1_000_000_000);
	refused('a manifest that is none', forged(sub { s/^/{"record":"file","path":"app.json","size":0}\n/ if /"path":"app.json"/ }), qr/./);
	$far->admin('setting', 'set', 'app.rows', 5);
	refused('more rows than an app may have', $whole, qr/more than an app may store here/);
	$far->admin('setting', 'set', 'app.rows', 1000000);
}
system 'mkfifo', "$dir/pipe";
is(($far->try_admin('app', 'import', "$dir/pipe", '--yes'))[0], 7, 'a pipe');

# what an upgrade would change
my $folder = $fazt->cartridge('duo', { 'app.json' => { permissions => ['storage'], collections => { items => { read => 'owner' } } },
	'api/main.lua' => "return {}\n-- one\n-- two\n", 'public/x.bin' => "\0\1" });
$fazt->admin('app', 'install', $folder, '--yes');
like($fazt->admin('app', 'diff', 'duo'), qr/The files are the same/, 'nothing new');
spew("$folder/app.json", json_of({ name => 'duo', title => 'Duo', version => '2.0.0', permissions => ['storage', 'net:evil.example.com'], collections => { items => { read => 'members' } } }));
spew("$folder/api/main.lua", "return {}\n-- one\n-- \xE2\x80\xAEtwo\n");
spew("$folder/public/x.bin", "\0\2");
spew("$folder/public/new.txt", "new\n");
spew("$folder/migrations/0001-a.lua", "return {}\n");
my $diff = $fazt->admin('app', 'diff', 'duo');
like($diff, qr/^duo: 1\.0\.0 → 2\.0\.0$/m, 'from what to what');
like($diff, qr/^  \+ net:evil\.example\.com: Exchange data with evil\.example\.com on the Internet\. \(high risk\)$/m, 'permissions');
like($diff, qr/^  \+ items: everyone who uses the app can read every row/m, 'rules as they will be');
like($diff, qr/^  - items: only the person who added a row can read it/m, 'and as they are');
like($diff, qr/^  ! It asks for more: /m, 'what is wider');
like($diff, qr/^  - 0001-a\.lua$/m, 'data migrations');
like($diff, qr/^changed api\/main\.lua .*\n@@ -1,3 \+1,3 @@\n return \{\}\n --- one\n|^changed api\/main\.lua/m, 'files');
like($diff, qr/^--- two\n\+-- \\u\{202E\}two$/m, 'line by line, with what deceives made visible');
like($diff, qr/^changed public\/x\.bin .*\n  not shown/m, 'and what is no text left out');
like($diff, qr/^added public\/new\.txt \(0 → 4 bytes\)\n@@ -0,0 \+1,1 @@\n\+new$/m, 'what is new');
is($fazt->admin_json('app', 'show', 'duo')->{version}, '1.0.0', 'nothing was changed');
is(@{ $fazt->admin_json('decision', 'list') }, 0, 'and nothing waits');
is($fazt->admin_json('app', 'diff', 'duo')->{files}[0]{path}, 'api/main.lua', 'as JSON');

done_testing;
