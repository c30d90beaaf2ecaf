# Installing, interrupted: killed at a hundred points, twice at once, during a removal. An app is absent or complete.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(spew slurp);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $fazt = Fazt->new;
my $points = $ENV{FAZT_LONG} ? 300 : Fazt::sanitized() ? 30 : 100;
my %files = ('api/main.lua' => 'return function() return "whole" end', map { ("public/$_.html" => $_ x 5000) } 1 .. 40);

sub database { my ($sql) = @_; my $out = `sqlite3 -readonly "$fazt->{home}/data.db" "$sql" 2>/dev/null`; chomp $out; return $out }
sub start_admin {
	my (@args) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid;
	setpgrp;
	$ENV{FAZT_HOME} = $fazt->home;
	open STDIN, '<', '/dev/null';
	open STDOUT, '>', '/dev/null';
	open STDERR, '>&', \*STDOUT;
	exec Fazt::build() . '/fazt-admin', @args or POSIX::_exit(127);
}
sub exit_of { waitpid $_[0], 0; return $? & 127 ? 128 + ($? & 127) : $? >> 8 }

# how long it takes undisturbed
my $folder = $fazt->cartridge('kill', \%files);
my $since = time;
is(exit_of(start_admin('app', 'install', $folder, '--yes')), 0, 'an installation');
my $took = time - $since;
$fazt->admin('app', 'remove', 'kill', '--purge');

my ($absent, $complete, @half) = (0, 0);
for my $point (1 .. $points) {
	my $pid = start_admin('app', 'install', $folder, '--yes');
	sleep $took * 1.1 * $point / $points;
	kill KILL => -$pid;
	my $exit = exit_of($pid);
	my ($listed) = $fazt->admin('app', 'list', '--json') ne '[]';
	push @half, "at $point: $exit but not installed" if $exit == 0 && !$listed;
	if (!$listed) { $absent++; next }
	my ($status, $body) = $fazt->try_admin('app', 'request', 'kill', 'GET', '/40.html');
	push @half, "at $point: answers $status" unless $status == 0 && $body eq 40 x 5000 . "\n";
	$complete++;
	$fazt->admin('app', 'remove', 'kill', '--purge');
}
is_deeply(\@half, [], "INS-19 killed at $points points: $absent times absent, $complete times complete");
cmp_ok($absent, '>', 0, 'INS-19 some were killed in time');

SKIP: {
	skip 'no sqlite3 program', 3 unless `sqlite3 --version 2>/dev/null`;
	is(database('PRAGMA integrity_check'), 'ok', 'INS-19 the database is sound');
	is(database("SELECT count(*) FROM grants WHERE app_id NOT IN (SELECT id FROM apps WHERE state <> 'removed')"), 0, 'INS-19 no half grants');
	is(database("SELECT count(*) FROM objects WHERE hash NOT IN (SELECT object FROM files)") . ' '
		. database("SELECT count(*) FROM files WHERE package NOT IN (SELECT hash FROM packages)"), '0 0', 'INS-19 no orphans');
}

# INS-20
for my $round (1 .. 5) {
	my @pids = map { start_admin('app', 'install', $folder, '--yes') } 1 .. 3;
	my @exits = sort map { exit_of($_) } @pids;
	is("@exits", '0 5 5', "INS-20 three at once, round $round: one wins, the others get a conflict");
	my $removal = start_admin('app', 'remove', 'kill');
	my $install = start_admin('app', 'install', $folder, '--yes');
	my ($removed, $installed) = (exit_of($removal), exit_of($install));
	my $listed = $fazt->admin('app', 'list', '--json') ne '[]';
	is($removed, 0, 'INS-20 removing while installing');
	ok($installed == 0 ? $listed : $installed == 5 && !$listed, "INS-20 is one after the other (exit $installed)");
	$fazt->try_admin('app', 'remove', 'kill', '--purge');
}
is(join(' ', glob "$fazt->{home}/www/.versions/*"), '', 'no files of removed apps are left on disk');

# an upgrade that changes rows: all of it or nothing
my $rows = 400;
my $main = 'local docs = require("fazt").storage.docs
return { ["GET /"] = function()
  local n, list, more = {}, docs.find("items", nil, { limit = 100 })
  while true do
    for _, row in ipairs(list) do n[row.v] = (n[row.v] or 0) + 1 end
    if not more then break end
    list, more = docs.find("items", nil, { limit = 100, cursor = more })
  end
  return { json = { code = VERSION, rows = n } }
end, ["POST /"] = function() for i = 1, 100 do docs.insert("items", { v = "old", n = i }) end return { json = true } end }';
sub code { my ($version) = @_; return "local VERSION = '$version'\n" . $main =~ s/^local docs/local docs/r }
my $list = $fazt->cartridge('rows', { 'app.json' => { permissions => ['storage'] }, 'api/main.lua' => code('old') });
$fazt->admin('app', 'install', $list, '--yes');
$fazt->admin('app', 'request', 'rows', 'POST', '/') for 1 .. $rows / 100;
sub rows_are { my $body = ($fazt->try_admin('app', 'request', 'rows', 'GET', '/'))[1]; return $body =~ /^\{/ ? Fazt::text_of($body) : {} }
is_deeply(rows_are(), { code => 'old', rows => { old => $rows } }, 'an app with rows');
spew("$list/api/main.lua", code('new'));
spew("$list/migrations/0001-new.lua", 'return { items = function(doc) doc.v = "new" return doc end }');
$since = time;
is(exit_of(start_admin('app', 'upgrade', 'rows', '--yes')), 0, 'an upgrade of its rows');
$took = time - $since;
is_deeply(rows_are(), { code => 'new', rows => { new => $rows } }, 'changes all of them');
$fazt->admin('app', 'rollback', 'rows', '--data', '--yes');
is_deeply(rows_are(), { code => 'old', rows => { old => $rows } }, 'and a rollback brings all of them back');

my ($before, $after, @torn) = (0, 0);
my $kills = $ENV{FAZT_LONG} ? 200 : Fazt::sanitized() ? 12 : 40;
for my $point (1 .. $kills) {
	my $forward = $point % 2;
	my $pid = $forward ? start_admin('app', 'upgrade', 'rows', '--yes') : start_admin('app', 'rollback', 'rows', '--data', '--yes');
	sleep(($forward ? $took : $took / 3) * 1.1 * $point / $kills);
	kill KILL => -$pid;
	my $exit = exit_of($pid);
	my $is = rows_are();
	my $whole = { code => $is->{code}, rows => { ($is->{code} // '?') => $rows } };
	push @torn, "at $point: " . Fazt::json_of($is) unless Fazt::json_of($is) eq Fazt::json_of($whole);
	push @torn, "at $point: $exit but still $is->{code}" if $exit == 0 && $is->{code} ne ($forward ? 'new' : 'old');
	$is->{code} eq 'new' ? $after++ : $before++;
	$fazt->try_admin('app', 'rollback', 'rows', '--data', '--yes') if $forward ? $is->{code} eq 'new' && $point % 4 == 1 : 0;
	$fazt->try_admin('app', 'upgrade', 'rows', '--yes') if !$forward && $is->{code} eq 'old';
}
is_deeply(\@torn, [], "killed at $kills points: $before times old with old rows, $after times new with new rows");
ok($before && $after, 'some were killed before the switch, some after it');
is(($fazt->try_admin('app', 'request', 'rows', 'GET', '/'))[0], 0, 'and nobody left it paused');
is(join(' ', grep { !/data\.db|\/(?:run|www|cache|log|nginx)$/ } glob "$fazt->{home}/*"), '', 'nothing is left in the home');

done_testing;
