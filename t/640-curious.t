# A curious person: what they can learn of other people's rows by asking for them, by how long the answer takes, and by
# what the kernel says when it refuses; and what an app may take of others' names. Ids of the list of hostile cases.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use Test::More;
use Time::HiRes qw(time);

my $ROWS = $ENV{FAZT_LONG} ? 20_000 : 6_000; # of somebody else

my $fazt = Fazt->new(settings => { deadline => 20000 });
my $manifest = { visibility => 'members', permissions => ['storage'], collections => {
	notes => { read => 'owner', index => ['n'] }, drafts => { read => 'shared', index => ['n'] }, below => { parent => 'drafts', read => 'shared' },
	bare_notes => { read => 'owner', index => ['n'] }, bare_drafts => { read => 'shared', index => ['n'] } } };
my $code = <<'LUA';
local fazt = require "fazt"
local docs, kv, blob = fazt.storage.docs, fazt.storage.kv, fazt.storage.blob
return {
	["POST /call"] = function(req)
		local c, space = req.json, fazt.storage
		for word in c.call:gmatch("[^.]+") do space = space[word] end
		local a, b = space(table.unpack(c.args, 1, c.n))
		return { json = { a = a == nil and fazt.null or a, b = b } }
	end,
	["POST /fill"] = function(req)
		fazt.storage.tx(function() for i = 1, 500 do docs.insert(req.json.into, { n = i % 50, text = "hidden of anna" }) end end)
		return { json = "done" }
	end,
	["GET /me"] = function(req) return { json = req.user } end,
	["GET /leak"] = function(req) error("row " .. fazt.json.encode(docs.find("notes", {}, { limit = 1 }))) end,
	["GET /frame"] = function() return { html = "<p>x</p>", headers = { ["X-Frame-Options"] = "ALLOWALL" } } end,
}
LUA
$fazt->install($_ => { 'app.json' => $manifest, 'api/main.lua' => $code }) for 'mine', 'other';
$fazt->start;
my $client = $fazt->browser;
my %token = map { my $who = $_; $fazt->admin('user', 'add', $who); ($who => { map { ($_ => $fazt->token($who, $_)) } 'mine', 'other' }) } 'anna', 'bert';
sub ask { my ($who, $method, $path, $json, $app) = @_; $app //= 'mine'; return $client->request($method => $fazt->url($app, $path), (defined $json ? (json => $json) : ()), token => $token{$who}{$app}) }
sub call { my ($who, $name, @args) = @_; my $app = $who =~ s/\@(\w+)// ? $1 : 'mine'; return ask($who, POST => '/call', { call => $name, args => \@args, n => scalar @args }, $app) }
sub code { my ($a) = @_; return "$a->{status} " . (ref $a->{json} eq 'HASH' && ref $a->{json}{error} ? $a->{json}{error}{code} : 'fine') }

# ---- rows of somebody else ----

my $anna = ask('anna', GET => '/me')->{json}{id};
my $bert = ask('bert', GET => '/me')->{json}{id};
my $row = call('anna', 'docs.insert', 'notes', { n => 7, text => 'hidden of anna' })->{json}{a};
my $draft = call('anna', 'docs.insert', 'drafts', { n => 7, text => 'hidden of anna' })->{json}{a};
call('anna', 'kv.set', 'secret/key', 'hidden of anna');
call('anna', 'blob.put', 'secret.txt', 'hidden of anna');

my @attempts = (
	['RLS-01', 'docs.get', 'notes', $row->{id}], ['RLS-01', 'docs.get', 'drafts', $draft->{id}], ['RLS-01', 'docs.get', 'notes', uc $row->{id}], ['RLS-01', 'docs.get', 'drafts', $row->{id}], ['RLS-01', 'docs.get', 'notes', "$row->{id}\0"],
	map({ my $q = $_; map { ['RLS-01', 'docs.find', $_, $q], ['RLS-01', 'docs.count', $_, $q] } 'notes', 'drafts' }
		{}, { n => 7 }, { n => { gte => 0 } }, { n => { ne => 8 } }, { n => { in => [7] } }, { n => { nin => [8] } }, { text => { prefix => 'hidden' } }, { text => { contains => 'anna' } }, { text => { exists => \1 } }, { id => $row->{id} }, { id => { gt => '' } },
		{ owner => $anna }, { owner => { ne => $bert } }, { owner => { prefix => '' } }, { or => [{ owner => $anna }, { n => 7 }] }, { not => { n => 8 } }, { and => [{ or => [{ not => { owner => $bert } }] }] }, { rev => 1 }, { created => { gt => 0 } }),
	(map { ['RLS-01', 'docs.find', 'notes', {}, $_] } { sort => 'n' }, { sort => '-n' }, { sort => 'text' }, { sort => '-created', limit => 1 }, { limit => 1000 }, { fields => ['text'] }, { sort => 'owner' }, { sort => ['n', '-id'] }),
	['RLS-02', 'docs.find', 'notes', { user_id => $anna }], ['RLS-02', 'docs.find', 'notes', { app_id => 'other' }], ['RLS-02', 'docs.find', 'notes', { '$or' => [{}] }], ['RLS-02', 'docs.find', 'notes', {}, { owner => $anna }], ['RLS-02', 'docs.find', 'notes', {}, { as => $anna }],
	['RLS-04', 'docs.update', 'notes', $row->{id}, { text => 'x' }], ['RLS-04', 'docs.replace', 'notes', $row->{id}, { text => 'x' }], ['RLS-04', 'docs.update', 'drafts', $draft->{id}, { owner => $bert }], ['RLS-04', 'docs.delete', 'notes', $row->{id}],
	['RLS-04', 'docs.share', 'drafts', $draft->{id}, $bert, 'change'], ['RLS-01', 'docs.shares', 'drafts', $draft->{id}], ['RLS-04', 'docs.insert', 'below', { parent => $draft->{id}, text => 'x' }],
	['RLS-01', 'kv.get', 'secret/key'], ['RLS-01', 'kv.list', ''], ['RLS-01', 'kv.list', 'secret'], ['RLS-04', 'kv.cas', 'secret/key', 'hidden of anna', 'x'],
	['RLS-16', 'blob.get', 'secret.txt'], ['RLS-16', 'blob.head', 'secret.txt'], ['RLS-16', 'blob.list', ''], ['RLS-16', 'blob.url', 'secret.txt'],
	['RLS-04', 'commit', { reads => [{ collection => 'notes', id => $row->{id}, rev => 1 }], writes => [] }], ['RLS-04', 'commit', { writes => [{ op => 'update', collection => 'notes', id => $row->{id}, changes => { text => 'x' } }] }],
	['RLS-04', 'commit', { writes => [{ op => 'insert', collection => 'notes', ref => $row->{id}, doc => {} }, { op => 'update', collection => 'notes', id => $row->{id}, changes => { text => 'bert' } }] }],
);
my (@shown, @counted);
for (@attempts) {
	my ($id, @call) = @$_;
	for my $who ('bert', 'anna@other') {
		my $a = call($who, @call);
		my $what = "$id: $who tries " . substr json_of(\@call), 0, 90;
		push @shown, $what if $a->{body} =~ /hidden|\Q$anna\E|SELECT|sqlite|docs_|database/i;
		push @counted, "$what: $a->{body}" if $call[0] eq 'docs.count' && $a->{status} == 200 && $a->{json}{a} != ($call[1] eq 'notes' ? scalar(@{ call($who, 'docs.find', @call[1, 2])->{json}{a} }) : 0);
		push @shown, "$what: $a->{status}" if $a->{status} =~ /^5/ || $a->{status} == 403;
	}
}
is_deeply(\@shown, [], 'RLS-01: ' . 2 * @attempts . ' questions about what is not one\'s own, and nothing of it in any answer') or diag explain \@shown;
is_deeply(\@counted, [], 'RLS-01: counts leave it out') or diag explain \@counted;
my $after = call('anna', 'docs.get', 'notes', $row->{id})->{json}{a};
is_deeply([@$after{qw(text rev owner)}], ['hidden of anna', 1, $anna], 'RLS-04: the row is as it was');
is(call('anna', 'docs.get', 'drafts', $draft->{id})->{json}{a}{rev}, 1, 'RLS-04: … and the other one');
is(call('anna', 'kv.get', 'secret/key')->{json}{a}, 'hidden of anna', 'RLS-04: … and the key');
is(code(call('bert', 'docs.get', 'notes', $row->{id})), code(call('bert', 'docs.get', 'notes', '0' x 26)), 'XAP-01: what is another\'s and what is nowhere answer alike');
my ($theirs, $nowhere) = map { call('bert', 'docs.update', 'notes', $_, {})->{json}{error}{message} =~ s/\Q$_\E/ID/r } $row->{id}, '0' x 26;
is($theirs, $nowhere, 'RLS-13: … also in their words');
my $leak = ask('anna', GET => '/leak');
is_deeply([$leak->{status}, sort keys %{ $leak->{json}{error} }], [500, 'code', 'message', 'request_id'], 'RLS-13: an error has a code, a sentence and the id of the request');
unlike($leak->{body}, qr/hidden|row /, 'RLS-13: … and no row');

# ---- shared and taken back (RLS-10) ----

call('anna', 'docs.insert', 'drafts', { n => $_, text => 'shared once' }) for 1 .. 3;
my @shared = map { $_->{id} } @{ call('anna', 'docs.find', 'drafts', { text => 'shared once' })->{json}{a} };
call('anna', 'docs.share', 'drafts', $_, $bert, 'read') for @shared;
my $page = call('bert', 'docs.find', 'drafts', {}, { limit => 1 })->{json};
is_deeply([scalar @{ $page->{a} }, defined $page->{b} ? 1 : 0], [1, 1], 'RLS-10: what is shared is seen, page by page');
call('anna', 'docs.share', 'drafts', $_, $bert) for @shared;
my $old = call('bert', 'docs.find', 'drafts', {}, { limit => 1, cursor => $page->{b} });
unlike($old->{body}, qr/shared once/, 'RLS-10: the old cursor shows nothing of what was taken back') or diag $old->{body};
is(call('bert', 'docs.get', 'drafts', $shared[0])->{json}{a}, undef, 'RLS-10: nor its id');
is(code(call('bert@other', 'docs.find', 'drafts', {}, { limit => 1, cursor => $page->{b} })), '400 bad_cursor', 'RLS-10: nor is it a cursor in another app');

# ---- time (RLS-14) ----

for (1 .. $ROWS / 500) {
	ask('anna', POST => '/fill', { into => $_ }) for 'notes', 'drafts';
}
is(call('anna', 'docs.count', 'notes', { n => 3 })->{json}{a}, $ROWS / 50, 'RLS-14: many rows of anna') ;
my @timed = (
	['notes', 'docs.count', {}], ['notes', 'docs.count', { n => 3 }], ['notes', 'docs.find', {}, { sort => '-n', limit => 1 }], ['notes', 'docs.find', { n => { gt => 10 } }, { limit => 1 }], ['notes', 'docs.get', $row->{id}],
	['drafts', 'docs.count', {}], ['drafts', 'docs.count', { n => 3 }], ['drafts', 'docs.find', {}, { sort => '-n', limit => 1 }], ['drafts', 'docs.find', {}, { limit => 1 }], ['drafts', 'docs.get', $row->{id}],
);
sub quickest { my (@call) = @_; my $best = 1e9; for (1 .. 15) { my $start = time; my $a = call('bert', @call); my $ms = (time - $start) * 1000; $best = $ms if $ms < $best; die $a->{body} if $a->{status} != 200 } return $best }
for (@timed) {
	my ($collection, $name, @args) = @$_;
	my ($with, $without) = map { quickest($name, $_, @args) } $collection, "bare_$collection";
	cmp_ok($with, '<', 3 * $without + 3, sprintf 'RLS-14: %s of %s takes bert %.1f ms beside %d rows of anna, %.1f ms beside none', $name, $collection, $with, $ROWS, $without);
}

# ---- names (XAP-10), frames (XAP-12), messages (XAP-11) ----

for ('os', 'www', 'mail', '_acme-challenge', 'xn--fzt-ela', 'xn--80ak6aa92e', 'OS', 'os.', 'Os', ' os', "os\n", 'fazt', 'admin', "f\x{e4}zt", "p\x{430}d", 'a.b', '-ab', 'ab-', 'a_b', 'localhost', '..', 'a' x 64) {
	utf8::encode(my $name = $_);
	my ($exit, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge('free', { 'api/main.lua' => 'return {}' }), '--name', $name, '--yes', '--json');
	like($exit, qr/^[257]$/, 'XAP-10: an app cannot be called ' . json_of($_)) or diag $out, $err;
	($exit) = $fazt->try_admin('app', 'install', $fazt->cartridge($name, { 'api/main.lua' => 'return {}' }), '--yes', '--json');
	like($exit, qr/^[257]$/, 'XAP-10: … nor call itself so');
}
my $owner = $fazt->person;
$owner->get($fazt->url('mine', '/me'));
my $framed = $owner->get($fazt->url('mine', '/frame'));
my @csp = map { $_->[1] } grep { $_->[0] eq 'content-security-policy' } @{ $framed->{all} };
ok((grep { /frame-ancestors/ && !/frame-ancestors[^;]*\*/ } @csp), 'XAP-12: an app says who may frame it, and that is not everybody') or diag explain $framed->{all};
my $os = $owner->get($fazt->url('os', '/'));
ok((grep { $_->[0] eq 'content-security-policy' && $_->[1] =~ /frame-ancestors 'none'/ } @{ $os->{all} }), 'XAP-12: the dashboard is in no frame') or diag explain $os->{all};
for ('/_fazt/api/app.list', '/_fazt/api/app.disable') {
	my $from = $owner->fetch(POST => $fazt->url('os', $_), json => { app => 'other' }, from => 'http://mine.localhost:' . $fazt->port);
	is(code($from), '403 bad_origin', "XAP-07: a page of an app asks the dashboard for $_");
	ok(!(grep { /^access-control/ } keys %{ $from->{headers} }), 'XAP-07: … and may not read the answer');
	my $simple = $owner->request(POST => $fazt->url('os', $_), body => '{"app":"other"}', type => 'text/plain', headers => ['Sec-Fetch-Site' => 'same-site', Origin => 'http://mine.localhost:' . $fazt->port]);
	is($simple->{status}, 403, 'XAP-07: … nor by a form');
}
my ($list) = grep { $_->{name} eq 'other' } @{ $fazt->admin_json('app', 'list') };
isnt($list->{state} // '', 'disabled', 'XAP-07: … and nothing was done');
done_testing;
