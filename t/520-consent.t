# Installing from the dashboard's side: the owner's verbs over HTTP, a fetch in a process of its own, consent bound to
# what was shown, what waits, and who sees which apps.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp spew);
use Fazt::Git;
use Test::More;
use Time::HiRes qw(sleep time);

my $host = Fazt::Git->new;
my $fazt = Fazt->new(settings => { 'net.allow' => $host->allow });
my %pad = ('app.json' => '{"name":"pad","visibility":"members","permissions":["storage","net:api.example.com"]}',
	'api/main.lua' => 'return { ["GET /code"] = function() return "one" end }', 'public/index.html' => '<h1>one</h1>');
$fazt->install_built_in('os');
$fazt->start;
my $owner = $fazt->person;
my $csrf = $owner->fetch(GET => $fazt->url('os', '/_fazt/api/session.show'))->{json}{csrf};

sub look { $owner->fetch(GET => $fazt->url('os', "/_fazt/api/$_[0]")) }
sub ask {
	my ($verb, %arguments) = @_;
	return $owner->fetch(POST => $fazt->url('os', "/_fazt/api/$verb"), json => \%arguments, headers => ['X-CSRF-Token' => $csrf]);
}
# Fetch and wait: the candidate.
sub fetched {
	my (%arguments) = @_;
	my $answer = ask('app.fetch', %arguments);
	is($answer->{status}, 200, 'fetch') or return diag($answer->{body});
	my $candidate;
	$fazt->wait_for(sub {
		$candidate = look("app.candidate?id=$answer->{json}{id}")->{json};
		return $candidate->{state} ne 'fetching';
	}, 'a candidate', 70);
	return $candidate;
}

my $one = $host->repository('pad', \%pad);
my $since = time;
my $c = fetched(source => $host->url('pad'));
is($c->{state}, 'ready', 'a package is fetched') or diag($c->{error}{message});
is($c->{commit}, $one, 'the commit it is');
is($c->{name}, 'pad', 'the name it takes');
is_deeply([map { "$_->{risk} $_->{name}" } @{ $c->{permissions} }], ['low storage', 'high net:api.example.com'], 'what it asks for');
is_deeply($c->{hosts}, ['api.example.com'], 'the hosts it names');
is(look('app.list')->{body}, $fazt->admin('app', 'list', '--json'), 'nothing is installed yet');
is(look('decision.list')->{json}[0]{kind}, 'candidate', 'it waits');
is(ask('app.consent', id => $c->{id}, hash => 'f' x 64)->{json}{error}{code}, 'stale', 'consent to something else is refused');
is(ask('app.consent', id => 'x', hash => $c->{hash})->{status}, 404, 'consent to nothing');
my $done = ask('app.consent', id => $c->{id}, hash => $c->{hash}, grant => ['net:api.example.com']);
is($done->{json}{url}, $fazt->url('pad'), 'consent installs it, and says where') or diag($done->{body});
is(ask('app.consent', id => $c->{id}, hash => $c->{hash})->{json}{name}, 'pad', 'a second click changes nothing');
is(look('decision.list')->{body}, '[]', 'nothing waits');

# published
my $page = $owner->get($fazt->url('pad', '/'));
is($page->{body}, '<h1>one</h1>', 'its page');
my $etag = $page->{headers}{etag};
system("rm -rf $fazt->{home}/www $fazt->{home}/cache");
is($owner->get($fazt->url('pad', '/'))->{body}, '<h1>one</h1>', 'www/ and cache/ may be deleted at any time');
$fazt->wait_for(sub { -e "$fazt->{home}/www/pad/index.html" }, 'the copies to come back');

# refusals over HTTP
for my $bad ('--upload-pack=touch /tmp/x', 'ext::sh -c id', 'file:///etc', 'ssh://-oProxyCommand=x/y') {
	is(ask('app.fetch', source => $bad)->{json}{error}{code}, 'bad_source', "INS-01 $bad");
}
for my $path ('/etc', '.', "$fazt->{home}", 'builtin:pad') {
	is(ask('app.fetch', source => $path)->{status}, 422, "a path is for the owner's shell: $path");
}
is(fetched(source => 'https://169.254.169.254/x')->{error}{code}, 'blocked_address', 'INS-02 an address inside');
is($owner->fetch(POST => $fazt->url('os', '/_fazt/api/app.fetch'), json => { source => $host->url('pad') })->{status}, 403, 'not without the token of the page');

# upgrades
$host->repository('pad', { %pad, 'public/index.html' => '<h1>two!</h1>' });
$c = fetched(source => $host->url('pad'), app => 'pad');
is($c->{state}, 'installed', 'an upgrade that asks for nothing more is installed at once');
$fazt->wait_for(sub { ($page = $owner->get($fazt->url('pad', '/')))->{body} eq '<h1>two!</h1>' }, 'its files to be there'); # they follow the consent
isnt($page->{headers}{etag}, $etag, 'it serves, under another ETag');
$host->repository('pad', { %pad, 'app.json' => $pad{'app.json'} =~ s/"storage"/"storage","schedule","people"/r, 'public/index.html' => '<h1>three</h1>' });
$c = fetched(source => '', app => 'pad');
is($c->{state}, 'ready', 'one that asks for more waits');
is_deeply($c->{upgrade}{permissions}, ['schedule', 'people'], 'and says what for');
is($owner->get($fazt->url('pad', '/'))->{body}, '<h1>two!</h1>', 'while the old version serves');
is(look('decision.list')->{json}[0]{kind}, 'upgrade', 'it is a decision');
my %given = map { $_->{name} => $_->{granted} } @{ look('app.show?app=pad')->{json}{permissions} };
ok(!exists $given{people}, 'nothing is granted meanwhile');
ask('app.consent', id => $c->{id}, hash => $c->{hash});
%given = map { $_->{name} => $_->{granted} } @{ look('app.show?app=pad')->{json}{permissions} };
ok($given{people} && !$given{schedule} && $given{'net:api.example.com'}, 'consent gives the low-risk part, keeps what was given, and no more');
$host->repository('pad', \%pad, 'main');
$c = fetched(source => $host->url('pad') . '@main', app => 'pad');
is($c->{state}, 'installed', 'asking for less needs no consent');

# who sees which apps
$host->repository('mine', { %pad, 'app.json' => '{"name":"mine"}' });
$c = fetched(source => $host->url('mine'));
ask('app.consent', id => $c->{id}, hash => $c->{hash});
my $anna = $fazt->person('anna');
my $list = $anna->fetch(GET => $fazt->url('os', '/_fazt/api/app.list'))->{json};
is_deeply([sort map { $_->{name} } @$list], ['os', 'pad'], 'a member sees what a member may open');
ok(!exists $list->[0]{source}, 'and not where it came from');
is($anna->fetch(GET => $fazt->url('os', "/_fazt/api/app.candidate?id=$c->{id}"))->{status}, 403, 'candidates are for the owner');
is($anna->fetch(GET => $fazt->url('os', '/_fazt/api/app.show?app=pad'))->{status}, 403, 'so are the details');

# off, on, gone
ask('app.disable', app => 'pad');
ok(!-e "$fazt->{home}/www/pad", 'an app that is switched off has no files on disk');
is($owner->get($fazt->url('pad', '/'))->{status}, 503, 'and says so');
ask('app.enable', app => 'pad');
is($owner->get($fazt->url('pad', '/'))->{status}, 200, 'on again');
ask('app.remove', app => 'pad');
is($owner->get($fazt->url('pad', '/'))->{status}, 404, 'removed');
ok(!-e "$fazt->{home}/www/pad", 'with its files');

done_testing;
