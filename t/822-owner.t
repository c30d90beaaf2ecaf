# What an owner does with an app over the years, on the dashboard: tells it things, gives it a domain, reads what it logs,
# compares versions, sees a rehearsal fail, goes back; and looks after tokens and passwords.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of);
use Fazt::Chromium;
use Fazt::Git;
use Test::More;

my $host = Fazt::Git->new;
my $fazt = Fazt->new(settings => { 'net.allow' => $host->allow });

my %manifest = (name => 'diary', title => 'Diary', visibility => 'members', permissions => ['storage'],
	collections => { days => { read => 'owner', add => 'members', change => 'owner' } },
	env => [{ name => 'GREETING', description => 'What it says first.' },
		{ name => 'API_KEY', description => 'For the weather.', required => JSON::PP::true(), secret => JSON::PP::true() }]);
my $main = <<'LUA';
local fazt = require "fazt"
return {
  ["GET /"] = function() return { json = { greeting = fazt.env.GREETING, days = (fazt.storage.docs.find("days")) } } end,
  ["GET /log"] = function(req) fazt.log[req.query.level](req.query.text) return "logged" end,
  ["POST /"] = function(req) return { json = fazt.storage.docs.insert("days", { text = req.json.text }) } end,
}
LUA
my $test = <<'LUA';
local test = require "fazt.test"
test("every day has a mood", function(t)
  local ann = t.user("ann")
  ann:post("/", { json = { text = "rain" } })
  PLANTED
end)
LUA

sub version {
	my ($number, $more, %files) = @_;
	return $host->repository('diary', { 'app.json' => json_of({ %manifest, version => $number, %$more }), 'api/main.lua' => $main, %files });
}

version('1.0', {});
$fazt->install_built_in('os');
$fazt->start;
$fazt->admin('app', 'install', $host->url('diary'), '--yes');
my $ann = $fazt->person('ann');
$ann->visit(GET => $fazt->url('diary', '/'));
is($ann->fetch(POST => $fazt->url('diary', '/'), json => { text => "day $_" })->{status}, 200, "day $_") for 1 .. 3;
$fazt->admin('token', 'add', 'laptop', '--app', 'diary');
my %common = (OS => $fazt->url('os', ''), DIARY => $fazt->url('diary', '/'), HOST => 'diary.example.org');
browser_script('owner.mjs', %common, LINK => $fazt->admin('login-link'));

# A version whose tests fail on the rows, and one that asks for more, migrates, and hides something in a comment.
my %migration = ('migrations/0001-mood.lua' => 'return { days = function(doc) doc.mood = "fine" return doc end }');
version('2.0', { permissions => ['storage', 'people'] }, %migration, 't/days.lua' => $test =~ s/PLANTED/error("a mood was forgotten")/r);
browser_script('rehearsal.mjs', %common, LINK => $fazt->admin('login-link'));
version('2.1', { permissions => ['storage', 'people'], collections => { days => { read => 'members', add => 'members', change => 'owner' } } }, %migration,
	'api/main.lua' => "-- evil \xE2\x80\xAE mood\n$main", 't/days.lua' => $test =~ s/PLANTED/t.ok(true)/r);
browser_script('versions.mjs', %common, LINK => $fazt->admin('login-link'));

is(join(' ', map { "$_->{text}" . ($_->{mood} // '') } @{ $ann->get($fazt->url('diary', '/'))->{json}{days} }), 'day 1 day 2 day 3', 'the rows are those of before');

$fazt->admin('user', 'add', 'guest');
browser_script('password.mjs', %common, LINK => $fazt->admin('login-link', 'guest'), OWNER_LINK => $fazt->admin('login-link'));
done_testing;
