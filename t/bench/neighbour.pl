# ./dev bench neighbour — one app takes everything it may, and another one is asked small things all the time: the share of
# them that is answered, and the 99th percentile beside that of idle moments in between. The aim: 99.9 %, three times.
#
# NEIGHBOUR_ROUNDS (3) and NEIGHBOUR_SECONDS (3) shorten it; arguments name the kinds of greed to look at.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Neighbour;

$| = 1;
my $fazt = Fazt->new;
my $street = Fazt::Neighbour->new($fazt);
$fazt->start;
printf "%-10s %8s %9s %9s %9s %9s %7s\n", 'greed', 'answered', 'idle p50', 'idle p99', 'busy p50', 'busy p99', 'times';
for my $kind (@ARGV ? @ARGV : @Fazt::Neighbour::kinds) {
	$fazt->admin('app', 'enable', 'greedy');
	my $r = $street->measure($kind, rounds => $ENV{NEIGHBOUR_ROUNDS} // 3, seconds => $ENV{NEIGHBOUR_SECONDS} // 3);
	printf "%-10s %7.2f%% %6.2f ms %6.2f ms %6.2f ms %6.2f ms %7.1f\n", $kind, 100 * $r->{success}, @$r{qw(idle50 idle p50 p99 ratio)};
}
