# Does anything notice when row security is broken? Builds with one predicate of it left out: the rules' own test must
# fail, and where the caller's app is left out the second wall must deny what the first no longer does.
use strict;
use warnings;
use lib 't/lib';
use Test::More;

my $whole;

BEGIN {
	$whole = $ENV{FAZT_BUILD} // 'build';
	$ENV{FAZT_BUILD} = 'build-mutant';
}
use Fazt qw(top);

chdir top();
Fazt::run({}, 'rm', '-rf', 'build-mutant');
mkdir 'build-mutant';
my ($exit, $out, $err) = Fazt::run({}, 'cp', '-a', (grep { !m{/(?:node|peers|tap|bench|fazt-[^/]*)$} } glob "$whole/*"), 'build-mutant');
is($exit, 0, 'a build to change') or die($err);

# One file differs.
sub mutant {
	my ($n, @targets) = @_;
	unlink 'build-mutant/fcgi/store/scope.o';
	($exit, undef, $err) = Fazt::run({}, 'make', '-s', '-C', 'build-mutant', "CPPFLAGS=-DMUTANT=$n", @targets);
	is($exit, 0, "a build without predicate $n") or die($err);
}

for my $n (1, 3) {
	mutant($n, 't/unit/rules');
	($exit, $out) = Fazt::run({}, 'build-mutant/t/unit/rules');
	ok($exit != 0 && $out =~ /^not ok/m, "RLS-19 without predicate $n the test of the rules fails");
}

mutant(2, 'all');
my $fazt = Fazt->new;
$fazt->install(notes => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { notes => { read => 'anyone', add => 'anyone' } } },
	'api/main.lua' => <<'LUA',
local docs = require("fazt").storage.docs
return {
	["GET /list"] = function() return { json = docs.find("notes") } end,
	["POST /add"] = function() return { json = docs.insert("notes", { text = "secret" }) } end,
}
LUA
});
($exit, $out, $err) = $fazt->try_admin('app', 'request', 'notes', 'POST', '/add');
like($out, qr/secret/, 'a row to look for');
($exit, $out, $err) = $fazt->try_admin('app', 'request', 'notes', 'GET', '/list');
ok("$out$err" =~ /500|internal/ && $out !~ /secret/, 'RLS-19 without the app in the predicate the second wall denies every query') or diag($out, $err);
done_testing;
