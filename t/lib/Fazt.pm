package Fazt;

# A whole Fazt for one test: its own home, database, workers and nginx on a free port of the loopback, gone when the
# test ends, however it ends.
#
#     my $fazt = Fazt->new;                            # a home with its owner
#     $fazt->install(notes => { 'app.json' => {…}, 'api/main.lua' => '…' });
#     $fazt->start;                                    # nginx and faztd serve; returns when health answers
#     my $anna = $fazt->person('anna');                # a Fazt::Browser, signed in
#     my $answer = $anna->get($fazt->url('notes', '/api/list'));
#
# FAZT_BUILD names the build to test ("build" by default); with one made by --enable-sanitize every report of a
# sanitizer fails the test. FAZT_FETCHED is where the packages and programs are that ./dev check fetched, where not in
# that build. Only modules that come with Perl.

use strict;
use warnings;
use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp ();
use IO::Socket::INET;
use JSON::PP ();
use POSIX ();
use Test::More ();
use Time::HiRes qw(sleep time);
use Exporter 'import';

use Fazt::Browser;

our @EXPORT_OK = qw(top build build_sanitized fetched program slurp spew free_port json_of text_of);

my $top = abs_path(dirname(__FILE__) . '/../..');
my $build = $ENV{FAZT_BUILD} // 'build';
$build = "$top/$build" unless $build =~ m{^/};
my $json = JSON::PP->new->canonical->allow_nonref->utf8;
my @all; # every node of this test, for END
my $tester = $$;
delete $ENV{PERL_TEST_HARNESS_DUMP_TAP}; # for the one prove that ran this test, not for those it runs

sub top { $top }
sub build { $build }
sub fetched { $ENV{FAZT_FETCHED} // $build }
sub program { "$build/faztd" }
sub build_sanitized { return run({}, "$top/dev", 'build', 'build-asan', '--enable-sanitize', '--enable-werror', '--without-web', 'CFLAGS=-O1 -g') }
# Is it a build with sanitizers? Such a process is larger, and keeps what was freed for a while.
sub sanitized { slurp("$build/config.status") =~ /--enable-sanitize/ }
sub json_of { $json->encode($_[0]) }
sub text_of { $json->decode($_[0]) }

sub slurp {
	my ($path) = @_;
	open my $f, '<:raw', $path or die "cannot read $path: $!";
	local $/;
	return scalar <$f>;
}

sub spew {
	my ($path, $bytes) = @_;
	make_path(dirname($path));
	open my $f, '>:raw', $path or die "cannot write $path: $!";
	print $f $bytes;
	close $f or die "cannot write $path: $!";
}

sub free_port {
	my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => 0) or die "no port: $!";
	return $s->sockport;
}

# ---- a node ----

# new(home => DIR, domain => …, settings => { key => value }, init => 0: an empty home)
sub new {
	my ($class, %o) = @_;
	my $self = bless {
		home => $o{home} // File::Temp::tempdir('fazt-XXXXXX', DIR => '/tmp'), # short: a socket's path has 107 bytes at most
		port => $o{port} // free_port(),
		domain => $o{domain} // 'localhost',
		children => {},
	}, $class;
	push @all, $self;
	chmod 0711, $self->{home};
	$self->set_sanitizer_options;
	return $self if defined $o{init} && !$o{init};
	$self->admin('init', '--home', $self->{home}, '--owner', $o{owner} // 'owner');
	my %settings = (domain => $self->{domain}, scheme => 'http', port => $self->{port}, %{ $o{settings} // {} });
	$self->admin('setting', 'set', $_, $settings{$_}) for sort keys %settings;
	return $self;
}

sub home { $_[0]{home} }
sub port { $_[0]{port} }

sub set_sanitizer_options {
	my ($self) = @_;
	my $log = "$self->{home}.san";
	$ENV{ASAN_OPTIONS} = "log_path=$log:detect_leaks=0:abort_on_error=0:handle_abort=1" . ($ENV{LD_PRELOAD} ? ':verify_asan_link_order=0' : '');
	$ENV{UBSAN_OPTIONS} = "log_path=$log:print_stacktrace=1";
}

# The address of a path of an app.
sub url {
	my ($self, $app, $path) = @_;
	return "http://$app.$self->{domain}:$self->{port}" . ($path // '/');
}

# ---- fazt-admin ----

# Run it with input from nowhere: (exit code, stdout, stderr).
sub try_admin {
	my ($self, @args) = @_;
	return run({ FAZT_HOME => $self->{home} }, "$build/fazt-admin", @args);
}

# The same, but it must succeed; its output without the last newline.
sub admin {
	my ($self, @args) = @_;
	my ($exit, $out, $err) = $self->try_admin(@args);
	die "fazt-admin @args: exit $exit\n$out$err" if $exit;
	chomp $out;
	return $out;
}

sub admin_json {
	my ($self, @args) = @_;
	return $json->decode($self->admin(@args, '--json'));
}

# run({ VARIABLE => value, '<' => input }, program, arguments…): (exit code or 128 + signal, stdout, stderr)
sub run {
	my ($env, @command) = @_;
	my %env = %$env;
	my $in = File::Temp->new;
	print $in delete $env{'<'} // '';
	close $in;
	my $out = File::Temp->new;
	my $err = File::Temp->new;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		local %ENV = (%ENV, %env);
		open STDIN, '<', $in->filename;
		open STDOUT, '>&', $out;
		open STDERR, '>&', $err;
		exec { $command[0] } @command or do { print STDERR "$command[0]: $!\n"; POSIX::_exit(127) };
	}
	waitpid $pid, 0;
	my $exit = $? & 127 ? 128 + ($? & 127) : $? >> 8;
	return ($exit, slurp($out->filename), slurp($err->filename));
}

# ---- cartridges ----

# A folder with these files; a value that is a reference becomes JSON. app.json may be left out.
sub cartridge {
	my ($self, $name, $files) = @_;
	my $dir = File::Temp::tempdir('cartridge-XXXXXX', DIR => '/tmp');
	push @{ $self->{folders} }, $dir;
	my %manifest = (name => $name, title => ucfirst $name, version => '1.0.0');
	my %files = ('app.json' => {}, %$files);
	for my $path (keys %files) {
		my $text = $files{$path};
		$text = $json->encode({ %manifest, %$text }) if $path eq 'app.json' && ref $text;
		$text = $json->encode($text) if ref $text;
		spew("$dir/$path", $text);
	}
	return $dir;
}

# install(name => { files }, admin options…): consented to whole unless options say otherwise
sub install {
	my ($self, $name, $files, @options) = @_;
	@options = ('--yes', '--grant', 'all') unless @options;
	return $self->admin('app', 'install', $self->cartridge($name, $files), '--name', $name, @options);
}

# The cartridges that come with Fazt.
sub install_built_in {
	my ($self, @names) = @_;
	$self->admin('app', 'install', "$build/cartridges/$_", '--name', $_, '--yes', '--grant', 'all') for @names;
}

sub token {
	my ($self, $user, $app, @options) = @_;
	return $self->admin('user', 'token', $user, '--app', $app, @options);
}

# ---- running it ----

sub start {
	my ($self) = @_;
	make_path(map { "$self->{home}/$_" } qw(run log nginx www));
	$self->start_nginx;
	$self->start_faztd;
	return $self;
}

sub start_faztd {
	my ($self) = @_;
	$self->spawn(serve => program(), 'serve', '--home', $self->{home});
	$self->wait_for(sub { $self->healthy }, 'faztd answers');
}

sub start_nginx {
	my ($self, $conf) = @_;
	my ($nginx) = grep { -x } map { "$_/nginx" } split(/:/, $ENV{PATH}), qw(/usr/sbin /usr/local/sbin);
	spew("$self->{home}/nginx/nginx.conf", $conf // $self->admin('nginx', 'print', '--dev'));
	$self->spawn(nginx => $nginx, '-p', $self->{home}, '-e', "$self->{home}/log/nginx.log", '-c',
		"$self->{home}/nginx/nginx.conf", '-g', 'daemon off;');
	$self->wait_for(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) }, 'nginx answers');
}

sub healthy {
	my ($self) = @_;
	my $answer = eval { $self->browser->get($self->url('os', '/_fazt/health')) };
	return $answer && $answer->{status} == 200;
}

# The kernel's log, once the line of the request with this answer is in it: workers write lines together.
sub log_with {
	my ($self, $answer) = @_;
	my $log;
	$self->wait_for(sub { ($log = slurp("$self->{home}/log/fazt.log")) =~ /"$answer->{headers}{'x-request-id'}"/ }, 'the request is in the log');
	return $log;
}

sub wait_for {
	my ($self, $condition, $what, $seconds) = @_;
	my $until = time + ($seconds // 20);
	while (time < $until) {
		return 1 if $condition->();
		$self->reap;
		sleep 0.05;
	}
	die "gave up waiting: $what\n" . $self->logs;
}

# spawn(name => program, arguments…): a child in its own process group, its output in log/NAME.out
sub spawn {
	my ($self, $name, @command) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		setpgrp;
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', "$self->{home}/log/$name.out";
		open STDERR, '>&', \*STDOUT;
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	$self->{children}{$name} = $pid;
	return $pid;
}

sub pid { $_[0]{children}{ $_[1] } }

sub reap {
	my ($self) = @_;
	for my $name (keys %{ $self->{children} }) {
		next unless waitpid($self->{children}{$name}, POSIX::WNOHANG) > 0;
		delete $self->{children}{$name};
		die "$name ended by itself (status $?)\n" . $self->logs;
	}
}

# stop('nginx') or everything
sub stop {
	my ($self, @names) = @_;
	@names = keys %{ $self->{children} } unless @names;
	for my $name (@names) {
		my $pid = delete $self->{children}{$name} // next;
		kill TERM => $pid;
		my $until = time + 15;
		sleep 0.02 while waitpid($pid, POSIX::WNOHANG) == 0 && time < $until;
		kill KILL => -$pid;
	}
}

# The processes below one, as { pid => command line }.
sub processes_below {
	my ($self, $root) = @_;
	my (%parent, %line);
	for my $dir (glob '/proc/[0-9]*') {
		my ($pid) = $dir =~ /(\d+)$/;
		my $stat = eval { slurp("$dir/stat") } // next;
		($parent{$pid}) = $stat =~ /^\d+ \(.*\) \S (\d+)/s or next;
		$line{$pid} = (eval { slurp("$dir/cmdline") } // '') =~ tr/\0/ /r;
	}
	my %found;
	for my $pid (keys %parent) {
		for (my $p = $pid; $p; $p = $parent{$p} // 0) {
			$found{$pid} = $line{$pid} if $parent{$p} && $parent{$p} == $root;
		}
	}
	return \%found;
}

sub logs {
	my ($self) = @_;
	my $text = '';
	for my $path (glob "$self->{home}/log/*") {
		my $log = eval { slurp($path) } // next;
		$text .= "--- $path\n" . substr($log, length $log > 3000 ? -3000 : 0) if length $log;
	}
	return $text;
}

# ---- people ----

# A browser that nobody is signed in to.
sub browser {
	my ($self) = @_;
	return Fazt::Browser->new(port => $self->{port});
}

# A browser signed in at the dashboard: the owner without a name, else this account, made when it does not exist.
sub person {
	my ($self, $name) = @_;
	$self->try_admin('user', 'add', $name) if defined $name;
	my $browser = $self->browser;
	$browser->sign_in($self->admin('login-link', $name // ()));
	return $browser;
}

# ---- the end ----

sub sanitizer_reports {
	my ($self) = @_;
	return join '', map { "$_:\n" . slurp($_) } glob "$self->{home}.san.*";
}

sub clean_up {
	my ($self) = @_;
	$self->stop;
	my $reports = $self->sanitizer_reports;
	remove_tree($self->{home}, @{ $self->{folders} // [] }, glob "$self->{home}.san.*") unless $ENV{FAZT_KEEP};
	return $reports;
}

END {
	if ($$ == $tester) {
		my $status = $?;
		for my $self (@all) {
			Test::More::diag($self->logs) if $status && $ENV{FAZT_VERBOSE};
			my $reports = $self->clean_up;
			next unless length $reports;
			Test::More::diag($reports);
			$status ||= 1;
		}
		$? = $status;
	}
}

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP); # so that END runs

1;
