package Fazt::Web;

# The rest of the Internet for one test: t/lib/web.mjs on the loopback, with an authority of its own, under the names given.
#
#     my $web = Fazt::Web->new('api.example.com', 'files.example.com');
#     my $fazt = Fazt->new(settings => { $web->settings });
#
# https://NAME/ and http://NAME/ lead there then, as far as an app may go there. The names expired., self. and wrong.example.com
# have certificates that are.

use strict;
use warnings;
use Fazt qw(top slurp spew);
use File::Temp ();
use POSIX ();
use Time::HiRes qw(sleep time);

my @all;
my $tester = $$;

sub new {
	my ($class, @names) = @_;
	my $self = bless { names => [@names], dir => File::Temp::tempdir('web-XXXXXX', DIR => '/tmp', CLEANUP => 1) }, $class;
	push @all, $self;
	chmod 0755, $self->{dir};
	$self->make_certificates;
	$self->start;
	return $self;
}

sub openssl {
	my ($self, @args) = @_;
	my ($exit, undef, $err) = Fazt::run({}, 'openssl', @args);
	die "openssl @args: $err" if $exit;
}

# One key for everybody; what differs is who signed, when, and for which name.
sub make_certificates {
	my ($self) = @_;
	my $dir = $self->{dir};
	my @key = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes');
	$self->openssl('req', '-x509', @key, '-keyout', "$dir/ca.key", '-out', "$dir/ca.pem", '-days', 2, '-subj', '/CN=Test authority');
	$self->openssl('req', @key, '-keyout', "$dir/key.pem", '-out', "$dir/req.pem", '-subj', '/CN=test');
	my %days = (good => 2, expired => -1, wrong => 2);
	for my $name (sort keys %days) {
		my @hosts = $name eq 'wrong' ? 'elsewhere.example.org' : $name eq 'expired' ? 'expired.example.com' : @{ $self->{names} };
		spew("$dir/$name.ext", 'subjectAltName=' . join(',', map { "DNS:$_" } @hosts, $name eq 'good' ? '*.fetch.example.com' : ()) . "\n");
		$self->openssl('x509', '-req', '-in', "$dir/req.pem", '-CA', "$dir/ca.pem", '-CAkey', "$dir/ca.key", '-CAcreateserial',
			'-out', "$dir/$name.pem", '-days', $days{$name}, '-extfile', "$dir/$name.ext");
	}
	$self->openssl('req', '-x509', '-key', "$dir/key.pem", '-out', "$dir/self.pem", '-days', 2, '-subj', '/CN=self.example.com',
		'-addext', 'subjectAltName=DNS:self.example.com');
}

sub start {
	my ($self) = @_;
	$self->{pid} = fork // die "fork: $!";
	if (!$self->{pid}) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$self->{dir}/log";
		open STDERR, '>&', \*STDOUT;
		exec $self->program or POSIX::_exit(127);
	}
	my $until = time + 20;
	sleep 0.02 until -e "$self->{dir}/ports" || time > $until;
	$self->take_ports(slurp("$self->{dir}/ports"));
}

sub program { return ('node', top() . '/t/lib/web.mjs', $_[0]{dir}) }
sub take_ports { @{ $_[0] }{qw(plain secure)} = split ' ', $_[1] }

sub plain { $_[0]{plain} }
sub secure { $_[0]{secure} }
sub ca { "$_[0]{dir}/ca.pem" }

# Entries of net.allow for names, all of them by default.
sub allow {
	my ($self, @names) = @_;
	@names = @{ $self->{names} } unless @names;
	return join ' ', map { ("$_:443=127.0.0.1:$self->{secure}", "$_:80=127.0.0.1:$self->{plain}") } @names;
}

sub settings {
	my ($self) = @_;
	return ('net.allow' => $self->allow, 'net.ca' => $self->ca);
}

sub stop {
	my ($self) = @_;
	my $pid = delete $self->{pid} // return;
	kill KILL => $pid;
	waitpid $pid, 0;
}

END {
	local $?;
	$_->stop for $$ == $tester ? @all : ();
}

1;
