# Runs, and everything that waits for the owner, on the dashboard: seen, answered and tried again with a thumb or a keyboard.
use strict;
use warnings;
use lib 't/lib';
use Fazt;
use Fazt::Chromium;
use Test::More;

my $fazt = Fazt->new(settings => { 'run.lease' => 500 });
my $main = <<'LUA';
local fazt = require "fazt"
return {
	["POST /start"] = function(req) return { json = fazt.queue(req.json.handler, req.json.input, { retries = 0 }) } end,
	["POST /repair"] = function() fazt.storage.kv.set("repaired", true) return { text = "" } end,
	["GET /said"] = function() return { json = (fazt.storage.docs.find("said", nil, { sort = "created" })) } end,
}
LUA
my %handler = (
	'api/count.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	for i = 1, 3 do
		fazt.storage.docs.insert("said", { text = "counted " .. i })
		fazt.progress(i, 5, "Counting")
	end
	fazt.wait("go")
	return { counted = 3 }
end
LUA
	'api/fail.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	fazt.storage.docs.insert("said", { text = "before" })
	if not fazt.storage.kv.get("repaired") then
		error("the printer is on fire")
	end
	return "printed"
end
LUA
	'api/ask.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local answer = fazt.halt(req.input.reason, req.input.data)
	fazt.storage.docs.insert("said", { text = answer.approved and "sent to " .. tostring(answer.data.people) or "not sent: " .. answer.note })
end
LUA
	'api/propose.lua' => <<'LUA',
local fazt = require "fazt"
return function(req)
	local answer = fazt.app.propose("blog", req.input, { reason = "The title is larger." })
	fazt.storage.docs.insert("said", { text = answer.approved and "deployed as " .. answer.version or "not deployed" })
end
LUA
);
$handler{'api/large.lua'} = <<'LUA';
local fazt = require "fazt"
return function(req)
	local answer = fazt.app.propose("blog", { ["public/book.txt"] = ("line\n"):rep(60000), ["public/note.txt"] = "short\n" }, { reason = "A long book." })
	fazt.storage.docs.insert("said", { text = answer.approved and "deployed the book" or "no book" })
end
LUA
$fazt->install(agent => { 'app.json' => { visibility => 'members', title => 'Agent', permissions => ['storage', 'queue', 'halt', 'kernel:app.propose'] },
	'api/main.lua' => $main, %handler }, '--yes', '--grant', 'kernel:app.propose');
$fazt->install(blog => { 'app.json' => { version => '1.0.0', title => 'Blog', visibility => 'anyone', permissions => ['storage'] },
	'api/main.lua' => qq{return { ["GET /"] = function() return { text = "small" } end }\n} });
$fazt->install_built_in('os');
$fazt->start;
my $owner = $fazt->person;
my $at = $fazt->url('agent', '');
$owner->get("$at/said");
sub start { my ($name, $input) = @_; $owner->fetch(POST => "$at/start", json => { handler => "api/$name.lua", input => $input })->{json} }
sub said { map { $_->{text} } @{ $owner->fetch(GET => "$at/said")->{json} } }
sub pending { @{ $fazt->admin_json('halt', 'list') } }

my $count = start(count => { from => 1 });
my $fail = start(fail => { paper => 'A4' });
start(ask => { reason => 'Send the newsletter?', data => { people => 1200, text => "Dear\x{200B} all" } });
start(ask => { reason => 'Delete the old ones?', data => { people => 3 } });
start(propose => { 'api/main.lua' => qq{return { ["GET /"] = function() return { text = "larg\x{202E}e" } end }\n} });
$fazt->wait_for(sub { pending() == 3 && $fazt->admin_json('run', 'show', $fail)->{state} eq 'failed' }, 'all is under way');
$owner->fetch(POST => "$at/repair", json => {});
browser_script('runs.mjs', OS => $fazt->url('os', ''), LINK => $fazt->admin('login-link'), COUNT => $count, FAIL => $fail);
$fazt->wait_for(sub { 3 == grep { /sent|deployed/ } said() }, 'the app goes on');
is_deeply([sort grep { /sent|deployed/ } said()], ['deployed as 2', 'not sent: not today', 'sent to 12'], 'every answer has arrived, the one that was changed too');
is($fazt->admin_json('run', 'show', $fail)->{state}, 'done', 'the run that failed went on to its end');
is((grep { $_ eq 'before' } said()), 1, '… from the step that failed: what came before happened once');
is($fazt->admin_json('run', 'show', $count)->{state}, 'cancelled', 'and one was cancelled');

# ---- what is not shown is said yes to by itself ----

start('large');
$fazt->wait_for(sub { pending() == 1 }, 'a proposal waits');
my ($waits) = pending();
my $hash = $fazt->admin_json('halt', 'show', $waits->{id})->{hash};
my $os = $fazt->url('os', '');
my $csrf = $owner->fetch(GET => "$os/_fazt/api/session.show")->{json}{csrf};
sub operation { $owner->fetch(POST => "$os/_fazt/api/$_[0]", json => $_[1], headers => ['X-CSRF-Token' => $csrf])->{json} }
like(operation('halt.approve', { id => $waits->{id}, hash => $hash })->{error}{message}, qr/in 1 of its files is not shown \(public\/book\.txt\)/, 'a yes to what is not shown is refused, and says which file that is');
like(operation('app.consent', { id => $waits->{id}, hash => $fazt->admin_json('app', 'candidate', $waits->{id})->{hash} })->{error}{message}, qr/is not shown/, '… on either way');
is(($fazt->try_admin('halt', 'approve', $waits->{id}))[0], 2, '… and in the shell');
is(scalar(pending()), 1, 'it waits as before');
browser_script('unseen.mjs', OS => $os, LINK => $fazt->admin('login-link'));
$fazt->wait_for(sub { grep { $_ eq 'deployed the book' } said() }, 'the app goes on');

# ---- what failed when it was tried ----

start(propose => { 't/title.lua' => 'require "fazt.test"("its title", function() error("the title is too large: " .. ("x"):rep(300)) end)' });
$fazt->wait_for(sub { pending() == 1 }, 'a proposal waits');
browser_script('troubled.mjs', OS => $os, LINK => $fazt->admin('login-link'));

done_testing;
