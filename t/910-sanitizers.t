# The whole suite again on a build with AddressSanitizer and UBSan: every report of one fails the test it happened in.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top fetched build_sanitized);
use Test::More;

chdir top();
my ($exit, $out, $err) = build_sanitized();
is($exit, 0, 'a build with sanitizers') or die($err);

# Two at a time: they wait more than they compute. Left out is what reads sources, and what takes minutes to send through the same code
# what other files send: the guide, templates, the soak, jobs over a year, the example of a workflow.
my @files = grep { !m{t/(?:0[12]0|130-zones|150|570|580|720|755)} } glob 't/[0-7]*.t';
($exit, $out, $err) = Fazt::run({ FAZT_BUILD => top() . '/build-asan', FAZT_FETCHED => fetched(), FAZT_SANITIZED => 1, FAZT_CUTS => 25, RULES_OPS => 20_000 }, 'prove', '--timer', '-j2', '-It/lib', @files);
my %passed = map { $_ => 1 } $out =~ m{(t/\S+\.t) \.+ ok\b}g;
ok($passed{$_}, "$_ without a report") for @files;
is($exit, 0, 'all of them');
note($out);
diag($out, $err) if $exit or grep { !$passed{$_} } @files;
done_testing;
