# The doctor: every state it knows is made on purpose, found, explained, and mended where that is safe. Bits that flip under a
# running node are noticed too.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp spew text_of);
use File::Temp ();
use Test::More;

my $fazt = Fazt->new;
my $home = $fazt->home;
$fazt->install_built_in('os');
$fazt->install(notes => {
	'app.json' => { permissions => ['storage'], visibility => 'members' },
	'public/x.txt' => 'a public file',
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local docs, blob = fazt.storage.docs, fazt.storage.blob
return {
	["GET /count"] = function() return { json = { n = docs.count("notes") } } end,
	["GET /all"] = function() return { json = docs.find("notes", nil, { limit = 200 }) } end,
	["POST /notes"] = function(req) return { status = 201, json = docs.insert("notes", req.json) } end,
	["POST /file"] = function(req) blob.put("photo", ("a picture "):rep(2000)) return { status = 201 } end,
	["GET /file"] = function() return { blob = "photo" } end,
}
LUA
});
$fazt->start;
my $token = $fazt->token('owner', 'notes', '--ttl', '7200');

sub ask {
	my ($method, $path, @o) = @_;
	return $fazt->browser->request($method => $fazt->url('notes', $path), token => $token, @o);
}

sub sql {
	my ($exit, $out, $err) = Fazt::run({}, 'sqlite3', '-cmd', '.timeout 5000', "$home/data.db", @_);
	die "sqlite3: $err" if $exit;
	chomp $out;
	return $out;
}

# (exit code, { check => row }, all of it)
sub doctor {
	my ($exit, $out, $err) = $fazt->try_admin('doctor', '--json', @_);
	my $all = text_of($out);
	return ($exit, { map { $_->{check} => $_ } @{ $all->{checks} } }, $all);
}

sub states { my ($by) = @_; return { map { $_ => $by->{$_}{state} } grep { $by->{$_}{state} ne 'ok' } keys %$by } }

is(ask(POST => '/notes', json => { n => $_, text => 'x' x 1500 })->{status}, 201, "note $_") for 1 .. 5;
is(ask(POST => '/file', json => {})->{status}, 201, 'a file');

my ($exit, $by, $all) = doctor();
is($exit, 0, 'a node in order: exit code 0') or diag(explain($by));
is_deeply(states($by), {}, 'and nothing is found');
my @known = slurp(Fazt::top() . '/fcgi/door/doctor.def') =~ /^CHECK\((\w+),/mg;
is_deeply([sort keys %$by], [sort @known], 'every check of the table looked');
like($all->{versions}{$_}, qr/^\d+\.\d+/, "it says the version of $_") for qw(fazt lua sqlite nginx git);
my ($minor) = $all->{versions}{lua} =~ /^5\.4\.(\d+)/;
is(scalar(grep { $_->{what} =~ /5\.4\.8/ } @{ $by->{versions}{found} }), $minor < 8 ? 1 : 0, "and what Lua $all->{versions}{lua} lacks");
my ($said) = ($fazt->try_admin('doctor'))[1];
like($said, qr/^pages +ok$/m, 'for people too');

# ---- what can be mended ----

# break it, which checks find it, like what; mended when --repair was said
my %mendable = (
	home => [sub { chmod 0644, "$home/data.db"; chmod 0755, "$home/log" }, qr/others may read or change .*data\.db/],
	usage => [sub { sql('UPDATE usage SET bytes = bytes + 1') }, qr/is charged for \d+ bytes/],
	references => [sub { sql('UPDATE objects SET refs = refs + 3 WHERE hash = (SELECT min(hash) FROM objects)') }, qr/counts \d+ references and has \d+/],
	orphans => [sub { sql("INSERT INTO chunks (object, seq, bytes) VALUES (x'00112233', 0, x'01020304')") }, qr/content that nobody has: 00112233, 4 bytes/],
	settings => [sub { sql("INSERT INTO settings (key, value) VALUES ('cells', 'many')") }, qr/"cells" cannot be "many"/],
	dangling => [sub { sql("INSERT INTO grants (app_id, permission, granted) VALUES ('nobody', 'storage', 0)") }, qr/rows of grants for an app that is not there: nobody/],
	public => [sub { chmod 0644, glob "$home/www/notes/x.txt"; spew("$home/www/notes/x.txt", 'A public file') }, qr/the files of notes/],
	cache => [sub { spew("$home/cache/" . '0' x 64, 'something else') }, qr/cache\/000/],
	clock => [sub { sql("UPDATE apps SET changed = 4000000000000 WHERE name = 'notes'") }, qr/something was done at 2096/],
);
for my $check (sort keys %mendable) {
	my ($break, $like) = @{ $mendable{$check} };
	$break->();
	($exit, $by) = doctor();
	is($exit, 1, "$check: found, exit code 1");
	is_deeply(states($by), { $check => 'problem' }, "$check: by its own check alone");
	like(join("\n", map { $_->{what} } @{ $by->{$check}{found} }), $like, "$check: in words");
	ok($by->{$check}{meaning} && $by->{$check}{remedy} && $by->{$check}{repairable}, "$check: with what it means and what to do");
	($exit, $by) = doctor('--repair');
	is($exit, 0, "$check: mended");
	is($by->{$check}{state}, 'mended', "$check: it says so");
	($exit, $by) = doctor();
	is_deeply(states($by), {}, "$check: and is in order again");
}
is(slurp("$home/www/notes/x.txt"), 'a public file', 'the public file is what was installed');
is(ask(GET => '/count')->{json}{n}, 5, 'all the while it served');

# ---- what cannot ----

my %told = (
	content => [sub { sql("UPDATE chunks SET bytes = CAST(replace(CAST(bytes AS TEXT), 'a picture a', 'a PICTURE a') AS BLOB) WHERE CAST(bytes AS TEXT) LIKE 'a picture%'") },
		qr/notes, file photo: it is not what was stored/, sub { sql("UPDATE chunks SET bytes = CAST(replace(CAST(bytes AS TEXT), 'a PICTURE a', 'a picture a') AS BLOB) WHERE CAST(bytes AS TEXT) LIKE 'a PICTURE%'") }],
	nginx => [sub { $fazt->admin('setting', 'set', 'upload.bytes', '2000000') }, qr/nginx\.conf is not what/, sub { $fazt->admin('setting', 'set', 'upload.bytes', '4294967296') }],
	dangling => [sub { sql("UPDATE apps SET version = version + 7 WHERE name = 'notes'") }, qr/notes points to version 8, which is not there/,
		sub { sql("UPDATE apps SET version = version - 7 WHERE name = 'notes'") }],
);
for my $check (sort keys %told) {
	my ($break, $like, $undo) = @{ $told{$check} };
	$break->();
	($exit, $by) = doctor('--repair');
	is($exit, 1, "$check: told, not mended");
	is($by->{$check}{state}, 'problem', "$check: it says so");
	like(join("\n", map { $_->{what} } @{ $by->{$check}{found} }), $like, "$check: in words");
	$undo->();
}

# ---- bits that flip while it runs ----

sub flip {
	my ($file, $at) = @_;
	open my $f, '+<:raw', $file or die "$file: $!";
	seek $f, $at, 0;
	read $f, my $byte, 1;
	seek $f, $at, 0;
	print $f chr(ord($byte) ^ 0x41);
	close $f;
}

sql('PRAGMA wal_checkpoint(TRUNCATE)');
my $page = sql("SELECT rootpage FROM sqlite_schema WHERE name = 'docs'");
my $kept = slurp("$home/data.db");
flip("$home/data.db", ($page - 1) * 4096 + $_) for 0, 3, 8, 9;
my $ours = $fazt->processes_below($fazt->pid('serve'));
kill KILL => grep { $ours->{$_} =~ /^faztd worker/ } keys %$ours;
$fazt->wait_for(sub { $fazt->healthy }, 'fresh workers, with nothing of it in memory');
my $answer = ask(GET => '/all');
is($answer->{status}, 500, 'REL-05: a page of the database changed: what reads it answers 500');
is($answer->{json}{error}{code}, 'corrupt', 'REL-05: with a code of its own');
is($fazt->browser->get($fazt->url('os', '/_fazt/health'))->{status}, 200, 'REL-05: what does not goes on');
$fazt->wait_for(sub { slurp("$home/log/fazt.log") =~ /"store\.failed","error":"[^"]*malformed/ }, 'the log');
pass('REL-05: the log says so');
($exit, $by) = doctor('--repair');
is($by->{pages}{state}, 'problem', 'REL-05: and the doctor');
like($by->{pages}{remedy}, qr/backup restore/, 'REL-05: with the way back');
$fazt->stop('serve');
spew("$home/data.db", $kept);
$fazt->start_faztd;
is(ask(GET => '/count')->{json}{n}, 5, 'REL-05: with the pages back everything is there');

is(ask(POST => '/notes', json => { n => 6 })->{status}, 201, 'one more note, in the WAL');
$fazt->stop('serve');
my $wal = -s "$home/data.db-wal";
flip("$home/data.db-wal", 32 + 24 + 100); # in the first frame
unlink "$home/data.db-shm";
$fazt->start_faztd;
my $n = ask(GET => '/count')->{json}{n};
is($n, 5, 'REL-05: a frame of the WAL changed: what it held is not taken for true, nor what stands behind it');
is(sql('PRAGMA integrity_check'), 'ok', 'REL-05: and the rest is sound');
is(ask(POST => '/notes', json => { n => 7 })->{status}, 201, 'REL-05: writing goes on');

my $before = ask(GET => '/count')->{json}{n};
unlink "$home/data.db-shm";
is(ask(GET => '/count')->{json}{n}, $before, 'REL-05: -shm deleted while it runs: reading goes on');
my @status = map { ask(POST => '/notes', json => { n => 8 })->{status} } 1 .. 3;
like($status[0], qr/^50[0-4]$/, 'REL-05: a write is refused');
$fazt->wait_for(sub { push @status, ask(POST => '/notes', json => { n => 8 })->{status}; $status[-1] == 201 }, 'writing works again');
pass('REL-05: and with fresh processes works again');
is(ask(GET => '/count')->{json}{n}, $before + grep({ $_ == 201 } @status), 'REL-05: nothing that was acknowledged is lost');
is(sql('PRAGMA integrity_check'), 'ok', 'REL-05: the database is sound');
like(slurp("$home/log/fazt.log"), qr/"store\.replaced"/, 'REL-05: the log says so');

# Another database in the place of the one that is open.
$fazt->admin('backup', 'create', "$home/other.db");
rename "$home/other.db", "$home/data.db" or die;
unlink "$home/data.db-wal", "$home/data.db-shm";
like(ask(POST => '/notes', json => { n => 9 })->{status}, qr/^50[0-4]$/, 'REL-05: nobody writes into a database that was replaced while it was open');
$fazt->wait_for(sub { ask(POST => '/notes', json => { n => 9 })->{status} == 201 }, 'writing works again');
is(sql("SELECT count(*) FROM docs WHERE json_extract(body, '\$.n') = 9"), 1, 'REL-05: but into the one that is there');

# ---- a home that does not serve ----

$fazt->stop('serve');
($exit, $by) = doctor();
is($exit, 0, 'a node that is stopped is no broken one');
like($by->{running}{found}[0]{what}, qr/no faztd serves/, 'and it is noted');
use IO::Socket::UNIX;
my $left = IO::Socket::UNIX->new(Local => "$home/run/fcgi.sock", Listen => 1);
close $left;
($exit, $by) = doctor();
like($by->{running}{found}[0]{what}, qr/nobody listens/, 'running: a socket that a killed faztd left');
($exit, $by) = doctor('--repair');
is($by->{running}{state}, 'mended', 'running: is removed');
ok(!-e "$home/run/fcgi.sock", 'running: really');

sql("INSERT INTO migrations (number, name, hash, applied) VALUES (9999, '9999-future', 'x', 0)");
($exit, $by) = doctor();
is($exit, 8, 'database: of the future, exit code 8');
like($by->{database}{found}[0]{what}, qr/newer Fazt/, 'database: in words');
sql('DELETE FROM migrations WHERE number = 9999');
sql("UPDATE migrations SET hash = 'y' WHERE number = 1") if my $hash = sql('SELECT hash FROM migrations WHERE number = 1');
($exit, $by) = doctor();
like($by->{database}{found}[0]{what}, qr/Migration 0001-base\.sql/, 'database: a migration that is not ours');
sql("UPDATE migrations SET hash = '$hash' WHERE number = 1");
spew("$home/data.db", 'x' x 8192);
($exit, $by) = doctor();
is($by->{database}{state}, 'problem', 'database: no database at all');
is($exit, 8, 'database: exit code 8');
unlink "$home/data.db", "$home/data.db-wal", "$home/data.db-shm";
File::Path::remove_tree("$home/www");
($exit, $by) = doctor('--repair');
is($by->{database}{state}, 'problem', 'database: missing');
like($by->{home}{found}[0]{what}, qr/data\.db is missing/, 'home: it says so too');
ok(-d "$home/www", 'home: folders that were missing are there');
($exit) = $fazt->try_admin('doctor', 'heal');
is($exit, 2, 'and it takes no arguments');

# ---- what root left in somebody else's home ----

SKIP: {
	skip 'only root may leave something', 13 if $>;
	my $nobody = getpwnam 'nobody' // 65534;
	my $theirs = Fazt->new;
	$home = $theirs->home;
	my $secret = "$home-secret";
	my $whose = sub { return { map { s/^\Q$home\E\/?//r => (lstat)[4] } grep { (lstat)[4] != $nobody } $home, glob "$home/* $home/run/* $home/log/*" } };
	my $as_root = sub { my ($exit, $out) = $theirs->try_admin('doctor', '--json', @_); return { map { $_->{check} => $_ } @{ text_of($out)->{checks} } } };
	my $stopped = sub { my ($exit, undef, $err) = Fazt::run({}, 'timeout', '-s', 'TERM', '2', Fazt::program(), 'serve', '--home', $home); return ($exit, $err) };
	spew($secret, 'not theirs');
	spew("$home/log/fazt.log", '');
	spew("$home/run/serve.pid", '');
	system 'chown', '-R', "$nobody:$nobody", $home;
	chown 0, 0, "$home/run", map { "$home/$_" } qw(run/lock run/meter run/serve.pid run/ballast log/fazt.log);
	my $left = $whose->();
	is(scalar(keys %$left), 6, 'root left some of it');
	$by = $as_root->();
	is($by->{home}{state}, 'problem', 'root, who may open all of it, finds that the owner may not');
	like(join("\n", map { $_->{what} } @{ $by->{home}{found} }), qr{run/\Q$_\E belongs to the user 0, the home to $nobody}, "… $_") for qw(lock meter);
	is($by->{database}{state}, 'problem', '… and that the database does not open for them');
	is_deeply($whose->(), $left, '… and changes nothing, nor leaves more');
	isnt(($stopped->())[0], 124, '… so it does not serve');
	$by = $as_root->('--repair');
	is_deeply([map { $by->{$_}{state} } qw(home database)], ['mended', 'ok'], 'mended, and looked at as the owner');
	is_deeply($whose->(), {}, '… everything is theirs');
	is(($stopped->())[0], 124, '… and it serves');
	is_deeply($whose->(), {}, '… leaving nothing of root\'s');
	unlink "$home/run/meter", "$home/run/password.lock";
	chown 0, 0, "$home/run/lock";
	link $secret, "$home/run/meter";
	symlink $secret, "$home/run/password.lock";
	$as_root->('--repair');
	is((stat $secret)[4], 0, 'a file of root\'s that got a second name there is not given away, nor by a link');
	is((stat "$home/run/lock")[4], $nobody, '… what else lies there is');
	rename "$home/run", "$home/run.was";
	mkdir "$home-root";
	spew("$home-root/lock", '');
	symlink "$home-root", "$home/run";
	$as_root->('--repair');
	is((stat "$home-root/lock")[4], 0, '… nor what lies in a folder that a link leads to');
	unlink $secret, "$home-root/lock";
	rmdir "$home-root";
}

# ---- what the owner reads ----

my $guide = slurp(Fazt::top() . '/nginx/trouble.md');
like($guide, qr/`\Q$_\E`/, "the owner's page tells of $_") for @known;
done_testing;
