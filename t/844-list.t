# The list app in browsers: two people on one list, without JavaScript, with the keyboard alone, on a phone.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Chromium;
use Test::More;

my $fazt = Fazt->new;
$fazt->install_built_in('os', 'list');
$fazt->start;
$fazt->admin('user', 'add', $_) for qw(anna ben);

sub links {
	my ($n, $user) = @_;
	return join ' ', map { $fazt->admin('login-link', $user) } 1 .. $n;
}
browser_script('list.mjs',
	ANNA_LINKS => links(3, 'anna'),
	BEN_LINKS => links(1, 'ben'),
	LIST => $fazt->url('list', ''));
done_testing;
