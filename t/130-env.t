# What an app wants to be told: values go in once, reach its Lua, and never come out again.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build text_of slurp);
use Test::More;

my $fazt = Fazt->new;
my %files = (
	'app.json' => {
		visibility => 'anyone', permissions => ['storage'],
		env => [
			{ name => 'API_KEY', description => "The key of\nthe shop.", required => JSON::PP::true(), secret => JSON::PP::true() },
			{ name => 'CITY', description => 'Where you live.' },
			{ name => 'QUIET' },
		],
	},
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local at_load = fazt.env.API_KEY
return {
  ["GET /"] = function() return { json = { key = fazt.env.API_KEY, city = fazt.env.CITY, other = fazt.env.OTHER, load = at_load } } end,
  ["GET /scribble"] = function() fazt.env.CITY = "Nowhere" return { text = "" } end,
}
LUA
);
sub consent_of { my ($exit, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('shop', \%files), @_); return $err }
my $asked = consent_of('--dry-run', '--yes');
like($asked, qr/It wants to be told:\n  - API_KEY, a secret \(needed, not set\)\n\s+The key of the shop\.\n  - CITY \(not set\)/, 'consent lists what it wants to be told');
like($asked, qr/fazt-admin app env set shop NAME/, '… and how');
$fazt->install(shop => \%files);

sub answer { return $fazt->admin_json('app', 'request', 'shop', 'GET', $_[0] // '/')->{body} =~ s/(.+)/my $b = $1; utf8::encode($b); $b/ers }
sub told { return text_of(answer()) }
sub env { my ($name) = @_; return (grep { $_->{name} eq $name } @{ $fazt->admin_json('app', 'env', 'list', 'shop') })[0] }
is_deeply(told(), {}, 'before: every name is nil and requests run');
is_deeply([map { [@$_{qw(name set required secret)}] } @{ $fazt->admin_json('app', 'show', 'shop')->{env} }],
	[['API_KEY', JSON::PP::false(), JSON::PP::true(), JSON::PP::true()], map { [$_, (JSON::PP::false()) x 3] } 'CITY', 'QUIET'], 'app show says what is missing');

# ---- setting ----

my $secret = 'sesame-3f9ac71b';
sub with_input { my ($input, @args) = @_; return Fazt::run({ FAZT_HOME => $fazt->home, '<' => $input }, build() . '/fazt-admin', @args) }
my ($exit, $out, $err) = with_input("$secret\n", 'app', 'env', 'set', 'shop', 'API_KEY');
is($exit, 0, 'a value from standard input') or diag $err;
unlike("$out$err", qr/sesame/, '… is not repeated');
is($fazt->admin('app', 'env', 'set', 'shop', 'CITY', "Faro \"Sul\"\nCentro") ? 1 : 0, 1, 'a value among the words');
is_deeply(told(), { key => $secret, city => "Faro \"Sul\"\nCentro", load => $secret }, 'the app is told, also while it loads');
answer('/scribble');
is(told()->{city}, "Faro \"Sul\"\nCentro", 'what a request did to it is gone with the request');
with_input("a\nb\r\n", 'app', 'env-set', 'shop', 'QUIET', '--json');
is(env('QUIET')->{value}, "a\nb", 'one line break at the end is not part of it, and the verb may be written with a hyphen');

# ---- it stays in ----

is_deeply([@{ env('API_KEY') }{qw(set value)}], [JSON::PP::true(), undef], 'a secret is never listed');
is(env('CITY')->{value}, "Faro \"Sul\"\nCentro", '… what is none is');
my @shown = map { join '', ($fazt->try_admin(@$_))[1, 2], ($fazt->try_admin(@$_, '--json'))[1, 2] } ['app', 'env', 'list', 'shop'], ['app', 'show', 'shop'], ['app', 'logs', 'shop'];
unlike("@shown", qr/sesame/, 'no command prints a secret');
unlike(slurp($_), qr/sesame/, "$_ does not have it") for glob($fazt->home . '/log/*'), glob($fazt->home . '/data.db*');
unlike(consent_of('--name', 'shop2', '--dry-run', '--yes'), qr/sesame/, 'consent does not either');

# ---- refused ----

sub refused {
	my ($code, $what, $input, @args) = @_;
	my (undef, $out) = with_input($input, 'app', 'env', @args, '--json');
	is((eval { text_of($out) } // {})->{error}{code} // 'none', $code, "$what: $code");
	unlike($out, qr/hush/, '… without the value in it');
}
refused('not_found', 'a name it does not ask for', 'hush', 'set', 'shop', 'HOME');
refused('not_found', 'an app there is not', 'hush', 'set', 'nosuch', 'API_KEY');
refused('bad_request', 'nothing', '', 'set', 'shop', 'CITY');
refused('bad_request', 'bytes that are no text', "hush\xff", 'set', 'shop', 'CITY');
refused('bad_request', 'a NUL byte', "hush\0x", 'set', 'shop', 'CITY');
refused('too_large', 'more than 16 KB', 'x' x 16385, 'set', 'shop', 'CITY');
refused('too_large', 'more than can be read', 'x' x 300000, 'set', 'shop', 'CITY');
refused('not_found', 'taking away what is not there', '', 'unset', 'shop', 'NOSUCH');
is(told()->{key}, $secret, 'and nothing of that changed anything');

# ---- upgrades and the end ----

my %less = (%files, 'app.json' => { visibility => 'anyone', version => '1.1.0', permissions => ['storage'], env => [{ name => 'CITY' }, { name => 'OTHER', required => JSON::PP::true() }] });
$fazt->admin('app', 'upgrade', 'shop', '--source', $fazt->cartridge('shop', \%less), '--yes');
is_deeply(told(), { city => "Faro \"Sul\"\nCentro" }, 'a version is told what it asks for only');
is_deeply([@{ env('API_KEY') }{qw(set value)}], [JSON::PP::true(), undef], '… the rest is kept, unseen even where the new version would not call it a secret');
$fazt->admin('app', 'rollback', 'shop');
is(told()->{key}, $secret, '… and is there again after a rollback');
$fazt->admin('app', 'env', 'unset', 'shop', 'API_KEY');
ok(!exists told()->{key}, 'unset: nil');
$fazt->admin('app', 'env', 'set', 'shop', 'API_KEY', 'again');
$fazt->admin('app', 'remove', 'shop');
my $dir = $fazt->cartridge('shop', \%files);
$fazt->admin('app', 'remove', 'shop', '--purge');
$fazt->admin('app', 'install', $dir, '--name', 'shop3', '--yes', '--grant', 'all');
is_deeply(text_of(text_of($fazt->admin('app', 'request', 'shop3', 'GET', '/', '--json'))->{body}), {}, 'another app of the same code knows nothing');

# ---- the running system ----

$fazt->start;
my $b = $fazt->browser;
is_deeply($b->fetch(GET => $fazt->url('shop3', '/'))->{json}, {}, 'HTTP: before');
$fazt->admin('app', 'env', 'set', 'shop3', 'CITY', 'Lisbon');
is_deeply($b->fetch(GET => $fazt->url('shop3', '/'))->{json}, { city => 'Lisbon' }, '… and the very next request knows');

my ($audit) = grep { $_->{action} eq 'app.env-set' } map { +{ action => $_ } } slurp($fazt->home . '/data.db') =~ /(app\.env-set)/g;
ok($audit || slurp($fazt->home . '/data.db-wal') =~ /app\.env-set/, 'the audit says that it was set');
done_testing;
