# Every parser of foreign bytes has a harness in t/fuzz that includes its header, and every harness has a corpus that
# make check replays and a place in the build. The parsers: all of codec/ and wire/, and those below from other folders.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(top slurp);
use Test::More;

chdir top();

my %no_bytes = ( # of codec/ and wire/: what reads none of a stranger's
	'codec/calendar' => 'numbers of days',
	'codec/status' => 'a number to words',
	'wire/reference' => 'writes the documentation of tables that are compiled in',
);
my %elsewhere = ( # parsers outside of codec/ and wire/, and the harness that feeds them
	'base/crypt' => 'word',       # base64, hex
	'base/id' => 'word',
	'base/net' => 'word',         # lists of hosts
	'base/text' => 'word',        # names, labels, hosts, numbers
	'base/visible' => 'word',
	'cell/json' => 'luajson',
	'cell/markdown' => 'markdown',
	'door/door' => 'cgi',         # the parameters of FastCGI and CGI
	'door/print' => 'print',      # answers of a node elsewhere, on a terminal
	'door/remote' => 'remote',
	'gate/response' => 'response',
	'gate/survey' => 'survey',    # what a cell tells of its routes, pages of apps
	'gate/talk' => 'talk',        # all that a cell sends
	'kernel/manifest' => 'manifest',
	'kernel/package' => 'package',
	'kernel/portable' => 'portable',
	'kernel/push' => 'push',
	'kernel/req' => 'cookie',     # the headers Cookie and Accept
	'store/cursor' => 'cursor',
	'store/key' => 'key',
	'store/plan' => 'query',
	'store/setting' => 'setting',
);

my %text = map { m{([^/]+)\.c$} ? ($1 => slurp($_)) : () } grep { !/replay/ } glob 't/fuzz/*.c';
sub feeds {
	my ($harness, $module) = @_;
	return ($text{$harness} // '') =~ m{#include "(?:\.\./\.\./fcgi/)?\Q$module\E\.[ch]"};
}

my @parsers = map { s{^fcgi/|\.c$}{}gr } glob 'fcgi/codec/*.c fcgi/wire/*.c';
my @bare = grep { my $m = $_; !$no_bytes{$m} && !grep { feeds($_, $m) } keys %text } @parsers;
is_deeply(\@bare, [], 'each of codec/ and wire/ is fed by a harness of t/fuzz, or reads nothing foreign');
is_deeply([grep { my $m = $_; !grep { $_ eq $m } @parsers } sort keys %no_bytes], [], 'and the exceptions are there');
is_deeply([grep { !feeds($elsewhere{$_}, $_) } sort keys %elsewhere], [], 'so are the parsers of other folders');

my $sources = slurp('t/sources.am');
for my $name (sort keys %text) {
	my @seeds = glob "t/fuzz/corpus/$name/*";
	ok(@seeds >= 2 && $sources =~ m{FUZZ_TESTS \+=[^\n]*\bt/fuzz/$name\b}, "$name has a corpus and is built");
}
done_testing;
