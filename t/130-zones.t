# Names of time zones: that each is known, that it tells the same time as the machine does around the changes of the clock
# of this year and the next, and that the owner's own zone reaches apps when it is set.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use POSIX ();
use Test::More;

my $table = Fazt->build . '/zones.txt';
plan skip_all => 'built without tzdata' unless -s $table;
my %rule = map { split } split /\n/, slurp($table);
my $fazt = Fazt->new;
$fazt->install(clock => { 'app.json' => {}, 'api/main.lua' => <<'LUA' });
local date = require "fazt.date"
return {
  ["POST /tell"] = function(req)
    local all = {}
    for i, ask in ipairs(req.json) do
      local ok, text = pcall(date.format, ask[2] * 1000, "%F %T %z", ask[1])
      all[i] = text
      if ok and date.parse(text:sub(1, 19), ask[1]) ~= ask[2] * 1000 then all[i] = text .. " twice" end
    end
    return { json = all }
  end,
  ["GET /zone"] = function() return { json = { date.zone(), date.format(1782907200000, "%H:%M", date.zone()) } } end,
  ["GET /late"] = function(req) return { json = { date.format(0, "%F", req.query.zone) } } end,
}
LUA
sub clock { return @{ text_of($fazt->admin('app', 'request', 'clock', 'POST', '/tell', '--body', json_of(\@_))) } }
sub here {
	my ($zone, $at) = @_;
	local $ENV{TZ} = $zone;
	POSIX::tzset();
	return POSIX::strftime('%Y-%m-%d %H:%M:%S %z', localtime $at);
}

# Some laws change from year to year: Ramadan.
my @fickle = qw(Africa/Casablanca Africa/El_Aaiun Asia/Gaza Asia/Hebron);
my @names = grep { my $n = $_; !grep { $n eq $_ } @fickle } sort keys %rule;
cmp_ok(scalar(@names), '>', 400, scalar(@names) . ' zones');
my $year = (gmtime)[5] + 1900;
my ($first, $end) = map { POSIX::mktime(0, 0, 0, 1, 0, $_ - 1900) } $year, $year + 2;

# every zone, in each month
while (my @some = splice @names, 0, 60) {
	my @ask = map { my $n = $_; map { [$n, $first + 86400 * 30 * $_] } 0 .. 23 } @some;
	my @told = clock(@ask);
	my @wrong = grep { $told[$_] ne here(@{ $ask[$_] }) } 0 .. $#ask;
	is_deeply([map { "$ask[$_][0] $ask[$_][1] $told[$_] not " . here(@{ $ask[$_] }) } @wrong], [], "$some[0] … $some[-1]");
}

# around the changes, to the second
for my $zone (qw(Europe/Berlin Europe/London Europe/Dublin America/New_York America/St_Johns America/Santiago America/Nuuk Africa/Cairo
		Asia/Jerusalem Asia/Kolkata Asia/Kathmandu Australia/Sydney Australia/Lord_Howe Pacific/Chatham Antarctica/Troll)) {
	SKIP: {
		skip "$zone is not known here", 3 unless $rule{$zone};
		my @changes;
		for (my $at = $first; $at < $end; $at += 3600) { push @changes, $at + 3600 if substr(here($zone, $at), -5) ne substr(here($zone, $at + 3600), -5) }
		is(scalar(@changes), $rule{$zone} =~ /,/ ? 4 : 0, "$zone: changes of the clock");
		my @ask = map { my $at = $_; map { [$zone, $at + $_] } -7200, -3601, -1801, -1800, -1, 0, 1, 1799, 1800, 3600, 7200 } @changes, $first;
		my @told = clock(@ask);
		is_deeply([map { s/ twice$//r } @told], [map { here(@$_) } @ask], "$zone: to the second");
		my $twice = grep { / twice$/ } @told;
		cmp_ok($twice, $rule{$zone} =~ /,/ ? '>' : '==', 0, "$zone: what is there twice is read as its first time");
	}
}
my ($why) = clock(['Europe/Atlantis', 0]);
like($why, qr{there is no zone "Europe/Atlantis"; write "UTC", "\+02:00", a name such as "Europe/Berlin" or a rule}, 'a name there is not');
is((clock(['europe/berlin', 0]))[0] =~ /no zone/ ? 1 : 0, 1, 'names are case-sensitive');

# the owner's own
sub zone { return text_of($fazt->admin('app', 'request', 'clock', 'GET', '/zone')) }
is_deeply(zone(), ['UTC', '12:00'], 'UTC without a word');
is(($fazt->try_admin('setting', 'set', 'timezone', 'Europe/Atlantis'))[0], 2, 'no place there is');
$fazt->admin('setting', 'set', 'timezone', 'Europe/Berlin');
is_deeply(zone(), ['Europe/Berlin', '14:00'], 'as it was set');
$fazt->start;
my $owner = $fazt->person;
$owner->get($fazt->url('clock', '/_fazt/sign-in'));
my $url = $fazt->url('clock', '/zone');
is_deeply($owner->fetch(GET => $url)->{json}, ['Europe/Berlin', '14:00'], 'in the cells of workers');
$fazt->admin('setting', 'set', 'timezone', 'Asia/Kolkata');
is_deeply($owner->fetch(GET => $url)->{json}, ['Asia/Kolkata', '17:30'], 'at once, when it changes');
like(`sh fcgi/codec/zones.sh /nonexistent; echo \$?`, qr/\A0\n\z/, 'without tzdata the table is empty, and make goes on');

done_testing;
