# push.upstream: what is sent here is sent on to another server that speaks ntfy's protocol; two nodes that name each other stop.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of free_port);
use Test::More;
use Time::HiRes qw(sleep time);

my %port = (a => free_port(), b => free_port());
sub there { my ($name) = @_; return "http://ntfy.$name.localhost:$port{$name}" }
my $allow = join ' ', map { "ntfy.$_.localhost:$port{$_}=127.0.0.1:$port{$_}" } sort keys %port;
my %node = map { $_ => Fazt->new(domain => "$_.localhost", port => $port{$_}, settings => { durability => 'normal', 'net.allow' => $allow, 'run.lease' => 1000 }) } sort keys %port;
my ($a, $b) = @node{qw(a b)};
my %token;
for (['b', 'phone'], ['a', 'back']) {
	my ($name, $topic) = @$_;
	$node{$name}->admin('topic', 'add', $topic);
	$token{$topic} = $node{$name}->admin('topic', 'token', 'add', 'other', '--write', $topic);
	$token{$name} = $node{$name}->admin('topic', 'token', 'add', 'me', '--read', '*');
}
$a->install(leads => { 'app.json' => { permissions => ['notify'] }, 'api/main.lua' => 'return { ["POST /"] = function(req) return { json = require "fazt".notify(req.json) } end }' });
$b->start;
$a->start;

sub topic { my ($name, $topic) = @_; return map { text_of($_) } split /\n/, $node{$name}->browser->request(GET => there($name) . "/$topic/json?poll=1", headers => [Authorization => "Bearer $token{$name}"])->{body} }
sub notify { $a->admin('app', 'request', 'leads', 'POST', '/', '--body', Fazt::json_of({ @_ })) }
sub arrives { my ($title) = @_; $b->wait_for(sub { grep { ($_->{title} // '') eq $title } topic('b', 'phone') }, "$title arrives"); return (grep { ($_->{title} // '') eq $title } topic('b', 'phone'))[0] }
sub runs { return grep { $_->{handler} eq 'kernel:upstream' } @{ $a->admin_json('run', 'list') } }

isnt(($a->try_admin('setting', 'set', 'push.upstream', 'ntfy.example.org/x'))[0], 0, 'the other server is an address');
notify(title => 'before');
is(scalar(runs()), 0, 'without one nothing is sent on');
$a->admin('setting', 'set', 'push.upstream', there('b') . '/phone');
$a->admin('setting', 'set', 'push.upstream.token', $token{phone});
is($a->admin('setting', 'get', 'push.upstream.token'), '(set)', 'its token is not shown');
notify(title => "Drei neue \x{2600}", body => "Anna,\nBen", priority => 4, tags => ['tada', 'x'], click => '/list');
my $got = arrives("leads: Drei neue \x{2600}");
is_deeply([@$got{qw(message priority click)}, $got->{tags}], ["Anna,\nBen", 4, $a->url('leads', '/list'), ['tada', 'x']], 'a notification arrives there as it was sent here');
$a->admin('topic', 'add', 'own');
$a->admin('topic', 'send', 'own', 'The oven', '--title', 'Ding');
is(arrives('Ding')->{message}, 'The oven', 'so does a message of the owner\'s');

# Both name each other.
$b->admin('setting', 'set', 'push.upstream', there('a') . '/back');
$b->admin('setting', 'set', 'push.upstream.token', $token{back});
notify(title => 'round');
arrives('leads: round');
$b->admin('topic', 'send', 'phone', 'from b', '--title', 'there');
$a->wait_for(sub { grep { ($_->{title} // '') eq 'there' } topic('a', 'back') }, 'what begins at b arrives at a');
is_deeply([map { $_->{title} } topic('a', 'back')], ['there'], 'CPU-13: what came from a does not go back to it');
is(scalar(grep { ($_->{title} // '') eq 'there' } topic('b', 'phone')), 1, 'CPU-13: … nor to b again');

# It does not take them.
$a->admin('setting', 'set', 'push.upstream.token', 'tk_wrong');
notify(title => 'refused');
$a->wait_for(sub { grep { ($_->{error} // '') =~ /it answers 40[13]/ } runs() }, 'a refusal is tried again');
like((map { $_->{body} } grep { $_->{kind} eq 'push.upstream' } @{ $a->admin_json('notice', 'list') })[0], qr/it answers 40[13]/, 'and the owner is told');
notify(title => 'behind it');
my ($first) = grep { $_->{error} } runs();
$a->admin('setting', 'set', 'push.upstream.token', $token{phone});
$a->admin('run', 'cancel', $first->{id});
is((grep { $_->{id} eq $first->{id} } runs())[0]{state}, 'cancelled', 'the owner may give one up');
$a->admin('run', 'retry', $first->{id});
ok(arrives('leads: refused'), '… and try it again');
ok(arrives('leads: behind it'), 'the next one arrives');
ok(!(grep { ($_->{title} // '') eq 'leads: before' } topic('b', 'phone')), 'and nothing of before');
done_testing;
