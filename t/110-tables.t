# Everything derives from the tables: so every row of them is documented, tested, and refused to whoever may not.
# The rows are read from the tables themselves; a new row is held to all of this without a word here.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top text_of slurp);
use Test::More;

# ---- the tables ----

# The rows of a table: for each MACRO(…) its fields, string literals unquoted and joined.
sub rows {
	my ($table, $macro) = @_;
	my $text = slurp(top() . "/fcgi/$table") =~ s{/\*.*?\*/}{}gsr;
	my $string = qr/"(?:[^"\\]|\\.)*"/;
	my @rows;
	while ($text =~ /^$macro\(((?:$string|[^"()])*)\)/gm) {
		my $fields = $1;
		push @rows, [map { join '', map { s/^"|"$//gr =~ s/\\(.)/$1/gr } /$string|[^\s"]+/g } $fields =~ /\G\s*((?:$string|[^",])+),?/g];
	}
	return @rows;
}

my @calls = rows('sys/syscall.def', 'SYS');
my @local = rows('sys/syscall.def', 'LOCAL');
my @ops = rows('sys/op.def', 'OP');
my @funs = rows('sys/module.def', 'FUN');
my @errors = rows('base/err.def', 'ERR');
my @budgets = rows('kernel/budget.def', 'BUDGET');
my @settings = (rows('store/setting.def', 'SETTING'), map { [@$_[0, 1], 'APPS', 'OWNER', "'i'", @$_[3 .. 7]] } @budgets);
my @grants = rows('kernel/grant.def', 'GRANT');
cmp_ok(scalar @$_, '>=', 10, 'a table is read') for \@calls, \@local, \@funs, \@ops, \@errors, \@settings, \@grants, \@budgets;
is(scalar @$_, 9, "the row $_->[1] is read whole") for @calls;
is(scalar @$_, 7, "the row $_->[0] is read whole") for @ops;
is(scalar @$_, 10, "the setting $_->[1] is read whole") for @settings;

# [name, type, optional]…
sub parameters { map { /^(\w+):(\w+)(?:(\?)|<)?$/ ? [$1, $2, !!$3] : die "signature: $_" } split ' ', $_[0] }

# ---- documented ----

my $reference = slurp(top() . '/lua-sdk/reference.md');
my $stubs = slurp(top() . '/lua-sdk/fazt.d.lua');
for (@calls, @local) {
	my ($name, $doc) = @$_[1, -1];
	like($reference, qr/^### `fazt\.\Q$name\E[(`]/m, "$name is in the reference");
	like($stubs, qr/^(?:function )?fazt\.\Q$name\E\b/m, '… and in the editor stubs');
	cmp_ok(length $doc, '>', 20, '… with a sentence') unless $name eq 'null';
}
for (@funs) {
	my ($module, $name, undef, undef, $doc) = @$_;
	like($reference, qr/^### `\Q$module.$name\E\(/m, "$module.$name is in the reference");
	like(slurp(top() . "/lua-sdk/types/$module.d.lua"), qr/\n---\Q$doc\E\n(?:---\@.*\n)+function \Q$module.$name\E\(/, '… and in the editor stubs');
	cmp_ok(length $doc, '>', 8, '… with a sentence');
}
like($reference, qr/`\Q$_->[1]\E`.*\Q$_->[4]\E/, "the error $_->[1] is in the reference") for @errors;
like($reference, qr/`\Q$_->[1]\E/, "the permission $_->[1] is in the reference") for @grants;
cmp_ok(length $_->[-1], q(>), 15, "$_->[1] has a sentence for consent") for @grants;
cmp_ok(length $_->[-1], '>', 20, "the setting $_->[1] has a sentence") for @settings;
ok($_->[2] >= 400 && $_->[2] < 600 && $_->[3] >= 1 && $_->[3] <= 8, "$_->[1] has a status and an exit code") for @errors;
my %seen;
ok(!$seen{$_->[1]}++, "the code $_->[1] is there once") for @errors;

# ---- tested ----

my %tests = map { $_ => slurp($_) } grep { !/110-tables/ } glob(join ' ', map { top() . "/t/$_" } '*.t', '*/*.c', '*/*.lua', '*/*.mjs', '*/*.h'),
	glob(top() . '/apps/*/t/*');
my $tests = join "\n", values %tests;
for (@calls, @local) {
	my ($first, $last) = $_->[1] =~ /(?:(\w+)\.)?(\w+)$/;
	my $name = defined $first ? qr/\b$first\W{1,3}$last\b|(?<![a-z])${first}_$last\b/ : qr/\b(?:fazt\.|sdk\.)$last\b|"$last"/;
	ok($tests =~ $name, "some test calls $_->[1]");
}
for (@ops) {
	my ($noun, $verb) = @$_[1, 2];
	my $words = $verb =~ s/-/(?:-|['", ]+)/gr; # a hyphen is a space on the command line
	my $name = $verb ? qr/(?<![a-z])\Q$noun\E\b['",.)\s(]{1,6}$words\b|(?<![a-z])${noun}_$verb\b/ : qr/['"]\Q$noun\E['"]|api\/\Q$noun\E\b/;
	ok($tests =~ $name, "some test uses $noun $verb");
}

# ---- a call the app was not granted ----

my $fazt = Fazt->new;
my %sample = (str => '"x"', int => '1', num => '1', bool => 'true', bytes => '"x"', json => '{}', file => '"x"');
my %api = ('app.json' => { visibility => 'anyone', permissions => ['storage', 'people', 'queue', 'halt', 'notify', 'mail:owner', 'kernel:app.propose', 'net:api.example.com'] }, 'api/main.lua' => "local fazt = require 'fazt'\nreturn {\n" . join('', map {
	my ($id, $name, undef, undef, $signature) = @$_;
	"\t[\"POST /$id\"] = function() return { json = { fazt.$name(" . join(', ', map { $sample{ $_->[1] } } grep { !$_->[2] } parameters($signature)) . ") } } end,\n"
} @calls) . "\t[\"POST /as_app\"] = function() fazt.as_app(function() fazt.storage.docs.count('x') end) return { text = '' } end,\n}\n");
$fazt->install(bare => \%api, '--yes', '--grant', 'all');
$fazt->install(full => \%api);
$fazt->admin('app', 'revoke', 'bare', $_) for 'storage', 'people', 'queue', 'halt', 'notify', 'mail:owner', 'kernel:app.propose', 'net:api.example.com';

sub code_of {
	my ($app, $id) = @_;
	my ($exit, $out, $err) = $fazt->try_admin('app', 'request', $app, 'POST', "/$id", '--json');
	my $answer = text_of($out);
	return $answer->{error}{code} if $answer->{error};
	utf8::encode(my $body = $answer->{body});
	my $said = eval { text_of($body) };
	return "$answer->{status} " . (ref $said eq 'HASH' && $said->{error} ? $said->{error}{code} : 'fine');
}

my %to_be_had = map { $_->[1] => 1, $_->[1] =~ s{:.*}{}r => 1 } @grants; # the others are the kernel's own to give
for (@calls) {
	my ($id, $name, $permission) = @$_;
	next if $permission eq 'NULL';
	is(code_of('bare', $id), '403 permission_denied', "$name is denied to an app without $permission");
	unlike(code_of('full', $id), qr/permission_denied|^5/, '… and not to one that has it') if $to_be_had{$permission};
	is(code_of('full', $id), '403 permission_denied', '… and to every other') unless $to_be_had{$permission};
}
for my $permission (grep { $_ ne 'NULL' && !$to_be_had{$_} } map { $_->[2] } @calls) {
	my $asking = $fazt->cartridge('asking', { 'app.json' => { permissions => [$permission] }, 'api/main.lua' => 'return {}' });
	is(($fazt->try_admin('app', 'install', $asking, '--yes', '--grant', 'all'))[0], 7, "no app may ask for $permission");
}
is(code_of('full', 'as_app'), '403 permission_denied', 'as_app is denied without storage:app');

# ---- operations on the command line ----

my %safe = (app => 'full', user => 'owner', key => 'deadline', value => '10000', role => 'member', permission => 'storage', row => 'full/x/1');
for (@ops) {
	my ($id, $noun, $verb, undef, undef, $signature, $doc) = @$_;
	my @words = (grep { length } $noun, split /-/, $verb);
	my ($exit, $help) = $fazt->try_admin(@words, '--help');
	is($exit, 0, "@words --help");
	like($help, qr/fazt-admin @words\b/, '… is about it');
	like($help, qr/\Q$doc\E/, '… and says what it does');
	my @arguments = map { $safe{ $_->[0] } // 'x' } grep { !$_->[2] } parameters($signature);
	my ($status, $out, $err) = $fazt->try_admin(@words, @arguments, '--json', '--dry-run');
	if ($out !~ /^dry run/) {
		($status, $out, $err) = $fazt->try_admin(@words, @arguments, '--json');
		my $value = eval { text_of($out) };
		ok(!$@, "@words --json is JSON, exit $status") or diag "$out\n$err";
		ok($status == 0 || $value->{error}{code}, '… and an error says its code') if ref $value eq 'HASH';
	}
	($status, $out, $err) = $fazt->try_admin(@words, @arguments, 'one', 'too', 'many', 'by', 'far', '--json');
	like(text_of($out)->{error}{code}, qr/^(?:usage|bad_request)$/, "@words with too many words is refused");
	($status, $out, $err) = $fazt->try_admin(@words, @arguments, '--nonsense', 'x', '--json');
	is(text_of($out)->{error}{code}, 'usage', "@words with an option there is not is refused");
}
is_deeply([sort map { $_->{key} } @{ $fazt->admin_json('setting', 'get') }], [sort map { $_->[1] } @settings], 'setting get lists every setting');
for (@settings) {
	my ($key, $type) = @$_[1, 4];
	my $all = $fazt->admin('setting', 'get', '--json');
	like($all, qr/\Q$key\E/, "$key is shown with its meaning");
	next if $type =~ /'[sp]'/;
	my ($exit, undef, $err) = $fazt->try_admin('setting', 'set', $key, 'nonsense');
	isnt($exit, 0, "$key does not become nonsense");
	like($err, qr/\S{3}.*\s/, "… and says why: $err");
}

# ---- operations over HTTP ----

$fazt->start;
my $os = $fazt->url('os', '');
my ($owner, $member, $stranger) = ($fazt->person, $fazt->person('mia'), $fazt->browser);
my %csrf = map { +($_ => $_->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf}) } $owner, $member;

sub arguments { my ($signature) = @_; return { map { $_->[0] => $_->[1] eq 'int' ? 1 : $_->[1] eq 'bool' ? JSON::PP::false() : $safe{ $_->[0] } // 'x' } grep { !$_->[2] } parameters($signature) } }
sub call { my ($who, $name, $signature, %o) = @_; return $who->fetch(POST => "$os/_fazt/api/$name", json => arguments($signature), headers => ['X-CSRF-Token' => $csrf{$who} // 'x'], %o) }
sub code { my ($answer) = @_; return "$answer->{status} " . ((ref $answer->{json} eq 'HASH' && $answer->{json}{error}{code}) || 'fine') }

for (@ops) {
	my ($id, $noun, $verb, $who, $effect, $signature) = @$_;
	my $name = join '.', grep { length } $noun, $verb;
	like(code(call($stranger, $name, $signature)), qr/^(?:401 unauthorized|403 bad_origin)$/, "$name: a stranger is refused");
	is(code(call($member, $name, $signature)), '403 denied', "$name: a member is refused") if $who ne 'MEMBER';
	is(code(call($owner, $name, $signature)), '403 denied', "$name: even the owner must be in the shell") if $who eq 'SHELL';
	next if $effect eq 'READ';
	my $asker = $who eq 'MEMBER' ? $member : $owner;
	is(code($asker->fetch(POST => "$os/_fazt/api/$name", json => arguments($signature))), '403 bad_origin', "$name: not without the token");
	is(code(call($asker, $name, $signature, headers => ['X-CSRF-Token' => $csrf{ $asker == $owner ? $member : $owner }])), '403 bad_origin', "$name: not with another's token");
	is(code(call($asker, $name, $signature, from => 'http://full.localhost:' . $fazt->port)), '403 bad_origin', "XAP-07 $name: not from an app's page");
	is(code(call($asker, $name, $signature, from => 'https://evil.example')), '403 bad_origin', "$name: not from another site");
	is(code($asker->request(POST => "$os/_fazt/api/$name", json => arguments($signature), headers => ['X-CSRF-Token' => $csrf{$asker}])), '403 bad_origin', "$name: not from nowhere");
	my $get = $asker->fetch(GET => "$os/_fazt/api/$name?" . Fazt::Browser::form(%{ arguments($signature) }), headers => ['X-CSRF-Token' => $csrf{$asker}]);
	is(code($get), '405 method_not_allowed', "$name: not by GET");
	is($get->{headers}{allow}, 'POST', '… but by POST');
	my $plain = $asker->fetch(POST => "$os/_fazt/api/$name", body => '{}', type => 'text/plain', headers => ['X-CSRF-Token' => $csrf{$asker}]);
	is($plain->{status}, 415, "$name: not as text, which a form of any page can send");
}
for (@ops) {
	my ($id, $noun, $verb, $who, $effect, $signature) = @$_;
	my $name = join '.', grep { length } $noun, $verb;
	next if $who eq 'SHELL' || $effect ne 'READ';
	my $asker = $who eq 'MEMBER' ? $member : $owner;
	like(code($asker->fetch(GET => "$os/_fazt/api/$name?" . Fazt::Browser::form(%{ arguments($signature) }))), qr/^(?:200 fine|404 not_found|400 \w+)$/, "$name: read by GET");
	is(code($asker->fetch(GET => "$os/_fazt/api/$name?nonsense=1")), '400 bad_request', "$name: not with an argument there is not");
}
is(code(call($owner, 'nosuch.thing', '')), '404 not_found', 'an operation there is not');
is(code($owner->fetch(POST => "$os/_fazt/api/status", body => $_, type => 'application/json', headers => ['X-CSRF-Token' => $csrf{$owner}])), '400 bad_request', "arguments that are $_")
	for '[]', '1', '{', '{"a":1}x', '{"nonsense":1}';
is($fazt->browser->fetch(GET => $fazt->url('full', '/_fazt/api/status'))->{status}, 404, 'an app\'s host has no operations');
done_testing;
