# Whoever operates it: odd arguments, settings, reloads with something broken, homes that are not to be trusted, and what other users of
# the machine can see.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp spew build);
use POSIX ();
use Test::More;

my $fazt = Fazt->new;
my $home = $fazt->home;
$fazt->install(pad => { 'app.json' => { visibility => 'anyone', permissions => ['storage'] }, 'public/page.html' => 'x', 'api/main.lua' => 'return { ["GET /"] = function() return { text = "fine" } end }' });
$fazt->start;
my $client = $fazt->browser;
sub fine { $client->request(GET => $fazt->url('pad', '/'))->{body} eq 'fine' }
ok(fine(), 'it serves');

# ---- CFG-01: arguments ----

my $marker = "$home/pwned";
my @odd = ('-', '--help-me', '-rf', "a\nb", "a'b", 'a"b', 'a b', "\$(touch $marker)", "`touch $marker`", "; touch $marker", "| touch $marker", "a\e[2Jb", "\xff\xfe", '%s%n%s', '../../etc/passwd', '*', '~', '', "x\x01", 'x' x 100_000);
for my $word (@odd) {
	my $shown = json_of(substr($word =~ s/\Q$home\E/HOME/r, 0, 30) =~ s/[^ -~]/?/gr);
	my @commands = (['app', 'show', $word], ['app', 'install', build() . '/cartridges/pad', '--name', $word, '--yes'], ['user', 'add', $word]);
	push @commands, ['app', 'install', $word, '--yes'], ['setting', 'get', $word], ['app', 'request', 'pad', 'GET', $word, '--as', $word] if $word =~ /[\n;-]|^\$/;
	for my $command (@commands) {
		my ($exit, $out, $err) = $fazt->try_admin(@$command); # (people are called as they like)
		my $at = join ' ', @$command[0, 1];
		ok($exit < 128 && ($exit > 0 || $at eq 'user add'), "CFG-01 $at $shown: $exit") or diag "$out$err";
		unlike("$out$err", qr/[\x00-\x08\x0b-\x1f\x7f]|root:/, 'CFG-01 … in words that a terminal bears') if $word =~ /[\x00-\x1f]|passwd/;
	}
}
is(($fazt->try_admin('app', 'show', '--', '--pad'))[0], 4, 'CFG-01 behind -- a word that looks like an option is a word');
is(($fazt->try_admin(('x') x 200))[0], 2, 'CFG-01 too many words');
is(($fazt->try_admin(map { "--x$_=y" } 1 .. 200))[0], 2, 'CFG-01 too many options');
ok(!-e $marker, 'CFG-01 no shell has seen any of it');
{
	my $large = 'x' x 1_000_000;
	my ($exit, undef, $err) = Fazt::run({ FAZT_HOME => $home, '<' => $large }, build() . '/fazt-admin', 'app', 'env', 'set', 'pad', 'KEY');
	ok($exit > 0 && $exit < 128, "CFG-01 a megabyte on standard input ($exit)") or diag $err;
	for my $bad (["FAZT_HOME=$large"], ["FAZT_HOME="], ["FAZT_HOME=/dev/null"], ["FAZT_HOME=/nowhere\n"]) {
		my ($value) = $bad->[0] =~ /=(.*)/s;
		next if length $value > 120_000; # no process may be given more
		my ($exit) = Fazt::run({ FAZT_HOME => $value }, build() . '/fazt-admin', 'status');
		ok($exit > 0 && $exit < 128, 'CFG-01 a home called ' . json_of($value)) or diag $exit;
	}
}
is_deeply([map { $_->{name} } @{ $fazt->admin_json('app', 'list') }], ['pad'], 'CFG-01 and nothing came of it');

# ---- CFG-02, CFG-03: settings ----

my ($exit, $out, $err) = $fazt->try_admin('setting', 'set', 'dedline', '5');
ok($exit == 4 && $err =~ /[Dd]id you mean "deadline"/, 'CFG-02 a setting there is not') or diag "$exit $err";
for (['port', '1.5'], ['port', '0x50'], ['port', ' 80'], ['port', '99999'], ['port', ''], ['deadline', '1e3'], ['insecure', 'yes'], ['domain', '/etc'], ['domain', 'a..b'], ['domain', "a;b"], ['domain', 'x' x 300], ['timezone', '../../etc/passwd'], ['net.allow', "a\nb"]) {
	my $old = $fazt->admin('setting', 'get', $_->[0]);
	($exit, undef, $err) = $fazt->try_admin('setting', 'set', @$_);
	ok($exit == 2 && $err =~ /"\Q$_->[0]\E" is/, 'CFG-02 ' . json_of([map { substr $_, 0, 30 } @$_]) . ' is refused, and it says what is right') or diag "$exit $err";
	is($fazt->admin('setting', 'get', $_->[0]), $old, 'CFG-03 … the old one stays');
}
ok(fine(), 'CFG-03 and serves');
SKIP: {
	skip 'no sqlite3 program', 3 unless `sqlite3 --version 2>/dev/null`;
	system 'sqlite3', "$home/data.db", '.timeout 5000', "INSERT OR REPLACE INTO settings (key, value) VALUES ('deadline', 'soon'), ('heap', '-1'), ('body', '99999999999999999999'), ('nosuch', 'x'); UPDATE meta SET number = number + 1 WHERE name = 'epoch'";
	kill HUP => $fazt->pid('serve');
	sleep 1;
	ok(fine(), 'CFG-03 what somebody wrote into the database by hand is no setting: it serves with what is right');
	is($fazt->admin('setting', 'get', 'deadline'), '10000', 'CFG-03 … the default');
	is($fazt->admin('setting', 'get', 'heap'), '16777216', 'CFG-03 … for each of them');
	system 'sqlite3', "$home/data.db", '.timeout 5000', "DELETE FROM settings WHERE key IN ('deadline', 'heap', 'body', 'nosuch')";
}
($exit, undef, $err) = $fazt->try_admin('nginx', 'check', '--cert', "$home/none.pem", '--key', "$home/none.key");
ok($exit && $err =~ /nginx refuses/, 'CFG-03 what nginx would not accept is known before it reloads');

sub workers { my $below = $fazt->processes_below($fazt->pid('serve')); return sort { $a <=> $b } grep { $below->{$_} =~ /\bworker\b/ } keys %$below }
my @old = workers();
chmod 0777, $home;
kill HUP => $fazt->pid('serve');
$fazt->wait_for(sub { slurp("$home/log/fazt.log") =~ /reload\.refused/ }, 'the refusal is in the log');
like(slurp("$home/log/fazt.log"), qr/reload\.refused.*others may write/, 'CFG-03 a reload that could not serve is refused, and says why');
is_deeply([workers()], \@old, 'CFG-03 … the old workers stay');
ok(fine(), 'CFG-03 … and serve');
chmod 0711, $home;
kill HUP => $fazt->pid('serve');
$fazt->wait_for(sub { my %was = map { $_ => 1 } @old; grep { !$was{$_} } workers() }, 'repaired, a reload brings new ones');
ok(fine(), 'CFG-03 repaired, it reloads');

# ---- CFG-06: a second kernel ----

($exit, undef, $err) = Fazt::run({}, build() . '/faztd', 'serve', '--home', $home);
ok($exit == 6 && $err =~ /another faztd serves/, 'CFG-06 a second kernel refuses') or diag "$exit $err";
symlink $home, "$home-link";
($exit, undef, $err) = Fazt::run({}, build() . '/faztd', 'serve', '--home', "$home-link");
ok($exit == 6 && $err =~ /another faztd serves/, 'CFG-06 by another way to the same home, too') or diag "$exit $err";
unlink "$home-link";
ok(-S "$home/run/fcgi.sock" && fine(), 'CFG-06 the first is unaffected');

# ---- CFG-08: other users of the machine ----

my @open;
sub look { my ($dir) = @_; for my $path (glob "$dir/* $dir/.[!.]*") { my $mode = (lstat $path)[2]; push @open, sprintf '%s %04o', $path =~ s/\Q$home\E//r, $mode & 07777 if $mode & 0066 && !-l $path; look($path) if -d $path && !-l $path } }
look($home);
my @meant = grep { !m{^(?:/www|/cache)(?:/| )|^/nginx/nginx\.conf |^/run/fcgi\.sock 0660$|^/run/nginx\.pid |^/log/(?:nginx\.log|\w+\.out) } } @open;
is_deeply(\@meant, [], 'CFG-08 nobody else reads or writes what is in the home, but what nginx serves');
is(sprintf('%04o', (stat $home)[2] & 07777), '0711', 'CFG-08 and sees no names in it');
is(sprintf('%04o', (stat "$home/$_")[2] & 07777), '0700', "CFG-08 nor in $_") for 'log', 'nginx';
my $token = $fazt->token('owner', 'pad');
my $link = $fazt->admin('login-link');
my ($code) = $link =~ /code=(\S+)/;
Fazt::run({ FAZT_HOME => $home, '<' => 'very secret' }, build() . '/fazt-admin', 'app', 'env', 'set', 'pad', 'KEY');
my @shown;
for my $pid ($fazt->pid('serve'), keys %{ $fazt->processes_below($fazt->pid('serve')) }) {
	my $text = join "\0", map { eval { slurp("/proc/$pid/$_") } // '' } 'cmdline', 'environ';
	push @shown, $pid if $text =~ /very secret|\Q$token\E|\Q$code\E/;
}
is_deeply(\@shown, [], 'CFG-08 no secret is in an argument or the environment of a process');
is(($fazt->try_admin('user', 'add', 'x', '--password', 'secret'))[0], 2, 'CFG-08 no command takes a password as an argument');
SKIP: {
	skip 'only root may be somebody else', 3 if $>;
	my $nobody = getpwnam 'nobody' // 65534;
	my $try = sub { my ($path) = @_; my $pid = fork // die; if (!$pid) { POSIX::setuid($nobody); POSIX::_exit(open(my $f, '<', $path) ? 1 : 0) } waitpid $pid, 0; return $? >> 8 };
	is($try->("$home/$_"), 0, "CFG-08 another user cannot read $_") for 'data.db', 'data.db-wal', 'log/fazt.log';
}

# ---- CFG-05: homes ----

$fazt->stop;
my $status = sub { my ($at, @as) = @_; return Fazt::run({ FAZT_HOME => $at }, @as, build() . '/fazt-admin', 'status') };
is(($status->($home))[0], 0, 'a home');
chmod 0775, $home;
($exit, undef, $err) = $status->($home);
ok($exit == 3 && $err =~ /others may write in .*chmod go-w/, 'CFG-05 a home that others may write in') or diag "$exit $err";
($exit, undef, $err) = Fazt::run({}, build() . '/faztd', 'serve', '--home', $home);
ok($exit == 3 && $err =~ /others may write/, 'CFG-05 … is not served') or diag "$exit $err";
chmod 0711, $home;
chmod 0644, "$home/data.db";
is(($status->($home))[0], 0, 'CFG-02 a database that others may read');
is(sprintf('%04o', (stat "$home/data.db")[2] & 07777), '0600', 'CFG-02 … may not be read by them afterwards');
rename "$home/data.db", "$home/real.db";
symlink "$home/real.db", "$home/data.db";
($exit, undef, $err) = $status->($home);
ok($exit == 3 && $err =~ /data\.db is a link/, 'CFG-05 a database that is a link') or diag "$exit $err";
unlink "$home/data.db";
link "$home/real.db", "$home/data.db";
($exit, undef, $err) = $status->($home);
ok($exit == 3 && $err =~ /data\.db is a link/, 'CFG-05 … or has a second name') or diag "$exit $err";
unlink "$home/real.db";
is(($status->($home))[0], 0, 'CFG-05 … and as it was it is fine');
is(($status->("$home/data.db"))[0] ? 1 : 0, 1, 'CFG-05 a home that is a file');
like(($status->("$home/nowhere"))[2], qr/no home there/, 'CFG-05 a home that is not there');
mkdir "$home-empty";
like(($status->("$home-empty"))[2], qr/no Fazt in .*init/, 'CFG-05 a folder without one');
symlink "$home-empty", "$home-link";
($exit, undef, $err) = Fazt::run({}, build() . '/fazt-admin', 'init', '--home', "$home-link");
ok($exit == 3 && $err =~ /link/, 'CFG-05 init makes none behind a link') or diag "$exit $err";
SKIP: {
	skip 'only root may be somebody else', 5 if $>;
	my $nobody = getpwnam 'nobody' // 65534;
	my @as = ('setpriv', '--reuid', $nobody, '--clear-groups');
	skip 'no setpriv', 5 unless -x '/usr/bin/setpriv';
	($exit, undef, $err) = $status->($home, @as);
	ok($exit != 0 && $err =~ /another user|no home there|no Fazt/, "CFG-05 another user's home") or diag "$exit $err";
	unlink "$home-link";
	symlink $home, "$home-link";
	is(($status->("$home-link"))[0], 0, 'CFG-05 a link that root or the owner made leads to it');
	POSIX::lchown($nobody, -1, "$home-link");
	($exit, undef, $err) = $status->("$home-link");
	ok($exit == 3 && $err =~ /link that somebody else made/, 'CFG-05 … one that somebody else made does not') or diag "$exit $err";
	my $mounted = sub { my ($how) = @_; return Fazt::run({ FAZT_HOME => $home }, 'unshare', '-m', 'sh', '-c', "mount --bind $home $home && mount -o remount,bind,$how $home && exec \"\$0\" status", build() . '/fazt-admin') };
	skip 'nothing can be mounted here', 2 if ($mounted->('rw'))[0];
	($exit, undef, $err) = $mounted->('ro');
	ok($exit == 3 && $err =~ /read-only/, 'CFG-05 a file system that is read-only') or diag "$exit $err";
	is(($mounted->('noexec'))[0], 0, 'CFG-05 nothing in a home is executed, so noexec is no reason to refuse it');
}
unlink "$home-link";
rmdir "$home-empty";

# ---- CFG-05: root serves a home of somebody else, whose processes may have put anything there ----

my $serve = sub { return Fazt::run({}, build() . '/faztd', 'serve', '--home', $home) };
rename "$home/run/meter", "$home/run/meter.was";
mkdir "$home/run/meter";
($exit, undef, $err) = $serve->();
ok($exit && $err =~ m{run/meter: .*fazt-admin doctor}, 'a node that could count nothing does not serve, and says what to do') or diag "$exit $err";
rmdir "$home/run/meter";
rename "$home/run/meter.was", "$home/run/meter";
SKIP: {
	skip 'only root may be somebody else', 22 if $>;
	my $nobody = getpwnam 'nobody' // 65534;
	my $victim = "$home-victim";
	system 'chown', '-R', "$nobody:$nobody", $home;
	my $foreign = sub { return [sort map { s/^\Q$home\E\///r } grep { (lstat)[4] != $nobody } glob "$home/* $home/run/* $home/log/*.log"] };
	spew($victim, 'precious');
	chmod 0600, $victim;
	for my $name (qw(serve.pid lock meter)) {
		rename "$home/run/$name", "$home/run/was";
		symlink $victim, "$home/run/$name";
		($exit, undef, $err) = $serve->();
		ok($exit && $exit < 128 && $err =~ m{run/$name: }, "CFG-05 a link in the place of run/$name is not followed") or diag "$exit $err";
		is(slurp($victim), 'precious', 'CFG-05 … and what it leads to is as it was');
		is((stat $victim)[4], 0, 'CFG-05 … and whose');
		unlink "$home/run/$name";
		rename "$home/run/was", "$home/run/$name";
	}
	my $begin = sub {
		my $pid = fork // die;
		if (!$pid) { open STDOUT, '>', "$home-out"; open STDERR, '>&', \*STDOUT; exec(build() . '/faztd', 'serve', '--home', $home) or POSIX::_exit(127) }
		$fazt->{children}{serve} = $pid;
		$fazt->wait_for(sub { -S "$home/run/fcgi.sock" }, 'it listens');
	};
	my $mapped = sub { my $below = $fazt->processes_below($fazt->pid('serve')); my @w = workers(); return @w == 2 && 2 == grep { (eval { slurp("/proc/$_/maps") } // '') =~ m{\Q$home\E/run/meter$}m } @w };
	File::Path::remove_tree(map { "$home/$_" } qw(run log www cache));
	$begin->();
	ok(-d "$home/$_", "served by root: $_, which may be deleted while nothing runs, is there again") for qw(run log www cache);
	$fazt->start_nginx("user root;\n" . $fazt->admin('nginx', 'print', '--dev'));
	$fazt->wait_for(sub { $fazt->healthy }, 'served by root: it serves');
	ok(fine(), '… apps too');
	is_deeply([grep { !/^nginx|nginx\.log$/ } @{ $foreign->() }], ['run/nginx.pid'], 'served by root: nothing in it is of root\'s making, but what is nginx\'s');
	my $below = $fazt->processes_below($fazt->pid('serve'));
	my $who = sub { my ($name) = @_; my %uid = map { (stat "/proc/$_")[4] => 1 } grep { $below->{$_} =~ /^faztd $name\b/ } keys %$below; return [sort { $a <=> $b } keys %uid] };
	is_deeply($who->('worker'), [$nobody], '… workers are the owner');
	my ($zygote, @cells) = @{ $who->('zygote') };
	ok($zygote == 0 && @cells && !grep({ $_ == $nobody } @cells), '… and the zygote is root, so that cells have user ids of their own') or diag "$zygote @cells";
	$fazt->wait_for(sub { $mapped->() }, 'served by root: workers count');
	$fazt->stop('serve');
	unlink "$home/run/meter";
	$begin->();
	$fazt->wait_for(sub { $mapped->() }, 'a meter that was deleted is there again, and workers count in it');
	kill HUP => $fazt->pid('serve');
	my @before = workers();
	$fazt->wait_for(sub { my %was = map { $_ => 1 } @before; 2 <= grep { !$was{$_} } workers() }, 'served by root: it reloads');
	ok(fine(), '… and serves on');
	is_deeply([grep { !/^nginx|nginx\.log$/ } @{ $foreign->() }], ['run/nginx.pid'], '… and still nothing is root\'s');
	$fazt->stop;
	ok(!-e "$home/run/fcgi.sock", 'served by root: it ends');
	chown 0, 0, "$home/run/meter";
	($exit, undef, $err) = $serve->();
	ok($exit && $err =~ m{run/meter: Permission denied; see: fazt-admin doctor --repair}, 'a meter that its workers cannot have is refused at the start') or diag "$exit $err";
	$fazt->try_admin('doctor', '--repair');
	is((stat "$home/run/meter")[4], $nobody, '… and given back by the doctor');
	unlink $victim, "$home-out";
}
done_testing;
