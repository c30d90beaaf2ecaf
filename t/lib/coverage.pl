# Lines and branches of each source that a build made with --coverage has run, worst first; and what everything rests on.
use strict;
use warnings;
use Cwd qw(abs_path);

my $build = abs_path(shift // 'build-coverage');
my %seen;
for my $notes (split /\n/, `find '$build/fcgi' -name '*.gcno'`) {
	my $out = `cd '$build' && gcov -b -n '$notes' 2>/dev/null`;
	while ($out =~ /^File '(?:.*\/)?(fcgi\/[^']+\.c)'\nLines executed:([\d.]+)% of (\d+)\n(?:Branches executed:[^\n]*\nTaken at least once:([\d.]+)% of (\d+))?/mg) {
		$seen{$1} = [$2, $3, $4 // 100, $5 // 0];
	}
}
my ($lines, $hit, $branches, $taken) = (0, 0, 0, 0);
printf "%-32s %8s %10s\n", 'file', 'lines', 'branches';
for my $file (sort { $seen{$a}[2] <=> $seen{$b}[2] } keys %seen) {
	my ($l, $n, $b, $m) = @{ $seen{$file} };
	printf "%-32s %7.1f%% %9.1f%%\n", $file, $l, $b;
	$lines += $n; $hit += $n * $l / 100; $branches += $m; $taken += $m * $b / 100;
}
printf "%-32s %7.1f%% %9.1f%%\n", 'together', 100 * $hit / ($lines || 1), 100 * $taken / ($branches || 1);

# Of what everything rests on nine of ten branches are to be taken.
my @core = (
	[identity => map { "kernel/$_" } qw(identity cookie token attempt password people)],
	[scope => 'store/scope'],
	[manifest => 'kernel/manifest', 'kernel/manifest_rows', 'kernel/manifest_work', 'kernel/reading'],
	[frames => 'wire/frame', 'wire/spawn'],
	[installer => 'kernel/candidate', 'kernel/install', 'kernel/package', 'kernel/folder', 'codec/entry', 'codec/source', 'codec/gitobj'],
);
print "\n";
for my $part (@core) {
	my ($name, @files) = @$part;
	my ($of, $hits) = (0, 0);
	for my $s (grep { $_ } map { $seen{"fcgi/$_.c"} } @files) {
		$of += $s->[3];
		$hits += $s->[3] * $s->[2] / 100;
	}
	printf "%-32s %8s %9.1f%%%s\n", $name, '', 100 * $hits / ($of || 1), $hits < 0.9 * $of ? '  under 90' : '';
}
