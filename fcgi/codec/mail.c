#include "codec/mail.h"

#include "base/now.h"
#include "base/visible.h"

#define LINE 76       /* RFC 2045 §6.7 */
#define PLAIN_MAX 60  /* of a header's text that is written as it is */
#define WORD_BYTES 39 /* of one encoded word: 52 letters, and 12 around them */

/* ---- addresses ---- */

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* An atom of RFC 5322 §3.2.3. */
static bool is_atom(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && (!s.p[i] || !strchr("!#$%&'*+-/=?^_`{|}~", s.p[i])))
			return false;
	return s.n > 0;
}

static bool is_label(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return s.n && s.n <= 63 && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

static bool dotted(struct str s, bool (*is)(struct str))
{
	while (s.p)
		if (!is(str_cut(s, '.', &s)))
			return false;
	return true;
}

bool mail_address(struct str s)
{
	struct str domain, local = str_cut(s, '@', &domain);
	return s.n <= MAIL_ADDRESS && local.n <= 64 && domain.n && dotted(local, is_atom) && dotted(domain, is_label);
}

bool mail_server(struct str s)
{
	struct str rest, port, scheme = str_cut(s, ':', &rest);
	int64_t number = 1;
	if ((!str_is(scheme, "smtp") && !str_is(scheme, "smtps")) || !str_starts(rest, "//"))
		return false;
	struct str host = str_cut((struct str){rest.p + 2, rest.n - 2}, ':', &port);
	return dotted(host, is_label) && (!port.p || (str_int(port, &number) && number > 0 && number < 65536));
}

/* ---- may it be sent? ---- */

static bool one_line(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7F)
			return false;
	return text_utf8(s);
}

int mail_check(const struct mail *m, struct fault *f)
{
	if (!mail_address(m->to))
		return fault(f, ERR_BAD_REQUEST, "to is not a mail address: one address such as anna@example.org, without a name");
	if (m->reply_to.n && !mail_address(m->reply_to))
		return fault(f, ERR_BAD_REQUEST, "reply_to is not a mail address: one address such as anna@example.org, without a name");
	if (!m->subject.n || !one_line(m->subject) || !one_line(m->name))
		return fault(f, ERR_BAD_REQUEST, "a mail needs a subject, which is one line without control characters");
	if (m->subject.n > MAIL_SUBJECT || m->name.n > MAIL_NAME)
		return fault(f, ERR_TOO_LARGE, "the subject of a mail has at most %d bytes", MAIL_SUBJECT);
	if (!m->text.n && !m->html.n)
		return fault(f, ERR_BAD_REQUEST, "a mail needs text, html, or both");
	if (m->text.n + m->html.n > MAIL_BYTES)
		return fault(f, ERR_TOO_LARGE, "text and html of a mail have at most %u KB together", MAIL_BYTES / KIB);
	return 0;
}

/* ---- headers ---- */

static bool plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~' || (s.p[i] == '=' && i + 1 < s.n && s.p[i + 1] == '?'))
			return false;
	return s.n <= PLAIN_MAX && str_trim(s).n == s.n;
}

static void add_base64(struct buf *b, struct str s)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < s.n; i += 3) {
		uint32_t v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (i + k < s.n ? (unsigned char)s.p[i + k] : 0u);
		for (size_t k = 0; k < 4; k++)
			buf_addc(b, i + k > s.n ? '=' : letters[v >> (18 - 6 * k) & 63]);
	}
}

/* Encoded words of whole characters, each on its line (RFC 2047 §2 and §5). */
static void add_words(struct buf *b, struct str s)
{
	for (bool first = true; s.n; first = false) {
		struct str word = {s.p, 0}, rest = s;
		while (rest.n && utf8_next(&rest) && (size_t)(rest.p - s.p) <= WORD_BYTES)
			word.n = (size_t)(rest.p - s.p);
		word.n = word.n ? word.n : MIN(s.n, (size_t)WORD_BYTES);
		buf_adds(b, first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
		add_base64(b, word);
		buf_adds(b, "?=");
		s = (struct str){s.p + word.n, s.n - word.n};
	}
}

static void add_subject(struct buf *b, struct str s)
{
	buf_adds(b, "Subject: ");
	if (plain(s))
		buf_addstr(b, s);
	else
		add_words(b, s);
	buf_adds(b, "\r\n");
}

static void add_quoted(struct buf *b, struct str s)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(b, '\\');
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

static void add_from(struct buf *b, const struct mail *m)
{
	buf_adds(b, "From: ");
	if (plain(m->name))
		add_quoted(b, m->name);
	else
		add_words(b, m->name);
	buf_addf(b, "\r\n <%.*s>\r\n", STR_FMT(m->from));
}

static void add_headers(struct buf *b, const struct mail *m)
{
	char date[30];
	buf_addf(b, "Date: %.25s +0000\r\n", now_http(m->date, date)); /* RFC 5322 §3.3 has no GMT */
	add_from(b, m);
	buf_addf(b, "To: <%.*s>\r\n", STR_FMT(m->to));
	if (m->reply_to.n)
		buf_addf(b, "Reply-To: <%.*s>\r\n", STR_FMT(m->reply_to));
	add_subject(b, m->subject);
	buf_addf(b, "Message-ID: <%.*s@%.*s>\r\n", STR_FMT(m->id), STR_FMT(m->domain));
	buf_adds(b, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"); /* RFC 3834: nobody's holidays answer it */
}

/* ---- bodies: quoted-printable (RFC 2045 §6.7) ---- */

struct quoting {
	struct buf *b;
	size_t column;
};

static void put(struct quoting *q, const char *p, size_t n)
{
	if (q->column + n >= LINE) {
		buf_adds(q->b, "=\r\n");
		q->column = 0;
	}
	buf_add(q->b, p, n);
	q->column += n;
}

static void put_byte(struct quoting *q, unsigned char c, bool last)
{
	char text[4];
	bool space = c == ' ' || c == '\t', safe = c > ' ' && c <= '~' && c != '=';
	bool dot = c == '.' && (!q->column || q->column + 1 >= LINE);
	snprintf(text, sizeof text, "=%02X", c);
	if ((safe && !dot) || (space && !last))
		put(q, (const char *)&c, 1);
	else
		put(q, text, 3);
}

/* However its lines end: CRLF, LF, or CR. */
static void add_body(struct buf *b, struct str s, const char *type)
{
	struct quoting q = {.b = b};
	buf_addf(b, "Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", type);
	for (size_t i = 0; i < s.n; i++) {
		bool end = s.p[i] == '\n' || s.p[i] == '\r';
		if (!end) {
			put_byte(&q, (unsigned char)s.p[i], i + 1 == s.n || s.p[i + 1] == '\n' || s.p[i + 1] == '\r');
			continue;
		}
		i += s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n';
		buf_adds(b, "\r\n");
		q.column = 0;
	}
}

/* "=_" stands in no text that is quoted-printable, so the boundary is in neither part. */
static void add_both(struct buf *b, const struct mail *m)
{
	buf_addf(b, "Content-Type: multipart/alternative; boundary=\"=_%.*s\"\r\n\r\n--=_%.*s\r\n", STR_FMT(m->id), STR_FMT(m->id));
	add_body(b, m->text, "plain");
	buf_addf(b, "\r\n--=_%.*s\r\n", STR_FMT(m->id));
	add_body(b, m->html, "html");
	buf_addf(b, "\r\n--=_%.*s--", STR_FMT(m->id));
}

void mail_write(struct buf *b, const struct mail *m)
{
	add_headers(b, m);
	if (m->text.n && m->html.n)
		add_both(b, m);
	else if (m->html.n)
		add_body(b, m->html, "html");
	else
		add_body(b, m->text, "plain");
	buf_adds(b, str_ends(buf_str(b), "\r\n") ? "" : "\r\n");
}
