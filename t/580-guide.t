# The guide does what it says: every code block of lua-sdk/README.md and of the pages in lua-sdk/guide, in their order, from
# a clean folder.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top);
use Fazt::Guide;
use Test::More;

my @pages = ('lua-sdk/README.md', map { s{^\Q@{[top()]}\E/}{}r } glob top() . '/lua-sdk/guide/*.md');
@pages = grep { /$ENV{GUIDE}/ } @pages if $ENV{GUIDE};
for my $page (@pages) {
	subtest $page => sub {
		my $fazt = Fazt->new->start;
		Fazt::Guide->new(fazt => $fazt, page => $page)->run;
		$fazt->stop;
	};
}
done_testing;
