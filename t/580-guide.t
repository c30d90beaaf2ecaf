# The guide does what it says: every code block of lua-sdk/README.md and of the pages in lua-sdk/guide, in their order, from
# a clean folder.
use strict;
use warnings;
use lib 't/lib';
use File::Basename qw(dirname);
use Fazt qw(top slurp);
use Fazt::Guide;
use Fazt::Web;
use Test::More;

my @pages = ('lua-sdk/README.md', map { s{^\Q@{[top()]}\E/}{}r } glob top() . '/lua-sdk/guide/*.md');
@pages = grep { /$ENV{GUIDE}/ } @pages if $ENV{GUIDE};
for my $page (@pages) {
	subtest $page => sub {
		my $web = $page =~ /http|workflow/ ? Fazt::Web->new('api.example.com') : undef; # the server that page asks
		my $fazt = Fazt->new(settings => { $web ? $web->settings : () })->start;
		Fazt::Guide->new(fazt => $fazt, page => $page)->run;
		$fazt->stop;
	};
}

# Every page is reached from the first one, and what a page links to is there.
my $first = slurp(top() . '/lua-sdk/README.md');
for my $page (@pages) {
	my ($below) = $page =~ m{^lua-sdk/(guide/.*)};
	like($first, qr/\(\Q$below\E\)/, "$page is on the list of pages") if $below;
	my $text = slurp(top() . "/$page") =~ s/^```.*?^```$//gmsr;
	my @broken = grep { !-e top() . '/' . dirname($page) . "/$_" } grep { length && !/^https?:/ } map { s/#.*//r } $text =~ /\]\(([^)]+)\)/g;
	is("@broken", '', "$page leads to what is there");
}
done_testing;
