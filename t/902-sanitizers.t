# The build that 910 tests, made beside the other tests.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build_sanitized);
use POSIX qw(nice);
use Test::More tests => 1;

nice(10);
my ($exit, undef, $err) = build_sanitized();
is($exit, 0, 'a build with sanitizers') or diag($err);
