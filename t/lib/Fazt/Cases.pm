package Fazt::Cases;

# The list of hostile cases (t/cases.def), the tests that carry their ids, and what came of these.
#
#     my $cases = Fazt::Cases->read;
#     $cases->page;                     # the page for people, t/CASES.md
#     $cases->report('build/tap');      # what came of each: (Markdown, one line); from the TAP that prove was told to keep

use strict;
use warnings;
use Fazt qw(top slurp);
use Exporter 'import';

my $ID = qr/\b[A-Z][A-Z0-9]{1,3}-\d\d\b/;

sub read {
	my ($class) = @_;
	my $self = bless { groups => [], case => {}, bad => [] }, $class;
	for (split /\n/, slurp(top() . '/t/cases.def')) {
		next if /^(?:#|$)/;
		if (/^== ([A-Z0-9]+) (.+?)(?: == waits for (.+))?$/) {
			push @{ $self->{groups} }, { name => $1, title => $2, waits => $3, cases => [] };
		} else {
			$self->add_case($_, $self->{groups}[-1]) or push @{ $self->{bad} }, $_;
		}
	}
	$self->find($_) for tests();
	return $self;
}

sub add_case {
	my ($self, $line, $group) = @_;
	my ($id, $what, $want, $waits, $more) = split / \| /, $line;
	return if !defined $want || defined $more || $id !~ /^$group->{name}-\d\d$/ || $self->{case}{$id};
	push @{ $group->{cases} }, $self->{case}{$id} = { id => $id, what => $what, want => $want, waits => $waits // $group->{waits}, files => {} };
}

# The sources of tests: a comment is no test, and neither are the tools beside them.
sub tests {
	chdir top();
	return grep { $_ ne 't/020-cases.t' } sort glob 't/*.t t/unit/*.c t/cell/*.lua t/browser/*.mjs';
}

sub find {
	my ($self, $file) = @_;
	my $code = slurp(top() . "/$file") =~ s{^\s*(?:#|//|/\*|--).*$}{}mgr;
	my $group = join '|', map { $_->{name} } @{ $self->{groups} };
	for my $id ($code =~ /\b((?:$group)-\d\d)\b/g) {
		my $case = $self->{case}{$id};
		$case ? $case->{files}{ $file =~ s{^t/}{}r } = 1 : push @{ $self->{bad} }, "$file: $id";
	}
}

sub all { map { @{ $_->{cases} } } @{ $_[0]{groups} } }

# What is wrong with the list, in sentences.
sub problems {
	my ($self) = @_;
	return ((map { "not understood: $_" } @{ $self->{bad} }),
		(map { "$_->{id} has no test" } grep { !$_->{waits} && !%{ $_->{files} } } $self->all),
		(map { "$_->{id} waits for $_->{waits}, and is tested by " . join ', ', sort keys %{ $_->{files} } }
			grep { $_->{waits} && %{ $_->{files} } } $self->all));
}

# A table for each group; what follows the first two columns comes from $cells.
sub tables {
	my ($self, $head, $cells) = @_;
	my $text = '';
	for my $group (@{ $self->{groups} }) {
		$text .= "\n## $group->{name}: $group->{title}\n\n| case | what is tried | $head |\n" . '| --- ' x (2 + split / \| /, $head) . "|\n";
		$text .= '| ' . join(' | ', $_->{id}, escaped($_->{what}), $cells->($_)) . " |\n" for @{ $group->{cases} };
	}
	return $text;
}

sub escaped { $_[0] =~ s/([<>*_`\\])/\\$1/gr }
sub files { join ', ', map { "[$_]($_)" } sort keys %{ $_[0]{files} } }

sub page {
	my ($self) = @_;
	return "# Hostile cases\n\nWritten by `./dev cases` from [cases.def](cases.def) and the names of the tests; `./dev check` leaves what came of them in"
		. " `build/cases.md`.\n"
		. $self->tables('what must happen | tests', sub { (escaped($_->{want}), $_->{waits} ? "waits for $_->{waits}" : files($_)) });
}

# ---- what came of them ----

# Each result in a folder of TAP, with the ids its name begins with; those of subtests are indented.
sub results {
	my ($self, $folder) = @_;
	my %found;
	for my $path (split /\n/, `find '$folder' -type f`) {
		for (split /\n/, slurp($path)) {
			my ($not, $name, $directive) = /^\s*(not )?ok\b(?: \d+)?(?: -)? (.*?)\s*(?:# (\w+).*)?$/ or next;
			my ($ids) = $name =~ /^((?:$ID[, ]*)+)/ or next;
			my $result = ($directive // '') =~ /^(?:skip|todo)$/i ? 'skipped' : $not ? 'not ok' : 'ok';
			$found{$_}{$result}++ for $ids =~ /$ID/g;
		}
	}
	return \%found;
}

sub result {
	my ($case, $found) = @_;
	return 'waiting' if $case->{waits};
	return (grep { $found->{$_} } 'not ok', 'ok', 'skipped')[0] // 'not run';
}

sub report {
	my ($self, $folder) = @_;
	my $found = $self->results($folder);
	my %count;
	my $tables = $self->tables('tests | result', sub {
		my $found = $found->{ $_->{id} } // {};
		my $result = result($_, $found);
		$count{$result}++;
		return (join(', ', sort keys %{ $_->{files} }), join ', ', $result, map { "$_: $found->{$_}" } sort keys %$found);
	});
	my $line = join ', ', map { "$count{$_} $_" } sort keys %count;
	return ("# What came of the hostile cases\n\n$line\n$tables", $line);
}

1;
