# app check: what is wrong with an app before anybody uses it, with file, line and column; and installing says the same.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(build spew top text_of);
use Test::More;

# No home: what concerns a folder needs none.
my $nowhere = { FAZT_HOME => '/nowhere' };
my $maker = Fazt->new(init => 0);
my %rows = ('app.json' => { permissions => ['storage'], collections => { notes => {} } });

sub check {
	my ($files, @options) = @_;
	my $dir = $maker->cartridge(pad => { %rows, %$files });
	my ($exit, $out, $err) = Fazt::run($nowhere, build() . '/fazt-admin', 'app', 'check', $dir, @options);
	return wantarray ? ($exit, $out, $err) : $out;
}
sub finds {
	my ($what, $lua, $line, $level) = @_;
	my ($exit, $out) = check({ 'api/main.lua' => "local fazt = require \"fazt\"\nlocal docs = fazt.storage.docs\n$lua" });
	like($out, ref $line ? $line : qr/^\Q$line\E/m, $what);
	is($exit, ($level // 'error') eq 'error' ? 7 : 0, "… $what: exit") or diag($out);
}
sub finds_nothing {
	my ($what, $lua) = @_;
	my ($exit, $out) = check({ 'api/main.lua' => "local fazt = require \"fazt\"\nlocal docs = fazt.storage.docs\nlocal function _() return docs.count(\"notes\") end\n$lua" });
	is($out, "0 errors, 0 warnings\n", "nothing wrong: $what");
}

# ---- syntax: Lua's word, our column ----

finds('a symbol that does not belong', "return {\n  [\"GET /\"] = 1 2,\n}", "api/main.lua:4:17: error: '}' expected (to close '{' at line 3) near '2'");
finds('no end', "local function f()\nreturn {}", "api/main.lua:4:10: error: 'end' expected (to close 'f' at line 3) near '<eof>'");
finds('a string without an end', qq{return { a = "x\n}}, "api/main.lua:3:14: error: ");
finds('a malformed number', "local x = 3x\nreturn {}", "api/main.lua:3:11: error: malformed number near '3x'");
finds('a goto without its label', "do goto away end\nreturn {}", qr/^api\/main\.lua:3:\d+: error: no visible label 'away'/m);
finds('a constant that changes', "local x <const> = 1\nx = 2\nreturn {}", qr/^api\/main\.lua:4:\d+: error: attempt to assign to const variable 'x'/m);
finds('break outside of a loop', "break\nreturn {}", qr/^api\/main\.lua:3:1: error: break outside loop/m);
{
	my ($exit, $out) = check({ 'api/main.lua' => 'return {', 'api/a.lua' => 'x =', 't/b.lua' => 'local', 'migrations/c.lua' => ')' });
	like($out, qr/^\Q$_\E:1:\d+: error/m, "all files are read: $_") for 'api/main.lua', 'api/a.lua', 't/b.lua', 'migrations/c.lua';
	like($out, qr/^4 errors, 0 warnings$/m, 'and counted');
}
like(scalar check({ 'api/main.lua' => 'local x = [==[ ' . ('a' x 70_000) . "\n]==]\nlocal = 1" }), qr/^api\/main\.lua:3:7: error/m, 'a large file');
like(scalar check({ 'api/main.lua' => "\x1bLua" }), qr/error: api\/main\.lua is compiled Lua/, 'compiled Lua');
like(scalar check({ 'api/main.lua' => 'return {}', 'api/x.lua' => ' ' x 300_000 }), qr/error: api\/x\.lua is larger than 256 KB/, 'a file too large');

# ---- hosts ----

finds('fazt.http without a host', "return { [\"GET /\"] = function() return fazt.http.get(\"https://api.example.com/\").body end }", qr/fazt\.http\.get needs the permission "net:HOST"/);
{
	my %net = ('app.json' => { permissions => ['net:api.example.com'] });
	my $call = 'return { ["GET /"] = function() return require("fazt").http.get("https://api.example.com/").body end }';
	is(check({ %net, 'api/main.lua' => $call }), "0 errors, 0 warnings\n", 'fazt.http with one');
	like(scalar check({ %net, 'api/main.lua' => 'return { ["GET /"] = function() return "x" end }' }), qr/nothing uses the permission "net:api\.example\.com"/, 'a host that nothing asks');
}

# ---- globals ----

finds('a call of what is not there', 'return { ["GET /"] = function() return pirnt("x") end }', 'api/main.lua:3:40: error: there is no global "pirnt"; did you mean "print"?');
finds('a field of what is not there', "local x = conf.name\nreturn {}", 'api/main.lua:3:11: error: there is no global "conf"');
finds('what is only looked at', "local x = conf or 1\nreturn {}", 'api/main.lua:3:11: warning: there is no global "conf"', 'warning');
finds('a global by accident', "local function f() total = 1 end\nf()\nreturn {}", 'api/main.lua:3:20: warning: this makes a global of "total"', 'warning');
finds('a function that is global', "function helper() end\nreturn {}", 'api/main.lua:3:10: warning: this makes a global of "helper"', 'warning');
finds('a library that is not there', "local f = io.open\nreturn {}", 'api/main.lua:3:11: error: there is no global "io": an app has no files');
finds('a function that a library lacks', "local f = string.trim\nreturn {}", 'api/main.lua:3:11: error: there is no string.trim');
finds('after its scope', "do local a = 1 end\nprint(a)\nreturn {}", 'api/main.lua:4:7: warning: there is no global "a"', 'warning');
finds('in its own initialisation', "local a = a\nreturn {}", 'api/main.lua:3:11: warning: there is no global "a"', 'warning');
finds_nothing($_->[0], $_->[1]) for
	['until sees the locals of its body', "repeat local a = 1 until a == 1\nreturn {}"],
	['parameters, self, loops', "local M = {}\nfunction M:f(a, ...) return self, a, ... end\nfor i, v in ipairs({}) do print(i, v) end\nfor i = 1, 2 do print(i) end\nreturn {}"],
	['recursion', "local function f(n) return n == 0 and 0 or f(n - 1) end\nreturn { f and nil }"],
	['labels and goto', "for i = 1, 3 do if i == 2 then goto next end print(i) ::next:: end\nreturn {}"],
	['comments and long strings', "--[[ foo() ]] --[==[ bar()\n]] ]==]\nlocal s = [[\npirnt()]] .. \"pirnt() \\\" pirnt()\" .. 'a\\z\n   pirnt()'\nreturn {}"],
	['numbers of all kinds', "local n = 0x1p-3 + 1e+5 + .5 + 3. + 0xA.8 + 5 // 2 - 1\nreturn {}"],
	['an environment of its own', "do local _ENV = { x = 1 } y = x end\nreturn {}"],
	['methods of strings, chained calls', "local s = (\"x\"):rep(3):upper() print(s) print(#s, -#s, not s)\nreturn {}"],
	['keys of constructors', "local t = { pirnt = 1, [\"a b\"] = 2; 3, nested = { deep = function() return 1 end } }\nprint(t.pirnt)\nreturn {}"],
	['attributes', "local a <const>, b <close> = 1, nil\nprint(a, b)\nreturn {}"],
	['a global used in another file is written there', "return {}"];

# ---- the SDK, modules, permissions ----

finds('a part of fazt that is not there', "docs.fnid(\"notes\")\nreturn {}", 'api/main.lua:3:1: error: there is no fazt.storage.docs.fnid; did you mean "find"?');
finds('through require itself', "require(\"fazt\").strage.kv.get(\"x\")\nreturn {}", qr/^api\/main\.lua:3:\d+: error: there is no fazt\.strage; did you mean "storage"\?/m);
finds('a module that is not there', "local x = require \"nowhere\"\nreturn {}", 'api/main.lua:3:11: error: there is no module "nowhere": neither api/nowhere.lua');
finds('a permission that is not asked for', "docs.count(\"notes\")\nreturn { [\"GET /\"] = function() return fazt.users.list() end }",
	'api/main.lua:4:40: error: fazt.users.list needs the permission "people"');
finds('as_app without its permission', "docs.count(\"notes\")\nfazt.as_app(print)\nreturn {}", 'api/main.lua:4:1: error: fazt.as_app needs the permission "storage:app"');
finds('a permission that nothing uses', "return {}", qr/^app\.json:1:\d+: warning: nothing uses the permission "storage"/m, 'warning');
finds('a collection that is not declared', "local function f() docs.count(\"ntoes\") end\nreturn { f and nil }", 'api/main.lua:3:20: hint: the collection "ntoes" is not declared', 'hint');
finds_nothing('a call given away', "local insert = docs.insert\nreturn { [\"POST /\"] = function(req) return pcall(insert, \"notes\", req.form) and \"\" end }");
unlike(scalar check({ 'api/main.lua' => "local fazt = require 'fazt'\nreturn { ['GET /'] = function() return (require 'other')(fazt) end }", 'api/other.lua' => 'return function(f) return f.storage.kv.get("x") end' }),
	qr/nothing uses/, 'what is handed around may be used');

# ---- routes ----

finds('a route twice', "return {\n[\"GET /\"] = print,\n[\"GET /\"] = print,\n}", 'api/main.lua:5:1: error: the route GET / is here twice');
like(scalar check({ 'api/main.lua' => "return {\n[\"GET /\"] = print, [\"GET /a.txt\"] = print, [\"POST /a.txt\"] = print }", 'public/index.html' => 'x', 'public/a.txt' => 'x' }),
	qr{public/index\.html answers GET /, this route never does.*\n.*public/a\.txt answers GET /a\.txt}, 'public files that shadow routes');
like(scalar check({ 'api/main.lua' => 'return { ["FETCH it"] = print }' }), qr/error: .*FETCH it/, 'a route that is none');

# ---- the manifest ----

like(scalar check({ 'app.json' => qq({\n  "name": "x",\n}), 'api/main.lua' => 'return {}' }), qr/^app\.json:3:\d+: error: /m, 'JSON that is none');
like(scalar check({ 'app.json' => { visability => 'owner' }, 'api/main.lua' => 'pirnt()' }), qr/app\.json: error: .*did you mean "visibility".*api\/main\.lua:1:1: error/s, 'an unknown key, and the code is read all the same');
like(scalar check({ 'app.json' => { permissions => ['schedule'], cron => [{ name => 'x', schedule => '@daily', handler => 'api/x.lua' }] }, 'api/main.lua' => 'return {}' }),
	qr/app\.json: error: cron\[0\]\.handler: there is no file api\/x\.lua/, 'a handler there is not');
like(scalar check({ 'api/main.lua' => 'error("no")' }), qr/error: the code does not load: api\/main\.lua:1: no/, 'code that does not load');

# ---- json ----

my ($exit, $out) = check({ 'api/main.lua' => "x = 1\nreturn {}" }, '--json');
my $said = text_of($out);
is($exit, 0, 'warnings are no failure');
is("$said->{errors} $said->{warnings}", '0 2', 'counted in JSON');
is_deeply([sort keys %{ $said->{findings}[0] }], [qw(col file level line message)], 'a finding');
($exit, undef, my $err) = Fazt::run($nowhere, build() . '/fazt-admin', 'app', 'check', '/nowhere');
is($exit, 7, 'a folder there is not');
like($err, qr/cannot open the folder/, '… is said');

# ---- hostile files ----

my ($deep) = check({ 'api/main.lua' => 'return ' . ('(' x 30_000) . '1' . (')' x 30_000) });
is($deep, 7, 'parentheses 30,000 deep: refused, not crashed');
my ($nested) = check({ 'api/main.lua' => ('do ' x 20_000) . ('end ' x 20_000) });
is($nested, 7, 'blocks 20,000 deep');
my ($noise) = check({ 'api/main.lua' => join '', map { chr(33 + $_ * 7919 % 90) } 1 .. 100_000 });
is($noise, 7, 'noise');

# ---- the apps that come with Fazt, and installing ----

for my $app (glob top() . '/apps/*/app.json') {
	my ($name) = $app =~ m{([^/]+)/app\.json$};
	my ($exit, $out) = Fazt::run($nowhere, build() . '/fazt-admin', 'app', 'check', $app =~ s{/app\.json$}{}r);
	unlike($out =~ s/^error: the name .* is reserved.*\n//mr, qr/^\S+: (?:error|warning)/m, "$name is clean") or diag($out);
}
my $fazt = Fazt->new;
($exit, $out, $err) = $fazt->try_admin('app', 'install', $fazt->cartridge(pad => { 'api/main.lua' => "return {\n  [\"GET /\"] = 1 2,\n}", 'api/b.lua' => 'local' }), '--yes');
is($exit, 7, 'a folder that does not compile is not installed');
like($err, qr/^api\/main\.lua:2:17: error: /m, '… and every place is said');
like($err, qr/^api\/b\.lua:1:\d+: error: /m, '… of every file');
($exit, $out) = $fazt->try_admin('app', 'install', $fazt->cartridge(pad => { 'api/main.lua' => "return {\n  [\"GET /\"] = 1 2,\n}" }), '--yes', '--json');
like(text_of($out)->{error}{message}, qr/api\/main\.lua:2:17: /, 'in JSON, the first one with its column');
done_testing;
