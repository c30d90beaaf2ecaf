# Where one FastCGI request ends and the next begins, on a connection that is kept: what is left of a body is never taken for a
# request, and the record that ends it never costs the next one its answer.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use IO::Socket::UNIX;
use IO::Select;
use Test::More;

my $fazt = Fazt->new;
$fazt->install(echo => { 'app.json' => { visibility => 'anyone' }, 'api/main.lua' => 'return { ["POST /x"] = function(req) return { text = "posted " .. req.body } end }' });
$fazt->start;

sub record { my ($type, $bytes) = @_; return pack('CCnnCC', 1, $type, 1, length $bytes, 0, 0) . $bytes }
sub field { my ($s) = @_; return length $s < 128 ? pack('C', length $s) : pack('N', length($s) | 0x80000000) }
sub params {
	my (%o) = @_;
	my %p = (REQUEST_METHOD => 'GET', REQUEST_URI => '/_fazt/health', REMOTE_ADDR => '127.0.0.1', HTTP_HOST => 'echo.localhost', %o);
	my $bytes = join '', map { field($_) . field($p{$_}) . $_ . $p{$_} } sort keys %p;
	return record(1, pack('nCx5', 1, 1)) . record(4, $bytes) . record(4, '');
}
sub connection { return IO::Socket::UNIX->new(Peer => $fazt->home . '/run/fcgi.sock') // die "no connection: $!" }
# What comes within a moment after the last of it: the answers, one for each END_REQUEST.
sub answers {
	my ($s, $patience) = @_;
	my ($got, @answer, $now) = ('');
	1 while IO::Select->new($s)->can_read($patience // 1) && sysread $s, $got, 65536, length $got;
	while (length $got >= 8) {
		my (undef, $type, undef, $n, $pad) = unpack 'CCnnC', $got;
		my $bytes = substr $got, 8, $n;
		substr($got, 0, 8 + $n + $pad) = '';
		$now .= $bytes if $type == 6;
		push @answer, $now // '' if $type == 3;
		undef $now if $type == 3;
	}
	return @answer;
}

my $fake = params(REQUEST_URI => '/smuggled') . record(5, '');
for my $method (qw(GET HEAD POST PATCH DELETE)) {
	for my $path ('/_fazt/upload', '/_fazt/health', '/nothing') {
		my $head = params(REQUEST_METHOD => $method, REQUEST_URI => $path);
		my $body = ('A' x (8192 - length($head) - 8)) . $fake . 'B' x 20000;
		my $s = connection();
		print {$s} $head . record(5, $body) . record(5, '');
		$s->flush;
		my @answer = answers($s, 0.3);
		is(scalar @answer, 1, "$method $path: one answer") or diag explain \@answer;
		print {$s} params() . record(5, '');
		$s->flush;
		@answer = answers($s, 0.3);
		ok(!@answer || (@answer == 1 && $answer[0] =~ /"ok":true/), '… and the next request has its own, or none') or diag explain \@answer;
	}
}
unlike(Fazt::slurp($fazt->home . '/log/fazt.log'), qr/smuggled/, 'nobody was asked for what stood in a body');

my $post = params(REQUEST_METHOD => 'POST', REQUEST_URI => '/x', CONTENT_LENGTH => 1, CONTENT_TYPE => 'text/plain', HTTP_SEC_FETCH_SITE => 'same-origin') . record(5, 'y') . record(5, '');
for my $what ('a head', 'a body') {
	my $of = sub { my ($n) = @_; return $what eq 'a head' ? params(HTTP_X_A => 'a' x $n) : params(REQUEST_METHOD => 'POST', REQUEST_URI => '/_fazt/health', CONTENT_LENGTH => $n) . record(5, 'a' x $n) };
	my ($n) = grep { length($of->($_)) == 8192 } 7000 .. 8192;
	my $s = connection();
	print {$s} $of->($n) . record(5, '');
	$s->flush;
	is(scalar(answers($s, 0.3)), 1, "$what that ends where a read does is answered");
	print {$s} $post;
	$s->flush;
	like(join('', answers($s)), qr/posted y/, '… and so is what comes next');
}
done_testing;
