# Rows through the whole pipeline: what a handler in Lua sees of other people's rows, and the errors that come back.
# The rules themselves are held against a model in t/unit/rules.c.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of);
use Test::More;

my $fazt = Fazt->new;
my %app = (
	'app.json' => {
		visibility => 'anyone',
		permissions => ['storage', 'people', 'storage:app'],
		collections => {
			posts => { read => 'shared', add => 'admins', index => ['tag,-created'] },
			comments => { parent => 'posts', read => 'anyone', add => 'members' },
			leads => { read => 'members', add => 'anyone', change => 'members', unique => ['email'] },
			views => { read => 'anyone', change => 'anyone' },
		},
	},
	# one handler that calls what it is told: { call = "docs.insert", args = {…}, as_app = true }
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local storage = fazt.storage

local scripts = {}

function scripts.move(from, to, n)
  return storage.tx(function()
    local a, b = storage.docs.get("accounts", from), storage.docs.get("accounts", to)
    if a.n < n then fazt.fail("conflict", "not enough") end
    storage.docs.update("accounts", from, { n = a.n - n })
    storage.docs.update("accounts", to, { n = b.n + n })
    return storage.docs.get("accounts", to).n
  end)
end

-- a post, a comment below it that names it, and a share, all or nothing
function scripts.publish(title, then_fail)
  local post, comment
  storage.tx(function()
    post = storage.docs.insert("posts", { title = title })
    comment = storage.docs.insert("comments", { parent = post.id, on = { post.id }, text = "first" })
    storage.docs.share("posts", post.id, "anyone", "read")
    if then_fail then storage.docs.update("posts", "0123456789abcdefghjkmnpqrs", { x = 1 }) end
  end)
  return { post = post, comment = comment }
end

function scripts.lead(email)
  return storage.tx(function()
    local mine = storage.docs.insert("leads", { email = email .. "2" })
    local lead = fazt.as_app(function() return storage.docs.insert("leads", { email = email, beside = mine.id }) end)
    return { mine = mine, lead = lead }
  end)
end

-- answers larger than one reply may be
function scripts.enlarge(id)
  storage.docs.update("notes", id, { text = string.rep("x", 200000) })
  return storage.tx(function()
    for n = 1, 8 do storage.docs.update("notes", id, { n = n }) end
  end)
end

local function run(call)
  local space, name = call.call:match("^(%w+)%.(%w+)$")
  local fn = space == "script" and scripts[name] or storage[space][name]
  local result, more = fn(table.unpack(call.args, 1, call.n))
  return { result = result, more = more }
end

return {
  ["POST /call"] = function(req)
    local call = req.json
    if call.as_app then return { json = fazt.as_app(function() return run(call) end) } end
    return { json = run(call) }
  end,
  ["GET /me"] = function(req) return { json = { user = req.user } } end,
}
LUA
);
$fazt->install('blog', \%app);
$fazt->install('other', { %app, 'app.json' => { %{ $app{'app.json'} }, permissions => ['storage'] } });
$fazt->admin('user', 'add', $_) for qw(ann bob);

# call(who, "docs.find", args…): (status, result, the whole answer). who undef: nobody is signed in; "who@app": another app
sub request {
	my ($who, $method, $path, $body) = @_;
	my $app = defined $who && $who =~ s/\@(\w+)$// ? $1 : 'blog';
	my @as = ('--as', $who // 'nobody');
	my @body = $body ? ('--body', json_of($body)) : ();
	my (undef, $out) = $fazt->try_admin('app', 'request', $app, $method, $path, @as, @body, '--json');
	my $answer = text_of((split /\n/, $out)[0]);
	return ($answer->{status}, $answer->{body} =~ /^[{\[]/ ? text_of($answer->{body}) : $answer->{body});
}
sub call_as {
	my ($as_app, $who, $name, @args) = @_;
	my ($status, $answer) = request($who, POST => '/call', { call => $name, args => \@args, n => scalar @args, ($as_app ? (as_app => \1) : ()) });
	return ($status, ref $answer ? $answer->{result} : undef, $answer);
}
sub call { return call_as(0, @_) }
sub result { my ($status, $result, $answer) = call(@_); is($status, 200, "$_[1] works") or diag(explain($answer)); return $result }
sub refused {
	my ($want, $code, $what, @call) = @_;
	my ($status, undef, $answer) = call(@call);
	is($status, $want, "$what: $want");
	is($answer->{error}{code}, $code, "$what: $code");
	unlike($answer->{error}{message} // '', qr/select|insert into|sqlite|docs_/i, "$what: no SQL in \"" . ($answer->{error}{message} // '') . '"');
	return $answer->{error}{message} // '';
}

my %id = map { my (undef, $me) = request($_, GET => '/me'); $_ => $me->{user}{id} } qw(owner ann bob);

# ---- private rows ----

my $note = result('ann', 'docs.insert', 'notes', { text => 'mine', owner => $id{bob} });
is($note->{owner}, $id{ann}, 'RLS-02 the owner is who is signed in, whatever the body says');
is_deeply(result('bob', 'docs.find', 'notes'), [], 'RLS-01 a list has none of it');
is(result('bob', 'docs.count', 'notes', {}), 0, 'RLS-01 nor a count');
is(result('bob', 'docs.get', 'notes', $note->{id}), undef, 'RLS-01 nor its id');
is_deeply(result('bob', 'docs.find', 'notes', { owner => $id{ann} }), [], 'RLS-02 nor a filter by owner');
is_deeply(result('bob', 'docs.find', 'notes', { or => [{ owner => $id{ann} }, { text => 'mine' }] }), [], 'RLS-02 nor a nested one');
refused(404, 'not_found', 'RLS-04 an update of what is not seen', 'bob', 'docs.update', 'notes', $note->{id}, { text => 'x' });
result('ann', 'docs.update', 'notes', $note->{id}, { owner => $id{bob}, app_id => 'x', text => 'still mine' });
is(result('ann', 'docs.get', 'notes', $note->{id})->{owner}, $id{ann}, 'RLS-04 a row does not move to another owner');
is(result('ann@other', 'docs.get', 'notes', $note->{id}), undef, 'XAP-01 another app finds nothing by its id');
refused(401, 'unauthorized', 'a stranger adds a private row', undef, 'docs.insert', 'notes', {});

# ---- drafts, comments, moderation ----

my $post = result('owner', 'docs.insert', 'posts', { title => 'Hello', tag => 'a' });
refused(403, 'denied', 'a member posts', 'ann', 'docs.insert', 'posts', { title => 'x' });
refused(404, 'not_found', 'a comment on a draft', 'ann', 'docs.insert', 'comments', { parent => $post->{id} });
result('owner', 'docs.share', 'posts', $post->{id}, 'anyone', 'read');
is(scalar @{ result(undef, 'docs.find', 'posts') }, 1, 'shared with anyone, a stranger reads it');
refused(401, 'unauthorized', 'a stranger comments', undef, 'docs.insert', 'comments', { parent => $post->{id}, text => 'x' });
my $comment = result('ann', 'docs.insert', 'comments', { parent => $post->{id}, text => 'nice' });
refused(403, 'denied', "someone else's comment", 'bob', 'docs.delete', 'comments', $comment->{id});
refused(403, 'denied', "words in someone's mouth", 'owner', 'docs.update', 'comments', $comment->{id}, { text => 'censored' });
like($fazt->admin('rls', 'why', "blog/comments/$comment->{id}", '--as', 'ann'), qr/it is theirs/, 'rls why names the clause');
like($fazt->admin('rls', 'why', "blog/notes/$note->{id}", '--as', 'bob'), qr/may not read it: it is not theirs/, 'and what is missing');
my ($exit, undef, $why) = $fazt->try_admin('rls', 'why', 'blog/notes');
like($why, qr{APP/COLLECTION/ID}, 'rls why says how to write a row');
result('owner', 'docs.delete', 'comments', $comment->{id});
is_deeply(result('owner', 'docs.shares', 'posts', $post->{id}), [{ who => 'anyone', level => 'read' }], 'with whom it is shared');
refused(400, 'bad_request', 'shared with nobody there', 'owner', 'docs.share', 'posts', $post->{id}, 'u_nobody', 'read');
refused(400, 'bad_request', 'shared to do what', 'owner', 'docs.share', 'posts', $post->{id}, $id{bob}, 'own');
result('owner', 'docs.share', 'posts', $post->{id}, 'anyone');
is_deeply(result(undef, 'docs.find', 'comments'), [], 'taken back, its comments are hidden too');

# ---- queries ----

like(refused(400, 'bad_query', 'an unknown operator', 'ann', 'docs.find', 'posts', { n => { near => 1 } }), qr/"near" of "n"/, 'it is named');
refused(400, 'bad_query', 'an empty operator table', 'ann', 'docs.find', 'posts', { n => {} });
refused(400, 'bad_query', 'a field that is not one', 'ann', 'docs.find', 'posts', { "a' OR 1=1 --" => 1 });
refused(400, 'bad_cursor', 'an edited cursor', 'ann', 'docs.find', 'posts', {}, { cursor => 'AAAAAAAAAAAAAAAAAAAAAAAA' });
refused(400, 'bad_request', 'a collection that is not a name', 'ann', 'docs.find', 'Posts; DROP', {});
result('ann', 'docs.insert', 'notes', { text => "n$_", n => $_ }) for 1 .. 5;
my (undef, $first, $page) = call('ann', 'docs.find', 'notes', { n => { gt => 1 } }, { sort => '-n', limit => 3, fields => ['n'] });
is_deeply([map { $_->{n} } @$first], [5, 4, 3], 'sorted, a page of three, one field');
is_deeply([sort keys %{ $first->[0] }], ['id', 'n'], 'and its id');
is_deeply([map { $_->{n} } @{ result('ann', 'docs.find', 'notes', { n => { gt => 1 } }, { sort => '-n', limit => 3, cursor => $page->{more} }) }],
	[2], 'RLS-10 the next page');
refused(400, 'bad_cursor', "RLS-10 another person's cursor", 'bob', 'docs.find', 'notes', { n => { gt => 1 } },
	{ sort => '-n', limit => 3, cursor => $page->{more} });

# ---- the app for itself ----

my $lead = result(undef, 'docs.insert', 'leads', { email => 'x@y' });
ok(!defined $lead->{owner}, 'what a stranger adds belongs to the app');
is_deeply(result(undef, 'docs.find', 'leads'), [], 'who cannot read it again');
like(refused(409, 'conflict', 'a unique field twice', undef, 'docs.insert', 'leads', { email => 'x@y' }), qr/same email/, 'it is named');
is(scalar @{ result('ann', 'docs.find', 'leads') }, 1, 'members do');
my ($status, $count) = call_as(1, undef, 'docs.count', 'leads', {});
is("$status $count", '200 1', 'as_app reads what the app may read');
(undef, $count) = call_as(1, 'ann', 'docs.count', 'notes', {});
is($count, 0, 'but nothing private, also not of the person it serves');
($status) = call_as(1, 'ann@other', 'docs.count', 'leads', {});
is($status, 403, 'and only with the permission');

# ---- transactions ----

my @account = map { result('ann', 'docs.insert', 'accounts', { n => $_ })->{id} } 10, 0;
is(result('ann', 'script.move', @account, 4), 4, 'a transaction sees its own writes');
is(join(' ', map { result('ann', 'docs.get', 'accounts', $_)->{n} } @account), '6 4', 'and both are done');
refused(409, 'conflict', 'a transaction that gives up', 'ann', 'script.move', @account, 40);
refused(404, 'not_found', 'a transaction on what is not seen', 'owner', 'script.publish', 'x', \1);
is(scalar @{ result('owner', 'docs.find', 'posts', { title => 'x' }) }, 0, 'nothing of it is done');
my $both = result('owner', 'script.publish', 'together');
is($both->{comment}{parent}, $both->{post}{id}, 'a new row below a new row');
is_deeply($both->{comment}{on}, [$both->{post}{id}], 'which names it in its fields');
is_deeply(result(undef, 'docs.get', 'comments', $both->{comment}{id})->{on}, [$both->{post}{id}], 'also as it is stored');

my $leads = result('ann', 'script.lead', 'q@r');
is($leads->{mine}{owner}, $id{ann}, 'in one transaction a row of the person');
ok(!defined $leads->{lead}{owner}, 'and one of the app');
is($leads->{lead}{beside}, $leads->{mine}{id}, 'that names it');
refused(403, 'permission_denied', 'which needs the permission', 'ann@other', 'script.lead', 'q@r');
is(scalar @{ result('ann@other', 'docs.find', 'leads', { email => { prefix => 'q@' } }) }, 0, 'and else does nothing');

my $large = result('ann', 'docs.insert', 'notes', { n => 0 });
refused(413, 'too_large', 'a transaction whose rows are too large to be told', 'ann', 'script.enlarge', $large->{id});
is(result('ann', 'docs.find', 'notes', { id => $large->{id} }, { fields => ['n'] })->[0]{n}, 0, 'and so is not done');

# ---- keys ----

result('ann', 'kv.set', 'draft', { text => 'x' });
is(result('bob', 'kv.get', 'draft'), undef, 'keys are private');
is(result(undef, 'kv.incr', 'views/1'), 1, 'but a declared collection is the app\'s');
is(result('bob', 'kv.incr', 'views/1', 2), 3, 'for everyone');
refused(401, 'unauthorized', 'a stranger\'s own key', undef, 'kv.set', 'x', 1);
refused(413, 'too_large', 'a large value', 'ann', 'kv.set', 'x', 'x' x 70_000);
is(result('ann', 'kv.cas', 'draft', { text => 'x' }, { text => 'y' }), JSON::PP::true, 'compared and set');

# ---- quota ----

$fazt->admin('setting', 'set', 'app.rows', '30');
my $full;
for (1 .. 40) {
	($status, undef, $full) = call('bob', 'docs.insert', 'notes', { n => $_ });
	last if $status != 200;
}
is($status, 507, 'DSK-01 past the quota: 507');
is($full->{error}{code}, 'quota_exceeded', 'DSK-01 with its code');
my $one = result('bob', 'docs.find', 'notes', {}, { limit => 1 })->[0];
result('bob', 'docs.delete', 'notes', $one->{id});
result('ann@other', 'docs.insert', 'notes', {});

done_testing;
