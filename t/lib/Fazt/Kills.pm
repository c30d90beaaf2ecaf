package Fazt::Kills;

# Whoever works on runs, killed at the boundaries of their steps, and what has to be there in the end nevertheless.
#
#     my $kills = Fazt::Kills->new($fazt);                    # a node with an app that has Fazt::Kills->code
#     my $n = $kills->murder($run, 1 .. 150);                 # the workers are killed when it has so many steps
#     my @faults = $kills->faults(\@things, 50);              # what is lost or doubled among the rows it made

use strict;
use warnings;
use Fazt qw(text_of);
use IPC::Open2;
use Time::HiRes qw(sleep time);

# Two effects a step, with chance and the order of keys in them; every tenth step a rest.
sub code { return <<'LUA' }
local fazt = require "fazt"
local docs, kv = fazt.storage.docs, fazt.storage.kv
return function(req)
	local ids = {}
	for i = 1, req.input.steps do
		local n = kv.incr("count:" .. req.input.name, 1)
		for _ = 1, req.input.work do end
		local some, first = { a = 1, b = 2, c = 3, [fazt.id()] = 4 }, nil
		for k in pairs(some) do first = first or k end
		local doc = docs.insert("things", { of = req.input.name, i = i, n = n, id_made = fazt.id(), chance = math.random(1000000), first = first })
		assert(docs.get("things", doc.id).n == n)
		for _ = 1, req.input.work do end
		ids[#ids + 1] = doc.id
		if i % 10 == 0 then fazt.sleep(0.05) end
	end
	return fazt.list(ids)
end
LUA

sub new { my ($class, $fazt) = @_; return bless { fazt => $fazt }, $class }

sub workers {
	my ($self) = @_;
	my $all = $self->{fazt}->processes_below($self->{fazt}->pid('serve'));
	return grep { $all->{$_} =~ /\bworker\b/ } keys %$all;
}

sub strike { my ($self) = @_; return kill KILL => $self->workers }

# How it stands, from the database: it answers while no worker does.
sub look { my ($self, $id) = @_; return text_of((split /\n/, $self->{fazt}->admin('run', 'follow', $id, '--seq', 1000000, '--json'))[-1]) }

# (state, steps): asked of the database by one process that stays, where there is one, because a step is over in no time.
sub glance {
	my ($self, $id) = @_;
	$self->{sqlite} //= (grep { -x "$_/sqlite3" } split /:/, $ENV{PATH}) ? do {
		my $pid = open2(my $out, my $in, 'sqlite3', '-readonly', $self->{fazt}->home . '/data.db');
		{ pid => $pid, out => $out, in => $in };
	} : {};
	my ($out, $in) = @{ $self->{sqlite} }{qw(out in)};
	return @{ $self->look($id) }{qw(state steps)} if !$in;
	syswrite $in, "SELECT state, steps FROM runs WHERE id = '$id';\n";
	return split /\||\n/, scalar <$out>;
}

sub murder {
	my ($self, $id, @boundaries) = @_;
	my ($kills, $until) = (0, time + 600);
	my @workers = $self->workers;
	while (@boundaries && time < $until) {
		my ($state, $steps) = $self->glance($id);
		last if $state =~ /^(?:done|failed|cancelled)$/;
		sleep 0.0002;
		next if $steps < $boundaries[0];
		@workers = $self->workers if !grep { kill 0 => $_ } @workers;
		$kills++ if kill KILL => @workers;
		sleep 0.05;
		@workers = $self->workers; # before the run is taken up again: to look for them takes longer than a step
		shift @boundaries while @boundaries && $boundaries[0] <= $steps;
	}
	return $kills;
}

sub DESTROY {
	my ($self) = @_;
	my $pid = ($self->{sqlite} // {})->{pid} or return;
	local $?;
	close $self->{sqlite}{in};
	waitpid $pid, 0;
}

# The rows that a run of so many steps made: each once, in their order, with an id of its own.
sub faults {
	my ($self, $rows, $steps) = @_;
	my (%of, %ids, @faults);
	push @{ $of{ $_->{i} } }, $_ for @$rows;
	$ids{ $_->{id_made} }++ for @$rows;
	for my $i (1 .. $steps) {
		my @here = @{ $of{$i} // [] };
		push @faults, @here ? "step $i is there " . @here . ' times' : "step $i is lost" if @here != 1;
		push @faults, "step $i was counted as $_->{n}" for grep { $_->{n} != $i } @here;
	}
	push @faults, 'ids are not their own' if keys %ids != @$rows;
	return @faults;
}

1;
