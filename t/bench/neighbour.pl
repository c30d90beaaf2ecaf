# ./dev bench neighbour — one app takes everything it may, and another one is asked small things all the time: the share of
# them that is answered, and the 99th percentile beside that of idle moments in between. The aim: 99.9 %, three times. The first two
# columns say whether the greed was one: how much of what it wanted in a second it got. The last two are the same percentiles of a
# static file, which nginx answers alone: no app can be sooner than the machine lets it.
#
# NEIGHBOUR_ROUNDS (3) and NEIGHBOUR_SECONDS (3) shorten it, NEIGHBOUR_CONNECTIONS (24) ask at once; arguments name the kinds of greed to look at.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Neighbour;

$| = 1;
my $fazt = Fazt->new;
my $street = Fazt::Neighbour->new($fazt);
$fazt->start;
my ($missed, $n) = (0, 0);
printf "%-10s %8s %7s %9s %9s %9s %9s %9s %7s %5s %16s\n", 'greed', 'wanted/s', 'got', 'answered', 'idle p50', 'idle p99', 'busy p50', 'busy p99', 'times', '', 'page: idle, busy';
for my $kind (@ARGV ? @ARGV : @Fazt::Neighbour::kinds) {
	my ($rounds, $seconds) = ($ENV{NEIGHBOUR_ROUNDS} // 3, $ENV{NEIGHBOUR_SECONDS} // 3);
	$fazt->admin('app', 'enable', 'greedy');
	$fazt->admin('app', 'limit', 'greedy', 'app.cpu', 60_000 + ++$n); # another limit is a fresh minute: none pays for the one before
	my $r = $street->measure($kind, rounds => $rounds, seconds => $seconds, connections => $ENV{NEIGHBOUR_CONNECTIONS} // 24);
	my $met = $r->{success} >= 0.999 && $r->{ratio} <= 3;
	$missed += !$met;
	printf "%-10s %8.1f %6.1f%% %8.2f%% %6.2f ms %6.2f ms %6.2f ms %6.2f ms %7.1f %5s %5.2f ms %5.2f ms\n", $kind, $r->{loads} / $rounds / $seconds, 100 * $r->{taken}, 100 * $r->{success},
		@$r{qw(idle50 idle p50 p99 ratio)}, !$r->{loads} ? 'none' : $met ? 'yes' : 'no', @$r{qw(page_idle page)};
}
printf "%d of the aims (answered 99.9 %%, three times the p99) missed\n", $missed if $missed;
