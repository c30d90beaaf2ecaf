# cases.pl page: write t/CASES.md. cases.pl report TAP: write TAP's report beside it, and say how many.
use strict;
use warnings;
use Fazt qw(top spew);
use Fazt::Cases;

my ($what, $tap) = @ARGV;
my $cases = Fazt::Cases->read;
if ($what eq 'page') {
	spew(top() . '/t/CASES.md', $cases->page);
} else {
	my ($text, $line) = $cases->report($tap);
	spew(Fazt::build() . '/cases.md', $text);
	print "Hostile cases: $line (", Fazt::build(), "/cases.md)\n";
}
