# Installing from a Git URL: real git over smart HTTP, good repositories and hostile ones.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of);
use Fazt::Git;
use Test::More;
use Time::HiRes qw(time);

my $host = Fazt::Git->new(elsewhere => 'http://169.254.169.254');
my $fazt = Fazt->new(settings => { 'net.allow' => $host->allow });
my %pad = (
	'app.json' => '{"name":"pad","permissions":["storage"]}', 'api/main.lua' => 'return function() return "one" end',
	'public/index.html' => '<h1>one</h1>',
);

sub try_install { $fazt->try_admin('app', 'install', @_, '--yes') }

sub refused {
	my ($what, $source, $code, $says) = @_;
	my ($exit, $out, $err) = $fazt->try_admin('app', 'install', $source, '--yes', '--json');
	my ($got) = "$out$err" =~ /"code":"(\w+)"/;
	is($got, $code, "$what: $code") or diag("exit $exit: $out$err");
	like("$out$err", $says, "$what: message") if $says;
	unlike("$out$err", qr{root:|/tmp/fazt-git|sqlite}i, "$what: nothing of this machine is shown");
	is($fazt->admin('app', 'list', '--json'), '[]', "$what: nothing is installed");
}

# ---- good ----

my $one = $host->repository('pad', \%pad);
my ($exit, $out, $err) = try_install($host->url('pad'));
is($exit, 0, 'a repository') or diag($err);
like($err, qr/Commit\s+$one/, 'its commit is shown');
is($fazt->admin_json('app', 'show', 'pad')->{commit}, $one, 'and recorded');
is(($fazt->try_admin('app', 'request', 'pad', 'GET', '/'))[1], "<h1>one</h1>\n", 'it serves');

my $two = $host->repository('pad', { %pad, 'public/index.html' => '<h1>two</h1>' });
$fazt->admin('app', 'upgrade', 'pad', '--yes');
is($fazt->admin_json('app', 'show', 'pad')->{commit}, $two, 'an upgrade asks where it came from');
$fazt->admin('app', 'rollback', 'pad');
is($fazt->admin_json('app', 'show', 'pad')->{commit}, $one, 'rolled back');

$host->repository('pad', { %pad, 'public/index.html' => '<h1>branch</h1>' }, 'v2');
$host->repository('mono', { map { ("apps/pad/$_" => $pad{$_}) } keys %pad });
my %forms = (
	'a branch' => ['pad@v2', 'pad-branch'], 'a commit' => ["pad\@$one", 'pad-commit'], 'the end .git' => ['pad.git', 'pad-git'],
	'a slash' => ['pad/', 'pad-slash'], 'a folder from the address bar' => ['mono/tree/main/apps/pad', 'pad-folder'],
);
rename $host->path('pad'), $host->path('pad.git');
symlink $host->path('pad.git'), $host->path('pad');
for my $what (sort keys %forms) {
	($exit, undef, $err) = try_install($host->url($forms{$what}[0]), '--name', $forms{$what}[1]);
	is($exit, 0, $what) or diag($err);
}
($exit, undef, $err) = try_install($host->path('pad') . '@v2', '--name', 'pad-local');
is($exit, 0, 'a repository of this machine, in the shell') or diag($err);
$fazt->admin('app', 'remove', $_, '--purge') for map { $_->{name} } @{ $fazt->admin_json('app', 'list') };

# INS-16: an older version comes only when its owner pins it
my %aging = (%pad, 'app.json' => '{"name":"aging","version":"1.0.0"}');
my $old = $host->repository('aging', \%aging);
my $new = $host->repository('aging', { %aging, 'app.json' => '{"name":"aging","version":"1.1.0"}', 'public/index.html' => '<h1>new</h1>' });
try_install($host->url('aging'));
sub aging { $fazt->admin_json('app', 'show', 'aging') }
is(aging()->{commit}, $new, 'an app with a version');
my $again = $host->repository('aging', { %aging, 'README.md' => 'the hole is back' });
($exit, $out, $err) = $fazt->try_admin('app', 'upgrade', 'aging', '--yes', '--json');
like("$exit $out$err", qr/^5 .*"conflict".*older \(1\.0\.0\).*\(1\.1\.0\).*--source \Q@{[$host->url('aging')]}\E\@$again/s, 'INS-16 an older version of the remote is refused, and it says how to pin it') or diag "$exit $out$err";
is(aging()->{commit}, $new, 'INS-16 … and what served serves on');
isnt(($fazt->try_admin('app', 'upgrade', 'aging', '--yes', '--source', $host->url('aging')))[0], 0, 'INS-16 the same source said again is no pin');
$fazt->admin('app', 'upgrade', 'aging', '--yes', '--source', $host->url('aging') . "\@$old");
is(aging()->{commit}, $old, 'INS-16 pinned, it comes');
$host->repository('aging', { %aging, 'app.json' => '{"name":"aging","version":"1.2.0"}' }, 'stable');
$fazt->admin('app', 'upgrade', 'aging', '--yes', '--source', $host->url('aging') . '@stable');
$host->repository('aging', { %aging, 'app.json' => '{"name":"aging","version":"1.1.9"}' }, 'stable');
is(($fazt->try_admin('app', 'upgrade', 'aging', '--yes'))[0], 5, 'INS-16 a branch that is followed may not go back either');
$fazt->admin('app', 'rollback', 'aging');
is(aging()->{commit}, $old, 'INS-16 the owner himself may, by rollback');
$fazt->admin('app', 'remove', 'aging', '--purge');

# INS-10: nothing of a repository is run, fetched or converted
$host->repository('plain', { %pad, '.gitattributes' => "*.html filter=evil\n* export-subst text eol=crlf\n", 'public/x.html' => '$Format:%H$ $Id$' . "\n",
	'.gitmodules' => "[submodule \"x\"]\n\tpath = x\n\turl = ../../..\n", 'public/large.bin' => "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n" });
($exit, undef, $err) = try_install($host->url('plain'), '--name', 'plain');
is($exit, 0, 'INS-10 attributes, submodule files and pointers are plain data') or diag($err);
is(($fazt->try_admin('app', 'request', 'plain', 'GET', '/x.html'))[1], '$Format:%H$ $Id$' . "\n", 'INS-10 and served as they are');
$fazt->admin('app', 'remove', 'plain', '--purge');

# ---- INS-01, INS-02: sources ----

refused("INS-01 $_", $_, 'bad_source') for '-chttp.proxy=x', 'ext::sh -c id', 'file:///etc', 'ssh://-oProxyCommand=x/y',
	'git://example.com/x', 'git@example.com:x/y', 'https://a:b@example.com/x', 'https://example.com';
refused("INS-02 $_", "$_/x", 'blocked_address') for 'https://127.0.0.1', 'https://169.254.169.254', 'https://localhost', 'https://os.localhost', 'https://[::1]',
	'https://2130706433', 'https://0x7f.1', 'https://10.0.0.1', 'https://0.0.0.0';
refused('INS-02 http', 'http://example.com/x', 'bad_source', qr/only https/);
refused('INS-02 another port', 'http://127.0.0.1:1/x', 'bad_source', qr/only https/);
refused('INS-02 a redirect', $host->url('redirect/pad'), 'bad_source', qr/sends elsewhere/);
refused('no such repository', $host->url('nope'), 'bad_source', qr/not there, or not public/);
refused('no such branch', $host->url('pad') . '@nope', 'bad_source', qr/no such branch/);
refused('no such folder', $host->url('mono/tree/main/apps/pod'), 'bad_source', qr/no such folder/);
refused('an answer without end', $host->url('endless/x'), 'bad_source');

# ---- INS-03, INS-04, INS-06: trees ----

sub with_entry {
	my ($name, @entries) = @_;
	$host->commit($name, $host->tree($name, [@entries]));
	return $host->url($name);
}
my $n = 0;
for my $bad ('..', '.', '.git', '.GIT', 'git~1', ".g\xE2\x80\x8Cit", 'a/b', "a\nb", 'con', 'aux.lua', 'x.', 'x ', 'l' x 300, "\xE2\x80\xAEabc", "\xFF\xFE", "e\xCC\x81") {
	my $name = 'name' . $n++;
	$host->make($name);
	my $shown = $bad =~ s/([^ -~])/sprintf '\\x%02x', ord $1/ger;
	refused('INS-03 INS-04 ' . substr($shown, 0, 30), with_entry($name, ['100644', $bad, $host->blob($name, 'x')]), 'bad_path');
	next if $bad =~ m{^\.\.?$|/|git}i;
	refused('the same in a local repository: ' . substr($shown, 0, 30), $host->path($name), 'bad_path');
}
refused('INS-03 a local repository with ' . $_->[0], $host->path($_->[1]), 'bad_path') for ['..', 'name0'], ['.git', 'name2'], ['.GIT', 'name3'], ['git~1', 'name4'];
$host->make($_) for qw(link module folder mode case);
refused('INS-06 a link', with_entry('link', ['120000', 'app.json', $host->blob('link', '/etc/passwd')]), 'bad_path', qr/app\.json is a symbolic link/);
refused('INS-06 a submodule', with_entry('module', ['160000', 'sub', '1' x 40]), 'bad_path', qr/sub is a submodule/);
refused('INS-06 a folder', with_entry('folder', ['40000', 'app.json', $host->folder('folder', { x => 1 })]), 'bad_package', qr/no app\.json/);
$host->repository('case', { %pad, 'public/A.html' => 1, 'public/a.HTML' => 2 });
refused('names that differ in case', $host->url('case'), 'bad_path', qr/would be one file/);

# ---- INS-09, INS-21: size ----

my $t = $host->tree('bomb', [map { ['100644', sprintf('f%02d', $_), $host->blob('bomb', 'x')] } 0 .. 9]);
$t = $host->tree('bomb', [map { ['40000', sprintf('d%02d', $_), $t] } 0 .. 9]) for 1 .. 12;
$host->commit('bomb', $t);
my $since = time;
refused('INS-09 a tree of 10^13 files', $host->url('bomb'), 'manifest_limits', qr/more than 2000/);
cmp_ok(time - $since, '<', 10, 'INS-09 in no time');
$t = $host->tree('deep', [['100644', 'f', $host->blob('deep', 'x')]]);
$t = $host->tree('deep', [['40000', 'd', $t]]) for 1 .. 40;
$host->commit('deep', $t);
refused('INS-09 DSK-07 deep', $host->url('deep'), 'bad_path', qr/16 folders/);
$host->repository('large', { %pad, 'public/zero' => "\0" x (30 << 20) });
$host->make('long');
refused('DSK-07 a name of 64 KB', with_entry('long', ['100644', 'x' x 65536, $host->blob('long', 'x')]), 'bad_path');
$host->make('many');
my $byte = $host->blob('many', 'x');
$host->commit('many', $host->tree('many', [map { ['100644', sprintf('f%05d', $_), $byte] } 1 .. 10_000]));
refused('DSK-07 10,000 files of a byte', $host->url('many'), 'manifest_limits', qr/2000/);
refused('DSK-07 … also in a repository of this machine', $host->path('many'), 'manifest_limits');
refused('INS-09 30 MB of zeros', $host->url('large'), 'manifest_limits', qr/20 MB/);
$host->repository('lua', { %pad, 'api/big.lua' => '-' x (300 << 10) });
refused('INS-21 a large Lua file', $host->url('lua'), 'manifest_limits', qr/256 KB/);
$host->repository('none', { 'README.md' => 'x' });
refused('INS-21 no app', $host->url('none'), 'bad_package', qr/no app\.json/);

SKIP: {
	skip 'FAZT_LONG=1 waits a minute for it', 5 unless $ENV{FAZT_LONG};
	$since = time;
	refused('INS-09 a server that never answers', $host->url('hang/x'), 'unavailable', qr/too slowly/);
	cmp_ok(time - $since, '<', 70, 'INS-09 is given up');
}

# Those of tests that run beside this one go by themselves.
my @left = glob('/tmp/fazt-git-*');
for (1 .. 300) {
	last unless @left = grep { -e } @left;
	select undef, undef, undef, 0.2;
}
is("@left", '', 'no folder of a fetch is left');
done_testing;
