# The calendar of the dashboard: what apps will do by themselves, what they did not do, and the owner's hand on their jobs.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Chromium;
use Fazt::Clock;
use Test::More;

# The browser may live in the time before.
my $clock = Fazt::Clock->new;
my $fazt = Fazt->new(settings => { 'run.lease' => 500 });
sub job { my ($name, $schedule) = @_; return { name => $name, schedule => $schedule, handler => 'api/note.lua', jitter => 0 } }
$fazt->install(diary => { 'app.json' => { title => 'Diary', visibility => 'members', permissions => ['storage', 'queue', 'schedule'], cron => [job(morning => '30 7 * * *'), job(pulse => '*/10 * * * *')] },
	'api/main.lua' => 'return {}', 'api/note.lua' => 'return function(req) return "noted" end' }, '--yes', '--grant', 'all');
$fazt->install_built_in('os');
$fazt->start;
$fazt->admin('app', 'disable', 'diary');
$clock->by(2 * 86400);
$fazt->admin('app', 'enable', 'diary');
$fazt->wait_for(sub { grep { $_->{state} eq 'missed' && $_->{name} eq 'morning' } @{ $fazt->admin_json('job', 'history') } }, 'what was missed is written down');
browser_script('calendar.mjs', OS => $fazt->url('os', ''), LINK => $fazt->admin('login-link'));
is((grep { $_->{name} eq 'pulse' } @{ $fazt->admin_json('job', 'list') })[0]{state}, 'paused', 'what was let rest on the page rests');

done_testing;
