# SB-16: compiled Lua, as it is and damaged in four hundred ways, by every way that code comes in: none of it is ever loaded.
# Four hundred by way of load() and of app.push; by the ways that fetch a whole package some of them, all with FAZT_LONG=1.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top slurp spew json_of);
use Fazt::Git;
use File::Temp;
use MIME::Base64 qw(encode_base64url);
use Test::More;

my $BLOBS = 400;
my $whole = slurp(top() . '/t/cell/chunk.luac'); # what luac 5.4 makes of a handler
srand(16);

# Damage that leaves the mark in front of it as it is, so that it still is compiled Lua to whoever looks.
sub damaged {
	my $b = $whole;
	for (0 .. int rand 8) {
		my $at = 1 + int rand(length($b) - 1);
		my $how = int rand 5;
		if ($how == 0) { substr($b, $at, 1) = chr int rand 256 }
		elsif ($how == 1) { substr($b, $at, 1) ^= chr(1 << int rand 8) }
		elsif ($how == 2) { substr($b, $at, 0) = substr($b, int rand length $b, 1 + int rand 40) }
		elsif ($how == 3 && length $b > 60) { substr($b, $at, 1 + int rand 30) = '' }
		elsif (length $b > 60) { $b = substr $b, 0, 40 + int rand(length($b) - 40) }
	}
	return $b;
}
my @blobs = ($whole, map { damaged() } 2 .. $BLOBS);
sub some { my ($n) = @_; return $ENV{FAZT_LONG} ? @blobs : @blobs[map { int($_ * $BLOBS / $n) } 0 .. $n - 1] }

my $host = Fazt::Git->new;
my $fazt = Fazt->new(settings => { 'net.allow' => $host->allow, deadline => 60_000 });
my $dir = File::Temp::tempdir(CLEANUP => 1);
my $main = <<'LUA';
return {
	["GET /"] = function() return { text = "sound" } end,
	["POST /load"] = function(req)
		local loaded = {}
		for i, hex in ipairs(req.json) do
			local chunk = hex:gsub("..", function(h) return string.char(tonumber(h, 16)) end)
			local function pieces()
				local at = 0
				return function() at = at + 1 return at <= #chunk and chunk:sub(at, at) or nil end
			end
			for _, ask in ipairs { { chunk }, { chunk, "x", "b" }, { chunk, "x", "bt" }, { chunk, "x", "bt", {} }, { pieces(), "x", "b" }, { pieces() } } do
				local ok, f = pcall(load, table.unpack(ask))
				if ok and f then loaded[#loaded + 1] = i end
			end
		end
		return { json = { #req.json, #loaded } }
	end,
}
LUA
my %files = ('app.json' => { visibility => 'anyone' }, 'api/main.lua' => $main);
my $source = $fazt->cartridge(shop => \%files);
$fazt->admin('app', 'install', $source, '--yes');
$fazt->start;
my $owner = $fazt->person;
my $version = sub { $fazt->admin_json('app', 'show', 'shop')->{version} };
my $installed = $version->();

sub untouched {
	my ($what) = @_;
	my $answer = $fazt->browser->get($fazt->url('shop'));
	is("$answer->{status} $answer->{body} " . $version->(), "200 sound $installed", "SB-16: $what: the app is what it was");
	is(json_of([map { $_->{name} } @{ $fazt->admin_json('app', 'list') }]), '["shop"]', "SB-16: $what: nothing else is installed");
}

# ---- while it runs ----

my ($tried, $loaded) = (0, 0);
while (my @part = @blobs[$tried .. ($tried + 39 < $#blobs ? $tried + 39 : $#blobs)]) {
	my $answer = $fazt->browser->fetch(POST => $fazt->url('shop', '/load'), json => [map { unpack 'H*', $_ } @part],
		headers => [Origin => $fazt->url('shop', '') =~ s{/$}{}r]);
	my $got = $answer->{json} // [0, "status $answer->{status}"];
	$tried += $got->[0] || last;
	$loaded += $got->[1];
	last if $tried >= @blobs;
}
is("$tried $loaded", "$BLOBS 0", "SB-16: load() takes none of $BLOBS, in any mode, whole or in pieces");

# ---- app.push ----

spew("$dir/blobs/$_", $blobs[$_]) for 0 .. $#blobs;
spew("$dir/app.json", json_of({ name => 'shop', title => 'Shop', version => '1', visibility => 'anyone' }));
spew("$dir/main.lua", $main);
my ($json_hash, $main_hash, @hash) = split ' ', `python3 - "$dir" $BLOBS <<'PY'
import hashlib, sys
names = ["app.json", "main.lua"] + ["blobs/%d" % i for i in range(int(sys.argv[2]))]
print(*[hashlib.blake2b(open(sys.argv[1] + "/" + n, "rb").read(), digest_size=32).hexdigest() for n in names])
PY`;
my $csrf = $owner->fetch(GET => $fazt->url('os', '/_fazt/api/session.show'))->{json}{csrf};
my %said;
for my $i (0 .. $#blobs) {
	my $path = (qw(api/x.lua api/main.lua t/x.lua migrations/0001-x.lua))[$i % 4];
	my %named = ('app.json' => $json_hash, 'api/main.lua' => $main_hash, $path => $hash[$i]);
	my $answer = $owner->fetch(POST => $fazt->url('os', '/_fazt/api/app.push'), headers => ['X-CSRF-Token' => $csrf], json => { app => 'shop',
		files => \%named, objects => { map { $_->[0] => encode_base64url($_->[1]) } [$json_hash, slurp("$dir/app.json")], [$main_hash, $main],
			[$hash[$i], $blobs[$i]] } });
	$said{ $answer->{json}{error}{code} // json_of($answer->{json} // $answer->{status}) }++;
}
is(json_of(\%said), json_of({ binary_chunk => $BLOBS }), "SB-16: app.push refuses all $BLOBS as binary");
untouched('app.push');

# ---- a folder, and what else reads one ----

sub refused {
	my ($what, $n, $try) = @_;
	my ($count, @odd) = (0);
	for my $blob (some($n)) {
		my ($exit, $out, $err) = $try->($blob);
		$count++;
		push @odd, "exit $exit: $out$err" unless $exit && "$out$err" =~ /compiled Lua|binary_chunk/;
	}
	ok(!@odd, "SB-16: $what: $count are refused as binary") or diag(@odd[0 .. ($#odd < 2 ? $#odd : 2)]);
}

my %plain = (%files, 'app.json' => { visibility => 'anyone', name => 'evil' });
my $folder = $fazt->cartridge('evil', \%plain);
sub put { spew("$folder/api/x.lua", $_[0]) }
refused('a folder', 6, sub { put(@_); $fazt->try_admin('app', 'install', $folder, '--yes') });
refused('an upgrade from a folder', 4, sub { put(@_); $fazt->try_admin('app', 'upgrade', 'shop', '--source', $folder, '--yes') });
refused('app check', 4, sub { put(@_); $fazt->try_admin('app', 'check', $folder) });
refused('app test', 2, sub { put(@_); $fazt->try_admin('app', 'test', $folder) });
untouched('a folder');

# ---- git ----

refused('git', 6, sub {
	$host->repository('evil', { 'app.json' => '{"name":"evil","visibility":"anyone"}', 'api/main.lua' => $main, 'api/x.lua' => $_[0] });
	return $fazt->try_admin('app', 'install', $host->url('evil'), '--yes', '--json');
});
untouched('git');

# ---- an export that was edited ----

$fazt->admin('app', 'export', 'shop', '--output', "$dir/shop.fazt");
my @lines = split /^/, slurp("$dir/shop.fazt");
pop @lines;
refused('an import', 6, sub {
	my ($blob) = @_;
	spew("$dir/forged", join '', @lines);
	spew("$dir/blob", $blob);
	my $made = `python3 - "$dir" <<'PY'
import base64, hashlib, json, sys
d = sys.argv[1]
blob, code = open(d + "/blob", "rb").read(), False
out, h, n = open(d + "/forged.fazt", "wb"), bytes(32), 0
for line in open(d + "/forged", "rb"):
    r = json.loads(line)
    if r["record"] == "file":
        code = r["path"] == "api/main.lua"
        r["size"] = len(blob) if code else r["size"]
    elif r["record"] == "chunk" and code:
        r["bytes"] = base64.urlsafe_b64encode(blob).decode().rstrip("=")
    line = (json.dumps(r, separators=(",", ":")) + "\\n").encode()
    out.write(line)
    n += 1
    h = hashlib.blake2b(h + hashlib.blake2b(line, digest_size=32).digest(), digest_size=32).digest()
out.write(('{"record":"end","records":%d,"hash":"%s"}\\n' % (n, h.hex())).encode())
PY`;
	return $fazt->try_admin('app', 'import', "$dir/forged.fazt", '--name', 'evil', '--yes');
});
untouched('an import');

# ---- app dev ----

my $log = $fazt->home . '/log/dev.out';
$ENV{FAZT_HOME} = $fazt->home;
my $pid = $fazt->spawn(dev => Fazt::build() . '/fazt-admin', 'app', 'dev', $source);
$fazt->wait_for(sub { -e $log && slurp($log) =~ /serves at/ }, 'app dev has begun');
$installed = $version->();
my $n = 0;
for my $blob (some(3)) {
	spew("$source/api/x" . ++$n . '.lua', $blob);
	$fazt->wait_for(sub { slurp($log) =~ m{api/x$n\.lua is compiled Lua} }, "app dev says so of number $n");
	unlink "$source/api/x$n.lua";
}
pass("SB-16: app dev: $n are refused as binary");
kill INT => $pid;
waitpid $pid, 0;
delete $fazt->{children}{dev};
untouched('app dev');
done_testing;
