# The list of hostile cases: each is tested or waits for a feature, and the page for people says so.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top slurp);
use Fazt::Cases;
use Test::More;

my $cases = Fazt::Cases->read;
cmp_ok(scalar $cases->all, '>', 200, 'the list is read');
is_deeply([$cases->problems], [], 'each case is tested, or waits for something and is not');
my $page = slurp(top() . '/t/CASES.md');
ok($page eq $cases->page, 't/CASES.md is of this list and these tests: ./dev cases writes it');

my $dir = File::Temp->newdir;
Fazt::spew("$dir/t/x.t", "ok 1 - CPU-01 a\n    not ok 2 - CPU-02, CPU-06: b\nok 3 - CPU-04 c # skip d\nok 4 - not CPU-07\nok 5 - CPU-01: e # f\n");
my $found = $cases->results($dir);
is_deeply($found, { 'CPU-01' => { ok => 2 }, 'CPU-02' => { 'not ok' => 1 }, 'CPU-06' => { 'not ok' => 1 }, 'CPU-04' => { skipped => 1 } },
	'what came of a test is read from its TAP');
like(($cases->report($dir))[0], qr/^\| CPU-02 \|.*\| not ok, not ok: 1 \|$/m, '… and told');
like(($cases->report($dir))[0], qr/^\| CPU-07 \|.*\| not run \|$/m, '… also when there was none');
done_testing;
