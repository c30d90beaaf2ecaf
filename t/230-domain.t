# An app at a domain of the owner's own: its pages, its links, signing in there, and nobody else's host.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of);
use Test::More;

my $fazt = Fazt->new(domain => 'cloud.localhost');
$fazt->install(blog => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'], collections => { notes => {} } },
	'api/main.lua' => <<'LUA',
local docs = require("fazt").storage.docs
return {
	["GET /"] = function(req) return { text = "at " .. req.headers.host .. " for " .. (req.user and req.user.name or "nobody") } end,
	["GET /mine"] = function(req) return { json = docs.insert("notes", {}).owner } end,
	["POST /add"] = function(req) return { status = 201, json = docs.insert("notes", { text = "x" }) } end,
}
LUA
	'public/hello.txt' => 'hello',
}, '--yes');
$fazt->install(other => { 'app.json' => { visibility => 'members' }, 'api/main.lua' => 'return { ["GET /"] = function() return { text = "other" } end }' });

# ---- which hosts ----

is(($fazt->try_admin('app', 'domain', 'add', 'blog', $_))[0], 2, "no domain: $_") for 'localhost', '127.0.0.1', 'a..b', '-a.b', 'a b.c', 'x' x 200 . '.example', "a.b\n", 'http://a.b', 'a.b:80';
is(($fazt->try_admin('app', 'domain', 'add', 'blog', $_))[0], 7, "the node's own: $_") for 'cloud.localhost', 'os.cloud.localhost', 'Blog.Cloud.Localhost';
is(($fazt->try_admin('app', 'domain', 'add', 'nosuch', 'my.blog.localhost'))[0], 4, 'an app there is not');
like($fazt->admin('app', 'domain', 'add', 'blog', 'My.Blog.localhost'), qr/nginx print/, 'domain add says what is next');
is(($fazt->try_admin('app', 'domain', 'add', 'other', 'my.blog.localhost'))[0], 5, 'a domain leads to one app');
is_deeply($fazt->admin_json('app', 'domain', 'list'), [{ host => 'my.blog.localhost', app => 'blog', url => 'http://my.blog.localhost:' . $fazt->port . '/' }], 'domain list');
is_deeply($fazt->admin_json('app', 'domain', 'list', 'other'), [], '… of one app');

# ---- through nginx ----

$fazt->start;
my $at = 'http://my.blog.localhost:' . $fazt->port;
my $stranger = $fazt->browser;
is($stranger->get("$at/")->{body}, 'at my.blog.localhost:' . $fazt->port . ' for nobody', 'the app answers, and knows where it is');
is($stranger->get($fazt->url('blog'))->{body}, 'at blog.cloud.localhost:' . $fazt->port . ' for nobody', '… beside its first address');
is($stranger->get("$at/hello.txt")->{body}, 'hello', 'its public files');
is($stranger->request(GET => 'http://their.blog.localhost:' . $fazt->port . '/')->{status} // 0, 0, 'a host nobody added gets no answer');

my $anna = $fazt->person('anna');
my $in = $anna->get("$at/_fazt/sign-in?next=/");
is($in->{body}, 'at my.blog.localhost:' . $fazt->port . ' for anna', 'a hand-over to the domain') or diag $in->{raw};
ok((grep { /^__Host-fazt=/ } map { @{ $_->{set_cookie} // [] } } $in) || $anna->cookies("$at/") =~ /__Host-fazt=/, '… with a session of that host');
unlike($anna->cookies($fazt->url('blog')), qr/__Host-fazt=/, '… and not of another');
is($anna->fetch(POST => "$at/add", json => {})->{status}, 201, 'an unsafe request from its own pages');
is($anna->fetch(POST => "$at/add", json => {}, from => $fazt->url('blog', '') =~ s{/$}{}r)->{status}, 403, '… not from the app\'s other address');
is($anna->fetch(POST => "$at/add", json => {}, from => 'https://evil.example')->{status}, 403, '… nor from another site');

my $os = $fazt->url('os', '') =~ s{/$}{}r;
my $challenge = 'A' x 43;
for my $host ('evil.example', 'my.blog.localhost.evil.example', 'other.cloud.localhost', 'my.blog.localhost@evil.example', '') {
	my $answer = $anna->visit(GET => "$os/_fazt/hand-over?app=blog&challenge=$challenge&next=/&host=$host", stay => 1);
	my $to = $answer->{headers}{location} // '';
	unlike($to, qr/evil|other/, "IDN-10 no code for \"$host\"") or diag $to;
}
my $page = $fazt->browser->visit(GET => "$at/mine");
like($page->{headers}{'content-security-policy'}, qr/form-action 'self' \S+ \Q$at\E/, 'the sign-in page may send its form on to the domain') or diag $page->{url};

# ---- and away again ----

is(($fazt->try_admin('app', 'domain', 'remove', 'other', 'my.blog.localhost'))[0], 4, 'another app\'s domain is not removed');
$fazt->admin('app', 'domain', 'remove', 'blog', 'my.blog.localhost');
is($stranger->get("$at/")->{status}, 421, 'a domain that was taken away leads nowhere, at once');
$fazt->admin('app', 'domain', 'add', 'blog', 'my.blog.localhost');
$fazt->admin('app', 'remove', 'blog', '--yes');
is_deeply($fazt->admin_json('app', 'domain', 'list'), [], 'with the app its domains go');
like($fazt->admin('nginx', 'print', '--cert', '/c.pem', '--key', '/k.pem'), qr/server_name cloud\.localhost "/, 'nginx print without domains');
$fazt->admin('app', 'domain', 'add', 'other', 'www.example.org');
my $conf = $fazt->admin('nginx', 'print', '--cert', '/c.pem', '--key', '/k.pem');
like($conf, qr/server_name cloud\.localhost www\.example\.org "/, 'nginx: plain http knows the domain, for its certificate');
like($conf, qr/# www\.example\.org leads to other, and has no certificate/, '… and https waits for one');
done_testing;
