# When jobs fire: what codec/cron says is what croner and cron-parser say wherever these two agree, for many schedules, in zones
# with all kinds of changes of the clock, through a year and around both changes. Zones whose clock changes by half an hour are
# left to t/unit/cron.c: cron-parser has no answer there.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp);
use POSIX ();
use Test::More;

my $build = Fazt->build;
plan skip_all => 'built without tzdata' unless -s "$build/zones.txt";
plan skip_all => 'needs the packages of t/package.json; ./dev check fetches them' unless -d Fazt->fetched . '/node/node_modules/croner';

my @zones = qw(UTC Europe/Berlin Europe/London America/New_York America/Santiago Australia/Sydney Africa/Cairo);
my @schedules = ('* * * * *', '*/15 * * * *', '7 * * * *', '0 * * * *', '59 23 * * *', '0 0 * * *', '30 0 * * *', '0 1 * * *', '30 1 * * *',
	'0 2 * * *', '15 2 * * *', '30 2 * * *', '45 2 * * *', '0 3 * * *', '30 3 * * *', '0 2,14 * * *', '30 1,2 * * *', '30 2,3 * * *',
	'0 */2 * * *', '*/20 2 * * *', '*/20 1-3 * * *', '0-10/5 8-18 * * *', '0 9 * * MON-FRI', '0 9 * * 7', '30 2 * * SUN', '0 12 1 * *',
	'0 12 31 * *', '0 12 13 * FRI', '0 12 29 2 *', '15 10 1-7 * *', '0 0 1 1,7 *', '0 22 * jan,mar-apr sat', '5 4 */10 * *', '@daily', '@hourly',
	'@weekly', '@monthly', '@yearly', '30 2 28 3 *', '30 2 31 10 *');

sub changes {
	my ($zone) = @_;
	local $ENV{TZ} = $zone;
	POSIX::tzset();
	my ($at, @found) = (1798761600); # 2027
	my $offset = sub { POSIX::strftime('%z', localtime $_[0]) };
	for (; $at < 1798761600 + 365 * 86400; $at += 3600) { push @found, $at + 3600 if $offset->($at) ne $offset->($at + 3600) }
	return @found;
}

my @ask = map {
	my $zone = $_;
	my @from = (1798761600, map { $_ - 5 * 3600 - 60 } changes($zone));
	map { my $from = $_; map { [$from, $zone, $_] } @schedules } @from;
} @zones;
my $lines = join '', map { join(' ', $$_[2] =~ /^\*/ ? 24 : 6, $$_[0] * 1000, $$_[1], $$_[2]) . "\n" } @ask;

sub answers {
	my $out;
	my $in = "$build/150-cron.in";
	open my $f, '>', $in or die $!;
	print $f $lines;
	close $f;
	open $out, '-|', 'sh', '-c', 'exec "$@" < "$0"', $in, @_ or die $!;
	my @all = map { s/ *\n//r } <$out>;
	unlink $in;
	return @all;
}
my @ours = answers("$build/t/cron/next");
my @theirs = answers('node', 't/cron/next.mjs', Fazt->fetched . '/node');
is(scalar(@ours), scalar(@ask), scalar(@ask) . ' questions are answered');
is(scalar(@theirs), 2 * @ask, 'and by both of the others');

my ($agreed, %wrong) = (0);
for my $i (0 .. $#ask) {
	my ($croner, $parser) = @theirs[2 * $i, 2 * $i + 1];
	next if $croner ne $parser || $croner eq '?';
	$agreed++;
	push @{ $wrong{ $ask[$i][1] } }, "$ask[$i][2] after $ask[$i][0]: $ours[$i], but $croner" if $ours[$i] ne $croner;
}
is_deeply($wrong{$_} // [], [], "$_: as croner and cron-parser, where they agree") for @zones;
cmp_ok($agreed, '>', @ask * 0.7, "they agree on $agreed");
is((grep { $_ eq '?' } @ours), 0, 'nothing was refused');
done_testing();
