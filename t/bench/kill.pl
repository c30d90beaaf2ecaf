# ./dev kill [N [EVERY]] — N times in a row: a run of fifty steps whose workers are killed at the boundary of each step (or of
# each EVERYth, another one each time), beside others that are hit wherever they are. What is lost or doubled in the end is
# counted; none may be.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Kills;
use Time::HiRes qw(time);

my ($rounds, $every) = (shift // 100, shift // 1);
my ($steps, $beside, $fewer) = (50, 3, 20);
my $fazt = Fazt->new(settings => { 'run.lease' => 300, 'app.cpu' => 6000000, 'run.deadline' => 60000 });
my $kills = Fazt::Kills->new($fazt);
$fazt->install(work => { 'app.json' => { visibility => 'members', permissions => ['storage', 'queue'] }, 'api/count.lua' => Fazt::Kills->code, 'api/main.lua' => <<'LUA' });
local fazt = require "fazt"
return {
	["POST /queue"] = function(req)
		local ids = {}
		for i, input in ipairs(req.json) do ids[i] = fazt.queue("api/count.lua", input) end
		return { json = ids }
	end,
	["GET /things/:of"] = function(req)
		local all, more = {}, nil
		repeat
			local some
			some, more = fazt.storage.docs.find("things", { of = req.params.of }, { limit = 100, cursor = more })
			for _, doc in ipairs(some) do all[#all + 1] = doc end
		until not more
		return { json = fazt.list(all) }
	end,
	["POST /clear"] = function()
		for _, doc in ipairs((fazt.storage.docs.find("things", {}, { limit = 200 }))) do fazt.storage.docs.delete("things", doc.id) end
		return { json = true }
	end,
}
LUA
$fazt->start;
my $owner = $fazt->person;
my $work = $fazt->url('work', '');
$owner->enter($work);

# Workers that start anew may not answer yet.
sub fetch {
	my ($method, $path, %o) = @_;
	for (1 .. 200) {
		my $a = eval { $owner->fetch($method => "$work$path", %o) };
		return $a->{json} if $a && $a->{status} == 200;
		Time::HiRes::sleep(0.05);
	}
	die "$method $path is not answered\n" . $fazt->logs;
}

$| = 1;
my ($killed, @bad) = (0);
my $began = time;
for my $round (1 .. $rounds) {
	my %runs = map { ("r$round-$_" => $_ ? $fewer : $steps) } 0 .. $beside;
	my @names = sort keys %runs;
	my $ids = fetch(POST => '/queue', json => [map { { name => $_, steps => $runs{$_}, work => 100000 } } @names]);
	$killed += $kills->murder($ids->[0], map { 3 * $_ } grep { $_ % $every == $round % $every } 1 .. $steps);
	for my $i (0 .. $#names) {
		my $now;
		eval { $fazt->wait_for(sub { ($now = $kills->look($ids->[$i]))->{state} =~ /^(?:done|failed)$/ }, 'it ends', 60) };
		my @faults = $kills->faults(fetch(GET => "/things/$names[$i]"), $runs{$names[$i]});
		push @faults, "it is $now->{state}: " . ($now->{error} // '') if $now->{state} ne 'done';
		push @bad, map { "round $round, $names[$i]: $_" } @faults;
	}
	fetch(POST => '/clear');
	printf "  %d of %d: %d kills, %d lost or doubled, %d s\n", $round, $rounds, $killed, scalar @bad, time - $began if $round % 5 == 0 || $round == $rounds || @bad;
	last if @bad > 20;
}
print map { "$_\n" } @bad;
printf "%d rounds of a run of %d steps and %d of %d: the workers were killed %d times; lost or doubled: %d\n", $rounds, $steps, $beside, $fewer, $killed, scalar @bad;
exit !!@bad;
