package Fazt::Git;

# A host of Git repositories for one test: real git over smart HTTP (git http-backend) on a free port of the loopback.
#
#     my $host = Fazt::Git->new;
#     $host->repository('pad', { 'app.json' => '…', 'api/main.lua' => '…' });     # one commit on main
#     my $tree = $host->tree('evil', [['100644', "a\nb", $host->blob('evil', 'x')]]); # any tree, however wrong
#     $host->commit('evil', $tree);
#     $host->url('pad');                                                          # http://127.0.0.1:PORT/pad
#
# Addresses that misbehave: /redirect/NAME answers 302, /hang/NAME never answers, /endless/NAME never stops.

use strict;
use warnings;
use File::Path qw(make_path);
use File::Temp ();
use IO::Socket::INET;
use IPC::Open2;
use POSIX ();

sub new {
	my ($class, %o) = @_;
	my $self = bless { root => File::Temp::tempdir('git-XXXXXX', DIR => '/tmp', CLEANUP => 1), tester => $$, %o }, $class;
	my $listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', LocalPort => 0, ReuseAddr => 1) or die "no port: $!";
	$self->{port} = $listener->sockport;
	$self->{pid} = fork // die "fork: $!";
	if (!$self->{pid}) {
		$self->serve($listener);
		POSIX::_exit(0);
	}
	return $self;
}

sub port { $_[0]{port} }
sub path { "$_[0]{root}/$_[1]" }
sub url { "http://127.0.0.1:$_[0]{port}/$_[1]" }
# What the setting net.allow must hold.
sub allow { "127.0.0.1:$_[0]{port}" }

sub DESTROY {
	my ($self) = @_;
	return if $$ != $self->{tester};
	local ($?, $!);
	kill KILL => $self->{pid} if $self->{pid};
	waitpid $self->{pid}, 0;
}

# ---- repositories ----

# git in that repository, with input; its output without the last newline
sub git {
	my ($self, $name, $input, @args) = @_;
	local %ENV = (%ENV, GIT_CONFIG_GLOBAL => '/dev/null', GIT_CONFIG_NOSYSTEM => 1, map { ("GIT_${_}_NAME" => 'x', "GIT_${_}_EMAIL" => 'x@example.com') } qw(AUTHOR COMMITTER));
	my $pid = open2(my $out, my $in, 'git', '--git-dir', $self->path($name), @args);
	binmode $_ for $in, $out;
	print $in $input if defined $input;
	close $in;
	my $answer = do { local $/; <$out> } // '';
	waitpid $pid, 0;
	die "git @args: $?\n" if $?;
	chomp $answer;
	return $answer;
}

sub make {
	my ($self, $name) = @_;
	return if -d $self->path($name);
	system('git', 'init', '-q', '--bare', '-b', 'main', $self->path($name)) and die 'git init';
	$self->git($name, undef, 'config', @$_) for ['http.receivepack', 'false'], ['uploadpack.allowFilter', 'true'], ['uploadpack.allowAnySHA1InWant', 'true'];
}

sub blob {
	my ($self, $name, $bytes) = @_;
	$self->make($name);
	return $self->git($name, $bytes, 'hash-object', '-w', '--stdin');
}

# A tree of [mode, name, oid], written as it stands.
sub tree {
	my ($self, $name, $entries) = @_;
	$self->make($name);
	my $raw = join '', map { "$_->[0] $_->[1]\0" . pack('H*', $_->[2]) } @$entries;
	return $self->git($name, $raw, 'hash-object', '-w', '-t', 'tree', '--literally', '--stdin');
}

sub commit {
	my ($self, $name, $tree, $branch) = @_;
	my $commit = $self->git($name, 'a commit', 'commit-tree', $tree);
	$self->git($name, undef, 'update-ref', 'refs/heads/' . ($branch // 'main'), $commit);
	return $commit;
}

# { path => bytes } as a tree
sub folder {
	my ($self, $name, $files) = @_;
	my (%below, @entries);
	for my $path (sort keys %$files) {
		my ($first, $rest) = split m{/}, $path, 2;
		if (defined $rest) { $below{$first}{$rest} = $files->{$path} }
		else { push @entries, ['100644', $path, $self->blob($name, $files->{$path})] }
	}
	push @entries, ['40000', $_, $self->folder($name, $below{$_})] for keys %below;
	my $key = sub { $_[0][0] eq '40000' ? "$_[0][1]/" : $_[0][1] };
	return $self->tree($name, [sort { $key->($a) cmp $key->($b) } @entries]);
}

sub repository {
	my ($self, $name, $files, $branch) = @_;
	return $self->commit($name, $self->folder($name, $files), $branch);
}

# ---- the server ----

sub serve {
	my ($self, $listener) = @_;
	$SIG{CHLD} = 'IGNORE';
	while (my $client = $listener->accept) {
		my $pid = fork // next;
		if (!$pid) {
			$SIG{CHLD} = 'DEFAULT';
			open STDERR, '>', '/dev/null'; # git's own complaints about what is asked of it
			eval { $self->answer($client) };
			POSIX::_exit(0);
		}
		close $client;
	}
}

sub answer {
	my ($self, $client) = @_;
	binmode $client;
	my ($method, $target) = split ' ', scalar(<$client>) // return;
	my %header;
	while (defined(my $line = <$client>)) {
		$line =~ s/\r?\n//;
		last if $line eq '';
		$header{lc $1} = $2 if $line =~ /^([^:]+):\s*(.*)/;
	}
	my ($path, $query) = split /\?/, $target, 2;
	return sleep 100 if $path =~ m{^/hang/};
	return print $client "HTTP/1.1 302 Found\r\nLocation: $self->{elsewhere}$target\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
		if $path =~ m{^/redirect/};
	return endless($client) if $path =~ m{^/endless/};
	my $body = read_body($client, \%header);
	my ($status, @lines) = $self->backend($method, $path, $query // '', \%header, $body);
	print $client "HTTP/1.1 $status\r\n", @lines;
}

sub endless {
	my ($client) = @_;
	print $client "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nConnection: close\r\n\r\n";
	1 while print $client 'x' x 65536;
}

sub read_body {
	my ($client, $header) = @_;
	my $body = '';
	if (lc($header->{'transfer-encoding'} // '') eq 'chunked') {
		while (my $n = hex(scalar(<$client>) =~ /^([0-9a-fA-F]+)/ ? $1 : 0)) {
			read $client, $body, $n, length $body;
			<$client>;
		}
	} else {
		read $client, $body, $header->{'content-length'} // 0;
	}
	return $body;
}

sub backend {
	my ($self, $method, $path, $query, $header, $body) = @_;
	local %ENV = (PATH => $ENV{PATH}, GIT_PROJECT_ROOT => $self->{root}, GIT_HTTP_EXPORT_ALL => 1, REQUEST_METHOD => $method, PATH_INFO => $path,
		QUERY_STRING => $query, CONTENT_TYPE => $header->{'content-type'} // '', CONTENT_LENGTH => length $body,
		HTTP_CONTENT_ENCODING => $header->{'content-encoding'} // '', GIT_PROTOCOL => $header->{'git-protocol'} // '', REMOTE_ADDR => '127.0.0.1',
		GIT_CONFIG_COUNT => 1, GIT_CONFIG_KEY_0 => 'safe.directory', GIT_CONFIG_VALUE_0 => '*');
	my $pid = open2(my $out, my $in, 'git', 'http-backend');
	binmode $_ for $in, $out;
	print $in $body;
	close $in;
	my ($status, @lines) = ('200 OK', "Connection: close\r\n");
	while (defined(my $line = <$out>)) {
		$line =~ s/\r?\n//;
		if ($line =~ /^Status:\s*(.*)/i) { $status = $1; next }
		push @lines, "$line\r\n";
		last if $line eq '';
	}
	push @lines, do { local $/; <$out> } // '';
	waitpid $pid, 0;
	return ($status, @lines);
}

1;
