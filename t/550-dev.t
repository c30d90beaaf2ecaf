# app dev: a save becomes the next answer, a broken one changes nothing and says where, and the owner's browser follows;
# nobody else sees a word of it.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build spew slurp text_of);
use File::Path qw(make_path remove_tree);
use Test::More;
use Time::HiRes qw(sleep time);

my $fazt = Fazt->new;
$fazt->start;
my $owner = $fazt->person;
my $mia = $fazt->person('mia');

sub page { my ($text) = @_; return qq{return {\n  ["GET /"] = function() return "<!doctype html><html><body><p>$text</p></body></html>" end,\n}\n} }

my %dev; # what runs: folder => { name, log }
sub start_dev {
	my ($dir, @options) = @_;
	my $name = 'dev' . (1 + keys %dev);
	$ENV{FAZT_HOME} = $fazt->home;
	my $pid = $fazt->spawn($name => build() . '/fazt-admin', 'app', 'dev', $dir, @options);
	return $dev{$dir} = { name => $name, log => $fazt->home . "/log/$name.out", pid => $pid };
}
sub said { my ($dir, $what, $label) = @_; return ok($fazt->wait_for(sub { (eval { slurp($dev{$dir}{log}) } // q()) =~ $what }, "$label: $what"), $label) }
sub answers {
	my ($path, $what, $label, $who) = @_;
	my $seen;
	my $fine = eval { $fazt->wait_for(sub { $seen = body($path, $who); $seen =~ $what }, $label) };
	return ok($fine, $label) || diag($seen);
}
sub get { my ($path, $who) = @_; return ($who // $owner)->get($fazt->url('shop', $path), headers => [Accept => 'text/html']) }
sub body { return get(@_)->{body} // '' }

# ---- installing ----

my $dir = $fazt->cartridge(shop => { 'app.json' => { visibility => 'anyone', permissions => ['storage'] }, 'api/main.lua' => page('one'),
	'public/a.txt' => 'first' });
start_dev($dir, '--yes', '--grant', 'all', '--lease', '2');
said($dir, qr/asks for permission to/, 'what it asks for is shown once');
said($dir, qr{version 1 serves|consented}, 'the app is installed');
answers('/', qr/<p>one</, 'and answers');
said($dir, qr{as its owner: \S+/_fazt/sign-in}, 'where its owner opens it is said');
$_->get($fazt->url('shop', '/_fazt/sign-in?next=/')) for $owner, $mia;
like(body('/'), qr{<script src="/_fazt/dev\.js" data-version="\d+"></script>\n</body>}, 'the owner gets the script');
is(get('/')->{headers}{'cache-control'}, 'no-store', '… in a page that is kept nowhere');
is(get('/')->{headers}{etag}, undef, '… and has no tag');
for (['a member', $mia], ['a stranger', $fazt->browser]) {
	my ($label, $who) = @$_;
	unlike(body('/', $who), qr/_fazt|script/, "$label does not");
	is(get('/_fazt/dev.js', $who)->{status}, 404, '… nor the script itself');
	is(get('/_fazt/dev', $who)->{status}, 404, '… nor the state');
}
is(get('/_fazt/dev')->{status}, 200, 'the owner gets the state');
unlike($owner->fetch(GET => $fazt->url('shop', '/'))->{body}, qr/_fazt/, 'a fragment that a script asks for stays as it is');
unlike($owner->request(GET => $fazt->url('shop', '/'), headers => [Accept => 'text/html', 'Sec-Fetch-Dest' => 'empty'])->{body}, qr/_fazt/,
	'… whatever it accepts');

# ---- saving ----

spew("$dir/api/main.lua", page('two'));
answers('/', qr/<p>two</, 'a save is the next answer');
spew("$dir/api/main.lua.new", page('three'));
rename "$dir/api/main.lua.new", "$dir/api/main.lua";
answers('/', qr/<p>three</, 'an editor that renames into place');
spew("$dir/api/.main.lua.swp", 'x');
spew("$dir/public/a.txt", 'second');
answers('/a.txt', qr/^second$/, 'a public file');
make_path("$dir/public/deep/er");
spew("$dir/public/deep/er/b.txt", 'new');
answers('/deep/er/b.txt', qr/^new$/, 'a file in a new folder');
spew("$dir/public/deep/er/b.txt", 'newer');
answers('/deep/er/b.txt', qr/^newer$/, '… which is watched as well');
unlink "$dir/public/a.txt";
answers('/a.txt', qr/Nothing here|nothing here/, 'a file that is deleted is gone');
my $large = join '', map { chr(65 + rand 26) } 1 .. 1_500_000;
spew("$dir/public/large.bin", $large);
answers('/large.bin', qr/^\Q$large\E$/, 'a file larger than a request');
is(() = glob("$dir/*"), 3, 'nothing was written into the folder');

# ---- mistakes ----

sub problem { my $answer = get('/_fazt/dev'); return text_of($answer->{body})->{problem} // '' }
spew("$dir/api/main.lua", "local a = 1\nreturn {\n  [\"GET /\" = 1\n}\n");
said($dir, qr{api/main\.lua:3:\S* }, 'a save that does not compile is said with file and line');
like(body('/'), qr/<p>three</, 'the version before it answers');
ok($fazt->wait_for(sub { problem() =~ m{api/main\.lua:3:} }, 'problem'), "the owner's browser is told as well");
like(body('/', $mia), qr/<p>three<\/p><\/body>/, 'a member sees nothing of it');
spew("$dir/api/main.lua", page('four'));
answers('/', qr/<p>four</, 'the next save recovers');
ok($fazt->wait_for(sub { problem() eq '' }, 'no problem'), '… and takes the problem away');
my $manifest = slurp("$dir/app.json");
spew("$dir/app.json", '{"nmae": 1}');
said($dir, qr/app\.json: .*did you mean "name"/, 'a bad manifest is said');
spew("$dir/app.json", $manifest);
ok($fazt->wait_for(sub { problem() eq '' }, 'no problem'), 'and recovers');
symlink '/etc/passwd', "$dir/public/link";
said($dir, qr/symbolic link/, 'what no package may have is said');
unlink "$dir/public/link";
ok($fazt->wait_for(sub { problem() eq '' }, 'no problem'), 'and recovers');

# ---- errors while it runs ----

spew("$dir/api/main.lua", qq{local fazt = require "fazt"\nlocal function deep() local x; return x.y end\nreturn {\n  ["GET /"] = function() print("secret of a log") return tostring(deep()) .. "" end,\n}\n});
answers('/', qr/api\/main\.lua:2: attempt to index/, 'an uncaught error says what and where to the owner');
like(body('/'), qr/stack traceback/, '… with its traceback');
like(body('/'), qr{/_fazt/dev\.js}, '… on a page that follows the next save');
like(get('/')->{headers}{'content-security-policy'}, qr/connect-src 'self'/, '… whose policy lets it ask');
like($owner->fetch(GET => $fazt->url('shop', '/'))->{body}, qr/"trouble":".*main\.lua:2/, '… and in JSON');
for (['a member', $mia], ['a stranger', $fazt->browser]) {
	my ($label, $who) = @$_;
	unlike(body('/', $who), qr/main\.lua|traceback|dev\.js/, "$label sees none of it");
	unlike($who->fetch(GET => $fazt->url('shop', '/'))->{body}, qr/main\.lua|trouble/, '… nor in JSON');
}
said($dir, qr/secret of a log/, 'the log is shown as it is written');
said($dir, qr/error: api\/main\.lua:2: attempt to index.*\n\s+stack traceback/, '… and errors with their traceback');

# ---- the end ----

kill KILL => $dev{$dir}{pid};
waitpid $dev{$dir}{pid}, 0;
delete $fazt->{children}{ $dev{$dir}{name} };
ok($fazt->wait_for(sub { body('/') !~ /dev\.js/ }, 'the lease ends'), 'killed, it is over when its lease is');
is(get('/_fazt/dev')->{status}, 404, 'the state is gone as well');
like(body('/'), qr/<p>\w+/, 'the last version stays');

start_dev($dir);
$fazt->wait_for(sub { body('/') =~ /dev\.js/ }, 'again');
pass('a second time from the same folder nothing is asked');
my $asks = slurp("$dir/app.json") =~ s/\["storage"\]/["storage","people"]/r;
spew("$dir/app.json", $asks);
spew("$dir/api/main.lua", page('greedy'));
said($dir, qr/waits for your consent.*See the names/, 'a save that asks for more waits');
unlike(body('/'), qr/greedy/, 'the version before it answers');
ok($fazt->wait_for(sub { problem() =~ /See the names/ }, 'problem'), '… and the browser says so');
spew("$dir/api/main.lua", page('greedier'));
my $decisions = sub { return grep { $_->{name} eq 'shop' } @{ $fazt->admin_json('decision', 'list') } };
ok($fazt->wait_for(sub { my $log = slurp($dev{$dir}{log}); (() = $log =~ /waits for your consent/g) >= 2 }, 'twice'), 'the next save asks again');
is(scalar $decisions->(), 1, 'only the newest waits');
my ($waiting) = $decisions->();
my $candidate = $fazt->admin_json('app', 'candidate', $waiting->{id});
$fazt->admin('app', 'consent', $waiting->{id}, $candidate->{hash});
answers('/', qr/greedier/, 'consented to elsewhere, it serves');
kill INT => $dev{$dir}{pid};
waitpid $dev{$dir}{pid}, 0;
is($? >> 8, 0, 'Ctrl-C ends it well');
delete $fazt->{children}{ $dev{$dir}{name} };
unlike(body('/'), qr/dev\.js/, '… and the lease at once');
like(body('/'), qr/greedier/, '… and leaves the last version installed');

# ---- the operations it is made of ----

sub push_ { my (%o) = @_; return $owner->fetch(POST => $fazt->url('os', '/_fazt/api/app.push'), json => \%o,
	headers => ['X-CSRF-Token' => $owner->fetch(GET => $fazt->url('os', '/_fazt/api/session.show'))->{json}{csrf}]) }
my $none = '0' x 64;
is(push_(app => 'shop', files => { 'app.json' => $none })->{json}{lacks}[0], $none, 'app push: what is lacking is answered');
is(push_(app => 'shop', files => { 'app.json' => 'x' })->{status}, 400, 'a hash that is none');
is(push_(app => 'shop', files => [])->{status}, 400, 'files that are no object');
is(push_(app => 'shop', objects => { $none => '!' })->{status}, 400, 'bytes that are no base64url');
is(push_(app => 'shop', objects => { "$none\@-1" => 'eA' })->{status}, 400, 'a place before the file');
is(push_(app => 'shop', objects => { $none => 'eA' })->{json}{state}, 'lacking', 'a piece is kept');
is(push_(app => 'shop', files => { 'app.json' => $none })->{json}{lacks}[0], $none, '… and is not believed to be what it says');
is(push_(app => 'mail', files => {})->{json}{error}{code}, 'reserved_name', 'a reserved name');
my ($exit) = $fazt->try_admin('app', 'lease', 'shop', '1000000');
is($exit, 2, 'app lease: not for ever');
done_testing;
