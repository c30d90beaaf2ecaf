# Quiet hours: what the owner hears at night, and when. The clock is moved under the running processes.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(text_of);
use Fazt::Clock;
use Test::More;

my $clock = Fazt::Clock->new;
my $fazt = Fazt->new(settings => { timezone => 'Europe/Berlin', 'push.quiet' => '22:00-07:00' });
my $ask = 'local fazt = require "fazt" return { ["POST /ask"] = function(req) fazt.halt(req.json) end }';
$fazt->install($_ => { 'app.json' => { visibility => 'members', permissions => ['halt'] }, 'api/main.lua' => $ask }) for 'night', 'day';
$clock->to('2027-03-01T22:30:00Z'); # 23:30 in Berlin
$fazt->start;
my $owner = $fazt->person;
my $phone = $fazt->admin('topic', 'token', 'add', 'phone', '--read', '*');
$fazt->admin('topic', 'add', 'alerts');

sub heard {
	my ($topic, $more) = @_;
	my $answer = $fazt->browser->request(GET => $fazt->url('ntfy', "/$topic/json?poll=1" . ($more // '')), headers => [Authorization => "Bearer $phone"]);
	return map { text_of($_) } grep { length } split /\n/, $answer->{body};
}
sub asks { my ($app) = @_; $owner->get($fazt->url($app, '/')); return $owner->fetch(POST => $fazt->url($app, '/ask'), json => "may $app?")->{status} }

is(asks('night'), 202, 'an app asks its owner in the middle of the night');
is(scalar(@{ $fazt->admin_json('decision', 'list') }), 1, '… which waits among what waits for them at once');
is_deeply([heard('fazt')], [], 'no device rings');
my ($later) = heard('fazt', '&scheduled=1');
is($later->{time} * 1000, $clock->ms('2027-03-02T06:00:00Z'), '… before the quiet hours end');
$fazt->admin('topic', 'send', 'alerts', 'the cellar is full of water', '--priority', '5');
is(scalar(heard('alerts')), 1, 'what is of priority 5 rings at night too');

$clock->to('2027-03-02T05:59:00Z');
is_deeply([heard('fazt')], [], 'a minute before their end it is quiet');
$clock->to('2027-03-02T06:00:01Z');
is_deeply([map { $_->{title} } heard('fazt')], ['Fazt: night asks you something'], 'then it rings');
is(asks('day'), 202, 'an app asks by day');
is_deeply([map { $_->{title} } heard('fazt')], ['Fazt: night asks you something', 'Fazt: day asks you something'], '… which rings at once');

done_testing;
