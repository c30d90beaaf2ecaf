# The modules of lua-sdk/ in an installed app: every example of the reference runs, templates are files of the app, and what
# is wrong with one is said when it is installed.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top json_of text_of slurp);
use Fazt::Web;
use Test::More;

my $web = Fazt::Web->new('api.example.com');
my $fazt = Fazt->new(settings => { $web->settings, 'mail.server' => 'smtp://mail.example.com', 'mail.from' => 'cloud@example.com' });
$fazt->admin('user', 'mail', 'owner', 'mara@example.com');
my $examples = top() . '/lua-sdk/examples';

# ---- every call has an example, and it does what it shows ----

sub names { my ($table, $row) = @_; return slurp(top() . "/fcgi/sys/$table") =~ /$row/g }
my @calls = (names('syscall.def', qr/^(?:SYS|LOCAL)\(\w+, "([\w.]+)"/m), map { s/, "/./r =~ s/"//r } names('module.def', qr/^FUN\((\w+, "\w+")/m));
cmp_ok(scalar @calls, '>', 50, 'the tables are read');
my %text = map { m{([^/]+)\.lua$} ? ($1 => slurp($_)) : () } glob "$examples/*.lua";
ok($text{$_}, "$_ has an example") for @calls;
is_deeply([grep { my $n = $_; !grep { $_ eq $n } @calls } sort keys %text], [], 'and nothing else has one');

# Those of fazt.test are tests of an app.
my %tests = map { /^test\./ ? ("t/$_.lua" => delete $text{$_}) : () } sort keys %text;
my $tested = $fazt->cartridge(tested => { %tests,
	'app.json' => { visibility => 'anyone', permissions => ['storage', 'halt', 'notify', 'mail:owner', 'net:api.example.com'], env => [{ name => 'CITY', description => 'Where the weather is.' }] },
	'api/main.lua' => 'return { ["GET /hello"] = function() return "Hello" end, ["GET /city"] = function() return { text = require "fazt".env.CITY } end, ["GET /weather"] = function() return { text = require "fazt".http.get("https://api.example.com/weather", { headers = { ["X-App"] = "examples" } }).json.city } end, ["GET /me"] = function(req) return { json = req.user } end,'
		. '["POST /buy"] = function(req) return { json = require "fazt".halt("Buy a " .. req.form.what .. "?", { price = 300 }) } end,'
		. '["POST /tell"] = function(req) require "fazt".notify{ title = req.form.news } require "fazt".mail.send{ to = "owner", subject = "News", text = req.form.news } return "ok" end }',
});
my ($failed, $tried, $why) = $fazt->try_admin('app', 'test', $tested, '--json');
is($failed, 0, 'the examples of fazt.test pass') or diag($tried, $why);
is(text_of($tried)->{passed}, scalar keys %tests, '… all of them');

sub module { $_[0] =~ s/\W/_/gr }
my %files = (
	'app.json' => { visibility => 'anyone', permissions => ['storage', 'storage:app', 'people', 'queue', 'halt', 'notify', 'mail:owner', 'kernel:app.propose', 'net:api.example.com'] },
	'views/hello.html' => '{% extends "layout" %}{% title = "Hello" %}<p>Hello {{ name }}!</p>',
	'views/layout.html' => '<!doctype html><title>{{ title }}</title>{{ content }}',
	'api/main.lua' => "return {\n" . join('', map { my $m = module($_); "[\"GET /$_\"] = require 'example.$m', [\"POST /$_\"] = require 'example.$m',\n" } sort keys %text) . "}\n",
	map { ('api/example/' . module($_) . '.lua' => "local function run(req)\n$text{$_}end\nreturn function(req) return run(req) or { text = 'done' } end\n") } keys %text,
);
$fazt->install(examples => \%files);

for my $name (sort keys %text) {
	my ($form) = $text{$name} =~ /^-- POST (.*)/;
	my @sent = defined $form ? ('POST', "/$name", '--body', $form, '--type', 'application/x-www-form-urlencoded') : ('GET', "/$name");
	my ($exit, $out, $err) = $fazt->try_admin('app', 'request', 'examples', @sent, '--json');
	my $answer = eval { text_of($out) } // {};
	is($answer->{status}, $name eq 'form.invalid' ? 422 : 200, "the example of $name") or diag($out, $err, $fazt->admin('app', 'logs', 'examples'));
}


# ---- templates are files of the app ----

sub installs {
	my ($views, $main) = @_;
	my ($exit, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge(views => { 'api/main.lua' => $main // 'return {}', %$views }), '--name', 'views', '--yes');
	$fazt->admin('app', 'remove', 'views', '--purge', '--yes') if !$exit;
	return $exit ? $err : 'installed';
}
is(installs({ 'views/a/b.html' => '{{ x }}', 'views/a.html' => '{{ include "a/b" }}' }), 'installed', 'an app with views');
like(installs({ 'views/a.html' => "<p>\n{{ x y }}" }), qr{views/a\.html:2: }, 'a mistake in a template is one of the package, with file and line');
like(installs({ 'views/a.html' => "<p>\n\n{% if x %}{% end %}" }), qr{views/a\.html:3: }, '… in a statement too');
like(installs({ 'views/a.html' => "\n<script>{{ x }}</script>" }), qr{views/a\.html:2: a value inside <script> would be code}, 'so is a value where no escaping helps');
like(installs({ 'views/a.html' => '{% extends "nowhere" %}' }), qr{views/a\.html:1: there is no views/nowhere\.html}, '… and the name of a template there is not');
like(installs({ 'views/a.html' => 'x' x (256 * 1024 + 1) }), qr{views/a\.html is larger than 256 KB; split it}, 'a large one');
like(installs({}, 'require "fazt.nothing"'), qr{api/fazt/nothing\.lua}, 'a module there is not');
like(installs({}, "local v = require 'fazt.validate'\nv.schema { { 'a', 'strng' } }\nreturn {}"), qr{api/main\.lua:2: validate\.schema: field "a": there is no type "strng"}, 'a schema with a mistake does not install');

done_testing;
