# A page of an app in development follows each save by itself, in the browser of its owner, and shows what is wrong with
# one; a member's page stays as it is.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build spew slurp);
use Fazt::Chromium;
use Test::More;

my $fazt = Fazt->new;
$fazt->start;
$fazt->admin('user', 'add', 'guest');
my $dir = $fazt->cartridge(shop => { 'app.json' => { visibility => 'members' }, 'api/main.lua' => 'return { ["GET /"] = function() return "<h1>one</h1>" end }' });
$ENV{FAZT_HOME} = $fazt->home;
$fazt->spawn(dev => build() . '/fazt-admin', 'app', 'dev', $dir, '--yes', '--grant', 'all');
$fazt->wait_for(sub { (eval { slurp($fazt->home . '/log/dev.out') } // '') =~ /as its owner/ }, 'installed');
browser_script('dev.mjs',
	OWNER_LINK => $fazt->admin('login-link'),
	GUEST_LINK => $fazt->admin('login-link', 'guest'),
	SHOP => $fazt->url('shop', '/'),
	MAIN => "$dir/api/main.lua");
done_testing;
