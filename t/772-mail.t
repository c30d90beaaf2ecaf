# fazt.mail.send: from an app to real mail servers, read back by a MIME parser; what is refused, tried again, given up, and survives.
# Needs smtp-server of t/package.json, which ./dev check fetches.
use strict;
use warnings;
use lib 't/lib';
use Fazt qw(json_of text_of slurp);
use Fazt::Mail;
use Test::More;
use Time::HiRes qw(sleep time);
binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $mail = Fazt::Mail->new or plan skip_all => 'needs the packages of t/package.json; ./dev check fetches them';
my $fazt = Fazt->new(settings => { durability => 'normal', 'mail.retry' => 1, 'run.lease' => 1000 });
my %app = ('app.json' => { visibility => 'members', permissions => ['queue', 'mail:owner', 'mail:members', 'mail:anyone'] }, 'api/main.lua' => <<'LUA', 'api/tell.lua' => <<'RUN');
local fazt = require "fazt"
return {
	["POST /send"] = function(req)
		if #req.json == 0 then return { json = fazt.mail.send(req.json) } end
		local codes = {}
		for i, letter in ipairs(req.json) do
			if letter.times then letter.text, letter.times = letter.text:rep(letter.times), nil end
			local done, why = pcall(fazt.mail.send, letter)
			codes[i] = done and "sent" or why.code
		end
		return { json = codes }
	end,
	["GET /me"] = function(req) return { json = req.user.id } end,
	["POST /queue"] = function(req) return { json = fazt.queue("api/tell.lua", req.json, { retries = 0 }) } end,
}
LUA
local fazt = require "fazt"
return function(req)
	local id = fazt.mail.send(req.input)
	local done, why = pcall(fazt.join, id)
	return { id = id, done = done, why = done and fazt.null or why.message, said = done and why or fazt.null }
end
RUN
$fazt->install(leads => \%app);
$fazt->install(poor => \%app);
$fazt->install(calm => \%app);
$fazt->admin('app', 'revoke', 'poor', $_) for 'mail:members', 'mail:anyone';

sub send_as {
	my ($app, $letter) = @_;
	my ($exit, $out) = $fazt->try_admin('app', 'request', $app, 'POST', '/send', '--body', json_of($letter), '--json');
	my $answer = text_of($out);
	utf8::encode(my $text = $answer->{body} // $out);
	my $value = text_of($text);
	return ref $value eq 'HASH' && $value->{error} ? $value->{error} : $value;
}
sub send_mail { return send_as('leads', { to => 'owner', subject => 'Hello', text => 'Hi', @_ }) }
sub code { my ($value) = @_; return ref $value ? $value->{code} : "sent $value" }
sub run_of { my ($id) = @_; return $fazt->admin_json('run', 'show', $id) }
sub ended { my ($id) = @_; my $run; $fazt->wait_for(sub { ($run = run_of($id))->{ended} }, "the run $id ends"); return $run }

# ---- before the owner has said how ----

like(send_mail()->{message}, qr/user mail owner ADDRESS/, 'an owner without an address is told how to set one');
is(($fazt->try_admin('user', 'mail', 'owner', $_))[0], 2, "no address: $_") for 'owner', 'Mara <mara@example.com>', "a\@b\nBcc: x\@y";
is($fazt->admin_json('user', 'mail', 'owner', 'mara@example.com')->{mail}, 'mara@example.com', 'user mail sets it');
like(send_mail()->{message}, qr/setting set mail\.server/, 'without a server nothing is taken');
is(code(send_mail()), 'unsupported', '… with a code of its own');
like(($fazt->try_admin('mail', 'test'))[2], qr/setting set mail\.server/, 'and mail test says the same');
is(($fazt->try_admin('setting', 'set', 'mail.server', $_))[0], 2, "no mail server: $_") for 'mail.example.com', 'http://mail.example.com', 'smtp://a:b@mail.example.com', 'smtp://mail.example.com/x';
is(($fazt->try_admin('setting', 'set', 'mail.from', 'Mara <mara@example.com>'))[0], 2, 'the sender is an address alone');
my %settings = ($mail->settings, 'mail.user' => 'cloud');
$fazt->admin('setting', 'set', $_, $settings{$_}) for sort keys %settings;
is((Fazt::run({ FAZT_HOME => $fazt->home, '<' => "p\@ss \"word\"\n" }, Fazt::build() . '/fazt-admin', 'setting', 'set', 'mail.password'))[0], 0, 'the password comes from standard input');
is($fazt->admin('setting', 'get', 'mail.password'), '(set)', '… and is never shown');
unlike($fazt->admin('setting', 'get', '--json'), qr/p\@ss/, '… nor among all');
$fazt->start;

# ---- trying it ----

is($fazt->admin_json('mail', 'test', 'mara@example.com')->{reply}, '250 2.0.0 queued', 'mail test says what the server said');
my ($tried) = $mail->wait_for(1);
is_deeply([@$tried{qw(name address to)}], ['Fazt', 'cloud@example.com', 'mara@example.com'], '… and sent a mail');
my %advice = (
	clear => qr/STARTTLS not supported\. It does not encrypt there, and nothing is sent in the clear/, wrong => qr/certificate is not trusted, or is for another name/,
	tls => 0, strict => 0,
);
for my $kind (sort keys %advice) {
	$fazt->admin('setting', 'set', 'mail.server', $mail->server($kind));
	my ($exit, undef, $err) = $fazt->try_admin('mail', 'test');
	$advice{$kind} ? like($err, $advice{$kind}, "$kind: what is wrong, and what to do") : is($exit, 0, "$kind: it works");
}
$fazt->admin('setting', 'set', 'mail.server', $mail->server('starttls'));
like(($fazt->try_admin('mail', 'test', 'nobody@example.com'))[2], qr/550 5\.1\.1 no such mailbox/, 'what the server says to a recipient');
$fazt->admin('setting', 'set', 'mail.password', 'wrong');
like(($fazt->try_admin('mail', 'test'))[2], qr/535 5\.7\.8 .*mail\.user and mail\.password/, 'a wrong password');
$fazt->admin('setting', 'set', 'mail.password', 'p@ss "word"');
$fazt->admin('setting', 'set', 'mail.server', 'smtp://localhost:' . $mail->port('starttls'));
like(($fazt->try_admin('mail', 'test'))[2], qr/net\.allow/, 'a server in one\'s own network has to be listed');
$fazt->admin('setting', 'set', 'mail.server', $mail->server('starttls'));
ok(!(grep { /^(?:auth|from) .*\bclear$/ } $mail->said), 'nobody was told a password or a mail in the clear');
ok(!(grep { /^(?:auth|from|to) (?:clear|wrong) / } $mail->said), 'and those that cannot be trusted were told nothing at all');
is($mail->count, 3, 'three were taken');

# ---- what arrives ----

my $text = "Dear Mara,\n.\n..\r\nQUIT\rGr\x{fc}\x{df}e \x{20ac} = 1 \n" . ('long ' x 400) . "\nFrom here\n";
my $id = send_mail(subject => "Neue Anfrage: M\x{fc}ller & S\x{f6}hne \x{2014} ein Betreff, der viel zu lang f\x{fc}r eine Zeile ist", text => $text,
	html => "<p>Gr\x{fc}\x{df}e</p>\n", reply_to => 'ines@example.org');
my $run = ended($id);
is($run->{state}, 'done', 'a mail of a plain request is delivered behind it') or diag explain $run;
is($run->{handler}, 'kernel:mail', '… by a run of the kernel');
my $got = ($mail->wait_for(4))[3];
is($got->{subject}, "Neue Anfrage: M\x{fc}ller & S\x{f6}hne \x{2014} ein Betreff, der viel zu lang f\x{fc}r eine Zeile ist", 'the subject as it was written');
is($got->{text}, $text =~ s/\r\n?/\n/gr, 'the text as it was written') or diag $got->{raw};
is($got->{html}, "<p>Gr\x{fc}\x{df}e</p>\n", 'and the html');
is($got->{type}, 'multipart/alternative', '… side by side');
is_deeply([@$got{qw(name address to reply_to)}], ['leads', 'cloud@example.com', 'mara@example.com', 'ines@example.org'], 'from the app at the owner\'s address');
is($got->{id}, "<$id\@localhost>", 'Message-ID is the run\'s');
is_deeply([$got->{defects}, $got->{bare}], [[], 0], 'nothing is wrong with it');
cmp_ok($got->{longest}, '<', 998, 'no line is too long');
cmp_ok(abs($got->{date} - time), '<', 60, 'it has a date');
is((grep { $_->[0] eq 'Auto-Submitted' } @{ $got->{headers} })[0][1], 'auto-generated', 'nobody\'s absence answers it');

# ---- what is refused ----

my @bad = (
	(map { [{ subject => $_ }, 'bad_request', 'a subject of more than one line'] } "Hi\r\nBcc: eve\@example.org", "Hi\nBcc: eve\@example.org", "Hi\rBcc: eve", "Hi\n\nbody"),
	[{ reply_to => "a\@b\r\nBcc: eve\@example.org" }, 'bad_request', 'an address for answers that is more'],
	(map { [{ to => $_ }, 'bad_request', 'no recipient'] } '', "a\@b\r\nRCPT TO:<eve\@example.org>", 'a@b, c@d', 'Anna <a@b>', '@'),
	(map { [{ to => $_ }, 'not_found', 'nobody'] } 'nobody', 'u_' . '0' x 24),
	(map { [$_, 'bad_request', 'not a mail'] } { subject => '' }, { text => '' }, { subject => 7 }, { cc => 'a@b' }),
	[{ times => 131073 }, 'too_large', 'more than 256 KB'],
);
sub codes { my ($app, @letters) = @_; return send_as($app, [map { { to => 'owner', subject => 'Hello', text => 'Hi', %$_ } } @letters]) }
my $codes = codes('leads', map { $_->[0] } @bad);
is($codes->[$_], $bad[$_][1], "$bad[$_][2]: " . json_of($bad[$_][0])) for 0 .. $#bad;
is_deeply(codes('poor', map { { to => $_ } } 'anna@example.org', 'u_' . '0' x 24, 'owner'), ['permission_denied', 'permission_denied', 'sent'], 'each kind of recipient has its permission');
is($mail->wait_for(5) && $mail->count, 5, 'and nothing of all that was refused was sent');

# ---- people ----

$fazt->person('ben');
$fazt->person('anna@example.org');
sub id_of { my ($name) = @_; my ($exit, $out) = $fazt->try_admin('app', 'request', 'leads', 'GET', '/me', '--as', $name, '--json'); return text_of(text_of($out)->{body}) }
my %id = map { $_ => id_of($_) } 'ben', 'anna@example.org';
is(ended(send_mail(to => $id{'anna@example.org'}))->{state}, 'done', 'a person whose name is an address');
is(($mail->mails)[-1]{to}, 'anna@example.org', '… gets it there');
like(send_mail(to => $id{ben})->{message}, qr/no mail address/, 'one without an address');
$fazt->admin('user', 'mail', 'ben', 'slow-ben@example.org');
is(ended(send_mail(to => $id{ben}))->{state}, 'done', '… until the owner says where');
my $late = send_mail(to => $id{ben}); # waits for its turn behind a slow one
$fazt->admin('setting', 'set', 'mail.server', $mail->server('clear'));
my $gone = send_mail(to => $id{ben});
$fazt->wait_for(sub { run_of($gone)->{attempt} }, 'a mail waits for a server that encrypts');
$fazt->admin('user', 'remove', 'ben');
$fazt->admin('setting', 'set', 'mail.server', $mail->server('starttls'));
my $removed = ended($gone);
is_deeply([@$removed{qw(state code)}], ['failed', 'not_found'], 'whoever was removed meanwhile gets none');

# ---- tried again, and given up ----

my $busy = send_mail(to => 'busy-1@example.org');
is(ended($busy)->{state}, 'done', 'told 451 it is tried again');
is(scalar(grep { /^to starttls busy-1/ } $mail->said), 2, '… once');
my $nobody = ended(send_mail(to => 'nobody-1@example.org', subject => 'To nobody'));
is_deeply([$nobody->{state}, $nobody->{attempt}], ['failed', 0], 'told 550 it is not');
like($nobody->{error}, qr/550 5\.1\.1 no such mailbox/, '… and says why');
is(scalar(grep { /^to starttls nobody-1/ } $mail->said), 1, '… having asked once');
sub notices { my ($kind) = @_; return grep { $_->{kind} eq $kind } @{ $fazt->admin_json('notice', 'list') } }
my ($notice) = notices('mail.failed');
like($notice->{body}, qr/nobody-1\@example\.org.*To nobody.*550 5\.1\.1.*fazt-admin run retry $nobody->{id}/s, 'the owner is told, with the way to try again') or diag explain $notice;
like($fazt->admin('app', 'logs', 'leads'), qr/550 5\.1\.1/, 'so is the log of the app');
$fazt->admin('run', 'retry', $nobody->{id});
$fazt->wait_for(sub { 2 == grep { /^to starttls nobody-1/ } $mail->said }, 'run retry asks again');
my $phone = $fazt->admin('topic', 'token', 'add', 'phone', '--read', 'fazt');
my $rung = $fazt->browser->request(GET => $fazt->url('ntfy', '/fazt/json?poll=1'), headers => [Authorization => "Bearer $phone"])->{body};
like($rung, qr/"title":"Fazt: A mail of leads was not delivered".*"click":"http:[^"]*os\.localhost[^"]*"/, 'their phone rings') or diag $rung;
unlike($rung, qr/nobody-1|To nobody|550|retry/, '… and says no more than that');
my ($waiting) = notices('mail.server');
like($waiting->{body}, qr/STARTTLS not supported.*fazt-admin mail test/s, 'that a server takes nothing the owner hears before anything is lost');

# In a run: it knows what became of its mail.
sub queue { my ($exit, $out) = $fazt->try_admin('app', 'request', 'leads', 'POST', '/queue', '--body', json_of({ subject => 'Run', text => 'x', @_ }), '--json'); return text_of(text_of($out)->{body}) }
my $told = text_of(ended(queue(to => 'busy-2@example.org'))->{result});
is_deeply([$told->{done} ? 1 : 0, $told->{said}], [1, '250 2.0.0 queued'], 'a run joins its mail');
$told = text_of(ended(queue(to => 'nobody-2@example.org'))->{result});
ok(!$told->{done} && $told->{why} =~ /550 5\.1\.1/, '… and hears of a refusal') or diag explain $told;

$fazt->admin('user', 'mail', 'owner', 'nobody-9@example.org');
my $unseen = ended(queue(to => 'owner'));
$told = text_of($unseen->{result});
ok(!$told->{done} && $told->{why} !~ /nobody|mailbox/, '… but not what is said of somebody whose address it does not see') or diag explain $told;
like(run_of($told->{id})->{error}, qr/550 5\.1\.1/, 'which the owner sees');
$fazt->admin('user', 'mail', 'owner', 'mara@example.com');
$told = text_of(ended(queue(to => 'owner'))->{result});
is_deeply([$told->{done} ? 1 : 0, $told->{said}], [1, undef], '… nor what is said when it is taken');

# ---- lost and killed ----

my $lost = send_mail(to => 'lost-1@example.org');
is(ended($lost)->{state}, 'done', 'a connection that ends before the answer');
is_deeply([map { $_->{id} } grep { $_->{to} =~ /lost-1/ } $mail->mails], [("<$lost\@localhost>") x 2], '… means sending again what can be told to be the same');
# One app whose mails make the server drop the connection, while another has some to deliver.
$fazt->admin('setting', 'set', 'mail.retry', 3600);
sub send_all { my ($app, @names) = @_; my $sent = send_as($app, [map { { to => "$_\@example.org", subject => 'Hello', text => 'Hi' } } @names]); return grep { $_->{handler} eq 'kernel:mail' } @{ $fazt->admin_json('run', 'list', $app, '--limit', scalar @names) } }
my @calm = send_all('calm', map { "slow-$_" } 1 .. 6);
my @cut = send_all('leads', 'cut-1', map { "slow-cut-$_" } 1 .. 4);
is_deeply([map { ended($_->{id})->{state} } @calm], [('done') x 6], 'mails of others are delivered meanwhile');
is((grep { /^to starttls cut-1/ } $mail->said), 1, '… that which the server drops is tried once') or diag explain [$mail->said];
my @put_off = grep { ($_->{due} // 0) > 1000 * (time + 600) } map { run_of($_->{id}) } @cut;
cmp_ok(scalar @put_off, '>', 1, '… and waits with what the same app has besides');
is((notices('mail.server'))[0]{title}, 'Your mail server breaks off what Leads sends', '… which the owner hears');
$fazt->admin('run', 'cancel', $_->{id}) for @put_off;
$fazt->admin('setting', 'set', 'mail.retry', 1);
my $held = send_mail(to => 'held-1@example.org');
$fazt->wait_for(sub { grep { /^taken starttls held-1/ } $mail->said }, 'the server has it');
my $below = $fazt->processes_below($fazt->pid('serve'));
kill KILL => grep { $below->{$_} =~ /faztd worker/ } keys %$below or diag explain $below;
is(ended($held)->{state}, 'done', 'killed between the server\'s word and ours');
my @twice = grep { $_->{to} =~ /held-1/ } $mail->mails;
cmp_ok(scalar @twice, '>=', 1, '… it arrived');
is_deeply([grep { $_ ne $twice[0]{raw} } map { $_->{raw} } @twice], [], '… and were it twice, to the byte the same') if @twice;
# An app that is gone by the time its mail is refused.
$fazt->install(brief => \%app);
my @failed = notices('mail.failed');
send_as('brief', { to => 'tardy-1@example.org', subject => 'Hello', text => 'Hi' });
$fazt->wait_for(sub { grep { /^to starttls tardy-1/ } $mail->said }, 'the server is asked');
$fazt->admin('app', 'remove', 'brief', '--purge', '--yes');
sleep 3;
is(scalar(notices('mail.failed')), @failed, 'nobody is told of a mail that an app did not get to the server before it was purged');

# ---- how much ----

$fazt->admin('app', 'limit', 'leads', 'app.mails', 2);
is_deeply(codes('leads', {}, {}, {}), ['sent', 'sent', 'rate_limited'], 'app.mails is what an app may send in a day');
$fazt->admin('app', 'limit', 'leads', 'app.mails', 0);
is(code(send_mail()), 'rate_limited', '… none, where it is 0');
is_deeply([map { [@$_{qw(name span limit)}] } grep { $_->{name} eq 'app.mails' } @{ $fazt->admin_json('app', 'usage', 'poor') }], [['app.mails', 'day', 100]], 'app usage shows it');
done_testing;
