# fazt-admin on a node elsewhere: the same commands over HTTP with a token, which looks after an app and decides nothing.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build text_of slurp spew free_port);
use Test::More;

my $fazt = Fazt->new;
my %pad = (
	'app.json' => { visibility => 'anyone', permissions => ['storage'], env => [{ name => 'KEY', secret => JSON::PP::true() }, { name => 'CITY' }] },
	'api/main.lua' => 'return { ["GET /"] = function(req) print("said " .. req.id) return { json = { key = require("fazt").env.KEY } } end }',
);
my $dir = $fazt->cartridge('pads', \%pad);
$fazt->admin('app', 'install', $dir, '--yes');
$fazt->install(other => \%pad);
$fazt->start;
my $os = $fazt->url('os', '');

# ---- tokens ----

my $token = $fazt->admin('token', 'add', 'laptop', '--app', 'pads');
like($token, qr/^fazt_[\w-]{43}$/, 'token add prints the token alone');
my $every = $fazt->admin('token', 'add', 'every');
my $file = $fazt->home . '/../' . (split m{/}, $fazt->home)[-1] . '.token';
sub keep { my ($text, $mode) = @_; spew($file, $text); chmod $mode // 0600, $file; return $file }
keep("$token\n");
my ($listed) = grep { $_->{name} eq 'laptop' } @{ $fazt->admin_json('token', 'list') };
is_deeply([@$listed{qw(app expired seen)}], ['pads', JSON::PP::false(), undef], 'token list: for which app, and not used yet');
cmp_ok(abs($listed->{expires} - $listed->{created} - 90 * 86400_000), '<', 1, '… for 90 days');
unlike($fazt->admin('token', 'list') . slurp($fazt->home . '/data.db') . slurp($fazt->home . '/data.db-wal'), qr/\Q$token/, '… and the token is nowhere');
sub code { my ($out) = @_; return (eval { text_of($out) } // {})->{error}{code} // "none: $out" }
sub local_code { return code(($fazt->try_admin(@_, '--json'))[1]) }
is(local_code('token', 'add', 'laptop'), 'conflict', 'a name once');
is(local_code('token', 'add', 'x', '--app', 'nosuch'), 'not_found', 'for an app there is');
is(local_code('token', 'add', 'A b'), 'bad_request', 'a name that is one');
is(local_code('token', 'add', 'x', '--ttl', $_), 'bad_request', "not for $_ seconds") for 0, -1, 99999999;
is(local_code('token', 'remove', 'nosuch'), 'not_found', 'removing what is not there');

# ---- the same commands, output and exit codes ----

my @elsewhere = ('--url', $os, '--token-file', $file);
my %nowhere = (FAZT_HOME => '/nonexistent');
sub remote { return Fazt::run({ %nowhere }, build() . '/fazt-admin', @_) }
for my $command (['app', 'show', 'pads'], ['app', 'env', 'list', 'pads'], ['app', 'logs', 'pads'], ['app', 'env', 'set', 'pads', 'NOSUCH', 'x'],
	['app', 'env', 'unset', 'pads', 'CITY'], ['app', 'logs', 'pads', '--limit', '0'], ['app', 'logs', 'pads', '--limit', 'x'], ['app', 'show'], ['app', 'show', 'pads', '--nonsense', 'x'],
	['app', 'candidate', 'nosuch', '--app', 'pads']) {
	for my $json ([], ['--json']) {
		my @here = $fazt->try_admin(@$command, @$json);
		my @there = remote(@elsewhere, @$command, @$json);
		s/"request_id":"\w+"// for @here, @there;
		is_deeply(\@there, \@here, "@$command @$json: the same there, exit $here[0]");
	}
}
is_deeply([remote('app', 'show', @elsewhere, 'pads')], [remote('app', 'show', 'pads', @elsewhere)], 'options stand before or after the noun');
my ($exit, $out, $err) = Fazt::run({ %nowhere, '<' => "hush-1\n" }, build() . '/fazt-admin', @elsewhere, 'app', 'env', 'set', 'pads', 'KEY');
is($exit, 0, 'a secret from standard input') or diag $err;
is($fazt->browser->fetch(GET => $fazt->url('pads', '/'))->{json}{key}, 'hush-1', '… reaches the app there');
like((remote(@elsewhere, 'app', 'logs', 'pads'))[1], qr/said/, 'logs');
my $id = text_of((remote(@elsewhere, 'app', 'env', 'set', 'pads', 'NOSUCH', 'x', '--json'))[1])->{error}{request_id};
ok((grep { /"request":"\Q$id"/ && /app\.env-set/ } split /\n/, $fazt->log_with({ headers => { 'x-request-id' => $id } })), 'an error has the id that the log there knows');
like(slurp($fazt->home . '/data.db') . slurp($fazt->home . '/data.db-wal'), qr/token laptop/, 'the audit says which token it was');
unlike(slurp($_), qr/\Q$token\E|hush-1/, "neither token nor secret is in $_") for glob($fazt->home . '/log/*');
ok((grep { $_->{name} eq 'laptop' && $_->{seen} } @{ $fazt->admin_json('token', 'list') }), 'the last use is noted');

my $pid = open(my $follow, '-|') // die $!;
exec build() . '/fazt-admin', @elsewhere, 'app', 'logs', 'pads', '-f', '--json', '--limit', 1 or POSIX::_exit(127) if !$pid;
is(text_of(scalar <$follow>)->{level}, 'info', 'app logs -f begins');
$fazt->browser->get($fazt->url('pads', '/'));
like(text_of(scalar <$follow>)->{text}, qr/said/, '… and polls');
kill INT => $pid;
ok(!defined <$follow>, '… until Ctrl-C');
close $follow;
is($?, 0, '… cleanly');

# ---- upgrades ----

spew("$dir/app.json", Fazt::json_of({ name => 'pads', title => 'Pads', version => '1.1.0', %{ $pad{'app.json'} } }));
($exit, $out, $err) = remote(@elsewhere, 'app', 'upgrade', 'pads');
is("$exit $out$err", "0 pads is at version 1.1.0\n", 'code that asks for no more is upgraded');
spew("$dir/app.json", Fazt::json_of({ name => 'pads', title => 'Pads', version => '1.2.0', %{ $pad{'app.json'} }, permissions => ['storage', 'storage:app'] }));
($exit, $out, $err) = remote(@elsewhere, 'app', 'upgrade', 'pads', '--yes');
is($exit, 3, 'code that asks for more is not, whatever it says');
like($err, qr{waits for the owner, who decides at \Q$os\E/waiting: Its code may see}, '… and the owner is asked');
is($fazt->admin_json('app', 'show', 'pads')->{version}, '1.1.0', '… while the old version serves');
is(scalar @{ $fazt->admin_json('decision', 'list') }, 1, '… at the usual place');

# ---- what a token may not do ----

sub remote_code { return code((remote(@elsewhere, @_, '--json'))[1]) }
my $row = (text_of(slurp_decisions()))->[0]{id};
sub slurp_decisions { return $fazt->admin('decision', 'list', '--json') }
is(remote_code(@$_), 'usage', "only on the node itself: @$_") for ['app', 'rollback', 'pads'], ['app', 'export', 'pads'];
is(remote_code(@$_), 'denied', "not: @$_") for ['app', 'consent', $row, 'hash'], ['app', 'grant', 'pads', 'storage:app'], ['app', 'revoke', 'pads', 'storage'],
	['app', 'remove', 'pads'], ['app', 'disable', 'pads'], ['user', 'list'], ['user', 'add', 'eve'], ['user', 'reset', 'owner'], ['decision', 'list'],
	['token', 'list'], ['token', 'remove', 'every'], ['status'], ['session', 'show'], ['app', 'list'], ['setting', 'get'], ['rls', 'why', 'pads/x/1'], ['app', 'fetch', 'https://example.com/a/b'],
	['app', 'candidate', $row], ['app', 'discard', $row];
is(remote_code(@$_), 'denied', "SHELL stays in the shell: @$_") for ['setting', 'set', 'domain', 'x.example'], ['login-link'], ['user', 'token', 'owner', 'pads'], ['token', 'add', 'more'], ['nginx', 'print'];
is(remote_code(@$_), 'denied', "not another app: @$_") for ['app', 'show', 'other'], ['app', 'logs', 'other'], ['app', 'env', 'set', 'other', 'KEY', 'x'], ['app', 'follow', 'other'], ['app', 'show', 'nosuch'],
	['app', 'candidate', $row, '--app', 'other'];
is(remote_code(@$_), 'usage', "not from elsewhere: @$_") for ['init'], ['migrate'], ['app', 'install', $dir], ['app', 'request', 'pads', 'GET', '/'], ['app', 'show', 'pads', '--as', 'owner'];
is(remote_code('app', 'candidate', $row, '--app', 'pads'), "none: " . (remote(@elsewhere, 'app', 'candidate', $row, '--app', 'pads', '--json'))[1], 'its own candidate it may see');
is($fazt->admin_json('app', 'show', 'pads')->{state}, 'enabled', 'and nothing of that happened');
keep($every);
is((remote(@elsewhere, 'app', 'show', 'other'))[0], 0, 'a token for every app');
is(remote_code('user', 'list'), 'denied', '… still decides nothing');
is(remote_code('app', 'fetch', 'https://example.com/a/b', '--app', ''), 'denied', '… and adds no apps');
keep($token);

# ---- the token itself ----

sub message { my ($exit, $out, $err) = remote(@_); return "$exit $err" }
like(message('--url', $os, 'app', 'show', 'pads'), qr/^2 .*--token-file FILE.*token add/, 'no token');
like(message('--url', $os, '--token-file', "$file.not", 'app', 'show', 'pads'), qr/^4 .*cannot read the token/, 'no such file');
chmod 0644, $file;
like(message(@elsewhere, 'app', 'show', 'pads'), qr/^3 .*others may read.*chmod 600 \Q$file/, 'a file that others may read');
keep('eyJx.y.z');
like(message(@elsewhere, 'app', 'show', 'pads'), qr/^2 .*holds no token/, 'a file with something else');
like(message('--token-file', $file, 'app', 'list'), qr/^2 .*go with --url/, 'a token without a node');
keep('fazt_' . 'x' x 43);
like(message(@elsewhere, 'app', 'show', 'pads'), qr/^3 .*no such token/, 'a token there is not');
keep($fazt->admin('token', 'add', 'short', '--ttl', 1));
sleep 2;
like(message(@elsewhere, 'app', 'show', 'pads'), qr/^3 .*token short has expired.*token add/, 'one that has expired');
keep($token);
$fazt->admin('token', 'remove', 'laptop');
like(message(@elsewhere, 'app', 'show', 'pads'), qr/^3 .*no such token/, 'removed: for the very next call');
keep($token = $fazt->admin('token', 'add', 'laptop', '--app', 'pads'));

# ---- over HTTP ----

my $b = $fazt->browser;
sub http_code { my ($answer) = @_; return "$answer->{status} " . ($answer->{json}{error}{code} // 'fine') }
sub post { my ($host, $path, @headers) = @_; return $b->request(POST => $fazt->url($host, $path), body => '{"app":"pads"}', type => 'application/json', headers => [@headers]) }
my @auth = (Authorization => "Bearer $token");
is(http_code(post('os', '/_fazt/api/app.show', @auth)), '200 fine', 'a POST with the token needs no origin, as bearer requests do not');
is(http_code(post('os', '/_fazt/api/app.show')), '403 bad_origin', '… and without one it does');
is(http_code($b->request(GET => "$os/_fazt/api/app.show?app=pads&$_=$token")), '400 bad_request', "IDN-22 a token in the URL ($_) is refused") for qw(access_token token x);
unlike(slurp($fazt->home . '/log/fazt.log'), qr/\Q$token/, 'IDN-22 … and not written down');
is(http_code(post('pads', '/_fazt/api/app.show', @auth)), '401 unauthorized', 'it is nothing at an app');
is(http_code(post('pads', '/', @auth)), '401 unauthorized', '… nor for its pages');
is(http_code($b->request(GET => "$os/", headers => [@auth])), '401 unauthorized', 'nor for pages of the dashboard');
is(http_code(post('os', '/_fazt/api/app.show', Authorization => 'Bearer ' . $fazt->token('owner', 'pads'))), '401 unauthorized', 'a person\'s token for an app runs no operations');
is(http_code(post('os', '/_fazt/api/app.show', Authorization => "Basic $token")), '403 bad_origin', 'another scheme is none');
my %answers;
$answers{ http_code(post('os', '/_fazt/api/app.show', Authorization => 'Bearer fazt_' . sprintf '%043d', $_)) }++ for 1 .. 40;
cmp_ok($answers{'429 rate_limited'} // 0, '>=', 10, 'guesses are made to wait') or diag explain \%answers;
is(http_code(post('os', '/_fazt/api/app.show', @auth)), '200 fine', '… a good token is not');

# ---- where to ----

like(message('--url', $_, '--token-file', $file, 'app', 'show', 'pads'), qr/^2 .*address of the dashboard/, "the address $_") for 'os.example.com', 'ftp://os.example.com', 'https://', 'https://a b', 'https://u@h',
	'https://os.example.com/x', 'https://os.example.com:0', 'https://os.example.com:99999', 'https://os.example.com?x', '';
like(message('--url', "http://$_", '--token-file', $file, 'app', 'show', 'pads'), qr/^2 .*plain http.*https:/, "no plain http to $_") for 'os.example.com', '192.168.1.1', 'localhost.example.com', '127.0.0.1.example.com';
like(message('--url', "http://$_", '--token-file', $file, 'app', 'show', 'pads'), qr/^2 .*--url is the address of the dashboard/, "nor to what only looks like this machine: $_") for 'evil.example/.localhost', '[::1]\@evil.example', 'x\@localhost', 'evil.example?.localhost';
like(message('--url', 'http://localhost:' . free_port(), '--token-file', $file, 'app', 'show', 'pads'), qr/^6 .*cannot reach/, 'nobody there');
like(message('--url', $fazt->url('pads', ''), '--token-file', $file, 'app', 'show', 'pads'), qr/^3 .*for the operations of the node, at \Q$os/, 'the address of an app');
like(message('--url', 'http://os.wrong.localhost:' . $fazt->port, '--token-file', $file, 'app', 'show', 'pads'), qr/^[26] /, 'another domain');

# nginx in front, with a certificate of its own authority; and one that redirects
my ($port, $home) = (free_port(), $fazt->home);
my $odd = free_port();
system("cd $home && openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.pem -days 2 -subj /CN=os.localhost -addext subjectAltName=DNS:os.localhost >/dev/null 2>&1") == 0 or die 'openssl';
mkdir "$home/tls";
spew("$home/tls/nginx.conf", "pid $home/tls/pid; error_log $home/tls/log; worker_processes 1; events {}\nhttp { access_log off; client_body_temp_path $home/tls; proxy_temp_path $home/tls; fastcgi_temp_path $home/tls; uwsgi_temp_path $home/tls; scgi_temp_path $home/tls;\n"
	. "server { listen 127.0.0.1:$port ssl; ssl_certificate $home/tls.pem; ssl_certificate_key $home/tls.key; location / { proxy_pass http://127.0.0.1:" . $fazt->port . "; proxy_set_header Host os.localhost; } }\n"
	. "server { listen 127.0.0.1:$odd; location / { return 302 $os/_fazt/api/app.show; } } }\n");
my ($nginx) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), '/usr/sbin';
$fazt->spawn(tls => $nginx, '-p', "$home/tls", '-e', "$home/tls/log", '-c', "$home/tls/nginx.conf", '-g', 'daemon off;');
$fazt->wait_for(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port) }, 'TLS answers');
my @tls = ('--url', "https://os.localhost:$port", '--token-file', $file);
like(message(@tls, 'app', 'show', 'pads'), qr/^3 .*did not prove that it is that host/, 'a certificate nobody vouches for');
is((remote(@tls, '--ca', "$home/tls.pem", 'app', 'show', 'pads'))[0], 0, '… and one that --ca names');
like(message('--url', "https://other.localhost:$port", '--token-file', $file, '--ca', "$home/tls.pem", 'app', 'show', 'pads'), qr/^3 .*did not prove/, 'a certificate of another name');
like(message('--url', 'https://os.localhost:' . $fazt->port, '--token-file', $file, 'app', 'show', 'pads'), qr/^3 .*did not prove/, 'no TLS at all');
like(message('--url', "http://localhost:$odd", '--token-file', $file, 'app', 'show', 'pads'), qr/^2 .*did not answer as a Fazt does \(status 302\)/, 'redirects are not followed');
local $ENV{https_proxy} = local $ENV{http_proxy} = local $ENV{all_proxy} = "http://127.0.0.1:$odd";
is((remote(@elsewhere, 'app', 'show', 'pads'))[0], 0, 'no proxy is asked');
unlink $file;
done_testing;
