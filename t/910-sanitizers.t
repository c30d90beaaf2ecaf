# The whole suite again on a build with AddressSanitizer and UBSan: every report of one fails the test it happened in.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top);
use Test::More;

chdir top();
my ($exit, $out, $err) = Fazt::run({}, './dev', 'build', 'build-asan', '--enable-sanitize', '--enable-werror', '--without-web', 'CFLAGS=-O1 -g');
is($exit, 0, 'a build with sanitizers') or BAIL_OUT($err);

for my $file (grep { !m{t/010} } glob 't/[0-7]*.t') {
	($exit, $out, $err) = Fazt::run({ FAZT_BUILD => top() . '/build-asan', FAZT_SANITIZED => 1 }, 'prove', '-It/lib', $file);
	is($exit, 0, "$file without a report") or diag($out, $err);
}
done_testing;
