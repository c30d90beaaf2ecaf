# The dashboard and Pad in a browser: two people and a stranger, without JavaScript, by keyboard, on a phone.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Chromium;
use Test::More;

my $fazt = Fazt->new;
$fazt->install_built_in('os', 'pad');
$fazt->start;
$fazt->admin('user', 'add', 'guest');

sub links {
	my ($n, @user) = @_;
	return join ' ', map { $fazt->admin('login-link', @user) } 1 .. $n;
}
browser_script('apps.mjs',
	OWNER_LINKS => links(3),
	GUEST_LINKS => links(1, 'guest'),
	OS => $fazt->url('os', ''),
	PAD => $fazt->url('pad', ''));
done_testing;
