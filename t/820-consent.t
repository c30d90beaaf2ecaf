# An app from a Git URL by way of the dashboard: looked at, consented to, upgraded, refused.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of);
use Fazt::Chromium;
use Fazt::Git;
use Test::More;

my $host = Fazt::Git->new;
my $fazt = Fazt->new(settings => { 'net.allow' => $host->allow });

sub reader {
	my ($version, @permissions) = @_;
	return $host->repository('reader', {
		'app.json' => json_of({ name => 'reader', title => 'Reader', version => $version, visibility => 'members',
			description => "Keeps what you want to read later. <b>Granted by default</b><script>document.title = 'gone'</script>\x{202E}" . ' and on' x 2000, permissions => \@permissions,
			collections => { tips => { read => 'members' } } }),
		'api/main.lua' => qq(return { ["GET /"] = function() return "<!doctype html><title>Reader</title>version $version" end }),
	});
}

my $commit = reader('1.0', 'storage', 'net:api.example.com', 'schedule');
$host->repository('typo', { 'app.json' => '{"name":"typo","permissions":["storrage"]}', 'api/main.lua' => 'return {}' });
$host->repository('leaky', {
	'app.json' => json_of({ name => 'leaky', title => 'Leaky', visibility => 'members', permissions => ['storage', 'storage:app'],
		collections => { inbox => { read => 'admins', add => 'members' } } }),
	'api/main.lua' => 'local fazt = require "fazt" return { ["GET /all"] = function() return fazt.as_app(function() return { json = (fazt.storage.docs.find("inbox")) } end) end }' });
$fazt->install_built_in('os');
$fazt->start;
my %common = (OS => $fazt->url('os', ''), READER => $fazt->url('reader', '/'));
browser_script('install.mjs', %common, LINK => $fazt->admin('login-link'), SOURCE => $host->url('reader'), COMMIT => $commit,
	TYPO => $host->url('typo'), LEAKY => $host->url('leaky'));

reader('2.0', 'storage', 'net:api.example.com', 'schedule', 'mail:anyone');
browser_script('upgrade.mjs', %common, LINK => $fazt->admin('login-link'));
done_testing;
