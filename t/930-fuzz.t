# A slice of fuzzing: every parser survives a few seconds of libFuzzer with sanitizers, starting from its corpus. More
# of it: ./dev fuzz SECONDS.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top);
use File::Temp qw(tempdir);
use POSIX qw(nice);
use Test::More;

nice(10);
chdir top();
my ($exit, undef, $err) = Fazt::run({}, './dev', 'build', 'build-fuzz', '--enable-fuzz', '--without-web', 'CC=clang');
is($exit, 0, 'a build for libFuzzer') or die($err);

my $seconds = $ENV{FAZT_LONG} ? 60 : 3;
for my $name (map { m{([^/]+)\.c$} } glob 't/fuzz/*.c') {
	next if $name eq 'replay';
	my $dir = tempdir(CLEANUP => 1);
	my @seeds = -d "t/fuzz/corpus/$name" ? ("t/fuzz/corpus/$name") : ();
	(my $code, undef, $err) = Fazt::run({}, "build-fuzz/t/fuzz/$name", "-max_total_time=$seconds", '-rss_limit_mb=1024', '-timeout=30',
		"-artifact_prefix=$dir/", $dir, @seeds);
	my ($runs) = $err =~ /^Done (\d+) runs/m;
	ok($code == 0 && $runs, "$name: " . ($runs // 0) . ' inputs survived') or diag(substr $err, -3000);
}
done_testing;
