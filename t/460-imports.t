# Rows of one app, read by another: only along the chain declared, granted, installed, exported, only for reading, and
# always as the person who asks is in the app they belong to.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use Test::More;

my $fazt = Fazt->new;
my $caller = <<'LUA';
local fazt = require "fazt"
local storage = fazt.storage

local function call(path, ...)
  local fn = fazt
  for word in path:gmatch("[^.]+") do fn = fn[word] end
  return fn(...)
end

return {
  ["POST /call"] = function(req)
    local function run() return call(req.json.call, table.unpack(req.json.args)) end
    local value, more
    if req.json.as_app then value, more = fazt.as_app(run)
    elseif req.json.tx then value, more = storage.tx(function()
      local v = run()
      if req.json.insert then storage.docs.insert("seen", { what = v and v.id or "nothing" }) end
      return v
    end)
    else value, more = run() end
    return { json = { value = value, more = more, me = req.user and req.user.id } }
  end,
}
LUA
my $true = JSON::PP::true();
my %blog = (
	'app.json' => {
		visibility => 'anyone', permissions => ['storage', 'storage:app'], exports => ['posts', 'notes', 'comments', 'plain'],
		collections => {
			posts => { read => 'shared', add => 'members', index => ['tag,-created', 'owner,tag'] },
			notes => { read => 'owner', index => ['-created'] },
			comments => { parent => 'posts', read => 'anyone', add => 'members' },
			secrets => { read => 'anyone' },
		},
	},
	'api/main.lua' => $caller,
);
my @imports = map { "blog/$_" } qw(posts notes comments plain secrets nosuch);
my %reader = (
	'app.json' => { visibility => 'anyone', permissions => ['storage', 'storage:app'], imports => [@imports, 'cellar/wines'] },
	'api/main.lua' => $caller,
);
$fazt->admin('user', 'add', $_) for 'ann', 'bob';

# ---- the permission ----

my $dir = $fazt->cartridge('reader', \%reader);
my ($exit, $out, $err) = $fazt->try_admin('app', 'install', $dir, '--yes', '--grant', 'import:blog/posts');
is($exit, 5, 'a grant about an app that is not there is refused');
like($err, qr{import:blog/posts.*no such app}, '… with the reason');
like($err, qr{! Read data of another app, blog/posts: in it, what the person who uses it may read there\.}, 'consent says what it means');
$fazt->install(blog => \%blog);
$fazt->admin('app', 'install', $dir, '--yes', '--grant', 'storage:app');
my ($shown) = grep { $_->{name} eq 'import:blog/posts' } @{ $fazt->admin_json('app', 'show', 'reader')->{permissions} };
is_deeply([@$shown{qw(risk granted)}], ['high', JSON::PP::false()], 'it is high risk, so --yes does not give it');

# one call of an app: its answer, with the status
sub call {
	my ($app, $as, $name, $args, %o) = @_;
	my ($exit, $out, $err) = $fazt->try_admin('app', 'request', $app, 'POST', '/call', '--json', ($as ? ('--as', $as) : ('--as', 'nobody')),
		'--body', json_of({ call => "storage.docs.$name", args => $args, %o }));
	my $answer = text_of($out);
	return { status => 0, code => $answer->{error}{code} } if $answer->{error};
	utf8::encode(my $body = $answer->{body});
	my $said = text_of($body);
	return { status => $answer->{status}, code => $said->{error}{code} // 'fine', message => $said->{error}{message}, %$said };
}
sub code { return call(@_)->{code} }
sub titles { return [sort map { $_->{title} } @{ call(@_)->{value} }] }

sub insert { my ($as, $collection, $doc) = @_; return call('blog', $as, 'insert', [$collection, $doc])->{value} }
my %post = map { my $who = $_; map { ("$who $_" => insert($who, 'posts', { title => "$who $_", tag => $_ })) } 'private', 'public', 'for-bob' } 'ann', 'owner';
call('blog', $_, 'share', ['posts', $post{"$_ public"}{id}, 'anyone', 'read']) for 'ann', 'owner';
my $bob = call('blog', 'bob', 'count', ['posts'])->{me};
call('blog', $_, 'share', ['posts', $post{"$_ for-bob"}{id}, $bob, 'read']) for 'ann', 'owner';
my %note = map { ($_ => insert($_, 'notes', { title => "note of $_" })) } 'ann', 'bob';
insert('bob', 'comments', { parent => $post{'ann public'}{id}, title => 'nice' });
insert('ann', 'comments', { parent => $post{'ann private'}{id}, title => 'to myself' });
insert('ann', 'secrets', { title => 'not exported' });
insert('ann', 'plain', { title => 'plain' });

# ---- XAP-01: no link of the chain can be left out ----

is(code('reader', 'ann', 'find', ['blog/posts']), 'permission_denied', 'XAP-01 declared and not granted: denied');
$fazt->admin('app', 'grant', 'reader', "import:blog/$_") for qw(posts notes comments plain secrets nosuch);
is(code('reader', 'ann', 'find', ['blog/posts']), 'fine', 'granted: at once');
is(code('reader', 'ann', 'find', ['blog/secrets']), 'not_found', 'XAP-01 granted and not exported: not found');
is(code('reader', 'ann', 'find', ['blog/nosuch']), 'not_found', 'XAP-01 … just as a collection there is not');
is(code('reader', 'ann', 'find', [$_]), 'permission_denied', "XAP-01 the name $_ tells nothing") for 'blog/other', 'blog/', '/posts', '/', 'blog/posts/x',
	'blog//posts', 'blog/posts ', 'BLOG/posts', "blog/posts\0", '../blog/posts', 'os/settings', 'reader/seen', 'nosuch/posts', 'blog/' . 'x' x 5000, 'cellar/wines';
is(code('blog', 'ann', 'find', ['reader/seen']), 'permission_denied', 'XAP-01 it is no way back');
is((text_of(($fazt->try_admin('app', 'grant', 'reader', 'import:cellar/wines', '--json'))[1]))->{error}{code}, 'not_found', 'a grant about nobody cannot be given');
like(slurp($fazt->home . '/log/fazt.log'), qr{"event":"import.refused","app":"reader","wanted":"blog/other"}, 'what was tried is in the log of the node');

# ---- who sees what: each as in the app itself ----

for my $who (undef, 'ann', 'bob', 'owner') {
	for my $collection (qw(posts notes comments plain)) {
		my ($there, $here) = map { titles($_->[0], $who, 'find', [$_->[1]]) } ['blog', $collection], ['reader', "blog/$collection"];
		is_deeply($here, $there, ($who // 'a stranger') . " sees of $collection what they see there: @$there");
		is(call('reader', $who, 'count', ["blog/$collection"])->{value}, scalar @$there, '… and as many');
	}
}
is_deeply(titles('reader', 'bob', 'find', ['blog/posts']), ['ann for-bob', 'ann public', 'owner for-bob', 'owner public'], 'shares name the person of the other app');
is(call('reader', 'bob', 'get', ['blog/posts', $post{'ann private'}{id}])->{value}, undef, 'a row by its id: nil');
is(call('reader', 'ann', 'get', ['blog/posts', $post{'ann private'}{id}])->{value}{title}, 'ann private', '… and the own one');
is(call('reader', 'owner', 'get', ['blog/notes', $note{ann}{id}])->{value}, undef, 'the owner of the node sees no private note here either');

# ---- as_app is nobody elsewhere ----

is_deeply(titles('reader', 'ann', 'find', ['blog/posts'], as_app => $true), ['ann public', 'owner public'], 'as_app is a stranger there');
is_deeply(titles('reader', 'ann', 'find', ['blog/notes'], as_app => $true), [], '… not the other app');
is(call('reader', 'owner', 'get', ['blog/posts', $post{'owner private'}{id}], as_app => $true)->{value}, undef, '… and not its caller');

# ---- owners ----

my @rows = (@{ call('reader', 'ann', 'find', ['blog/posts'])->{value} }, call('reader', 'ann', 'get', ['blog/posts', $post{'ann public'}{id}])->{value});
is_deeply([grep { exists $_->{owner} } @rows], [], 'rows have no owner, whose id would join people across apps');
is_deeply([sort keys %{ $rows[0] }], [qw(created id rev tag title updated)], '… and all the rest');
my $ann = call('blog', 'ann', 'count', ['posts'])->{me};
for my $query ({ owner => $ann }, { owner => { prefix => 'u_' } }, { owner => { exists => $true } }, { not => { owner => $ann } },
	{ or => [{ tag => 'public' }, { and => [{ owner => { gt => 'u_' } }] }] }, { owner => { in => [$ann] } }, { owner => { ne => 'x' } }) {
	is(code('reader', 'ann', $_->[0], ['blog/posts', $query]), 'bad_query', "$_->[0] cannot ask for it: " . json_of($query)) for ['find'], ['count'];
}
is(code('reader', 'ann', 'find', ['blog/posts', undef, { sort => $_ }]), 'bad_query', 'nor order by it') for 'owner', '-owner', ['tag', 'owner'];
is_deeply([map { [sort keys %$_] } @{ call('reader', 'bob', 'find', ['blog/posts', { tag => 'public' }, { fields => ['owner', 'title'], limit => 1 }])->{value} }],
	[['id', 'title']], 'nor name it among the fields');
is(scalar @{ call('reader', 'ann', 'find', ['posts', { owner => $ann }])->{value} }, 0, 'a query on the own collection may');

# ---- queries and cursors ----

is_deeply(titles('reader', 'bob', 'find', ['blog/posts', { tag => 'for-bob' }, { sort => '-created' }]), ['ann for-bob', 'owner for-bob'], 'conditions and order');
my (@seen, $cursor);
for (1 .. 6) {
	my $page = call('reader', 'ann', 'find', ['blog/posts', undef, { sort => '-created', limit => 1, cursor => $cursor }]);
	push @seen, $page->{value}[0]{title};
	last unless $cursor = $page->{more};
}
is_deeply([sort @seen], titles('blog', 'ann', 'find', ['posts']), 'page by page: each row once');
my $page = sub { my ($app, $who, $name, $with) = @_; return call($app, $who, 'find', [$name, undef, { sort => '-created', limit => 1, cursor => $with }]) };
my $mine = $page->('reader', 'ann', 'blog/posts')->{more};
is($page->('reader', 'bob', 'blog/posts', $mine)->{code}, 'bad_cursor', 'XAP-01 a cursor is one person\'s');
is($page->('blog', 'ann', 'posts', $mine)->{code}, 'bad_cursor', 'XAP-01 … one app\'s');
is($page->('reader', 'ann', 'blog/posts', $page->('blog', 'ann', 'posts')->{more})->{code}, 'bad_cursor', 'XAP-01 … also the other way');
is($page->('reader', 'ann', 'blog/plain', $mine)->{code}, 'bad_cursor', 'XAP-01 … and one collection\'s');

# ---- only for reading ----

my $row = $post{'ann public'}{id};
is(code('reader', 'ann', @$_), 'denied', "$_->[0] is denied, even of the own row") for ['insert', ['blog/posts', { title => 'x' }]], ['update', ['blog/posts', $row, { title => 'x' }]],
	['replace', ['blog/posts', $row, { title => 'x' }]], ['delete', ['blog/posts', $row]], ['share', ['blog/posts', $row, 'anyone', 'change']], ['shares', ['blog/posts', $row]];
is(code('reader', 'ann', 'update', ['blog/posts', $row, { title => 'x' }], as_app => $true), 'denied', '… also as the app');
is(code('reader', 'ann', @$_, tx => $true), 'denied', "$_->[0] is denied in a transaction") for ['insert', ['blog/posts', { title => 'x' }]], ['update', ['blog/posts', $row, { title => 'x' }]],
	['delete', ['blog/posts', $row]], ['share', ['blog/posts', $row, 'anyone', 'change']];
is(call('reader', 'ann', 'get', ['blog/posts', $row], tx => $true, insert => $true)->{value}{title}, 'ann public', 'a transaction may read');
is(call('reader', 'ann', 'get', ['blog/posts', $post{'owner private'}{id}], tx => $true, insert => $true)->{value}, undef, '… what its person may');
is(call('reader', 'ann', 'count', ['seen'])->{value}, 2, '… and write what is its own');
is(call('blog', 'ann', 'get', ['posts', $row])->{value}{rev}, 1, 'nothing of all that changed the row');

# ---- why ----

sub why { my ($row, @as) = @_; return $fazt->admin_json('rls', 'why', $row, @as)->{read} }
is_deeply([map { why("reader/blog/posts/$post{'ann private'}{id}", '--as', $_)->{allowed} ? 1 : 0 } 'ann', 'bob', 'nobody'], [1, 0, 0], 'rls why: by the same rules');
like(why("reader/blog/posts/$row", '--as', 'nobody')->{why}, qr/may read it in reader: it is shared with them to read/, '… in words');
like(why("reader/blog/secrets/x", '--as', 'ann')->{why}, qr/does not export secrets/, '… or which link is missing');
like($fazt->admin_json('rls', 'why', "reader/blog/posts/$row", '--as', 'ann')->{change}{why}, qr/only be read/, '… and never a change');

# ---- who may not open the other app ----

my %closed = (%blog, 'app.json' => { %{ $blog{'app.json'} }, visibility => 'owner', version => '1.1.0' });
my $last; # the folder it came from
sub upgrade { my ($name, $files) = @_; $fazt->admin('app', 'upgrade', $name, '--source', $last = $fazt->cartridge($name, $files), '--yes', '--grant', 'all') }
upgrade(blog => \%closed);
is_deeply(titles('reader', $_, 'find', ['blog/posts']), [], ($_ // 'a stranger') . ' may not open it and sees nothing of it') for undef, 'ann', 'bob';
is(call('reader', 'ann', 'get', ['blog/posts', $row])->{value}, undef, '… by id either');
is(call('reader', 'ann', 'count', ['blog/plain'])->{value}, 0, '… nor counts');
is_deeply(titles('reader', 'owner', 'find', ['blog/posts']), ['ann public', map { "owner $_" } 'for-bob', 'private', 'public'], 'the owner may and does');
like(why("reader/blog/posts/$row", '--as', 'ann')->{why}, qr/may not open blog at all/, '… and why says so');
$fazt->admin('user', 'role', 'ann', 'member', '--app', 'blog');
is(call('reader', 'ann', 'get', ['blog/posts', $row])->{value}{title}, 'ann public', 'whoever is let in sees, at once');
upgrade(blog => { %blog, 'app.json' => { %{ $blog{'app.json'} }, version => '1.2.0' } });

# ---- taking it back ----

sub sees { return code('reader', 'ann', 'find', ['blog/posts']) }
is(sees(), 'fine', 'it works');
$fazt->admin('app', 'disable', 'blog');
is(sees(), 'app_disabled', 'switched off: says so');
$fazt->admin('app', 'enable', 'blog');
$fazt->admin('app', 'revoke', 'reader', 'import:blog/posts');
is(sees(), 'permission_denied', 'the grant taken back: at once');
is(code('reader', 'ann', 'get', ['blog/posts', $row], tx => $true), 'permission_denied', '… in transactions too');
$fazt->admin('app', 'grant', 'reader', 'import:blog/posts');
upgrade(blog => { %blog, 'app.json' => { %{ $blog{'app.json'} }, version => '1.3.0', exports => ['notes'] } });
is(sees(), 'not_found', 'a version that exports it no more: not found');
is(code('reader', 'ann', 'find', ['blog/notes']), 'fine', '… and the others are as they were');
$fazt->admin('app', 'rollback', 'blog');
is(sees(), 'fine', '… and again after a rollback');
upgrade(reader => { %reader, 'app.json' => { %{ $reader{'app.json'} }, version => '1.1.0', imports => ['blog/notes'] } });
is(sees(), 'permission_denied', 'a reader that no longer declares it');
$fazt->admin('app', 'rollback', 'reader');
is(sees(), 'permission_denied', '… does not get the grant back by itself');
$fazt->admin('app', 'grant', 'reader', 'import:blog/posts');

# ---- another app under the same name ----

upgrade(blog => { %blog, 'app.json' => { %{ $blog{'app.json'} }, version => '1.4.0' } });
$fazt->admin('app', 'remove', 'blog');
is(sees(), 'not_found', 'removed: not found');
$fazt->admin('app', 'install', $last, '--yes', '--grant', 'all');
is(sees(), 'fine', 'the same app with its data came back: as granted');
$fazt->admin('app', 'remove', 'blog', '--purge');
$fazt->admin('app', 'install', $last, '--yes', '--grant', 'all');
insert('ann', 'posts', { title => 'of another app' });
is(titles('blog', 'ann', 'find', ['posts'])->[0], 'of another app', 'another app has the name now, and rows');
is(sees(), 'not_found', 'XAP-01 the grant was not about that one');
like(call('reader', 'ann', 'find', ['blog/posts'])->{message}, qr/another of that name needs a grant of its own/, '… and says so');
$fazt->admin('app', 'grant', 'reader', 'import:blog/posts');
is(titles('reader', 'ann', 'find', ['blog/posts'])->[0], 'of another app', 'granted anew it works');

# ---- the running system ----

$fazt->start;
my $stranger = $fazt->browser;
my $ask = sub { my ($who) = @_; return $who->fetch(POST => $fazt->url('reader', '/call'), json => { call => 'storage.docs.find', args => ['blog/posts'] }) };
is_deeply([map { $_->{title} } @{ $ask->($stranger)->{json}{value} }], [], 'HTTP: a stranger sees nothing of it');
$fazt->admin('app', 'revoke', 'reader', 'import:blog/posts');
is($ask->($stranger)->{status}, 403, 'HTTP: revoked, for the very next request');
done_testing;
