# The kernel's own pages in a browser: links, invites, sign-in, the hand-over to apps, signing out.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Chromium;
use Test::More;

my $fazt = Fazt->new;
$fazt->install_built_in('os', 'pad');
$fazt->start;
browser_script('sign-in.mjs',
	OWNER_LINK => $fazt->admin('login-link'),
	INVITE => $fazt->admin_json('user', 'add', 'guest')->{link},
	OS => $fazt->url('os', ''),
	PAD => $fazt->url('pad', ''));
done_testing;
