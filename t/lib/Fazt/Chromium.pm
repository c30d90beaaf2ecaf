package Fazt::Chromium;

# Scripts of t/browser, which speak TAP, as subtests.
#
#     browser_script('first.mjs', OWNER_LINK => $link);   # the rest is their environment

use strict;
use warnings;
use Fazt qw(top);
use Test::More;
use Exporter 'import';

our @EXPORT = qw(browser_script);

sub browser_script {
	my ($script, %env) = @_;
	my ($node) = grep { -x } map { ("$_/node", "$_/nodejs") } split /:/, $ENV{PATH};
	my $packages = Fazt::fetched() . '/node';
	die "the packages of the tests are not there; ./dev check fetches them\n" unless -d "$packages/node_modules/playwright-core";
	my ($exit, $out, $err) = Fazt::run({ FAZT_NODE => $packages, %env }, $node, top() . "/t/browser/$script");
	subtest $script => sub {
		for (split /\n/, $out) {
			/^(not )?ok \d+ - (.*)/ ? ok(!$1, $2) : /^# (.*)/ ? note($1) : 1;
		}
		is($exit, 0, 'the script ended well') or diag($out, $err);
	};
}

1;
