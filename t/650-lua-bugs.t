# The bugs of Lua that t/lua-bugs/ knows, each as an app, with heaps of several sizes: a result, a clean error or a cell that
# dies, and a system that lives.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of slurp top);
use Test::More;
use Time::HiRes qw(time);

my $DEADLINE = 2000;
my %script = map { m{([\w-]+)\.lua$}; ($1 => slurp($_)) } glob top() . '/t/lua-bugs/*.lua';
my $chain = 'local a = {} a.a = a return a';
$script{'field-chain-of-a-file'} = "return function() $chain" . '.a' x 120_000 . '.b.c end'; # 240 KB: a file may have 256
my %sizes = ('weak-newindex' => [1, 4, 16], 'weak-newindex-grows' => [1, 8], 'allocation-fails' => [2, 3], 'concat-in-concat' => [4, 16], 'errors-at-the-limit' => [16, 64], 'resume-depth' => [1, 16]);

my $fazt = Fazt->new(settings => { deadline => $DEADLINE });
$fazt->install(bugs => {
	'app.json' => { visibility => 'anyone', permissions => ['storage'] },
	(map { ("api/bugs/$_.lua" => $script{$_}) } keys %script),
	'api/main.lua' => 'return { ["GET /:name"] = function(req) return { json = { said = tostring(require("bugs." .. req.params.name)()) } } end, ["GET /"] = function() return { json = "ok" } end }',
});
$fazt->install(good => { 'app.json' => { visibility => 'anyone' }, 'api/main.lua' => 'return { ["GET /"] = function() return { json = "ok" } end }' });
$fazt->start;
my $client = $fazt->browser;

sub worker_pids { my $below = $fazt->processes_below($fazt->pid('serve')); return join ' ', sort grep { $below->{$_} =~ /\bworker\b/ } keys %$below }
sub code { my ($a) = @_; return "$a->{status} " . (ref $a->{json} eq 'HASH' && (ref $a->{json}{error} ? $a->{json}{error}{code} : 'said ' . ($a->{json}{said} // '')) || '') }
sub said { return substr $fazt->admin_json('app', 'logs', 'bugs', '--limit', 1)->[0]{text}, 0, 200 }
my $workers = worker_pids();
my @asked;

sub try_script {
	my ($name, $mib) = @_;
	$fazt->admin('setting', 'set', heap => $mib << 20);
	$fazt->admin('app', 'enable', 'bugs');
	my $start = time;
	my $a = $client->request(GET => $fazt->url('bugs', "/$name"));
	my $ms = (time - $start) * 1000;
	push @asked, $a->{headers}{'x-request-id'} // 'none';
	like(code($a), qr/^(?:200 said .*|500 app_(?:error|memory)|504 app_timeout)$/s, sprintf '%s, %d MB: a result, an error or a dead cell', $name, $mib) or diag $a->{raw};
	note(sprintf '%s: %s %s after %.0f ms', $name, substr(code($a), 0, 100), $a->{status} == 500 ? said() : '', $ms);
	unlike($a->{raw} =~ s/^x-request-id.*//mir, qr/0x[0-9a-f]{6,}|\b[0-9a-f]{12}\b|root:/, '… without anything of the machine');
	my @others = map { my $o = $client->request(GET => $fazt->url($_, '/')); "$_ $o->{status}" } 'good', 'bugs';
	$fazt->admin('app', 'enable', 'bugs'), $others[1] = 'bugs ' . $client->request(GET => $fazt->url('bugs', '/'))->{status} if $others[1] =~ /50[34]/; # on a busy machine its deadline is short
	is("@others", 'good 200 bugs 200', '… and another app, and the same, answer');
}

for my $name (sort keys %script) {
	try_script($name, $_) for @{ $sizes{$name} // [16] };
}

is(worker_pids(), $workers, 'the workers are those of the beginning');
my $log = $fazt->log_with($client->request(GET => $fazt->url('good', '/')));
is_deeply([grep { $log !~ /"$_"/ } @asked], [], 'the log has a line with the id of every request');
unlike($fazt->logs, qr/PANIC|Assertion/, 'nothing panicked');
done_testing;
