package Fazt::Mail;

# Mail servers for one test (t/lib/smtp.mjs), as mail.example.com on the loopback, with an authority of their own.
#
#     my $mail = Fazt::Mail->new;                            # undef where the packages of t/package.json are not there
#     my $fazt = Fazt->new(settings => { $mail->settings });
#     my @mails = $mail->wait_for(1);                        # what arrived, as Python's email module reads it
#
# Each mail: { headers => [[name, value]…], from, to, reply_to, subject, id, text, html, raw, longest }, decoded.

use strict;
use warnings;
use parent 'Fazt::Web';
use Fazt qw(fetched top slurp text_of);
use Time::HiRes qw(sleep time);

sub new {
	my ($class) = @_;
	return undef unless -d fetched() . '/node/node_modules/smtp-server';
	return $class->SUPER::new('mail.example.com');
}

sub program { return ('node', top() . '/t/lib/smtp.mjs', $_[0]{dir}, fetched() . '/node') }
sub take_ports { $_[0]{ports} = text_of($_[1]) }
sub port { $_[0]{ports}{ $_[1] } }

# net.allow for every port it listens on: dialled as mail.example.com.
sub allow {
	my ($self) = @_;
	return join ' ', map { "mail.example.com:$_=127.0.0.1:$_" } sort values %{ $self->{ports} };
}

# The settings of a node that sends there: KIND of server.
sub settings {
	my ($self, $kind) = @_;
	return ($self->SUPER::settings, 'mail.from' => 'cloud@example.com', 'mail.server' => $self->server($kind // 'starttls'));
}

sub server { my ($self, $kind) = @_; return ($kind eq 'tls' ? 'smtps' : 'smtp') . '://mail.example.com:' . $self->port($kind) }

# What the servers were told, a line each.
sub said { my ($self) = @_; return -e "$self->{dir}/said" ? split /\n/, slurp("$self->{dir}/said") : () }

sub count { my ($self) = @_; return scalar(() = glob "$self->{dir}/*.eml") }

my $reader = <<'PY';
import email, email.policy, json, sys
mails = []
for path in sys.argv[1:]:
    raw = open(path, 'rb').read()
    m = email.message_from_bytes(raw, policy=email.policy.default)
    part = lambda kind: next((p.get_content().replace('\r\n', '\n') for p in m.walk() if p.get_content_type() == kind), None)
    mails.append(dict(headers=[[k, str(v)] for k, v in m.items()], subject=str(m['subject']), to=m['to'].addresses[0].addr_spec, id=str(m['message-id']),
        name=m['from'].addresses[0].display_name, address=m['from'].addresses[0].addr_spec, reply_to=m['reply-to'] and m['reply-to'].addresses[0].addr_spec,
        date=m['date'].datetime.timestamp(), text=part('text/plain'), html=part('text/html'), type=m.get_content_type(),
        defects=[repr(d) for p in m.walk() for d in p.defects] + [repr(d) for v in m.values() for d in v.defects],
        raw=raw.decode('latin-1'), longest=max(len(l) for l in raw.split(b'\r\n')), bare=raw.replace(b'\r\n', b'').count(b'\n') + raw.replace(b'\r\n', b'').count(b'\r')))
print(json.dumps(mails))
PY

sub mails {
	my ($self) = @_;
	my @files = sort { ($a =~ /(\d+)\.eml/)[0] <=> ($b =~ /(\d+)\.eml/)[0] } glob "$self->{dir}/*.eml";
	my ($exit, $out, $err) = Fazt::run({}, 'python3', '-c', $reader, @files);
	die "the mails cannot be read: $err" if $exit;
	return @{ text_of($out) };
}

# All mails, once there are so many.
sub wait_for {
	my ($self, $n) = @_;
	my $until = time + 30;
	sleep 0.05 while $self->count < $n && time < $until;
	return $self->mails;
}

1;
