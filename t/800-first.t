# A browser, wide and narrow: the two links that ./dev up prints.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top build);
use Fazt::Chromium;
use Test::More;

my $fazt = Fazt->new;
$fazt->install_built_in('os', 'pad');
$fazt->start;
$fazt->admin('user', 'add', 'guest');
browser_script('first.mjs',
	OWNER_LINK => $fazt->admin('login-link'),
	GUEST_LINK => $fazt->admin('login-link', 'guest'),
	PAD => $fazt->url('pad', '/'));
done_testing;
