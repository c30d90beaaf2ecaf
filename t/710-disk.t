# A full disk: writes say so, everything else works, a delete makes room, and nothing must be restarted.
# The home is on a small tmpfs, so this needs root.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp spew);
use Test::More;

plan skip_all => 'only root can mount a small disk' if $>;
my $disk = "/tmp/fazt-disk-$$";
mkdir $disk or die;
system('mount', '-t', 'tmpfs', '-o', 'size=40m,mode=0711', 'fazt', $disk) == 0 or do { rmdir $disk; plan skip_all => 'mounting is not allowed here' };
my $test = $$;
END { if ($test && $test == $$) { my $status = $?; $_->stop for our $fazt // (); system('umount', '-l', $disk); rmdir $disk; $? = $status } }

our $fazt = Fazt->new(home => $disk);
$fazt->install_built_in('os');
$fazt->install(notes => {
	'app.json' => { permissions => ['storage'], visibility => 'members' },
	'api/main.lua' => <<'LUA',
local docs = require("fazt").storage.docs
return {
	["GET /notes/:id"] = function(req) return { json = docs.get("notes", req.params.id) } end,
	["GET /count"] = function() return { json = { n = docs.count("notes") } } end,
	["POST /notes"] = function(req) return { status = 201, json = docs.insert("notes", req.json) } end,
	["DELETE /notes/:id"] = function(req) docs.delete("notes", req.params.id) return { status = 204 } end,
}
LUA
});
$fazt->start;
my $token = $fazt->token('owner', 'notes', '--ttl', '7200');

sub ask {
	my ($method, $path, @body) = @_;
	return $fazt->browser->request($method => $fazt->url('notes', $path), token => $token, @body);
}

sub insert { ask(POST => '/notes', json => { text => 'x' x ($_[0] // 2000) }) }

my @ids = map { insert()->{json}{id} } 1 .. 50;
is(scalar(grep { defined } @ids), 50, 'fifty notes are there');
my $link = $fazt->admin('login-link');
$fazt->admin('user', 'add', 'guest');
my $guest_link = $fazt->admin('login-link', 'guest');

# Whatever is free is taken, to the last byte.
my ($n, $filled) = (0, "$disk/filler");
open my $f, '>', $filled or die;
1 while syswrite($f, 'x' x 65536);
1 while syswrite($f, 'x');
ok($!{ENOSPC}, 'the disk is full');

my $answer;
for (1 .. 2000) { # what the WAL still has room for
	$answer = insert();
	last unless $answer->{status} == 201;
	push @ids, $answer->{json}{id};
}
is($answer->{status}, 507, 'REL-03: the database\'s disk is full: a write answers 507');
is($answer->{json}{error}{code}, 'disk_full', 'with its code');
like($answer->{json}{error}{message}, qr/disk|space|room/i, "and says why: $answer->{json}{error}{message}");
is(ask(GET => "/notes/$ids[0]")->{json}{id}, $ids[0], 'REL-03: reading works');
is(ask(GET => '/count')->{json}{n}, scalar(@ids), 'and every acknowledged note is there');
is($fazt->browser->get($fazt->url('os', '/_fazt/health'))->{status}, 200, 'REL-03: health answers');

my $owner = $fazt->browser;
$answer = eval { $owner->sign_in($link); $owner->get($fazt->url('os')) };
ok($answer && $answer->{status} == 200, 'REL-03: the owner signs in and sees the dashboard') or diag($@ || $answer->{raw});
$answer = eval { $owner->fetch(GET => $fazt->url('os', '/_fazt/api/app.list')) };
is($answer->{status}, 200, 'and what the dashboard asks is answered') or diag($@ || $answer->{raw});

is(ask(DELETE => "/notes/$ids[0]")->{status}, 204, 'REL-03: deleting works');
is(ask(DELETE => "/notes/$ids[1]")->{status}, 204, 'and once more');
is(ask(GET => "/notes/$ids[0]")->{body}, '', 'what was deleted is gone');
is(insert()->{status}, 507, 'what was kept back for this is not for growing');
is(ask(DELETE => "/notes/$ids[$_]")->{status}, 204, 'the next deletion works') for 2, 3;
my $guest = $fazt->browser;
$answer = eval { $guest->sign_in($guest_link); $guest->get($fazt->url('os')) };
ok($answer && $answer->{status} < 400, 'a guest signs in') or diag($@ || $answer->{raw});

close $f;
unlink $filled;
is(insert()->{status}, 201, 'REL-03: when there is room again, writing works at once');
is(ask(GET => '/count')->{json}{n}, scalar(@ids) - 3, 'and the books are right');
my (undef, $sound) = Fazt::run({}, 'sqlite3', "$disk/data.db", 'PRAGMA integrity_check');
is($sound, "ok\n", 'the database is sound');

my ($exit, $out, $err) = $fazt->try_admin('doctor', '--json');
is($exit, 1, 'the doctor says how little room there is') or diag($out . $err);
like($out, qr/\d+ MB are free/, 'in words');

# ---- the disk of the logs, and of what is on its way ----

# Another disk on a folder of the home, filled to the last byte, or (inodes) with as many files as it takes.
sub full {
	my ($folder, $inodes) = @_;
	mkdir $folder;
	system('mount', '-t', 'tmpfs', '-o', $inodes ? 'size=4m,nr_inodes=8,mode=0711' : 'size=64k,mode=0711', 'fazt', $folder) == 0 or die 'mounting';
	for (my $i = 0; $inodes ? $i < 20 : $i < 1; $i++) {
		open my $f, '>', "$folder/filler$i" or last;
		1 while !$inodes && syswrite $f, 'x' x 1024;
	}
}

sub works {
	my ($when) = @_;
	is(insert()->{status}, 201, "REL-03: $when: writing works");
	is(ask(GET => '/count')->{status}, 200, "REL-03: $when: reading works");
	my $person = $fazt->browser;
	my $page = eval { $person->sign_in($fazt->admin('login-link')); $person->get($fazt->url('os')) };
	is($page ? $page->{status} : $@, 200, "REL-03: $when: signing in and the dashboard work");
}

for my $inodes (0, 1) {
	full("$disk/log", $inodes);
	works($inodes ? 'the logs\' disk takes no more files' : 'the logs\' disk is full');
	system('umount', '-l', "$disk/log");
}
works('with the logs\' disk back');
full("$disk/nginx/body");
works('nginx\'s disk for bodies is full');
my $large = ask(POST => '/notes', json => { text => 'x' x 100_000 });
like($large->{status}, qr/^(?:201|50[07])$/, "REL-03: a body that has to wait there is refused ($large->{status})");
system('umount', '-l', "$disk/nginx/body");
is(insert(100_000)->{status}, 201, 'REL-03: and taken when there is room, without a restart');
chmod 0755, "$disk/nginx/body";

# No more files, but room: the database has its files already.
full("$disk/www", 1);
works('www/ takes no more files');
my $install = eval { $fazt->install(late => { 'public/index.html' => '<p>late</p>', 'app.json' => { visibility => 'anyone' }, 'api/main.lua' => 'return {}' }); 1 };
ok($install, 'REL-03: an app is installed all the same') or diag($@);
is($fazt->browser->get($fazt->url('late', '/'))->{body}, '<p>late</p>', 'REL-03: and the kernel sends its files');
system('umount', '-l', "$disk/www");

# ---- refusals to start ----

$fazt->stop('serve');
($exit, $out, $err) = Fazt::run({}, 'sqlite3', "$disk/data.db",
	"INSERT INTO migrations (number, name, hash, applied) VALUES (9999, '9999-future', 'x', 0)");
is($exit, 0, 'the database is given a migration of the future') or diag($err);
($exit, $out, $err) = Fazt::run({}, Fazt::program(), 'serve', '--home', $disk);
isnt($exit, 0, 'an older program refuses it');
like($err, qr/newer Fazt.*restore a backup/s, 'and says what to do');
($exit, $out, $err) = $fazt->try_admin('app', 'list');
like($err, qr/newer Fazt/, 'fazt-admin as well');
Fazt::run({}, 'sqlite3', "$disk/data.db", 'DELETE FROM migrations WHERE number = 9999');
$fazt->start_faztd;
is(ask(GET => '/count')->{status}, 200, 'with the future taken back it serves again');

my $other = Fazt->new(port => $fazt->port);
spew($other->home . '/nginx/nginx.conf', $other->admin('nginx', 'print', '--dev'));
mkdir $other->home . "/$_" for qw(run log www);
($exit, $out, $err) = Fazt::run({}, '/bin/bash', Fazt::top() . '/dev', 'up', '--detach', '--home', $other->home, '--port', $fazt->port);
isnt($exit, 0, 'a port in use: ./dev up refuses');
like($err, qr/Port \d+ is in use.*--port/, 'and says what to do');

done_testing;
