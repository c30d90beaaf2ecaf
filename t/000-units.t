# Every unit program and every fuzz harness (over its corpus) of the build, each of which speaks TAP itself.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top build);
use Test::More;

sub programs_of {
	my ($folder) = @_;
	return map { "$folder/" . s{.*/|\.c$}{}gr } sort grep { !/\breplay\.c$/ } glob top() . "/t/$folder/*.c";
}

chdir top();
for my $program (programs_of('unit'), programs_of('fuzz')) {
	my ($exit, $out, $err) = Fazt::run({}, build() . "/t/$program");
	my @results = $out =~ /^((?:not )?ok\b)/mg;
	my ($plan) = $out =~ /^1\.\.(\d+)/m;
	my $whole = $exit == 0 && defined $plan && $plan == @results && $plan > 0 && !grep { /^not/ } @results;
	print map { "    $_\n" } $out =~ /^((?:not )?ok \d+ - [A-Z]\w+-\d\d\b.*)/mg; # what it says of hostile cases
	ok($whole, "$program: " . scalar(@results) . ' results');
	diag("exit $exit", map { "\n$_" } $out =~ /^(not ok.*(?:\n#.*)*)/mg, $err) unless $whole;
}
done_testing;
