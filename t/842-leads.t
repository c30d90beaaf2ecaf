# Leads in a browser: an admin, a member and a stranger; without JavaScript, by keyboard, on a phone; its tables by another parser.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(spew text_of);
use Fazt::Chromium;
use File::Temp ();
use Test::More;

my $fazt = Fazt->new;
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
done_testing;
