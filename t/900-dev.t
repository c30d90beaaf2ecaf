# ./dev as a newcomer meets it: an ordinary user, a long path with a space, no terminal; up twice, down twice, a port in
# use, a home elsewhere, and nothing left running.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top slurp spew free_port);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;

chdir top();
my $outer = tempdir('fazt-dev-XXXXXX', DIR => '/tmp', CLEANUP => 1);
my $tree = "$outer/a rather long path, " . join('/', ('and longer still') x 6) . '/fazt';
make_path($tree);
my $list = `git ls-files 2>/dev/null` || `find . -type f -not -path './build*' -not -path './.fazt/*'`;
open my $tar, '|-', "tar cf - -T - | tar xf - -C '$tree'" or die $!;
print $tar join "\n", grep { -e } split /\n/, $list;
close $tar;

# As root the newcomer is nobody; else it is whoever runs the tests.
my @as = $> ? () : qw(setpriv --reuid=65534 --regid=65534 --clear-groups);
my %env = (HOME => $outer, CI => '', XDG_RUNTIME_DIR => '');
chmod 0755, $outer;
Fazt::run({}, 'chown', '-R', '65534:65534', $outer) unless $>;
sub dev { return Fazt::run(\%env, @as, 'setsid', '-w', "$tree/dev", @_) }

my ($exit, $out, $err) = dev('help');
ok($exit == 0 && $out =~ /up .*down .*check .*bench/s, 'help');
for (['up', '--port', 'x'], ['up', '--port', 70000], ['up', '--colour'], ['down', '--port', 1], ['sideways']) {
	($exit, $out, $err) = dev(@$_);
	ok($exit == 1 && $err =~ /^dev: .+/, "@$_: $err");
}
($exit, $out, $err) = dev('admin', 'status');
ok($exit == 1 && $err =~ /\.\/dev up/, 'admin before up says what to do');

my $port = free_port();
my $taken = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port) or die $!;
($exit, $out, $err) = dev('up', '--detach', '--port', $port);
ok($exit == 1 && $err =~ /Port $port is in use.*--port/, 'a port in use is said, with what to do');
close $taken;

($exit, $out, $err) = dev('up', '--detach', '--quiet', '--port', $port);
is($exit, 0, 'up') or diag($err, map { slurp($_) } glob "'$tree/build/dev.log'");
my @links = split /\n/, $out;
is(scalar(@links), 2, '--quiet prints two links') or diag($out);
like($_, qr{^http://os\.localhost:$port/_fazt/\S+$}, 'a link') for @links;
is($err, '', 'and nothing else');

my $node = Fazt::Browser->new(port => $port);
my $page = $node->sign_in($links[0]);
is($page->{status}, 200, "the owner's link signs in");
my $guest = Fazt::Browser->new(port => $port);
is($guest->sign_in($links[1])->{status}, 200, "the guest's link too");

($exit, $out, $err) = dev('up', '--detach', '--port', $port);
ok($exit == 0 && $err =~ /runs from this home already/ && $out =~ /owner.*guest/s, 'up again says that it runs, with fresh links');
($exit, $out) = dev('admin', 'app', 'list', '--json');
ok($exit == 0 && $out =~ /"pad"/, 'admin is fazt-admin on that home');
($exit, $out) = dev('admin', 'status', '--home', "$outer/nowhere");
isnt($exit, 0, '--home is respected');

# Whoever else ends up with a pid of ours is left alone.
my $home = "$tree/.fazt";
my $keeper = slurp("$home/run/keeper.pid");
my $innocent = fork // die;
if (!$innocent) { exec 'sleep', '300' }
($exit, $out, $err) = dev('down');
ok($exit == 0 && $err =~ /Stopped/, 'down') or diag($err);
ok(!-e '/proc/' . ($keeper =~ s/\s//gr), 'the keeper is gone');
ok(!IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port), 'nginx is gone');
spew("$home/run/keeper.pid", "$innocent\n");
($exit, $out, $err) = dev('down');
ok($exit == 0 && $err =~ /was not running/, 'down again');
ok(kill(0, $innocent), 'a process with a recycled pid is left alone');
kill KILL => $innocent;
waitpid $innocent, 0;

($exit, $out, $err) = dev('up', '--detach', '--quiet', '--port', $port);
is($exit, 0, 'up a second time, on what is there') or diag($err);
($exit) = dev('down');
is($exit, 0, 'and down');
my @left = grep { index($_, $outer) >= 0 } map { (eval { slurp($_) } // '') =~ tr/\0/ /r } glob '/proc/[0-9]*/cmdline';
is_deeply(\@left, [], 'nothing is left running');
END { Fazt::run(\%env, @as, "$tree/dev", 'down') if defined $tree && -x "$tree/dev" }
done_testing;
