# /_fazt/client.js in a browser: requests and their errors, who is signed in, uploads. And a form without any script.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top slurp);
use Fazt::Chromium;
use Test::More;

my $fazt = Fazt->new;
$fazt->install(client => {
	'app.json' => { visibility => 'anyone', },
	'public/index.html' => "<!doctype html><html lang=en><title>Client</title><h1>Client</h1>\n",
	'views/form.html' => "<!doctype html><html lang=en><title>Form</title><h1>{{ heading }}</h1>\n{{ form }}\n",
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local form, validate = require "fazt.form", require "fazt.validate"
local html = require "fazt.html"
local note = validate.schema { { "title", "string", required = true } }
local full = validate.schema { { "title", "string", required = true, max = 5, hint = "Short" }, { "stars", "integer", max = 5 }, { "done", "boolean" },
	{ "size", "enum", values = { "small", "large" } }, { "tags", "list", of = { "string", max = 3, pattern = "^%l+$" } }, { "text", "string", lines = 3 } }
local function show(values, errors)
	return html.render("form", { heading = "A & B", form = form.render(full, { action = "/form", values = values, errors = errors }) })
end
local function echo(req) return { json = { method = req.method, sent = #req.body > 0 and req.json or fazt.null, accept = req.headers.accept } } end
return {
	["GET /echo"] = echo, ["POST /echo"] = echo, ["PUT /echo"] = echo, ["PATCH /echo"] = echo, ["DELETE /echo"] = echo,
	["GET /form"] = function() return { html = show() } end,
	["POST /form"] = function(req)
		local value, errors, typed = form.read(full, req)
		if errors then return form.invalid(req, errors, function() return show(typed, errors) end) end
		return { json = value }
	end,
	["GET /text"] = function() return { text = "plain" } end,
	["DELETE /empty"] = function() return { status = 204 } end,
	["GET /fail"] = function() fazt.fail("conflict", "Too late.") end,
	["POST /notes"] = function(req)
		local value, errors = form.read(note, req)
		if errors then return form.invalid(req, errors, "<p>page</p>") end
		return { status = 201, json = value }
	end,
}
LUA
});
$fazt->install(members => { 'app.json' => { visibility => 'owner' }, 'api/main.lua' => 'return { ["GET /"] = function() return "x" end }' });
$fazt->start;

my $me = sub { my ($who, $app) = @_; return $who->fetch(GET => $fazt->url($app, '/_fazt/me')) };
my $guest = $fazt->person('guest');
is_deeply($me->($fazt->browser, 'client')->{json}, { user => undef }, 'a stranger is nobody');
is($me->($fazt->browser, 'client')->{headers}{'cache-control'}, 'no-store', 'which no cache keeps');
is_deeply($me->($fazt->browser, 'members')->{json}, { user => undef }, 'at an app for its owner too');
is($me->($guest, 'os')->{status}, 404, 'the dashboard has its own way');
is($fazt->browser->fetch(POST => $fazt->url('client', '/_fazt/me'))->{status}, 405, 'it is only read');

my @names = slurp(top() . '/lua-sdk/client.js') =~ /export const fazt = \{(.*?)\n\};/s ? $1 =~ /^\t(\w+)(?=:)|\b(user|signIn|signOut|upload)\b/mg : ();
like(slurp(top() . '/lua-sdk/client.d.ts'), qr/^\t\Q$_\E[<(]/m, "client.d.ts has $_") for grep { defined } @names;
cmp_ok(scalar(grep { defined } @names), '>=', 9, 'the calls are read');

browser_script('client.mjs', OWNER_LINK => $fazt->admin('login-link'), APP => $fazt->url('client', ''), CLIENT => top() . '/lua-sdk/client.js');
done_testing;
