# The inner loop on a node elsewhere, with a token that looks after one app.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build spew slurp);
use Test::More;

my $fazt = Fazt->new;
sub page { my ($text) = @_; return qq{return { ["GET /"] = function() return "<p>$text</p>" end }\n} }
my $dir = $fazt->cartridge(shop => { 'app.json' => { visibility => 'anyone' }, 'api/main.lua' => page('one') });
$fazt->admin('app', 'install', $dir, '--yes');
$fazt->start;
my $file = $fazt->home . '/../' . (split m{/}, $fazt->home)[-1] . '.token';
spew($file, $fazt->admin('token', 'add', 'laptop', '--app', 'shop') . "\n");
chmod 0600, $file;

sub body { return $fazt->browser->get($fazt->url('shop'))->{body} // '' }
sub log_of { return eval { slurp($fazt->home . "/log/$_[0].out") } // '' }
$ENV{FAZT_HOME} = '/nowhere';
my @dev = (build() . '/fazt-admin', 'app', 'dev', $dir, '--url', $fazt->url('os', ''), '--token-file', $file);

spew("$dir/api/main.lua", page('elsewhere'));
# Another place than the one it was installed from: the owner decides once.
my $pid = $fazt->spawn(first => @dev);
$fazt->wait_for(sub { $fazt->{children}{first} && waitpid($pid, POSIX::WNOHANG()) > 0 ? delete $fazt->{children}{first} : log_of('first') =~ /waits for your consent/ }, 'it waits');
like(log_of('first'), qr/consent/, 'a push from another place waits for the owner');
like(body(), qr/<p>one</, '… and what was installed serves');
if (delete $fazt->{children}{first}) { kill KILL => $pid; waitpid $pid, 0 }
$ENV{FAZT_HOME} = $fazt->home;
my ($waiting) = @{ $fazt->admin_json('decision', 'list') };
$fazt->admin('app', 'consent', $waiting->{id}, $fazt->admin_json('app', 'candidate', $waiting->{id})->{hash});
$ENV{FAZT_HOME} = '/nowhere';

$pid = $fazt->spawn(second => @dev);
$fazt->wait_for(sub { log_of('second') =~ /serves at/ }, 'it serves');
pass('consented to, it serves');
spew("$dir/api/main.lua", page('two'));
ok($fazt->wait_for(sub { body() =~ /<p>two</ }, 'two'), 'a save is the next answer');
spew("$dir/public/large.bin", 'x' x 2_000_000 . rand);
ok($fazt->wait_for(sub { length($fazt->browser->get($fazt->url('shop', '/large.bin'))->{body} // '') > 2_000_000 }, 'large'), 'a file larger than a request');
spew("$dir/api/main.lua", "return {\n  1 2\n}");
ok($fazt->wait_for(sub { log_of('second') =~ m{api/main\.lua:2:5: } }, 'broken'), 'a broken save is said with file, line and column');
like(body(), qr/<p>two</, '… and changes nothing');
kill INT => $pid;
waitpid $pid, 0;
delete $fazt->{children}{second};
is($? >> 8, 0, 'Ctrl-C ends it');
unlink $file;
done_testing;
