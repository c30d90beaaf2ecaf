# ./dev bench — the same four jobs through the same nginx for Fazt, php-fpm + PDO, node + better-sqlite3 and nginx
# alone, in interleaved rounds; then what only Fazt has. One table, and a chart in build/bench/.
#
# Equal terms: one machine, one nginx, WAL with synchronous=FULL for all three, 1 KB documents, 32 connections. Fazt also
# restores a VM, isolates it in a process of its own and checks who may see the row; its inserts are signed in. So that its
# clients wait as they do for the others, instead of 503, the queue before an app's cells is made long enough. The fourth job asks
# another server (nginx, over plain http) and passes its answer on; Fazt does that through a process without the database.
#
# BENCH_ROUNDS (3), BENCH_SECONDS (4) and BENCH_APPS (200) shorten it.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top build slurp spew);
use File::Path qw(make_path);
use Fcntl;
use POSIX ();
use Time::HiRes qw(sleep time);

my $rounds = $ENV{BENCH_ROUNDS} // 3;
my $seconds = $ENV{BENCH_SECONDS} // 4;
my $apps = $ENV{BENCH_APPS} // 200;
my $connections = 32;
my $keys = 1000;
my $here = top() . '/t/bench';
my $out = build() . '/bench';
make_path($out);
$| = 1;

my $text = 'A document of about one kilobyte, as a note or a comment is. ' x 15;
my $document = Fazt::json_of({ title => 'bench', tag => 'a', text => $text });

sub note { print STDERR "  @_\n" }
sub median { my @s = sort { $a <=> $b } @_; return @s % 2 ? $s[@s / 2] : ($s[@s / 2 - 1] + $s[@s / 2]) / 2 }

# ---- the contestants ----

my $port = Fazt::free_port();
my $fazt = Fazt->new(port => $port, settings => { 'net.allow' => "nginx.bench:80=127.0.0.1:$port", 'app.egress' => 1_000_000_000_000, 'app.bytes' => 4_000_000_000, 'app.rows' => 100_000_000, 'queue.app' => 2 * $connections });
my $home = $fazt->home;
$fazt->install(bench => {
	'app.json' => { visibility => 'anyone', permissions => ['storage', 'net:http://nginx.bench'], collections => { docs => { read => 'anyone', add => 'members' } } },
	'api/main.lua' => <<'LUA',
local fazt = require "fazt"
local docs = fazt.storage.docs
return {
	["GET /hello"] = function() return { text = "hello" } end,
	["GET /fetch"] = function() return { text = fazt.http.get("http://nginx.bench/").body } end,
	["GET /docs/:id"] = function(req)
		local doc = docs.get("docs", req.params.id)
		return doc and { json = doc }
	end,
	["POST /docs"] = function(req) return { status = 201, json = docs.insert("docs", req.json) } end,
}
LUA
});

sub start_php {
	my ($fpm) = grep { -x } map { "/usr/sbin/$_" } qw(php-fpm8.2 php-fpm8.3 php-fpm8.4 php-fpm);
	my %fill = (USER => scalar getpwuid($>), GROUP => scalar getgrgid($) + 0), SOCKET => "$home/run/php.sock");
	my $conf = slurp("$here/peers/php-fpm.conf") =~ s/\@(\w+)\@/$fill{$1}/gr;
	spew("$home/php-fpm.conf", $conf);
	make_database("$home/php.db");
	local $ENV{BENCH_DB} = "$home/php.db";
	local $ENV{BENCH_PORT} = $port;
	$fazt->spawn(php => $fpm, ($> ? () : '-R'), '-F', '-y', "$home/php-fpm.conf");
	$fazt->wait_for(sub { -S "$home/run/php.sock" }, 'php-fpm listens');
}

sub start_node {
	my ($node) = grep { -x } map { ("$_/node", "$_/nodejs") } split /:/, $ENV{PATH};
	make_database("$home/node.db");
	local $ENV{BENCH_DB} = "$home/node.db";
	local $ENV{BENCH_PORT} = $port;
	local $ENV{BENCH_SOCKET} = "$home/run/node.sock";
	local $ENV{BENCH_NODE} = $ENV{BENCH_NODE} // build() . '/bench/node';
	$fazt->spawn(node => $node, "$here/peers/server.mjs");
	$fazt->wait_for(sub { -S "$home/run/node.sock" }, 'node listens');
}

sub make_database {
	my ($path) = @_;
	my ($exit, undef, $err) = Fazt::run({}, 'sqlite3', $path, 'PRAGMA journal_mode = WAL; CREATE TABLE docs (id TEXT PRIMARY KEY, created INTEGER, body TEXT) STRICT');
	die $err if $exit;
}

# Fazt's own configuration with three more hosts in it: one nginx serves all.
sub configuration {
	my $conf = $fazt->admin('nginx', 'print', '--dev');
	my $listen = 'listen 127.0.0.1:' . $fazt->port . ';';
	my $more = <<"NGINX";
	upstream bench_node { server "unix:$home/run/node.sock"; keepalive 28; keepalive_requests 10000; }
	server { $listen server_name nginx.bench; location / { default_type text/plain; return 200 hello; } }
	server { $listen server_name node.bench; location / { proxy_pass http://bench_node; proxy_http_version 1.1; proxy_set_header Connection ""; } }
	server { $listen server_name php.bench; location / {
		fastcgi_pass "unix:$home/run/php.sock";
		fastcgi_param SCRIPT_FILENAME "$here/peers/index.php";
		fastcgi_param DOCUMENT_URI \$document_uri;
		fastcgi_param REQUEST_METHOD \$request_method;
		fastcgi_param QUERY_STRING \$query_string;
		fastcgi_param CONTENT_TYPE \$content_type;
		fastcgi_param CONTENT_LENGTH \$content_length;
		fastcgi_param SERVER_PROTOCOL \$server_protocol;
	} }
NGINX
	$conf =~ s/^\}\s*\z/$more}\n/m or die 'the configuration does not end as expected';
	return $conf;
}

make_path("$home/run", "$home/log", "$home/nginx");
start_php();
start_node();
$fazt->start_nginx(configuration());
$fazt->start_faztd;

my $browser = $fazt->person('bench');
$browser->enter($fazt->url('bench'));
my %host = (fazt => "bench.localhost:" . $fazt->port, php => 'php.bench', node => 'node.bench', nginx => 'nginx.bench');
my $cookies = $browser->cookies($fazt->url('bench'));
my %headers = (fazt => "Cookie: $cookies\nOrigin: http://$host{fazt}\nSec-Fetch-Site: same-origin\n");

sub exchange {
	my ($who, $method, $path, $body) = @_;
	my $head = "$method $path HTTP/1.1\r\nHost: $host{$who}\r\nConnection: close\r\n" . (($headers{$who} // '') =~ s/\n/\r\n/gr);
	$head .= "Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n" if defined $body;
	return Fazt::Browser::parse($browser->raw("$head\r\n" . ($body // '')), $method);
}

# A thousand documents each, whose keys the reads ask for; and a look that all do the same work.
my %ids;
for my $who (qw(fazt php node)) {
	note("filling $who");
	for (1 .. $keys) {
		my $answer = exchange($who, POST => '/docs', $document);
		die "$who does not insert: $answer->{raw}" unless $answer->{status} == 201;
		push @{ $ids{$who} }, $answer->{json}{id};
	}
	my $back = exchange($who, GET => "/docs/$ids{$who}[0]");
	die "$who does not read: $back->{raw}" unless $back->{json}{text} eq $text;
	for my $path ('/hello', '/fetch') {
		my $hello = exchange($who, GET => $path);
		die "$who does not greet at $path: $hello->{raw}" unless $hello->{body} eq 'hello';
	}
	spew("$home/$who.ids", join '', map { "$_\n" } @{ $ids{$who} });
}

# ---- the rounds ----

my %jobs = (
	hello => { path => '/hello' },
	read => { path => '/docs/', ids => 1 },
	insert => { path => '/docs', METHOD => 'POST', BODY => $document },
	fetch => { path => '/fetch' },
);
my @jobs = qw(hello read insert fetch);

sub cpu_of {
	my ($who) = @_;
	my $root = $fazt->pid({ fazt => 'serve' }->{$who} // $who) // return 0;
	my $ticks = 0;
	for my $pid ($root, keys %{ $fazt->processes_below($root) }) {
		my $stat = eval { slurp("/proc/$pid/stat") } // next;
		my @f = split ' ', $stat =~ s/.*\) //sr;
		$ticks += $f[11] + $f[12] + $f[13] + $f[14];
	}
	return $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

sub measure {
	my ($who, $job) = @_;
	my %j = %{ $jobs{$job} };
	my $headers = "Host: $host{$who}\n" . ($headers{$who} // '') . ($j{BODY} ? "Content-Type: application/json\n" : '');
	my %env = (HEADERS => $headers, $j{ids} ? (IDS => "$home/$who.ids") : (), map { $_ => $j{$_} } grep { defined $j{$_} } qw(METHOD BODY));
	my $before = cpu_of($who);
	my ($exit, $text, $err) = Fazt::run(\%env, 'wrk', '-t2', "-c$connections", "-d${seconds}s", '--timeout', '10s', '-s', "$here/wrk.lua",
		'http://127.0.0.1:' . $fazt->port . $j{path});
	my ($rate, $p50, $p99, $bad, $requests) = $text =~ /^figures (\S+) (\S+) (\S+) (\d+) (\d+)/m or die "wrk: $text$err";
	return { rate => $rate, p50 => $p50, p99 => $p99, bad => $bad, cpu => 1e6 * (cpu_of($who) - $before) / ($requests || 1) };
}

my @who = qw(fazt php node nginx);
my %results;
for my $round (1 .. $rounds) {
	note("round $round of $rounds");
	for my $job (@jobs) {
		for my $who ($round % 2 ? @who : reverse @who) {
			next if $who eq 'nginx' && $job ne 'hello';
			push @{ $results{$job}{$who} }, measure($who, $job);
		}
	}
}

sub figure { my ($job, $who, $key) = @_; return median(map { $_->{$key} } @{ $results{$job}{$who} }) }

# ---- what only Fazt has ----

sub pss {
	my ($name) = @_;
	my $root = $fazt->pid($name);
	my $kb = 0;
	for my $pid ($root, keys %{ $fazt->processes_below($root) }) {
		my ($own) = (eval { slurp("/proc/$pid/smaps_rollup") } // '') =~ /^Pss:\s+(\d+)/m;
		$kb += $own // 0;
	}
	return $kb;
}

note("installing $apps apps");
my $small = $fazt->cartridge(small => { 'app.json' => { visibility => 'anyone', permissions => ['storage'] },
	'api/main.lua' => 'return { ["GET /"] = function() return { text = "awake" } end }', 'public/style.css' => 'p {}' });
$fazt->admin('app', 'install', $small, '--name', "app$_", '--yes', '--grant', 'all') for 1 .. $apps;
$fazt->stop('serve', 'nginx', 'php', 'node');
$fazt->start_nginx;
$fazt->start_faztd;
sleep 3;
my ($memory, $processes) = (pss('serve') + pss('nginx'), 2 + keys(%{ $fazt->processes_below($fazt->pid('serve')) }) + keys(%{ $fazt->processes_below($fazt->pid('nginx')) }));
my (@cold, @warm);
for my $n (1 .. ($apps < 40 ? $apps : 40)) {
	for my $list (\@cold, \@warm) {
		my $start = time;
		my $answer = $fazt->browser->request(GET => $fazt->url("app$n"));
		push @$list, 1000 * (time - $start);
		die "app$n: $answer->{raw}" unless $answer->{body} eq 'awake';
	}
}

# ---- the table and the chart ----

my %title = (fazt => 'Fazt', php => 'php-fpm + PDO', node => 'node + better-sqlite3', nginx => 'nginx return 200');
my $base = figure('hello', 'nginx', 'rate');
my $report = sprintf "%-8s %-22s %10s %9s %9s %9s %9s %9s %7s\n", 'job', 'who', 'req/s', 'ratio', 'x php', 'p50 ms', 'p99 ms', 'CPU us', 'failed';
for my $job (@jobs) {
	for my $who (grep { $results{$job}{$_} } @who) {
		my %f = map { $_ => figure($job, $who, $_) } qw(rate p50 p99 cpu);
		my $bad = 0;
		$bad += $_->{bad} for @{ $results{$job}{$who} };
		$report .= sprintf "%-8s %-22s %10.0f %9.3f %9s %9.2f %9.2f %9s %7d\n", $job, $title{$who}, $f{rate}, $f{rate} / $base,
			$who eq 'nginx' ? '' : sprintf('%.2f', $f{rate} / figure($job, 'php', 'rate')), $f{p50}, $f{p99},
			$who eq 'nginx' ? '' : sprintf('%.0f', $f{cpu}), $bad;
	}
}
$report .= sprintf "\n%-44s %10.1f MB PSS, %d processes with nginx\n", "idle, $apps apps installed", $memory / 1024, $processes;
$report .= sprintf "%-44s %10.1f ms (median), %.1f (slowest of %d)\n", 'first answer of a sleeping app', median(@cold), (sort { $b <=> $a } @cold)[0], scalar @cold;
$report .= sprintf "%-44s %10.1f ms (median)\n", 'the next one (new connection each)', median(@warm);
my $cell = build() . '/t/bench/cell';
if (-x $cell) {
	my ($exit, $text, $err) = Fazt::run({}, $cell);
	$report .= "\n" . ($exit ? "t/bench/cell failed: $err" : $text);
}
$report .= "\n$rounds rounds of $seconds s each, $connections connections, medians; ratio: to nginx return 200; CPU: without nginx\n";
print $report;
spew("$out/result.txt", $report);
spew("$out/chart.svg", chart());
note("also in $out: result.txt, chart.svg");

sub chart {
	my %colour = (fazt => '#2563eb', php => '#8b5cf6', node => '#16a34a', nginx => '#9ca3af');
	my ($y, $bars) = (30, '');
	for my $job (@jobs) {
		$bars .= qq{<text x="10" y="$y" font-weight="bold">$job</text>\n};
		my $most = (sort { $b <=> $a } map { figure($job, $_, 'rate') } grep { $_ ne 'nginx' && $results{$job}{$_} } @who)[0];
		for my $who (grep { $_ ne 'nginx' && $results{$job}{$_} } @who) {
			my ($rate, $to) = (figure($job, $who, 'rate'), $y + 8);
			my ($wide, $base_line) = (380 * $rate / $most, $y + 22);
			my $label = $wide + 188;
			$bars .= sprintf qq{<text x="10" y="%d">%s</text><rect x="180" y="%d" width="%.0f" height="18" rx="3" fill="%s"/><text x="%.0f" y="%d">%.0f/s</text>\n},
				$base_line, $title{$who}, $to, $wide, $colour{$who}, $label, $base_line, $rate;
			$y += 24;
		}
		$y += 34;
	}
	return qq{<svg xmlns="http://www.w3.org/2000/svg" width="660" height="$y" font-family="system-ui, sans-serif" font-size="13">\n}
		. qq{<rect width="100%" height="100%" fill="#fff"/>\n$bars</svg>\n};
}
