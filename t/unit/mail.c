/* A message as SMTP carries it, to the byte; what may not be sent. */
#include "codec/mail.h"
#include "tap.h"

static struct mail mail(const char *subject, const char *text, const char *html)
{
	return (struct mail){.id = STR("01abc"), .domain = STR("example.org"), .date = INT64_C(1764135000000), .name = STR("leads"),
			     .from = STR("cloud@example.org"), .to = STR("anna@example.com"), .reply_to = STR(""), .subject = str_of(subject),
			     .text = str_of(text), .html = str_of(html)};
}

/* Behind the empty line. */
static const char *body(struct buf *b, const struct mail *m)
{
	buf_clear(b);
	mail_write(b, m);
	const char *at = strstr(b->p, "\r\n\r\n");
	return at ? at + 4 : NULL;
}

static const char *header(struct buf *b, const struct mail *m, const char *name)
{
	static char value[500];
	buf_clear(b);
	mail_write(b, m);
	const char *at = strstr(b->p, name), *end = at ? at : NULL;
	while (end && (end = strstr(end, "\r\n")) && end[2] == ' ')
		end += 2;
	snprintf(value, sizeof value, "%.*s", end ? (int)(end - at) : 0, at ? at : "");
	return value;
}

static int check(struct mail m)
{
	struct fault f = {0};
	return mail_check(&m, &f);
}

static void addresses(void)
{
	static const char *const good[] = {"a@b", "anna@example.org", "a.b+c@x-y.example", "x!#$%&'*+/=?^_`{|}~-@example.org", "A@EXAMPLE.ORG"};
	static const char *const bad[] = {"", "a", "@b", "a@", "a@b@c", "a b@c", "a..b@c", ".a@b", "a@b..c", "a@-b", "a@b-", "Anna <a@b>", "a@b,c@d", "a@b\r\nRCPT TO:<x@y>",
					  "a@b\n", "\"a b\"@c", "a@[127.0.0.1]", "ä@b", "a@bü", "a@b>", "a@b c"};
	static const char *const servers[] = {"smtp://mail.example.org", "smtps://mail.example.org:465", "smtp://127.0.0.1:2525", "smtp://localhost"};
	static const char *const none[] = {"mail.example.org", "http://x", "smtp://", "smtp:/x", "smtp://x/y", "smtp://u@x", "smtp://x:0", "smtp://x:70000", "smtp://x:1 ", "SMTP://x"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ok(mail_address(str_of(good[i])), "an address: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(!mail_address(str_of(bad[i])), "none, number %zu", i);
	for (size_t i = 0; i < ARRAY_LEN(servers); i++)
		ok(mail_server(str_of(servers[i])), "a server: %s", servers[i]);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		ok(!mail_server(str_of(none[i])), "none: %s", none[i]);
	ok(!mail_address(STR("a\0b@c")), "no address has a NUL");
}

static void refused(void)
{
	struct mail m = mail("x", "y", "");
	is_int(check(m), 0, "a mail");
	is_int(check(mail("", "y", "")), ERR_BAD_REQUEST, "without a subject");
	is_int(check(mail("x", "", "")), ERR_BAD_REQUEST, "without a word");
	is_int(check(mail("x\r\nBcc: eve@example.org", "y", "")), ERR_BAD_REQUEST, "a header in the subject");
	is_int(check(mail("x\ny", "y", "")), ERR_BAD_REQUEST, "a line feed in it");
	is_int(check(mail("x\ry", "y", "")), ERR_BAD_REQUEST, "a carriage return in it");
	is_int(check(mail("x\xFFy", "y", "")), ERR_BAD_REQUEST, "a byte that is no text");
	m.subject = (struct str){"a\0b", 3};
	is_int(check(m), ERR_BAD_REQUEST, "a NUL in it");
	m = mail("x", "y", "");
	m.name = STR("leads\r\nBcc: eve@example.org");
	is_int(check(m), ERR_BAD_REQUEST, "a header in the name");
	m = mail("x", "y", "");
	m.to = STR("anna@example.com\r\nDATA");
	is_int(check(m), ERR_BAD_REQUEST, "a command in the recipient");
	m = mail("x", "y", "");
	m.reply_to = STR("a@b\r\nBcc: c@d");
	is_int(check(m), ERR_BAD_REQUEST, "a header in the address for answers");
	m = mail("x", "y", "");
	m.text.n = MAIL_BYTES + 1;
	is_int(check(m), ERR_TOO_LARGE, "too much text");
}

static void headers(struct buf *b)
{
	struct mail m = mail("Hello", "x", "");
	is_str(header(b, &m, "Subject"), "Subject: Hello", "a plain subject");
	is_str(header(b, &m, "From"), "From: \"leads\"\r\n <cloud@example.org>", "the sender");
	is_str(header(b, &m, "To"), "To: <anna@example.com>", "the recipient");
	is_str(header(b, &m, "Date"), "Date: Wed, 26 Nov 2025 05:30:00 +0000", "the date");
	is_str(header(b, &m, "Message-ID"), "Message-ID: <01abc@example.org>", "the id");
	ok(!*header(b, &m, "Reply-To"), "nobody else to answer to");
	m.reply_to = STR("ben@example.org");
	is_str(header(b, &m, "Reply-To"), "Reply-To: <ben@example.org>", "somebody else to answer to");
	m.name = STR("a \"b\" \\");
	is_str(header(b, &m, "From"), "From: \"a \\\"b\\\" \\\\\"\r\n <cloud@example.org>", "a name in quotes");
	m.subject = STR("Grüße");
	is_str(header(b, &m, "Subject"), "Subject: =?UTF-8?B?R3LDvMOfZQ==?=", "an encoded word");
	m.subject = STR("=?UTF-8?B?eA==?=");
	is_str(header(b, &m, "Subject"), "Subject: =?UTF-8?B?PT9VVEYtOD9CP2VBPT0/PQ==?=", "what looks like one is one itself");
	m.subject = STR("ääääääääääääääääääääääää");
	is_str(header(b, &m, "Subject"), "Subject: =?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6Q=?=\r\n =?UTF-8?B?w6TDpMOkw6TDpA==?=",
	       "characters stay whole");
}

static void bodies(struct buf *b)
{
	struct mail m = mail("x", "one\ntwo\r\nthree\rfour", "");
	is_str(body(b, &m), "one\r\ntwo\r\nthree\r\nfour\r\n", "lines end as they must");
	m.text = STR(".\r\nQUIT\n.\n");
	is_str(body(b, &m), "=2E\r\nQUIT\r\n=2E\r\n", "no line begins with a dot");
	m.text = STR("a = b \t\n\xC3\xBC\x7F");
	is_str(body(b, &m), "a =3D b =09\r\n=C3=BC=7F\r\n", "what is not plain is written out");
	m.text = STR("");
	m.html = STR("<p>x");
	is_str(body(b, &m), "<p>x\r\n", "html alone");
	is_str(header(b, &m, "Content-Type"), "Content-Type: text/html; charset=utf-8", "… says so");
	m.text = STR("x");
	is_str(body(b, &m), "--=_01abc\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx\r\n"
	       "--=_01abc\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>x\r\n--=_01abc--\r\n", "both");
}

static void long_lines(struct buf *b)
{
	char text[3000];
	size_t most = 0, dots = 0;
	memset(text, '.', sizeof text);
	struct mail m = mail("x", "", "");
	m.text = (struct str){text, sizeof text};
	for (struct str line, rest = str_of(body(b, &m)); rest.n;) {
		line = str_cut(rest, '\n', &rest);
		most = MAX(most, line.n - 1);
		dots += line.n && line.p[0] == '.';
	}
	ok(most <= 76 && !dots, "three thousand dots: lines of %zu bytes, %zu of them begin with one", most, dots);
}

int main(void)
{
	struct buf b = BUF_INIT;
	addresses();
	refused();
	headers(&b);
	bodies(&b);
	long_lines(&b);
	buf_release(&b);
	return done_testing();
}
