package Fazt::Guide;

# The code blocks of a page of the guide, executed in their order: files are written, commands are run and what they print is
# compared, Lua runs in a handler. How a block says what it is, HACKING.md tells.
#
#     Fazt::Guide->new(fazt => $fazt, page => 'lua-sdk/README.md')->run;

use strict;
use warnings;
use Cwd ();
use Fazt qw(top build slurp spew json_of text_of);
use File::Temp ();
use JSON::PP ();
use Test::More;

# Read by nobody, required by every piece of Lua without a file.
my $prelude = join ' ', map { chomp(my $l = $_); $l } split /^/, <<'LUA';
local fazt = require "fazt"
local docs, kv, blob, tx = fazt.storage.docs, fazt.storage.kv, fazt.storage.blob, fazt.storage.tx
local html, form, validate, page = require "fazt.html", require "fazt.form", require "fazt.validate", require "fazt.page"
local date, csv, markdown = require "fazt.date", require "fazt.csv", require "fazt.markdown"
LUA

sub new {
	my ($class, %o) = @_;
	my $self = bless { lua => [], stays => 0, %o }, $class;
	($self->{name}) = $o{page} =~ m{([^/]+)\.md$};
	$self->{name} = 'guide' if $self->{name} eq 'README';
	$self->{dir} = File::Temp::tempdir('guide-XXXXXX', DIR => '/tmp', CLEANUP => 1);
	$self->{cwd} = $self->{dir};
	spew("$self->{dir}/.gitconfig", "[user]\n\tname = You\n\temail = you\@example.org\n");
	$self->{manifest} = { name => "page-$self->{name}", title => 'A page', version => '1.0.0', visibility => 'members',
		permissions => ['storage', 'people'] };
	return $self;
}

# ---- reading ----

# { lang, text, line, mark => [comments], file, where, at } in order; what is no fenced block is told to `odd`.
sub blocks {
	my ($self) = @_;
	my ($block, @blocks, @before);
	my $n = 0;
	my $port = $self->{fazt}->port;
	for my $line (split /^/, slurp(top() . "/$self->{page}") =~ s/localhost:8080/localhost:$port/gr) {
		$n++;
		if ($block) {
			$line =~ /^```\s*$/ ? undef $block : ($block->{text} .= $line);
		} elsif ($line =~ /^```(\w*)\s*$/) {
			$block = { lang => $1, text => '', line => $n, described(@before) };
			push @blocks, $block;
			@before = ();
		} elsif ($line =~ /\S/) {
			fail("$self->{page}:$n: a block without a fence is run by nobody") if $line =~ /^(?: {4}|\t)\S/ && !@before;
			push @before, $line;
			@before = @before[-2, -1] if @before > 2;
		} else {
			@before = grep { /^<!--/ } @before;
		}
	}
	return @blocks;
}

sub described {
	my %b = (mark => '');
	for (@_) {
		$b{mark} = $1 if /^<!-- (.*?) -->$/;
		@b{qw(file where at)} = ($1, $2 // '', $3) if /^\*\*`([^`]+)`\*\*(?:, (at the end|above|below)(?: `(.+)`)?)?:$/;
	}
	return %b;
}

# ---- running ----

sub run {
	my ($self) = @_;
	for my $b ($self->blocks) {
		my $where = "$self->{page}:$b->{line}";
		my $more = $b->{lang} eq 'lua' && !$b->{file} && $b->{mark} !~ /^(?:not run|from)/;
		$self->flush if !$more || whole($b) || @{ $self->{lua} } && whole($self->{lua}[0]);
		if ($b->{mark} =~ /^not run: \S/) { pass("$where $b->{mark}") }
		elsif ($b->{mark} =~ /^from (\S+)$/) { $self->quote($b, $1, $where) }
		elsif ($b->{file}) { $self->write($b, $where) }
		elsif ($b->{lang} eq 'sh') { $self->shell($b, $where) }
		elsif ($b->{lang} eq 'json') { $self->ask_for($b, $where) }
		elsif ($b->{lang} eq 'lua') { push @{ $self->{lua} }, $b }
		else { fail("$where: nothing runs a block of \"$b->{lang}\" without a file; say which, or why it is not run") }
	}
	$self->flush;
}

# A piece of a file of the repository, blanks apart.
sub quote {
	my ($self, $b, $path, $where) = @_;
	my ($whole, $piece) = map { s/\s+//gr } slurp(top() . "/$path"), $b->{text};
	ok(index($whole, $piece) >= 0, "$where stands in $path");
}

sub write {
	my ($self, $b, $where) = @_;
	my $path = "$self->{cwd}/$b->{file}";
	my $text = $b->{where} ? slurp($path) : '';
	if ($b->{where} eq 'above' || $b->{where} eq 'below') {
		my $line = qr/^.*\Q$b->{at}\E.*\n/m;
		my $n = () = $text =~ /$line/g;
		return fail("$where: $n lines of $b->{file} have $b->{at}") if $n != 1;
		$b->{where} eq 'above' ? $text =~ s/($line)/$b->{text}$1/ : $text =~ s/($line)/$1$b->{text}/;
	} else {
		$text .= $b->{text};
	}
	spew($path, $text);
	my ($exit, undef, $err) = $b->{file} =~ /\.m?js$/ ? Fazt::run({}, 'node', '--check', $path) : (0);
	is($exit, 0, "$where $b->{file}" . ($b->{where} ? ", $b->{where}" : '')) or diag($err);
}

# Lua without a file: handlers of the page's own app, at the lines of the page, so that an error says where. What is a whole
# table of routes is the app, and nobody asks it.
sub flush {
	my ($self) = @_;
	my @lua = splice @{ $self->{lua} } or return;
	my $whole = whole($lua[0]);
	my @lines = ($prelude);
	for my $b (@lua) {
		push @lines, '' while @lines < $b->{line};
		push @lines, split /\n/, $b->{text};
	}
	unless ($whole) {
		$lines[$lua[0]{line} - 1] .= ' return { ["GET /"] = function(req)';
		push @lines, 'return { text = "done" } end }' if $lua[-1]{text} !~ /^return /m;
		push @lines, 'end }' if $lua[-1]{text} =~ /^return /m;
	}
	my $where = "$self->{page}:$lua[0]{line}";
	$self->install("@{[join qq(\n), @lines]}\n", $where) or return;
	return pass("$where is an app") if $whole;
	my $answer = text_of($self->{fazt}->admin('app', 'request', "page-$self->{name}", 'GET', '/', '--as', 'owner', '--json'));
	is($answer->{status}, 200, "$where does what it says")
		or diag($answer->{body}, "\n", $self->{fazt}->admin('app', 'logs', "page-$self->{name}", '--limit', '3'));
}

sub whole { $_[0]{text} =~ /^return \{\s*\["/ }

sub install {
	my ($self, $main, $where) = @_;
	spew("$self->{dir}/page/api/main.lua", $main);
	spew("$self->{dir}/page/app.json", json_of($self->{manifest}));
	my @how = $self->{installed}++ ? ('upgrade', "page-$self->{name}") : ('install', "$self->{dir}/page");
	my ($exit, $out, $err) = $self->{fazt}->try_admin('app', @how, '--yes', '--grant', 'all');
	fail("$where: $err") if $exit;
	return !$exit;
}

# What app.json has more.
sub ask_for {
	my ($self, $b, $where) = @_;
	my $text = $b->{text} =~ /^\s*\{/ ? $b->{text} : "{$b->{text}}";
	my $more = eval { JSON::PP->new->relaxed->decode($text) };
	ok($more, "$where is JSON") or return diag($@);
	$self->{manifest} = { %{ $self->{manifest} }, %$more, name => $self->{manifest}{name} };
}

# ---- commands ----

# Output with … for what differs: within a line, or as a line any number of lines.
sub pattern {
	my $p = join '', map { $_ eq "…\n" ? '(?:.*\n)*?' : join '[^\n]*', map { quotemeta } split /…/, $_, -1 } split /^/, $_[0];
	return qr/\A$p\z/;
}

sub commands {
	my ($text) = @_;
	my @commands;
	for (split /^/, $text) {
		if (/^\$ (.*)\n/) { push @commands, [$1, ''] }
		elsif (@commands && !length $commands[-1][1] && $commands[-1][0] =~ s/\\$//) { s/^\s+//; chomp; $commands[-1][0] .= $_ }
		elsif (@commands) { $commands[-1][1] .= $_ }
	}
	return @commands;
}

sub shell {
	my ($self, $b, $where) = @_;
	my @commands = commands($b->{text}) or return fail("$where: no line begins with \$");
	return $self->stay($b, @{ $commands[0] }, $where) if $b->{mark} eq 'stays';
	for (@commands) {
		my ($command, $expected) = @$_;
		my ($exit, $out) = Fazt::run($self->environment, 'bash', '-c', "exec 2>&1; cd '$self->{cwd}'\n$command\ncode=\$?; pwd >'$self->{dir}/.cwd'; exit \$code");
		my $wanted = $b->{mark} =~ /^exits (\d+)$/ ? $1 : 0;
		is($exit, $wanted, "$where \$ $command") or diag($out);
		chomp($self->{cwd} = slurp("$self->{dir}/.cwd"));
		like($out, pattern($expected), "$where … prints what the guide shows") if length $expected;
	}
}

sub environment {
	my ($self) = @_;
	return { FAZT_HOME => $self->{fazt}->home, PATH => build() . ":$ENV{PATH}", HOME => $self->{dir}, LC_ALL => 'C.UTF-8',
		GIT_CONFIG_GLOBAL => "$self->{dir}/.gitconfig" };
}

# A command that runs until the end, in a terminal; what it asks is answered as the page shows it.
sub stay {
	my ($self, $b, $command, $expected, $where) = @_;
	my $name = 'stays' . ++$self->{stays};
	my $log = $self->{fazt}->home . "/log/$name.out";
	my $typed = join '', map { /\[y\/N\] (\w+)$/ ? "$1\n" : () } split /\n/, $expected;
	spew("$self->{dir}/.typed", $typed);
	{
		local %ENV = (%ENV, %{ $self->environment });
		$self->{fazt}->spawn($name => 'bash', '-c',
			"cd '$self->{cwd}'; (sleep 1; cat '$self->{dir}/.typed'; sleep 3600) | script -qefc '$command' /dev/null");
	}
	my $want = pattern($expected);
	my $fine = eval { $self->{fazt}->wait_for(sub { ((eval { slurp($log) } // '') =~ tr/\r//dr) =~ $want }, 'output') };
	ok($fine, "$where \$ $command") or diag("got:\n" . slurp($log));
}

1;
