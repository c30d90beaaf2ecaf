# A slice of ./dev soak: thousands of requests of all kinds, killers among them; memory and descriptors stay as they are.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top);
use Test::More tests => 1;

my $requests = $ENV{FAZT_LONG} ? 20_000 : 3_000;
my ($exit, $out, $err) = Fazt::run({}, $^X, '-I' . top() . '/t/lib', top() . '/t/bench/soak.pl', $requests);
is($exit, 0, "after $requests requests all is as it should be") or diag("$out$err");
note($out);
