# Installing from a folder in the owner's shell: what is shown, what is refused and in which words, upgrades, rollback,
# removal.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(spew slurp);
use File::Path qw(remove_tree);
use Test::More;

my $fazt = Fazt->new;
my %code = ('api/main.lua' => 'return { ["GET /"] = function() return "one" end }');

sub refused {
	my ($what, $files, $exit, $says, @options) = @_;
	my ($got, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('pad', $files), '--yes', @options);
	is($got, $exit, "$what: exit code") or diag($out . $err);
	like($err, $says, "$what: message");
	is($fazt->admin('app', 'list', '--json'), '[]', "$what: nothing is installed");
}

my $ask = { %code, 'app.json' => { permissions => ['storage', 'net:api.example.com'], visibility => 'members',
	collections => { notes => { read => 'shared' } }, description => "<b>granted by default</b>\x{202E} " . 'x' x 10_000 } };

refused('a typing error', { %code, 'app.json' => { visability => 'owner' } }, 7, qr/did you mean "visibility"\?/);
refused('an unknown permission', { %code, 'app.json' => { permissions => ['root'] } }, 7, qr/permissions\[0\]: there is no permission "root"/);
refused('INS-18 any host', { %code, 'app.json' => { permissions => ['net:*'] } }, 7, qr/each host/);
refused('a reserved name', { %code, 'app.json' => { name => 'mail' } }, 7, qr/"mail" is reserved/);
refused('a reserved name by option', { %code }, 7, qr/"admin" is reserved/, '--name', 'admin');
refused('INS-21 no code', { 'app.json' => {} }, 7, qr/neither api\/main\.lua nor public\/index\.html/);
refused('bytecode', { 'api/main.lua' => "\eLua" }, 7, qr/compiled Lua/);
refused('INS-22 trailing garbage', { %code, 'app.json' => '{"name":"pad"} x' }, 7, qr/line 1, column/);
refused('INS-22 a mark', { %code, 'app.json' => "\xEF\xBB\xBF{\"name\":\"pad\"}" }, 7, qr/byte order mark/);
refused("INS-22 $_->[0]", { %code, 'app.json' => $_->[1] }, 7, qr/app\.json|line 1|too deep|UTF|nested/) for ['UTF-16', "\xFF\xFE{\0}\0"], ['a NUL', "{\"name\":\"pad\0\"}"], ['an escaped NUL', '{"name":"pad","title":"a\\u0000b"}'],
	['1e999', '{"name":"pad","fazt":1e999}'], ['nesting', '{"name":"pad","collections":' . '[' x 5000 . ']' x 5000 . '}'], ['a name twice', '{"name":"pad","name":"os"}'], ['nothing', ''], ['an array', '[]'], ['half of it', '{"name":"pad"'],
	['invalid UTF-8', "{\"name\":\"pad\",\"title\":\"\xFF\"}"];
refused('DSK-07 10,000 files of a byte', { %code, map { ("public/$_" => 'x') } 1 .. 10_000 }, 7, qr/2000/);
refused('DSK-07 500 folders deep', { %code, 'public/' . 'd/' x 500 . 'x' => 'x' }, 7, qr/16 folders|bytes/);
refused('code that does not compile', { 'api/main.lua' => 'return {' }, 7, qr{does not load: .*api/main\.lua:1:});
refused('code that fails while it loads', { 'api/main.lua' => 'error("no\27[2Jse")' }, 7, qr{does not load: .*no\\u\{1B\}\[2Jse});
refused('a newer Fazt', { %code, 'app.json' => { fazt => '>=99' } }, 7, qr/needs Fazt >=99/);

{
	my $folder = $fazt->cartridge('pad', { %code });
	symlink '/etc/passwd', "$folder/public";
	my ($exit, undef, $err) = $fazt->try_admin('app', 'install', $folder, '--yes');
	is($exit, 7, 'INS-06 a symbolic link');
	like($err, qr/public is a symbolic link/, 'is named');
	unlike($err, qr/root:/, 'and not followed');
}

# what is shown, and nothing without consent
my ($exit, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('pad', $ask));
is($exit, 3, 'no consent, no terminal: refused');
like($err, qr/^  ! Exchange data with api\.example\.com on the Internet\.$/m, 'high risk is marked');
like($err, qr/^  - Keep its own data/m, 'low risk is not');
like($err, qr/notes: only the person who added a row, and those it is shared with, can read it/, 'a sentence for each collection');
like($err, qr/\\u\{202E\}/, 'INS-17 deceptive characters are shown');
cmp_ok(length $err, '<', 3000, 'INS-17 and long texts are cut');
($exit, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('pad', $ask), '--yes', '--dry-run');
is($exit, 0, 'a dry run');
is($fazt->admin('app', 'list', '--json'), '[]', 'installs nothing');

$fazt->admin('app', 'install', $fazt->cartridge('pad', $ask), '--yes');
my $app = $fazt->admin_json('app', 'show', 'pad');
my %granted = map { $_->{name} => $_->{granted} } @{ $app->{permissions} };
ok($granted{storage} && !$granted{'net:api.example.com'}, '--yes grants the low-risk part');
like($fazt->admin('app', 'grant', 'pad', 'net:api.example.com'), qr/^granted +net:api\.example\.com\nholds +net:api\.example\.com, storage$/m,
	'app grant says what it granted and what the app holds now');
ok((grep { $_->{granted} && $_->{name} =~ /^net/ } @{ $fazt->admin_json('app', 'show', 'pad')->{permissions} }), 'the rest by name');
($exit, $out, $err) = $fazt->try_admin('app', 'grant', 'pad', 'ai');
is($exit, 2, 'a permission it does not ask for');
like($err, qr/it asks for storage, net:api\.example\.com/, 'says which it asks for');
($exit, undef, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('pad', { %code }), '--yes');
is($exit, 5, 'a taken name');
like($err, qr/--name, or upgrade it: fazt-admin app upgrade pad --source \/\S+$/m, 'says what to do');
$fazt->admin('app', 'install', $fazt->cartridge('pad', { %code }), '--yes', '--name', 'pad-two');
is($fazt->admin_json('app', 'show', 'pad-two')->{name}, 'pad-two', 'another name');

# INS-12: permissions are checked at the call, whatever the manifest hides
$fazt->install(liar => { 'api/main.lua' => <<'LUA' });
local fazt = require "fazt"
return { ["GET /"] = function() return "fine" end, ["GET /x"] = function() fazt.storage.docs.insert("x", {}) end }
LUA
is(($fazt->try_admin('app', 'request', 'liar', 'GET', '/'))[1], "fine\n", 'INS-12 an app without a permission runs');
like(join('', $fazt->try_admin('app', 'request', 'liar', 'GET', '/x')), qr/permission_denied/, 'INS-12 and may not do what it did not ask for');

# upgrades
sub body { ($fazt->try_admin('app', 'request', 'duo', 'GET', '/'))[1] }
my $folder = $fazt->cartridge('duo', { 'app.json' => { permissions => ['storage'] }, 'api/main.lua' => 'return function() return "one" end' });
$fazt->admin('app', 'install', $folder, '--yes');
is(body(), "one\n", 'version one');
spew("$folder/api/main.lua", 'return function() return "two" end');
$fazt->admin('app', 'upgrade', 'duo', '--yes');
is(body(), "two\n", 'an upgrade');
$fazt->admin('app', 'rollback', 'duo');
is(body(), "one\n", 'rolled back');
spew("$folder/app.json", '{"name":"duo","permissions":["storage","people"]}');
spew("$folder/api/main.lua", 'return {');
($exit, undef, $err) = $fazt->try_admin('app', 'upgrade', 'duo', '--yes');
isnt($exit, 0, 'an upgrade that does not compile');
is(body(), "one\n", 'changes nothing');
spew("$folder/api/main.lua", 'return function() return "three" end');
($exit, undef, $err) = $fazt->try_admin('app', 'upgrade', 'duo');
isnt($exit, 0, 'an upgrade that asks for more, without consent');
like($err, qr/people \(new\)/, 'shows what is new');
is(body(), "one\n", 'and the old version serves');
$fazt->admin('app', 'upgrade', 'duo', '--yes');
is(body(), "three\n", 'with consent');

# removal
$fazt->admin('app', 'disable', 'duo');
is(($fazt->try_admin('app', 'request', 'duo', 'GET', '/'))[0], 6, 'switched off');
$fazt->admin('app', 'enable', 'duo');
is(body(), "three\n", 'and on');
$fazt->admin('app', 'remove', 'duo');
is(($fazt->try_admin('app', 'request', 'duo', 'GET', '/'))[0], 4, 'removed: no app at that address');
($exit, undef, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('duo', { %code }), '--yes');
is($exit, 5, 'its name rests');
like($err, qr/rests for 90 more days/, 'and says for how long');
$fazt->admin('app', 'install', $folder, '--yes');
is(body(), "three\n", 'but its own source may return');

done_testing;
