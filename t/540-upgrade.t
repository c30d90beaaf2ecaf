# Upgrades that change rows: what a migration sees and may do, what is refused, that a failure changes nothing, and the way
# back to the code and the rows of before.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(spew slurp json_of text_of);
use POSIX ();
use Test::More;

my $fazt = Fazt->new;
my $main = <<'LUA';
local fazt = require "fazt"
local docs, blob = fazt.storage.docs, fazt.storage.blob
return {
  ["GET /files"] = function()
    local all = {}
    for _, f in ipairs((blob.list(""))) do all[#all + 1] = f.name .. "=" .. blob.get(f.name):sub(1, 5) end
    return { json = fazt.list(all) }
  end,
  ["POST /file"] = function(req) blob.put(req.json.name, string.rep(req.json.text, 100000)) return { json = true } end,
  ["POST /drop"] = function(req) blob.delete(req.json.name) return { json = true } end,
  ["GET /"] = function() return { json = docs.find("items", nil, { sort = "n", limit = 100 }) } end,
  ["GET /by/:tag"] = function(req) return { json = docs.find("items", { tag = req.params.tag }, { sort = "n" }) } end,
  ["POST /"] = function(req) return { json = docs.insert("items", req.json) } end,
  ["POST /share"] = function(req) docs.share("items", req.json.id, "members", "read") return { json = true } end,
}
LUA
my %manifest = (visibility => 'members', permissions => ['storage'], collections => { items => { read => 'shared', index => ['tag'] } });
my $folder = $fazt->cartridge('list', { 'app.json' => { %manifest, version => '1.0.0' }, 'api/main.lua' => $main });
$fazt->admin('app', 'install', $folder, '--yes');
$fazt->admin('user', 'add', $_) for qw(ann bob);

sub ask {
	my ($who, $method, $path, $body) = @_;
	my ($exit, $out) = $fazt->try_admin('app', 'request', 'list', $method, $path, '--as', $who, $body ? ('--body', json_of($body)) : ());
	return $out =~ /^[\[{t]/ ? text_of($out) : $out;
}
sub release {
	my ($version, $name, $lua, %more) = @_;
	spew("$folder/app.json", json_of({ name => 'list', title => 'List', %manifest, version => $version, %more }));
	spew("$folder/migrations/$name", $lua) if $name;
}
sub version { $fazt->admin_json('app', 'show', 'list')->{version} }
sub upgrade { $fazt->try_admin('app', 'upgrade', 'list', '--yes', @_) }
sub refused {
	my ($what, $name, $lua, $says) = @_;
	my ($version, $rows) = (version(), json_of(ask('owner', 'GET', '/')));
	release('9.9.9', $name, $lua);
	my ($exit, undef, $err) = upgrade();
	isnt($exit, 0, "$what: refused");
	like($err, $says, "$what: message");
	is(version(), $version, "$what: the version that served serves on");
	is(json_of(ask('owner', 'GET', '/')), $rows, "$what: with its rows as they were");
	unlink "$folder/migrations/$name";
}

my $mine = ask('owner', 'POST', '/', { n => 1, text => 'milk', tag => 'a' });
ask('owner', 'POST', '/', { n => 2, text => 'bread', tag => 'b' });
my $hers = ask('ann', 'POST', '/', { n => 3, text => 'secret of ann', tag => 'a' });
ask('ann', 'POST', '/share', { id => $hers->{id} });

ask('ann', 'POST', '/file', { name => $_, text => $_ }) for qw(stays goes turns);

# what is refused
mkdir "$folder/migrations";
refused('a syntax error', '0001-x.lua', "return {\n", qr{migrations/0001-x\.lua:\d:\d+: });
refused('no table', '0001-x.lua', 'return 7', qr{migrations/0001-x\.lua must return a table: a function for each collection});
refused('no collection', '0001-x.lua', 'return { ["a b"] = function() end }', qr{"a b" is not a collection with its function});
refused('half-way', '0001-x.lua', "return { items = function(doc)\n doc.text = doc.n < 3 and 'x' or doc.none.x\n return doc end }",
	qr{migrations/0001-x\.lua:2: attempt to index a nil value \(field 'none'\)});
refused('a call', '0001-x.lua', 'local fazt = require "fazt" return { items = function(doc) fazt.storage.docs.insert("items", {}) end }',
	qr/docs\.insert does not work while the app is loading or its rows are migrated/);
refused('no document', '0001-x.lua', 'return { items = function(doc) return "x" end }', qr/the function for items must return the document, or nil/);
refused('a list', '0001-x.lua', 'return { items = function(doc) return { 1, 2 } end }', qr/0001-x\.lua, items\/\w{26}: A document is a table with named fields/);
refused('too large', '0001-x.lua', 'return { items = function(doc) doc.text = string.rep("x", 300000) return doc end }', qr/A document is at most 256 KB/);
refused('for ever', '0001-x.lua', 'return { items = function(doc) while true do end end }', qr{0001-x\.lua: The app took (?:too long|more than)}) if $ENV{FAZT_LONG};

# what it sees: one person's rows, never two at once, and nothing kept from one to the next
release('1.1.0', '0001-seen.lua', <<'LUA');
local seen = {}
return { items = function(doc)
  seen[doc.owner] = true
  local n = 0
  for _ in pairs(seen) do n = n + 1 end
  doc.owners = n
  doc.owner, doc.id, doc.created = "u_0123456789abcdefghjkmnpq", "x", 1
  return doc
end, others = function() error("there are none") end }
LUA
my ($exit, $out, $err) = upgrade();
is($exit, 0, 'an upgrade that migrates') or diag($err);
is(version(), '1.1.0', 'serves');
my $rows = ask('owner', 'GET', '/');
is_deeply([map { $_->{owners} } @$rows], [1, 1, 1], "one person's rows at a time");
is_deeply([map { "$_->{id} $_->{owner} $_->{created}" } $rows->[0]], ["$mine->{id} $mine->{owner} $mine->{created}"], 'id, owner and created stay');
is_deeply([map { $_->{rev} } @$rows], [2, 2, 2], 'the revision counts up');
is($rows->[2]{updated}, $hers->{updated}, 'that nobody touched it is still to be seen');

# once, in order, and unchanged rows stay
release('1.2.0', '0003-b.lua', 'return { items = function(doc) if doc.n == 1 then doc.trail = (doc.trail or "") .. "b" return doc end end }');
spew("$folder/migrations/0002-a.lua", 'return { items = function(doc) if doc.n == 1 then doc.tag = "z" doc.trail = (doc.trail or "") .. "a" return doc end end }');
($exit, $out, $err) = upgrade();
is($exit, 0, 'two at once') or diag($err);
$rows = ask('owner', 'GET', '/');
is_deeply([map { "$_->{rev} " . ($_->{trail} // '') } @$rows], ['3 ab', '2 ', '2 '], 'each once, in order; nil leaves a row alone');
is_deeply([map { $_->{n} } @{ ask('owner', 'GET', '/by/z') }], [1], 'declared indexes follow');
is_deeply([map { $_->{n} } @{ ask('owner', 'GET', '/by/a') }], [3], 'both ways');
my $storage = $fazt->admin_json('app', 'show', 'list')->{storage};
is($storage->{rows}, 7, 'as many rows as before');

# a fresh install runs none
my $other = $fazt->cartridge('fresh', { 'app.json' => { permissions => ['storage'] }, 'api/main.lua' => $main, 'migrations/0001-x.lua' => 'return { items = function() error("never") end }' });
$fazt->admin('app', 'install', $other, '--yes');
$fazt->admin('app', 'request', 'fresh', 'POST', '/', '--body', '{"n":1}');
spew("$other/api/main.lua", "$main\n");
is(($fazt->try_admin('app', 'upgrade', 'fresh', '--yes'))[0], 0, 'a fresh install counts its migrations as done');

# the way back
ask('bob', 'POST', '/', { n => 4 });
ask('ann', 'POST', '/drop', { name => 'goes' });
ask('ann', 'POST', '/file', { name => 'turns', text => 'other' });
ask('ann', 'POST', '/file', { name => 'new', text => 'new' });
is_deeply(ask('ann', 'GET', '/files'), ['new=newne', 'stays=stays', 'turns=other'], 'files as they are now');
my $shown = $fazt->admin_json('app', 'show', 'list');
is_deeply($shown->{migrated}, ['0002-a.lua', '0003-b.lua'], 'what the version before does not know');
is($shown->{snapshot}{added}, 2, 'what a rollback of the rows would lose');
($exit, $out, $err) = $fazt->try_admin('app', 'rollback', 'list', '--data');
is($exit, 3, 'rolling back the rows asks first');
cmp_ok($shown->{snapshot}{bytes}, '<', 100_000, 'content of files is not copied');
like($err, qr/2 rows added since would be lost, and 1 changed/, 'and says what is lost');
($exit, $out, $err) = $fazt->try_admin('app', 'rollback', 'list', '--data', '--yes');
is($exit, 0, 'back, rows and all') or diag($err);
is(version(), '1.1.0', 'to the version before');
$rows = ask('owner', 'GET', '/');
is_deeply([map { "$_->{n} $_->{rev} " . ($_->{trail} // '') } @$rows], ['1 2 ', '2 2 ', '3 2 '], 'and its rows');
is_deeply([map { $_->{n} } @{ ask('owner', 'GET', '/by/a') }], [1, 3], 'with their indexes');
is_deeply([map { $_->{n} } @{ ask('bob', 'GET', '/') }], [3], 'and their shares');
is_deeply([map { $fazt->admin_json('app', 'show', 'list')->{storage}{$_} } qw(rows blobs)], [map { $storage->{$_} } qw(rows blobs)], 'counted as before');
is_deeply(ask('ann', 'GET', '/files'), ['goes=goesg', 'stays=stays', 'turns=turns'], 'and files, with their content');
is_deeply(ask('bob', 'GET', '/files'), [], 'of whom they were');
($exit, $out, $err) = upgrade();
is($exit, 0, 'and up again');
is(ask('owner', 'GET', '/')->[0]{trail}, 'ab', 'where the migrations run once more');
($exit, $out, $err) = $fazt->try_admin('app', 'rollback', 'list');
is($exit, 0, 'back with the code alone');
like($err, qr/rows keep what 0002-a\.lua and 0003-b\.lua made of them/, 'warns');
is(ask('owner', 'GET', '/')->[0]{trail}, 'ab', 'rows stay');
is((upgrade())[0], 0, 'and up again');
is(ask('owner', 'GET', '/')->[0]{trail}, 'ab', 'without running them twice');
$fazt->admin('app', 'rollback', 'list');
$fazt->admin('app', 'rollback', 'list', '--data', '--yes');
is(($fazt->try_admin('app', 'rollback', 'list', '--data', '--yes'))[0], 5, 'rows that followed their code do so once');
is(version(), '1.1.0', 'they may follow later');
is((upgrade())[0], 0, 'and up again');

# files stay where they are, and cost what they did
my $shelf = $fazt->cartridge('shelf', { 'app.json' => { %manifest }, 'api/main.lua' => <<'LUA' });
local blob, docs = require("fazt").storage.blob, require("fazt").storage.docs
return { ["POST /"] = function(req) docs.insert("items", {}) return { json = blob.put("x", string.rep("y", 5000)) } end }
LUA
$fazt->admin('app', 'install', $shelf, '--yes');
$fazt->admin('app', 'request', 'shelf', 'POST', '/');
my $cost = $fazt->admin_json('app', 'show', 'shelf')->{storage};
spew("$shelf/public/new.txt", 'new');
$fazt->admin('app', 'upgrade', 'shelf', '--yes');
$fazt->admin('app', 'rollback', 'shelf', '--data', '--yes');
is_deeply($fazt->admin_json('app', 'show', 'shelf')->{storage}, $cost, 'files cost the same after the rows were taken back');

# two upgrades at once: what one has migrated the other does not migrate again
my $twice = $fazt->cartridge('twice', { 'app.json' => { %manifest }, 'api/main.lua' => $main });
$fazt->admin('app', 'install', $twice, '--yes');
$fazt->admin('app', 'request', 'twice', 'POST', '/', '--body', '{"n":0}') for 1 .. 2;
spew("$twice/migrations/0001-x.lua", 'return { items = function(doc) for i = 1, 60000000 do end doc.n = doc.n + 1 return doc end }');
my @upgrading;
for my $n (1, 2) {
	spew("$twice/public/n.txt", $n);
	push @upgrading, my $child = fork // die "fork: $!";
	if (!$child) {
		open STDERR, '>', '/dev/null';
		$fazt->try_admin('app', 'upgrade', 'twice', '--yes');
		POSIX::_exit(0);
	}
	select undef, undef, undef, 1; # it has read the folder, and migrates
}
waitpid $_, 0 for @upgrading;
(undef, $out) = $fazt->try_admin('app', 'request', 'twice', 'GET', '/');
is_deeply([map { $_->{n} } @{ text_of($out) }], [1, 1], 'two upgrades at once migrate once');

# more collections than there can be
my $names = $fazt->cartridge('names', { 'app.json' => { %manifest }, 'api/main.lua' => $main });
$fazt->admin('app', 'install', $names, '--yes');
spew("$names/migrations/000$_-x.lua", 'local all = {} for i = 1, 400 do all["c" .. i .. "' . "x$_" . '"] = function() end end return all') for 1, 2;
($exit, $out, $err) = $fazt->try_admin('app', 'upgrade', 'names', '--yes');
isnt($exit, 0, 'a migration of very many collections');
like($err, qr/more than 500 collections/, 'has a bound');

# consent: rehearsed before it is asked for, run when it is given
release('2.0.0', '0004-c.lua', 'return { items = function(doc) doc.c = 1 return doc end }', permissions => ['storage', 'people']);
($exit, $out, $err) = $fazt->try_admin('app', 'upgrade', 'list');
is($exit, 3, 'an upgrade that asks for more waits');
like($err, qr/rehearsed on all rows:\n  - 0004-c\.lua\n  3 of 3 rows change/, 'and shows what came of the rehearsal');
is(ask('owner', 'GET', '/')->[0]{c}, undef, 'the rows are as they were');
is((upgrade())[0], 0, 'with consent');
is(ask('owner', 'GET', '/')->[0]{c}, 1, 'they are migrated');

# its own tests, on a copy of the rows
my $tests = $fazt->cartridge('tested', { 'app.json' => { %manifest, collections => { items => { read => 'members' } } }, 'api/main.lua' => $main });
$fazt->admin('app', 'install', $tests, '--yes');
$fazt->admin('app', 'request', 'tested', 'POST', '/file', '--body', json_of({ name => 'x', text => 'x' }));
$fazt->admin('app', 'request', 'tested', 'POST', '/', '--as', 'ann', '--body', json_of({ n => 1, text => 'secret of ann' }));
spew("$tests/migrations/0001-x.lua", 'return { items = function(doc) doc.seen = true return doc end }');
sub test_file { spew("$tests/t/rows.lua", <<"LUA") }
local test = require "fazt.test"
test("the copy was migrated", function(t)
  local ann = t.user("ann")
  local rows = ann:get("/").json
  t.ok(rows[1].owner ~= ann.id, "real people are nobody in a trial")
  $_[0]
end)
LUA
test_file('t.equal(#rows, 1) t.equal(rows[1].seen, true) error("planted")');
($exit, $out, $err) = $fazt->try_admin('app', 'upgrade', 'tested', '--yes');
is($exit, 7, 'a test that fails');
like($err, qr{1 of its 1 tests fail on a copy of the rows; t/rows\.lua, the copy was migrated: t/rows\.lua:6: planted}, 'is named with file and line');
is_deeply($fazt->admin_json('app', 'show', 'tested')->{migrated}, [], 'and nothing was migrated');
test_file('assert(#rows == 1 and rows[1].seen)');
($exit, $out, $err) = $fazt->try_admin('app', 'upgrade', 'tested', '--yes');
is($exit, 0, 'one that passes') or diag($err);
like($err, qr/Its tests \(1\) pass on a copy of the rows/, 'is told of');

# through the dashboard, and while people go on writing
$fazt->start;
my ($owner, $mia) = ($fazt->person, $fazt->person('mia'));
my $os = $fazt->url('os', '');
my $csrf = $owner->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};
sub op { my ($name, %args) = @_; return $owner->fetch(POST => "$os/_fazt/api/$name", json => \%args, headers => ['X-CSRF-Token' => $csrf]) }

# a version that was taken back is nothing to go back to, though a failed run keeps it
my $sour = $fazt->cartridge('sour', { 'app.json' => { %manifest, version => '1.0.0', permissions => ['storage', 'queue'] }, 'api/bad.lua' => 'return function() error("bad") end',
	'api/main.lua' => <<'LUA' });
local fazt = require "fazt"
return {
  ["GET /"] = function() return { json = fazt.storage.docs.find("items") } end,
  ["POST /"] = function(req) return { json = fazt.storage.docs.insert("items", req.json) } end,
  ["POST /run"] = function() return { json = fazt.queue("api/bad.lua", nil, { retries = 0 }) } end,
}
LUA
$fazt->admin('app', 'install', $sour, '--yes');
$fazt->admin('app', 'request', 'sour', 'POST', '/', '--body', '{"n":1}');
mkdir "$sour/migrations";
sub sour_version {
	my ($version, $migration) = @_;
	spew("$sour/app.json", json_of({ name => 'sour', title => 'Sour', %manifest, version => $version, permissions => ['storage', 'queue'] }));
	spew("$sour/migrations/$migration", "return { items = function(doc) doc.n = '$version' return doc end }");
	$fazt->admin('app', 'upgrade', 'sour', '--yes');
}
sub sour { my (undef, $rows) = $fazt->try_admin('app', 'request', 'sour', 'GET', '/'); return [$fazt->admin_json('app', 'show', 'sour')->{version}, map { $_->{n} } @{ text_of($rows) }] }
sub sour_back { is(($fazt->try_admin('app', 'rollback', 'sour', '--data', '--yes'))[0], 0, $_[0]); is_deeply(sour(), ['1.0.0', 1], '… to the version and the rows of before') }
sour_version('2.0.0', '0001-bad.lua');
$fazt->admin('app', 'request', 'sour', 'POST', '/run');
$fazt->wait_for(sub { @{ $fazt->admin_json('run', 'list', '--state', 'failed') } }, 'a run fails on the bad version');
sour_back('the bad version is taken back');
unlink "$sour/migrations/0001-bad.lua";
sour_version('3.0.0', '0002-bad.lua');
is_deeply(sour(), ['3.0.0', '3.0.0'], 'the next one');
sour_back('… is bad too, and taken back');

my $busy = $fazt->cartridge('busy', { 'app.json' => { %manifest }, 'api/main.lua' => $main });
$fazt->admin('app', 'install', $busy, '--yes');
my $url = $fazt->url('busy', '/');
$mia->visit(GET => $url);
is($mia->fetch(POST => $url, json => { n => $_ })->{status}, 200, "row $_") for 1 .. 3;
spew("$busy/migrations/0001-slow.lua", 'return { items = function(doc) for i = 1, 30000000 do end doc.new = (doc.new or 0) + 1 return doc end }');
spew("$busy/app.json", json_of({ name => 'busy', title => 'Busy', %manifest, version => '2.0.0', permissions => ['storage', 'people'] }));
my $id = op('app.fetch', source => '', app => 'busy')->{json}{id};
my ($candidate, %progress);
for (1 .. 600) {
	$candidate = op('app.candidate', id => $id)->{json};
	$progress{ $candidate->{progress} }++;
	last if $candidate->{state} ne 'fetching';
	select undef, undef, undef, 0.1;
}
is($candidate->{state}, 'ready', 'a candidate that asks for more') or diag explain $candidate;
is_deeply($candidate->{rehearsal}{migrations}, ['0001-slow.lua'], 'was rehearsed');
is($candidate->{rehearsal}{rows}, 3, 'on all rows');
is(op('app.diff', app => 'busy', id => $id)->{json}{migrations}[0], '0001-slow.lua', 'and can be compared');

my $pid = fork // die "fork: $!";
if (!$pid) {
	my $consent = op('app.consent', id => $id, hash => $candidate->{hash});
	print STDERR "# consent: $consent->{status} $consent->{body}\n" if $consent->{status} != 200;
	POSIX::_exit($consent->{status} == 200 ? 0 : 1);
}
my ($written, $paused, @other) = (3, 0);
my $until = time + 60;
while (time < $until && !waitpid($pid, POSIX::WNOHANG())) {
	my $answer = $mia->fetch(POST => $url, json => { n => $written + 1 });
	if ($answer->{status} == 200) { $written++ }
	elsif ($answer->{status} == 503 && $answer->{body} =~ /being upgraded/) { $paused++ }
	else { push @other, "$answer->{status} $answer->{body}" }
	select undef, undef, undef, 0.1;
}
is($? >> 8, 0, 'consent migrates while somebody writes');
cmp_ok($written, '>', 3, "$written rows were written meanwhile") ;
cmp_ok($paused, '>', 0, "and $paused times the app said that it is being upgraded");
is_deeply(\@other, [], 'and nothing else');
my $now = $mia->fetch(GET => $url)->{json};
is(scalar(@$now), $written, 'every row that was written is there');
is($fazt->admin_json('app', 'show', 'busy')->{version}, '2.0.0', 'the new version serves');
# what was written before the switch was migrated, once; nothing came between
is_deeply([grep { ($_->{new} // 0) > 1 } @$now], [], 'none was migrated twice');
is_deeply([map { $_->{n} } grep { !$_->{new} } @$now[0 .. 2]], [], 'and those of before all were');

# A request that began before the switch and writes after it would write as code of before does.
my $late = $fazt->cartridge('late', { 'app.json' => { %manifest }, 'api/main.lua' => $main =~ s/return \{/return {
  ["POST \/late"] = function() local n = docs.count("items") for i = 1, 400000000 do end return { json = docs.insert("items", { n = n }) } end,/r });
$fazt->admin('app', 'install', $late, '--yes');
$fazt->admin('app', 'limit', 'late', $_, 60000) for 'cpu', 'deadline', 'app.cpu';
my $there = $fazt->url('late', '/');
$mia->visit(GET => $there);
is($mia->fetch(POST => $there, json => { n => 1 })->{status}, 200, 'a row');
spew("$late/migrations/0001-new.lua", 'return { items = function(doc) doc.new = 1 return doc end }');
spew("$late/app.json", json_of({ name => 'late', title => 'Late', %manifest, version => '2.0.0' }));
if (!($pid = fork // die "fork: $!")) {
	my $answer = $mia->fetch(POST => "${there}late", json => {});
	note "written late: $answer->{status}";
	POSIX::_exit($answer->{status} == 503 && $answer->{body} =~ /being upgraded/ ? 0 : $answer->{status} == 200 ? 1 : 2);
}
select undef, undef, undef, 0.3;
$fazt->admin('app', 'upgrade', 'late', '--yes');
waitpid $pid, 0;
cmp_ok($? >> 8, '<', 2, 'who comes late is told that the app is being upgraded, or was not late');
is_deeply([grep { !$_->{new} } @{ $mia->fetch(GET => $there)->{json} }], [], 'no row of before is written behind a migration');
is($mia->fetch(POST => $there, json => { n => 2, new => 1 })->{status}, 200, 'and the new version writes');

done_testing;
