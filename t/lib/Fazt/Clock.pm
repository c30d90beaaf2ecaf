package Fazt::Clock;

# A wall clock that a test moves, for every process it starts from here on: Fazt's workers, their cells, fazt-admin.
#
#     my $clock = Fazt::Clock->new;       # before Fazt->new
#     $clock->to('2027-03-27T22:59:58Z'); # forward only, as clocks go
#     $clock->by(3600);                   # by(-3600): it is set back
#     my $ms = $clock->now;

use strict;
use warnings;
use Fazt;
use File::Temp ();
use Time::HiRes ();
use Time::Local qw(timegm);

sub new {
	my ($class) = @_;
	my $dir = File::Temp::tempdir('fazt-clock-XXXXXX', DIR => '/tmp', CLEANUP => 1);
	chmod 0755, $dir;
	my ($exit, undef, $why) = Fazt::run({}, 'cc', '-shared', '-fPIC', '-O', '-o', "$dir/clock.so", Fazt::top() . '/t/lib/clock.c', '-ldl');
	die $why if $exit;
	my $self = bless { file => "$dir/clock", dir => $dir, shift => 0 }, $class;
	Fazt::spew($self->{file}, pack 'q<', 0);
	$ENV{LD_PRELOAD} = "$dir/clock.so";
	$ENV{FAZT_TEST_CLOCK} = $self->{file};
	return $self;
}

sub now { int(Time::HiRes::time() * 1000) + $_[0]{shift} }

sub by {
	my ($self, $seconds) = @_;
	$self->{shift} += int($seconds * 1000);
	open my $f, '+<:raw', $self->{file} or die $!;
	syswrite $f, pack 'q<', $self->{shift}; # in place: it is mapped
	close $f;
}

# "2027-03-27T22:59:58Z" to milliseconds
sub ms {
	my ($self, $text) = @_;
	my ($y, $m, $d, $h, $min, $s) = $text =~ /^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)Z$/ or die "no moment: $text";
	return timegm($s, $min, $h, $d, $m - 1, $y) * 1000;
}

sub to {
	my ($self, $text) = @_;
	my $seconds = ($self->ms($text) - $self->now) / 1000;
	die "the clock is past $text" if $seconds < 0;
	$self->by($seconds);
}

1;
