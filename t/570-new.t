# app new: every template is written, passes app check and its own tests, and serves.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build slurp spew);
use File::Temp ();
use Test::More;

my $place = File::Temp::tempdir('new-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $fazt = Fazt->new;
chdir $place;
sub tool { return Fazt::run({ FAZT_HOME => '/nowhere' }, build() . '/fazt-admin', @_) }

for my $template (qw(blank list blog form)) {
	my ($exit, $out, $err) = tool('app', 'new', "my-$template", '--template', $template);
	is($exit, 0, "$template is written") or diag($err);
	like($out, qr/app check my-$template\n.*app test my-$template\n.*app dev my-$template\n/, '… and the next commands are said');
	unlike(slurp($_), qr/\@[A-Z]+\@/, "… with its name in $_") for glob "my-$template/* my-$template/*/*" =~ s/ /\n/r;
	like(slurp("my-$template/app.json"), qr/"title": "My $template"/, '… and its title');
	($exit, $out) = tool('app', 'check', "my-$template");
	is($out, "0 errors, 0 warnings\n", '… it passes its check');
	($exit, $out, $err) = tool('app', 'test', "my-$template");
	is($exit, 0, '… and its own tests') or diag($out, $err);
	is($fazt->admin('app', 'install', "my-$template", '--yes') =~ /is installed/, 1, '… and is installed');
}
my ($exit, $out) = tool('app', 'new', 'plain');
is($exit, 0, 'without a template it is the blank one');
ok(-e 'plain/views/home.html', '… that is');
spew('taken/file', 'mine');
my $err;
($exit, $out, $err) = tool('app', 'new', 'taken');
is($exit, 5, 'a folder that is there is not written into');
like($err, qr/taken is there already/, '… which is said');
is(join(' ', glob 'taken/*'), 'taken/file', '… and stays as it was');
for (['../up', 7], ['Upper', 7], ['mail', 7], ['a b', 7]) {
	($exit) = tool('app', 'new', $_->[0]);
	is($exit, $_->[1], "no app is called $_->[0]");
}
($exit, $out, $err) = tool('app', 'new', 'other', '--template', 'none');
is($exit, 2, 'a template there is not');
like($err, qr/blank, list, blog and form/, '… and which there are');

# They serve people, without JavaScript.
$fazt->start;
my ($owner, $anna) = ($fazt->person, $fazt->person('anna'));
like($anna->get($fazt->url('my-blank'))->{body}, qr/Hello anna/, 'blank greets');
my $page = $anna->get($fazt->url('my-list'));
like($page->{body}, qr/No list yet/, 'list is empty');
$page = $anna->submit($page, name => 'Groceries');
like($page->{body}, qr/<h1>Groceries/, '… and takes a list by its form');
$page = $fazt->browser->get($fazt->url('my-form'));
like($page->{body}, qr/<form/, 'a stranger sees the form');
$page = $fazt->browser->submit($page, name => 'Eve', text => 'Hello');
like($page->{body}, qr/Thank you/, '… and sends it');
like($owner->get($fazt->url('my-form', '/_fazt/sign-in?next=/inbox'))->{body}, qr/Eve/, 'its owner reads it');
like($fazt->browser->get($fazt->url('my-blog'))->{body}, qr/Nothing to read yet/, 'the blog is open');
chdir '/';
done_testing;
