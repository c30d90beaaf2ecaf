# What the small calls of an app and the owner's verbs about people do, by `fazt-admin`.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of);
use Test::More;

my $fazt = Fazt->new;
$fazt->install(tools => {
	'app.json' => { visibility => 'members', permissions => ['storage', 'people'] },
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local docs = fazt.storage.docs
return {
	["POST /hash"] = function(req) return { text = fazt.crypto.hash(req.json.with, req.json.text) } end,
	["POST /hmac"] = function(req) return { text = fazt.crypto.hmac(req.json.with, req.json.key, req.json.text) } end,
	["POST /equal"] = function(req) return { json = fazt.crypto.equal(req.json.a, req.json.b) } end,
	["GET /random/:n"] = function(req) return { json = { n = #fazt.crypto.random(tonumber(req.params.n)), same = fazt.crypto.random(16) == fazt.crypto.random(16) } } end,
	["GET /me"] = function(req) return { json = req.user } end,
	["GET /people"] = function(req) return { json = fazt.users.list() } end,
	["GET /people/:id"] = function(req) return { json = fazt.users.get(req.params.id) or fazt.null } end,
	["POST /add"] = function(req) return { json = docs.insert("things", req.json) } end,
	["POST /replace/:id"] = function(req) return { json = docs.replace("things", req.params.id, req.json.doc, { rev = req.json.rev }) } end,
	["POST /commit"] = function(req) return { json = fazt.storage.commit(req.json) } end,
	["GET /all"] = function() return { json = (docs.find("things", {}, { sort = "name" })) } end,
}
LUA
});

sub ask {
	my ($method, $path, $body, @options) = @_;
	my ($exit, $out) = $fazt->try_admin('app', 'request', 'tools', $method, $path, defined $body ? ('--body', json_of($body)) : (), @options, '--json');
	my $answer = text_of($out);
	utf8::encode(my $text = $answer->{body} // '');
	my $value = eval { text_of($text) };
	return $text if $@;
	return ref $value eq 'HASH' && $value->{error} ? $value->{error}{code} : $value;
}

# ---- crypto ----

is(ask(POST => '/hash', { with => 'sha256', text => 'abc' }), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'sha256 (FIPS 180-2)');
like(ask(POST => '/hash', { with => 'sha512', text => 'abc' }), qr/^ddaf35a193617abacc417349ae204131.*2a9ac94fa54ca49f$/, 'sha512 (FIPS 180-2)');
like(ask(POST => '/hash', { with => 'blake2b', text => '' }), qr/^(?:[0-9a-f]{2}){32,64}$/, 'blake2b');
is(ask(POST => '/hash', { with => 'md5', text => 'abc' }), 'bad_request', 'an algorithm there is not');
is(ask(POST => '/hmac', { with => 'sha256', key => 'Jefe', text => 'what do ya want for nothing?' }), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843', 'HMAC (RFC 4231, 2)');
is(ask(POST => '/hmac', { with => 'blake2b', key => 'k', text => 't' }), 'bad_request', 'an HMAC there is not');
is(ask(POST => '/equal', { a => 'secret', b => 'secret' }) ? 1 : 0, 1, 'equal');
is(ask(POST => '/equal', { a => 'secret', b => 'secre' }) ? 1 : 0, 0, 'not equal');
is_deeply(ask(GET => '/random/32'), { n => 32, same => JSON::PP::false() }, 'random bytes');
like(ask(GET => "/random/$_"), qr/^(?:bad_request|app_error)$/, "$_ random bytes are not to be had") for 0, -1, 1025, '1e300';

# ---- people ----

my $invited = $fazt->admin_json('user', 'add', 'anna');
like($invited->{link}, qr{/_fazt/invite\?}, 'user add: an invite link');
isnt($fazt->admin_json('user', 'invite', 'anna')->{link}, $invited->{link}, 'user invite: a fresh one');
is_deeply([map { "$_->{name} $_->{role}" } sort { $a->{name} cmp $b->{name} } @{ $fazt->admin_json('user', 'list') }], ['anna member', 'owner owner'], 'user list');
my $me = ask(GET => '/me', undef, '--as', 'anna');
is_deeply([@$me{qw(name role)}], ['anna', 'member'], 'anna is a member of the app');
is_deeply([sort map { "$_->{name} $_->{role}" } @{ ask(GET => '/people') }], ['anna member', 'owner admin'], 'users.list: name and role');
is_deeply(ask(GET => "/people/$me->{id}"), { id => $me->{id}, name => 'anna' }, 'users.get: a person by id');
is(ask(GET => '/people/nobody'), undef, '… or nil');
my ($row) = grep { $_->{name} eq 'anna' } @{ $fazt->admin_json('user', 'list') };
isnt($me->{id}, $row->{id} // '', 'the app knows people by an id of its own');
is(ask(GET => "/people/$row->{id}"), undef, '… and by no other') if $row->{id};
$fazt->admin('user', 'role', 'anna', 'admin', '--app', 'tools');
is(ask(GET => '/me', undef, '--as', 'anna')->{role}, 'admin', 'user role: admin of one app');
$fazt->admin('user', 'role', 'anna', 'member', '--app', 'tools');
is(ask(GET => '/me', undef, '--as', 'anna')->{role}, 'member', '… and member again');
is(($fazt->try_admin('user', 'role', 'anna', 'king'))[0], 2, 'a role there is not');
is(($fazt->try_admin('user', 'role', 'owner', 'member'))[0] ? 1 : 0, 1, 'the owner stays the owner');
is(($fazt->try_admin('user', 'add', $_))[0], 7, "$_ is nobody's name") for 'nobody', 'Anyone', 'members';
is(($fazt->try_admin('user', 'add', $_))[0], 2, 'a name that is none: ' . json_of($_)) for '', 'x', ' anna', "a\nb", "anna\xe2\x80\x8b", "\xe2\x80\xaeanna", "\xff\xff", 'a' x 65;
is(($fazt->try_admin('user', 'add', 'anna'))[0], 5, 'an account that exists already');
like($fazt->admin_json('user', 'reset', 'anna')->{link}, qr{/_fazt/(?:reset|invite)\?}, 'user reset: a link to choose a new password');
is(($fazt->try_admin('user', 'reset', 'nobody'))[0], 4, 'nobody to reset');
like($fazt->admin('user', 'token', 'anna', 'tools', '--ttl', 60), qr/^[\w-]+\.[\w-]+\.[\w-]+$/, 'user token: the token alone');
is(($fazt->try_admin('user', 'token', 'anna', 'tools', '--ttl', $_))[0], 2, "a token for $_ seconds") for 0, -5;
$fazt->admin('user', 'remove', 'anna');
is_deeply([map { $_->{name} } @{ ask(GET => '/people') }], ['owner'], 'a removed person is no user of the app any more');

# ---- rows ----

my $thing = ask(POST => '/add', { name => 'a', old => 1 });
my $new = ask(POST => "/replace/$thing->{id}", { doc => { name => 'b' }, rev => $thing->{rev} });
is_deeply([@$new{qw(id name owner created)}], [@$thing{qw(id)}, 'b', @$thing{qw(owner created)}], 'docs.replace keeps what is the kernel\'s');
ok(!exists $new->{old}, '… and nothing else');
is(ask(POST => "/replace/$thing->{id}", { doc => { name => 'c' }, rev => $thing->{rev} }), 'conflict', '… and only the revision that was seen');
is(ask(POST => '/replace/nosuch', { doc => {} }), 'not_found', '… of a row there is');
for ({ reads => 1 }, { writes => 'x' }, { reads => [], writes => [{ op => 'drop', collection => 'things' }] }) {
	like(ask(POST => '/commit', $_), qr/^bad_request$/, 'storage.commit refuses ' . json_of($_));
}
is_deeply([map { $_->{name} } @{ ask(GET => '/all') }], ['b'], '… and changes nothing');

# ---- settings, grants, candidates ----

is($fazt->admin('setting', 'get', 'deadline'), '10000', 'setting get: the value alone');
$fazt->admin('setting', 'set', 'deadline', '1234');
is($fazt->admin('setting', 'get', 'deadline'), '1234', 'setting set');
$fazt->admin('setting', 'set', 'deadline', '10000');
is(($fazt->try_admin('setting', 'get', 'nosuch'))[0], 4, 'a setting there is not') or diag explain [$fazt->try_admin('setting', 'get', 'nosuch')];
for (['deadline', '0'], ['deadline', '-1'], ['deadline', '99999999999999999999'], ['port', '0'], ['port', '99999'], ['heap', '1'], ['domain', 'a b'],
	['domain', "x\ny"], ['scheme', 'ftp'], ['durability', 'never'], ['insecure', 'maybe'], ['cells', '0'], ['body', '-1'], ['session.days', '0'],
	['domain', '']) {
	my ($exit, undef, $err) = $fazt->try_admin('setting', 'set', @$_);
	is($exit, 2, "CFG-02 setting @$_ is refused") or diag $err;
}
$fazt->admin('app', 'revoke', 'tools', 'people');
is(ask(GET => '/people'), 'permission_denied', 'app revoke: at once');
$fazt->admin('app', 'grant', 'tools', 'people');
is(ref ask(GET => '/people'), 'ARRAY', 'app grant: too');
my $candidate = $fazt->admin_json('app', 'fetch', $fazt->cartridge('other', { 'api/main.lua' => 'return {}' }), '--name', 'other');
is($fazt->admin_json('app', 'candidate', $candidate->{id})->{state}, 'fetching', 'app fetch: a worker will look at it');
$fazt->admin('app', 'discard', $candidate->{id});
is(($fazt->try_admin('app', 'candidate', $candidate->{id}))[0], 4, 'app discard: gone');
is(scalar @{ $fazt->admin_json('decision', 'list') }, 0, '… and nothing waits');
like($fazt->admin($_), qr/^fazt-admin/, "fazt-admin $_") for '--version', '-h', '--help';
is(($fazt->try_admin('status', '--json', '--json'))[0], 0, 'an option that stands alone may stand there twice');
like($fazt->admin('rls', 'why', "tools/things/$thing->{id}", '--as', 'nobody'), qr/\w/, 'rls why says why');
done_testing;
