package Fazt::Browser;

# An HTTP client that does what a browser does where Fazt can tell the difference: a cookie jar that knows __Host- and
# hosts, Origin and Sec-Fetch-* headers, redirects, forms. Every *.localhost is 127.0.0.1.
#
#     my $answer = $browser->get($url);                     # a navigation: follows redirects
#     my $answer = $browser->fetch(POST => $url, json => {…}, from => 'http://pad.localhost:8080');
#     my $answer = $browser->submit($answer, name => 'anna');  # the first form of a page
#     my $bytes  = $browser->raw("GET / HTTP/1.1\r\n…");    # exactly these bytes, to nginx
#
# An answer is { status, reason, headers (name => value, lower case), set_cookie [ … ], all [ [name, value] … ], body, url, json }.

use strict;
use warnings;
use IO::Socket::INET;
use JSON::PP ();

my $json = JSON::PP->new->canonical->allow_nonref->utf8;

sub new {
	my ($class, %o) = @_;
	return bless { jar => {}, timeout => 30, %o }, $class;
}

# ---- requests ----

sub get { $_[0]->visit(GET => @_[1 .. $#_]) }

# A navigation by a person: no Origin on GET, Accept for pages, redirects followed.
sub visit {
	my ($self, $method, $url, %o) = @_;
	my $site = delete $o{site} // 'none';
	my @headers = (Accept => 'text/html,application/xhtml+xml,*/*;q=0.8', 'Sec-Fetch-Mode' => 'navigate',
		'Sec-Fetch-Dest' => 'document', 'Sec-Fetch-User' => '?1');
	my $answer;
	for (1 .. 12) {
		$answer = $self->request($method, $url, %o,
			headers => [@headers, 'Sec-Fetch-Site' => $site, @{ $o{headers} // [] }]);
		my $to = $answer->{headers}{location};
		return $answer unless defined $to && $answer->{status} =~ /^30[12378]$/ && !$o{stay};
		my $next = absolute($url, $to);
		$site = worse_site($site, relation($url, $next)) unless $site eq 'none';
		($method, %o) = ('GET') unless $answer->{status} =~ /^30[78]$/;
		$url = $next;
	}
	die "too many redirects, the last to $url";
}

# What script of a page does: fetch(METHOD => url, json => … | form => {…} | body => …, from => origin)
sub fetch {
	my ($self, $method, $url, %o) = @_;
	my $from = delete $o{from} // origin($url);
	my @headers = (Accept => '*/*', 'Sec-Fetch-Mode' => 'cors', 'Sec-Fetch-Dest' => 'empty',
		'Sec-Fetch-Site' => relation($from, $url));
	push @headers, Origin => $from if $method !~ /^(?:GET|HEAD)$/ || relation($from, $url) ne 'same-origin';
	return $self->request($method, $url, %o, headers => [@headers, @{ $o{headers} // [] }]);
}

# One exchange, with the jar's cookies and nothing else that was not asked for.
sub request {
	my ($self, $method, $url, %o) = @_;
	my ($host, $path) = parts($url);
	my ($body, $type) = encode_body(%o);
	my @headers = (Host => $host, @{ $o{headers} // [] });
	my $cookies = $self->cookies($url);
	push @headers, Cookie => $cookies if length $cookies && !$o{no_cookies};
	push @headers, Authorization => "Bearer $o{token}" if defined $o{token};
	push @headers, 'Content-Type' => $type if defined $type;
	push @headers, 'Content-Length' => length $body if defined $body;
	my $head = "$method $path HTTP/1.1\r\n";
	while (my ($name, $value) = splice @headers, 0, 2) {
		$head .= "$name: $value\r\n";
	}
	my $bytes = $self->raw("${head}Connection: close\r\n\r\n" . ($body // ''));
	my $answer = parse($bytes, $method);
	$answer->{url} = $url;
	$self->keep_cookies($url, $_) for @{ $answer->{set_cookie} };
	return $answer;
}

sub encode_body {
	my (%o) = @_;
	return ($json->encode($o{json}), $o{type} // 'application/json') if exists $o{json};
	return (form(%{ $o{form} }), $o{type} // 'application/x-www-form-urlencoded') if $o{form};
	return ($o{body}, $o{type});
}

# Send exactly these bytes and read until the server closes: what it sent.
sub raw {
	my ($self, $bytes, %o) = @_;
	my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}, Timeout => 5)
		or die "cannot connect to port $self->{port}: $!";
	local $SIG{PIPE} = 'IGNORE';
	local $SIG{ALRM} = sub { die "no end of the answer within $self->{timeout} seconds\n" };
	alarm($o{timeout} // $self->{timeout});
	binmode $s;
	my ($got, $done) = ('', 0);
	while ($done < length $bytes) {
		my $n = syswrite $s, $bytes, 65536, $done;
		last unless defined $n; # refused before it was read whole: the answer is there
		$done += $n;
	}
	1 while sysread $s, $got, 65536, length $got;
	alarm 0;
	return $got;
}

# ---- answers ----

sub parse {
	my ($bytes, $method) = @_;
	my ($head, $body) = $bytes =~ /^(.*?)\r?\n\r?\n(.*)$/s ? ($1, $2) : ($bytes, '');
	my ($status_line, @lines) = split /\r?\n/, $head;
	my ($status, $reason) = ($status_line // '') =~ m{^HTTP/\S+ (\d+) ?(.*)};
	my $answer = { status => $status // 0, reason => $reason, headers => {}, all => [], set_cookie => [], raw => $bytes };
	for (@lines) {
		my ($name, $value) = /^([^:]+):\s*(.*?)\s*$/ or next;
		push @{ $answer->{all} }, [lc $name, $value];
		push @{ $answer->{set_cookie} }, $value if lc $name eq 'set-cookie';
		$answer->{headers}{ lc $name } = $value;
	}
	$body = unchunk($body) if ($answer->{headers}{'transfer-encoding'} // '') =~ /chunked/i && ($method // '') ne 'HEAD';
	$answer->{body} = $body;
	$answer->{json} = eval { $json->decode($body) } if ($answer->{headers}{'content-type'} // '') =~ /json/;
	return $answer;
}

sub unchunk {
	my ($in) = @_;
	my $out = '';
	while ($in =~ s/^([0-9a-fA-F]+)[^\n]*\r\n//) {
		my $n = hex $1 or last;
		$out .= substr $in, 0, $n, '';
		$in =~ s/^\r\n//;
	}
	return $out;
}

# ---- forms ----

# The form of a page (the first, or the first whose text matches): { action, method, fields }
sub page_form {
	my ($answer, $match) = @_;
	my $page = $answer->{body};
	while ($page =~ m{<form\b([^>]*)>(.*?)</form>}gsi) {
		my ($attributes, $inside) = ($1, $2);
		next if defined $match && "$attributes$inside" !~ $match;
		return { method => uc(attribute($attributes, 'method') // 'GET'), fields => form_fields($inside),
			action => absolute($answer->{url}, attribute($attributes, 'action') // $answer->{url}) };
	}
	return undef;
}

sub form_fields {
	my ($inside) = @_;
	my %fields;
	while ($inside =~ m{<(?:input|button|select)\b([^>]*)>|<textarea\b([^>]*)>(.*?)</textarea>}gsi) {
		my ($attributes, $text) = ($1 // $2, $3);
		my $name = attribute($attributes, 'name') // next;
		next if $attributes =~ /type=["']?(?:checkbox|radio)/i && $attributes !~ /\bchecked\b/i;
		$fields{$name} //= defined $text ? entities($text) : attribute($attributes, 'value') // '';
	}
	return \%fields;
}

sub attribute {
	my ($text, $name) = @_;
	return undef unless $text =~ m{\b\Q$name\E\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))}i;
	return entities($1 // $2 // $3);
}

sub entities {
	my ($s) = @_;
	my %named = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'", nbsp => ' ');
	$s =~ s/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/defined $1 ? chr $1 : defined $2 ? chr hex $2 : $named{$3} \/\/ "&$3;"/ge;
	return $s;
}

# Fill in the page's form and send it, as a person does.
sub submit {
	my ($self, $page, %fields) = @_;
	my $form = page_form($page, delete $fields{match}) or die "no form on $page->{url} (status $page->{status}):\n$page->{body}";
	my %all = (%{ $form->{fields} }, %fields);
	my $site = relation($page->{url}, $form->{action});
	return $self->visit(GET => "$form->{action}?" . form(%all), site => $site) if $form->{method} eq 'GET';
	return $self->visit(POST => $form->{action}, form => \%all, site => $site, headers => [Origin => origin($page->{url})]);
}

# Open a one-time link and follow its page's form until no form asks for more.
sub sign_in {
	my ($self, $link, %fields) = @_;
	my $page = $self->get($link);
	$page = $self->submit($page, %fields) if page_form($page) && $page->{status} == 200;
	my ($host) = $link =~ m{//([^/:]+)};
	die "signing in ended with $page->{status} at $page->{url}\n$page->{body}" unless $self->cookie($host, '__Host-os');
	return $page;
}

# Be signed in at the app that answers there, by the hand-over from the dashboard.
sub enter {
	my ($self, $url) = @_;
	my $page = $self->get(origin($url) . '/_fazt/sign-in');
	my ($host) = $url =~ m{//([^/:]+)};
	die "the hand-over ended with $page->{status} at $page->{url}\n$page->{body}" unless $self->cookie($host, '__Host-fazt');
	return $page;
}

# ---- cookies ----

sub keep_cookies {
	my ($self, $url, $text) = @_;
	my ($pair, @attributes) = split /\s*;\s*/, $text;
	my ($name, $value) = split /=/, $pair, 2;
	my %a = map { /^([^=]+)(?:=(.*))?$/ ? (lc $1 => $2 // '') : () } @attributes;
	my ($host) = parts($url);
	my $bare = $host =~ s/:\d+$//r;
	return if $name =~ /^__Host-/ && (exists $a{domain} || !exists $a{secure} || ($a{path} // '') ne '/');
	my $key = exists $a{domain} ? '.' . $a{domain} =~ s/^\.//r : $bare;
	return if exists $a{domain} && ".$bare" !~ /\Q$key\E$/;
	if (exists $a{'max-age'} && $a{'max-age'} <= 0) {
		delete $self->{jar}{$key}{$name};
	} else {
		$self->{jar}{$key}{$name} = $value;
	}
}

sub cookies {
	my ($self, $url) = @_;
	my ($host) = parts($url);
	my $bare = $host =~ s/:\d+$//r;
	my @domains = grep { /^\./ ? ".$bare" =~ /\Q$_\E$/ : $_ eq $bare } sort keys %{ $self->{jar} };
	return join '; ', map { my $d = $_; map { "$_=$self->{jar}{$d}{$_}" } sort keys %{ $self->{jar}{$d} } } @domains;
}

sub cookie {
	my ($self, $host, $name) = @_;
	return $self->{jar}{$host}{$name};
}

# ---- addresses ----

sub parts {
	my ($url) = @_;
	my ($host, $path) = $url =~ m{^https?://([^/?#]+)([^#]*)} or die "not an address: $url";
	$path = "/$path" unless $path =~ m{^/};
	return ($host, $path);
}

sub origin { $_[0] =~ m{^(https?://[^/?#]+)} ? $1 : die "not an address: $_[0]" }

sub absolute {
	my ($base, $to) = @_;
	return $to if $to =~ m{^https?://};
	return origin($base) . $to if $to =~ m{^/};
	return origin($base) . (parts($base))[1] =~ s{\?.*}{}r . $to if $to =~ /^\?/ || $to eq '';
	return origin($base) . (parts($base))[1] =~ s{[^/]*(?:\?.*)?$}{}r . $to;
}

# What Sec-Fetch-Site says about a request from one address to another. (Two names below localhost are two sites.)
sub relation {
	my ($from, $to) = map { /^https?:/ ? origin($_) : 'null' } @_;
	return 'same-origin' if $from eq $to;
	return 'cross-site' if $from eq 'null';
	my ($a, $b) = map { m{//(?:.*\.)?([^.:]+(?:\.[^.:]+)?)(?::\d+)?$} ? $1 : $_ } $from, $to;
	return $a eq $b ? 'same-site' : 'cross-site';
}

sub worse_site {
	my ($a, $b) = @_;
	my %rank = ('same-origin' => 0, 'same-site' => 1, 'cross-site' => 2);
	return $rank{$a} > $rank{$b} ? $a : $b;
}

sub form {
	my (%fields) = @_;
	return join '&', map { encode($_) . '=' . encode($fields{$_}) } sort keys %fields;
}

sub encode {
	my ($s) = @_;
	utf8::encode($s) if utf8::is_utf8($s);
	$s =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ge;
	return $s;
}

1;
