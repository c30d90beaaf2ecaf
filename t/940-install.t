# What autotools people expect: a tarball that builds elsewhere, and make install into a DESTDIR.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top build);
use File::Temp qw(tempdir);
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my ($exit, $out, $err) = Fazt::run({}, 'make', '-C', build(), 'dist');
is($exit, 0, 'make dist') or diag($err);
my ($tarball) = glob build() . '/fazt-*.tar.xz';
is((Fazt::run({}, 'tar', '-xf', $tarball, '-C', $dir))[0], 0, 'it unpacks');
my ($source) = grep { -d } glob "$dir/fazt-*";

mkdir "$dir/out";
($exit, $out, $err) = Fazt::run({}, 'sh', '-c', "cd '$dir/out' && '$source/configure' -q --without-web && make -s -j2");
is($exit, 0, 'the tarball builds in another folder') or diag(substr("$out$err", -3000));
($exit, $out, $err) = Fazt::run({}, 'make', '-C', "$dir/out", 'install', "DESTDIR=$dir/root");
is($exit, 0, 'make install DESTDIR=') or diag($err);
ok(-x "$dir/root/usr/local/bin/faztd", 'faztd');
is(readlink("$dir/root/usr/local/bin/fazt-admin") // '', 'faztd', 'fazt-admin is the same program');
my @outside = split /\n/, `find '$dir/root' -type f ! -path '$dir/root/usr/local/*'`;
is_deeply(\@outside, [], 'nothing outside the prefix');

($exit, $out) = Fazt::run({}, "$dir/root/usr/local/bin/fazt-admin", 'init', '--home', "$dir/home");
is($exit, 0, 'the installed program makes a home, without the source tree');
(undef, $out) = Fazt::run({ FAZT_HOME => "$dir/home" }, "$dir/root/usr/local/bin/fazt-admin", 'status', '--json');
is(Fazt::text_of($out)->{people}, 1, 'and knows its owner');
is((Fazt::run({}, 'sh', '-c', "cd '$dir' && root/usr/local/bin/fazt-admin app new thing"))[0], 0, 'and app new finds its templates');
is((Fazt::run({}, 'make', '-C', "$dir/out", 'uninstall', "DESTDIR=$dir/root"))[0], 0, 'make uninstall');
my @left = split /\n/, `find '$dir/root' -type f -o -type l`;
is_deeply(\@left, [], 'leaves nothing');
done_testing;
