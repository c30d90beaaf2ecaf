# Leads: a webhook, an admin, a member and a stranger in a browser, without JavaScript, by keyboard, on a phone; a mail every morning, by a
# real server and a clock that is moved; its tables by another parser.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(spew text_of);
use Fazt::Chromium;
use Fazt::Clock;
use Fazt::Mail;
use File::Temp ();
use Test::More;

my $mail = Fazt::Mail->new;
my $clock = Fazt::Clock->new;
$clock->to('2027-03-26T17:00:00Z'); # a Friday; on Sunday the clocks go forward
my $fazt = Fazt->new(settings => { timezone => 'Europe/Berlin', $mail ? $mail->settings : () });
$fazt->admin('user', 'mail', 'owner', 'mara@example.com');
$fazt->install_built_in('os', 'leads');
$fazt->admin('app', 'env', 'set', 'leads', 'HOOK_SECRET', 'sesame-3f9ac71b');
$fazt->admin('app', 'env', 'set', 'leads', 'COMPANY', 'Mara & Sons');
$fazt->start;
$fazt->admin('user', 'add', 'guest');
$fazt->admin('user', 'add', 'partner', '--role', 'admin');
my $hook = $fazt->url('leads', '/hook');
my $stranger = $fazt->browser;

# ---- the webhook ----

sub deliver {
	my ($secret, $key, $body) = @_;
	return $stranger->request(POST => $hook, json => $body, headers => ['X-Hook-Secret' => $secret, 'Idempotency-Key' => $key]);
}
my %lead = (name => 'Ines "Hook" O\'Hara', email => 'ines@example.org', company => '=1+1', message => "two lines,\nand a comma");
is(deliver('guess', 'a', \%lead)->{status}, 401, 'who does not know the secret brings nothing');
is(deliver('sesame-3f9ac71b', 'a', \%lead)->{status}, 201, 'who knows it brings a lead');
my $again = deliver('sesame-3f9ac71b', 'a', \%lead);
is_deeply([$again->{status}, $again->{json}{duplicate} ? 1 : 0], [200, 1], '… once, however often it is sent');
is(deliver('sesame-3f9ac71b', 'b', { name => 'x' })->{json}{error}{code}, 'invalid', '… and is told what is wrong with it');

browser_script('leads.mjs',
	OWNER_LINKS => join(' ', map { $fazt->admin('login-link') } 1 .. 3),
	PARTNER_LINK => $fazt->admin('login-link', 'partner'),
	GUEST_LINK => $fazt->admin('login-link', 'guest'),
	LEADS => $fazt->url('leads', ''));

# ---- the table, as another program reads it ----

my $owner = $fazt->person;
$owner->enter($fazt->url('leads', '/'));
my $table = $owner->get($fazt->url('leads', '/leads.csv?source=hook'));
is($table->{headers}{'content-type'}, 'text/csv; charset=utf-8', 'a table');
like($table->{headers}{'content-disposition'}, qr/^attachment; filename="leads-\d{4}-\d\d-\d\d\.csv"$/, '… to save');
my $file = File::Temp->new;
spew("$file", $table->{body});
my ($exit, $out, $err) = Fazt::run({}, 'python3', '-c', <<'PY', "$file");
import csv, json, sys
print(json.dumps(list(csv.DictReader(open(sys.argv[1], encoding='utf-8-sig', newline='')))))
PY
is($exit, 0, '… that is read') or diag $err;
my @rows = @{ text_of($out) };
is(scalar @rows, 1, '… with a row for each lead that was asked for');
is($rows[0]{$_}, $lead{$_}, "… its $_") for qw(name email message);
is($rows[0]{company}, "'=1+1", '… and nothing that a spreadsheet would run');
# ---- every morning, a mail ----

# The node is switched off for the night; what it does in the morning it does because it is morning where its owner is.
SKIP: {
	skip 'needs the packages of t/package.json; ./dev check fetches them', 11 unless $mail;
	my $day = $clock->ms('2027-03-27T06:30:00Z');
	is((grep { $_->{name} eq 'morning' } @{ $fazt->admin_json('job', 'list', '--app', 'leads') })[0]{next}, $day, 'the mail is due at half past seven in Berlin');
	is($mail->count, 0, 'and nobody gets one before');
	$fazt->stop('serve');
	$clock->to('2027-03-27T06:30:01Z');
	$fazt->start_faztd;
	my ($first) = $mail->wait_for(1);
	like($first->{subject}, qr/^\d+ new leads since yesterday morning$/, 'it is there');
	is_deeply([@$first{qw(name address to)}], ['leads', 'cloud@example.com', 'mara@example.com'], '… from the app to its owner');
	my $address = $fazt->url('leads', '/leads/');
	like($first->{text}, qr/Ines "Hook" O'Hara \(=1\+1\): two lines, and a comma\n  \Q$address\E\w+\n/, '… with what came by the webhook, and the way there') or diag $first->{text};
	like($first->{html}, qr/<a href="[^"]+">Ines &quot;Hook&quot; O&#39;Hara<\/a>/, '… as a page, too') or diag $first->{html};
	# The clocks go forward in the night; that day begins an hour earlier.
	is(deliver('sesame-3f9ac71b', 'c', { name => 'Zoe', email => 'zoe@example.org', message => 'After hours' })->{status}, 201, 'one more lead comes in the meantime');
	$fazt->stop('serve');
	$clock->to('2027-03-28T05:29:00Z');
	$fazt->start_faztd;
	is($mail->count, 1, 'not before it is half past seven');
	$fazt->stop('serve');
	$clock->to('2027-03-28T05:30:01Z');
	$fazt->start_faztd;
	my $second = ($mail->wait_for(2))[1];
	is($second->{subject}, '1 new lead since yesterday morning', 'the next day tells of what is new');
	unlike($second->{text}, qr/Ines/, '… and of nothing else');
	is(scalar(grep { $_->{handler} eq 'api/morning.lua' } @{ $fazt->admin_json('run', 'list', '--app', 'leads') }), 2, 'two mornings, two firings');
}
done_testing;
