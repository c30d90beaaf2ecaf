# The shape of the source: which folder may include which, who owns a foreign header, what is banned, and that the
# repository speaks of Fazt alone.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top slurp);
use Test::More;

chdir top();
my @files = grep { -f } split /\n/, `git ls-files 2>/dev/null` || `find fcgi t lua-sdk nginx apps migrations -type f`;
my @code = grep { m{^(?:fcgi|t)/.*\.(?:c|h|def)$} } @files;

# Direct arrows; a layer may skip, so each also has what its targets have.
my %arrows = (
	door   => [qw(native gate)],
	native => [qw(gate)],
	gate   => [qw(sys wire)],
	sys    => [qw(kernel)],
	kernel => [qw(store)],
	store  => [qw(codec)],
	cell   => [qw(wire codec)],
	wire   => [qw(codec)],
	codec  => [qw(base)],
	base   => [],
);
my %may;
for my $layer (keys %arrows) {
	my @todo = ($layer);
	while (defined(my $next = shift @todo)) {
		push @todo, @{ $arrows{$next} } unless $may{$layer}{$next}++;
	}
}
# The zygote and a CGI program start cells; nothing else at the door knows them.
my %also = map { ("fcgi/door/$_.c" => { cell => 1 }) } qw(zygote cgi);
$also{'fcgi/main.c'} = { door => 1, base => 1 };

my %owner = (
	'sqlite3.h'  => qr{^fcgi/store/},
	'lua.h'      => qr{^fcgi/cell/},
	'lauxlib.h'  => qr{^fcgi/cell/},
	'lualib.h'   => qr{^fcgi/cell/},
	'sodium.h'   => qr{^fcgi/base/crypt\.c$},
	'fcgiapp.h'  => qr{^fcgi/door/},
	'fcgi_stdio.h' => qr{^$},
	'curl/curl.h' => qr{^fcgi/door/curl\.h$},
	'cmark-gfm.h' => qr{^fcgi/cell/markdown\.c$},
	'seccomp.h'  => qr{^fcgi/base/confine\.c$},
);
my @banned = qw(strcpy strcat strncpy sprintf vsprintf strtok gets atoi system popen);

# Whoever includes such a header of ours has what it brings.
my %ours = (
	'door/curl.h' => qr{^fcgi/door/(?:curl\.c|remote\.c|transfer\.h)$},
	'door/transfer.h' => qr{^fcgi/door/(?:fetch|transfer)\.c$},
);

my (@wrong_arrow, @wrong_owner, @banned_call, @missing_guard, @unmade_fault);
for my $file (grep { m{^fcgi/} } @code) {
	my ($layer) = $file =~ m{^fcgi/(\w+)/};
	my $text = slurp($file);
	while ($text =~ /^\s*#\s*include\s*([<"])([^>"]+)[>"]/mg) {
		my ($kind, $name) = ($1, $2);
		push @wrong_owner, "$file includes <$name>" if $owner{$name} && $file !~ $owner{$name};
		push @wrong_owner, "$file includes $name" if $ours{$name} && $file !~ $ours{$name};
		next if $kind eq '<' || $name =~ /\.def$/ || $name !~ m{^(\w+)/};
		my $to = $1;
		next if !$arrows{$to} || ($layer && $may{$layer}{$to}) || $also{$file}{$to};
		push @wrong_arrow, "$file includes $name";
	}
	my $bare = $text =~ s{/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"}{}gsr;
	for my $f ($file eq 'fcgi/base/base.h' ? () : @banned) {
		push @banned_call, "$file calls $f" if $bare =~ /(?<![\w.>])$f\s*\(/;
	}
	push @unmade_fault, $file if $file =~ /\.c$/ && $bare =~ /^\t+struct fault (?:\w+|[^;()]*, *\w+);/m;
	push @missing_guard, $file if $file =~ /\.h$/ && $text !~ /^#ifndef (\w+)\n#define \1\n/m;
}
is_deeply(\@wrong_arrow, [], 'includes follow the arrows of HACKING.md');
is_deeply(\@wrong_owner, [], 'foreign headers have one owner each');
is_deeply(\@banned_call, [], 'unbounded functions are not called');
is_deeply(\@unmade_fault, [], 'every fault of a function begins as {0}');
is_deeply(\@missing_guard, [], 'every header has its guard');
ok(!$may{cell}{store} && !$may{store}{cell} && !$may{cell}{kernel}, 'cell and store never meet');

my (@unnamed, %listed);
my $lists = join '', map { slurp($_) } 'Makefile.am', grep { m{(?:^|/)sources\.am$} } @files;
$listed{$_}++ for $lists =~ m{([\w./-]+\.[ch])\b}g;
push @unnamed, grep { !$listed{$_} } grep { m{^fcgi/.*\.[ch]$} } @code;
is_deeply(\@unnamed, [], 'every source is in a sources.am, so a tarball has it');

my @long = grep { my $n = 0; (slurp($_) =~ tr/\n//) > 900 } grep { m{^fcgi/} } @code;
is_deeply(\@long, [], 'no source file above 900 lines');

# Words of places where it was made say nothing to whoever reads it.
my $place = join '|', map { quotemeta(s/ //r) } '/wo rk/', 'sub agent', 'registry .npmjs', 'chat gpt', 'clau de';
my @foreign = grep { $_ ne 't/010-arrows.t' && slurp($_) =~ /$place/i } grep { -s && -T } @files;
is_deeply(\@foreign, [], 'the repository speaks of Fazt alone');

done_testing;
