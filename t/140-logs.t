# The log of an app: its end, by level and request, and followed while it is written, across rotations.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build text_of slurp);
use IO::Select;
use Test::More;

my $fazt = Fazt->new;
$fazt->install(talker => { 'app.json' => { visibility => 'anyone' }, 'api/main.lua' => <<'LUA' });
local fazt = require "fazt"
return {
  ["GET /say/:level/:text"] = function(req)
    if req.params.level == "info" then print(req.params.text) else fazt.log[req.params.level](req.params.text) end
    return { text = req.id }
  end,
  ["GET /lines"] = function() fazt.log.warn("one\ntwo \27[31mred") return { text = "" } end,
}
LUA
sub say { return text_of($fazt->admin('app', 'request', 'talker', 'GET', "/say/$_[0]/$_[1]", '--json'))->{body} }
sub texts { return [map { $_->{text} } @{ $_[0] }] }
sub logs { return $fazt->admin_json('app', 'logs', 'talker', @_) }

# ---- filters ----

my @ids = map { say(@$_) } ['info', 'a'], ['warn', 'b'], ['error', 'c'], ['info', 'd'];
is_deeply(texts(logs()), ['a' .. 'd'], 'all of it');
is_deeply(texts(logs('--level', 'warn')), ['b', 'c'], 'warnings and worse');
is_deeply(texts(logs('--level', 'error')), ['c'], 'errors');
is_deeply(texts(logs('--request', $ids[1])), ['b'], 'one request');
is_deeply(texts(logs('--level', 'info', '--limit', 2)), ['c', 'd'], 'limit counts from the end');
is_deeply(texts(logs('--level', 'warn', '--limit', 1)), ['c'], '… and what the filter admits');
is_deeply(logs('--request', 'nosuch'), [], 'a request there was not');
sub code { my (undef, $out) = $fazt->try_admin('app', @_, '--json'); return (eval { text_of($out) } // {})->{error}{code} // 'none' }
is(code('logs', 'talker', '--level', 'loud'), 'bad_request', 'a level there is not');
is(code('logs', 'nosuch', '--follow'), 'not_found', 'following an app there is not ends');
is(code('logs', '--follow'), 'usage', 'following nothing');
is(code('logs', 'talker', '-f', '--limit', 'x'), 'bad_request', 'a limit that is no number');

# ---- cursors ----

my $first = $fazt->admin_json('app', 'follow', 'talker', '--limit', 1);
is_deeply(texts($first->{lines}), ['d'], 'follow begins with the last lines');
sub after { return $fazt->admin_json('app', 'follow', 'talker', '--cursor', @_) }
is_deeply(after($first->{cursor})->{lines}, [], 'nothing came yet');
say('info', 'e');
my $second = after($first->{cursor});
is_deeply(texts($second->{lines}), ['e'], 'what came');
is_deeply(after($second->{cursor})->{lines}, [], '… once');
is(code('follow', 'talker', '--cursor', $_), 'bad_cursor', "the cursor '$_'") for '', 'x', '1', '1.', '-1.5', '1.-5', '99999999999999999999.0';
is_deeply(after("$1.999999999")->{lines} && 'a list', 'a list', 'a place behind the end gives lines or none') if $second->{cursor} =~ /^(\d+)/;

my ($log) = grep { !/fazt\.log/ } glob($fazt->home . '/log/*.log');
sub rotate { rename $log, "$log.1" or die $! }
say('warn', 'f');
rotate();
say('info', 'g');
my $third = after($second->{cursor});
is_deeply(texts($third->{lines}), ['f', 'g'], 'across a rotation nothing is lost');
is_deeply(texts(after($second->{cursor}, '--level', 'warn')->{lines}), ['f'], '… nor let through by a filter');
rotate();
is_deeply(after($third->{cursor})->{lines}, [], 'rotated, and nothing written yet');
say('info', 'h');
is_deeply(texts(after($third->{cursor})->{lines}), ['h'], '… and then');
open my $big, '>>', $log or die $!;
printf $big qq({"at":"2026-01-01T00:00:00.000Z","level":"info","text":"%s %d"}\n), 'x' x 1000, $_ for 1 .. 1000;
close $big;
my ($cursor, $n, $looks) = (after($third->{cursor})->{cursor}, 0, 0);
$cursor = $third->{cursor};
while ($looks++ < 50) {
	my $page = after($cursor);
	last unless @{ $page->{lines} };
	$n += @{ $page->{lines} };
	$cursor = $page->{cursor};
}
is($n, 1001, 'a megabyte comes in pages');
cmp_ok($looks, '>', 3, '… of a quarter of it');
unlink $log;

# ---- following ----

# A follower: its pid, and a function that waits for the next line.
sub follower {
	my (@args) = @_;
	my $pid = open(my $out, '-|') // die $!;
	if (!$pid) {
		$ENV{FAZT_HOME} = $fazt->home;
		exec build() . '/fazt-admin', 'app', 'logs', 'talker', @args or POSIX::_exit(127);
	}
	my ($buffer, $select) = ('', IO::Select->new($out));
	my $next = sub {
		until ($buffer =~ /\n/) {
			return unless $select->can_read(20) && sysread $out, $buffer, 4096, length $buffer;
		}
		return $buffer =~ s/^([^\n]*)\n// ? $1 : undef;
	};
	return ($pid, $next, $out);
}
say('info', 'before');
my ($pid, $next, $out) = follower('-f', '--limit', 1);
like($next->(), qr/^\d{4}-\S+Z  info  \S+  before$/, 'it begins with what was');
say('warn', 'now');
like($next->(), qr/  warn  \S+  now$/, '… and goes on with what comes');
rotate();
say('info', 'rotated');
like($next->(), qr/rotated$/, '… after a rotation too');
text_of($fazt->admin('app', 'request', 'talker', 'GET', '/lines', '--json'));
like($next->(), qr/one$/, 'a line break goes on below');
like($next->(), qr/^\ttwo [^\e]*red$/, '… and a terminal sees no control bytes');
kill INT => $pid;
is($next->(), undef, 'Ctrl-C ends it');
close $out;
is($?, 0, '… cleanly');

($pid, $next, $out) = follower('--follow', '--json', '--limit', 1, '--level', 'error');
say('info', 'not-this');
my $id = say('error', 'this');
is_deeply([@{ text_of($next->()) }{qw(level request text)}], ['error', $id, 'this'], '--json: one object a line, of the level asked for');
close $out; # the reader goes: waits for it to end
is($? & 127, 0, 'it ends when nobody reads, by itself');
is($? >> 8, 0, '… with nothing to complain about');
done_testing;
