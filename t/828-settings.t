# The page of settings: the table as forms, without a script and with one; and the tests of mail and notices behind their buttons.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(slurp top);
use Fazt::Chromium;
use Fazt::Mail;
use Test::More;

my $mail = Fazt::Mail->new;
plan skip_all => 'the packages of t/package.json are not there' unless $mail;
my $fazt = Fazt->new(settings => { $mail->settings });
$fazt->install_built_in('os');
$fazt->start;
$fazt->admin('user', 'mail', 'owner', 'me@example.org');
my ($os, $page) = ($fazt->url('os', ''), $fazt->url('os', '/_fazt/settings'));
my ($owner, $member) = ($fazt->person, $fazt->person('mia'));

sub value { $fazt->admin('setting', 'get', $_[0]) }
# What the page's forms hold, and what a person typed; a button named reset is pressed only where it is said.
sub send_form {
	my ($who, $answer, $group, %typed) = @_;
	my $fields = Fazt::Browser::page_form($answer, qr/name="group" value="$group">\s*<input type="hidden" name="do" value="set"/)->{fields};
	delete $fields->{reset};
	return $who->visit(POST => $page, form => { %$fields, %typed }, site => 'same-origin', headers => [Origin => $os]);
}

# ---- what it shows ----

my $got = $owner->get($page);
is($got->{status}, 200, 'the owner sees the page of settings');
my $text = Fazt::Browser::entities($got->{body} =~ s/<[^>]+>//gr);
my @settings = @{ $fazt->admin_json('setting', 'get') };
is(join(' ', grep { $got->{body} !~ /(?:name="|<dt>)\Q$_->{key}\E[<"]/ } @settings), '', '… with every setting of the table');
is(join(' ', map { $_->{key} } grep { index($text, $_->{meaning}) < 0 } @settings), '', '… and the sentence of each');
like($got->{headers}{'content-security-policy'}, qr/default-src 'none'; style-src 'self'; script-src 'self'/, 'with a strict policy');
unlike($got->{body}, qr/<script(?! type="module" src)|style=| on\w+=/, '… and nothing that needs a wider one');
is($owner->get($fazt->url('os', '/settings'))->{url}, $page, '/settings leads there');
is($member->get($page)->{status}, 403, 'a member does not see it');
like($fazt->browser->get($page)->{url}, qr{/_fazt/sign-in\?}, 'a stranger is asked to sign in');
is($owner->fetch(DELETE => $page)->{status}, 403, 'nothing else is done there');

# ---- changing ----

$got = send_form($owner, $got, 'push', 'push.quiet' => ' 22:00-07:00 ', 'push.hours' => '24');
is("$got->{status} $got->{url}", "200 $page?group=push&done=set#push", 'a form that was taken leads to the page again');
like($got->{body}, qr/role="status">Saved\./, '… which says so');
is(value('push.quiet') . ' ' . value('push.hours'), '22:00-07:00 24', 'what was typed is set');
like($got->{body}, qr/for="push\.quiet">push\.quiet<\/label> <span class="badge">Changed/, 'what is not the default is marked');
unlike($got->{body}, qr/for="push\.app">push\.app<\/label> <span class="badge">/, '… and what is, is not');
is_deeply([$fazt->admin_json('setting', 'get')->[0]], [$settings[0]], 'nothing else changed');

$got = send_form($owner, $got, 'push', 'push.quiet' => '25:00-<b>', 'push.hours' => '48', 'push.app' => 'many');
is($got->{status}, 400, 'bad values come back');
like($got->{body}, qr/id="push\.quiet" name="push\.quiet" value="25:00-&lt;b&gt;"[^>]*aria-describedby="about-push\.quiet wrong-push\.quiet" aria-invalid="true">/, 'what was typed stays, as text');
like($got->{body}, qr/id="wrong-push\.app" role="alert">&quot;push\.app&quot; is a whole number from 0 to 100000\./, '… with the sentence of the kernel beside it');
is(value('push.quiet') . ' ' . value('push.app') . ' ' . value('push.hours'), '22:00-07:00 100 48', 'what was right is set all the same');
like($got->{body}, qr/What is marked below was not saved/, '… which it says');

$got = $owner->visit(POST => $page, form => { %{ Fazt::Browser::page_form($got, qr/value="push"/)->{fields} }, reset => 'push.quiet' }, site => 'same-origin', headers => [Origin => $os]);
is(value('push.quiet'), '', 'a button puts one back to its default');
like($got->{body}, qr/Back to the default\./, '… which it says');
is(value('push.hours'), '48', '… that one alone');

# ---- secrets ----

send_form($owner, $owner->get($page), 'mail', 'mail.user' => 'cloud', 'mail.password' => 'sesame & co');
$got = $owner->get($page);
is(value('mail.password'), '(set)', 'a secret is set');
unlike($got->{body}, qr/sesame/, '… and never in the page');
send_form($owner, $got, 'mail', 'mail.retry' => '90');
is(value('mail.password') . ' ' . value('mail.retry'), '(set) 90', 'a secret whose field is left empty stays');
unlike(send_form($owner, $owner->get($page), 'mail', 'mail.password' => 'x' x 501)->{body}, qr/xxxx/, 'one that is refused is not in the page either');
$owner->visit(POST => $page, form => { %{ Fazt::Browser::page_form($owner->get($page), qr/value="mail"/)->{fields} }, reset => $_ }, site => 'same-origin', headers => [Origin => $os]) for 'mail.user', 'mail.password';
is(value('mail.password'), '', '… until it is put back');
unlike(join("\n", map { slurp($_) } glob $fazt->home . '/log/*'), qr/sesame/, 'no log has it');

# ---- who may change what ----

sub api { my ($who, $operation, $args) = @_;
	my $csrf = $who->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};
	return $who->fetch(POST => "$os/_fazt/api/$operation", json => $args, headers => ['X-CSRF-Token' => $csrf]) }
is(api($owner, 'setting.set', { key => $_, value => 'x' })->{json}{error}{code}, 'denied', "$_ is the shell's alone") for qw(domain scheme port insecure net.allow net.ca);
is(api($owner, 'setting.reset', { key => 'domain' })->{json}{error}{code}, 'denied', '… to put back as well');
is(api($member, 'setting.set', { key => 'push.hours', value => '1' })->{status}, 403, 'a member changes nothing');
my %fields = %{ Fazt::Browser::page_form($owner->get($page), qr/value="push"/)->{fields} };
delete $fields{reset};
is($owner->fetch(POST => $page, form => { %fields, csrf => 'x', 'push.hours' => 1 })->{status}, 403, 'a form without the token of the session is refused');
is($owner->fetch(POST => $page, form => { %fields, 'push.hours' => 1 }, from => 'https://evil.example')->{status}, 403, '… and one from elsewhere');
is($owner->fetch(POST => $page, form => { %fields, group => 'nosuch', 'push.hours' => 1 })->{status}, 400, 'a group there is not');
is(value('push.hours'), '48', 'nothing of that changed anything');
$owner->fetch(POST => $page, form => { %fields, 'mail.from' => 'thief@example.org', domain => 'evil.example' });
is(value('mail.from') . ' ' . value('domain'), 'cloud@example.com localhost', 'a form sets what is in its group alone');

# Somebody who signed in a while ago: the row of the session says when.
my $password = 'correct horse battery';
is(api($owner, 'session.password', { password => $password })->{status}, 200, 'the owner has a password');
system 'sqlite3', $fazt->home . '/data.db', '.timeout 5000', 'UPDATE sessions SET created = created - 3600000';
$got = send_form($owner, $owner->get($page), 'mail', 'mail.server' => 'smtp://thief.example', 'mail.retry' => '91');
like($got->{body}, qr/id="present-mail"[^>]*aria-invalid="true">\s*<p class="hint failure" role="alert">Say your password too/, 'where the mail goes, nobody changes who was not here just now');
is(value('mail.server') =~ s/:\d+$//r, 'smtp://mail.example.com', '… it stays');
like($got->{body}, qr/value="smtp:\/\/thief\.example"/, '… as does what was typed');
$got = send_form($owner, $got, 'mail', 'mail.server' => 'smtp://thief.example', present => 'guess');
like($got->{body}, qr/Your present password is another one/, 'nor with a wrong password');
is(api($owner, 'setting.set', { key => 'mail.server', value => 'smtp://thief.example' })->{json}{error}{code}, 'denied', '… nor by the API');
is(api($owner, 'setting.reset', { key => 'mail.server' })->{json}{error}{code}, 'denied', '… nor back to nothing');
$got = send_form($owner, $got, 'mail', 'mail.server' => $mail->server('strict'), present => $password);
like($got->{body}, qr/Saved\./, 'with the right one it is changed');
unlike($got->{body}, qr/\Q$password\E/, '… which is nowhere in the page');
send_form($owner, $got, 'mail', 'mail.server' => $mail->server('starttls'), present => $password);
is(send_form($owner, $owner->get($page), 'runs', 'run.days' => '31')->{status}, 200, 'what does no harm needs no password');

# ---- does it work? ----

$got = $owner->submit($owner->get($page), match => qr/value="mail\.test"/);
like($got->{body}, qr/The mail server took the test mail/, 'a button sends a mail');
is(($mail->wait_for(1))[0]{to}, 'me@example.org', '… which arrives');
$got = $owner->submit($owner->get($page), match => qr/value="notice\.test"/);
like($got->{body}, qr/The test notice is on its way/, 'another one makes a notice');
$got = $owner->submit($got, match => qr/value="notice\.test"/);
$fazt->admin('notice', 'test');
my @notices = grep { $_->{kind} eq 'test' } @{ $fazt->admin_json('notice', 'list') };
is(scalar @notices, 1, '… which stands on the dashboard once');
chomp(my $rang = `sqlite3 -cmd '.timeout 5000' @{[$fazt->home]}/data.db "SELECT count(*) FROM messages WHERE title LIKE '%a test%'"`);
is($rang, 3, '… and rings each time');

# ---- sessions ----

my $phone = $fazt->browser;
$phone->sign_in($fazt->admin('login-link'));
my @sessions = @{ $owner->fetch(GET => "$os/_fazt/api/session.list")->{json} };
is(scalar(@sessions), 2, 'a person sees where they are signed in');
is(scalar(grep { $_->{here} } @sessions), 1, '… and which of them it is');
my ($other) = grep { !$_->{here} } @sessions;
is(api($member, 'session.end', { id => $other->{id} })->{status}, 404, 'nobody ends those of others');
is(api($owner, 'session.end', { id => $other->{id} })->{status}, 200, 'one ends');
is($phone->fetch(GET => "$os/_fazt/api/session.show")->{status}, 401, '… there');
is($owner->fetch(GET => "$os/_fazt/api/session.show")->{status}, 200, '… and not here');
is(scalar @{ $fazt->admin_json('session', 'list') }, 1, 'the shell sees those of the owner');

# ---- in a browser ----

browser_script('settings.mjs', OS => $os, LINK => $fazt->admin('login-link'), PLAIN_LINK => $fazt->admin('login-link'));
done_testing;
