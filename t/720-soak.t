# A slice of ./dev soak: fifty apps and requests of all kinds, killers among them; memory and descriptors stay as they are.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top);
use Test::More tests => 1;

my ($seconds, $requests) = $ENV{FAZT_LONG} ? (600, 100_000) : (60, 1_000);
my ($exit, $out, $err) = Fazt::run({}, $^X, '-I' . top() . '/t/lib', top() . '/t/bench/soak.pl', $seconds, $requests);
is($exit, 0, "REL-13: $seconds seconds and $requests requests later all is as it should be") or diag("$out$err");
note($out);
