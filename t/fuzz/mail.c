#include "codec/mail.h"
#include "fuzz.h"

static bool plain_line(struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] > '~')
			return false;
	return line.n <= 300;
}

/* Subject, name, recipient, address for answers, text, and html behind the next byte 1. What passes has the headers that were
 * said and no other, in lines of ASCII that no server could take for its own. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = {(const char *)data, size};
	struct mail m = {.id = STR("0a1b2c"), .domain = STR("example.org"), .date = 1764135000000, .from = STR("cloud@example.org")};
	struct str *parts[] = {&m.subject, &m.name, &m.to, &m.reply_to, &m.text};
	struct fault f = {0};
	int headers = 0, blank = 0;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		*parts[i] = str_cut(rest, '\1', &rest);
	m.html = rest;
	mail_server(m.subject);
	if (mail_check(&m, &f)) {
		MUST(f.err && f.message[0]);
		return 0;
	}
	struct buf b = BUF_INIT;
	mail_write(&b, &m);
	MUST(str_ends(buf_str(&b), "\r\n"));
	for (struct str line, all = buf_str(&b); all.n;) {
		line = str_cut(all, '\n', &all);
		MUST(line.n && line.p[line.n - 1] == '\r');
		line.n--;
		MUST(plain_line(line) && !(line.n && line.p[0] == '.'));
		blank += !line.n;
		headers += !blank && line.n && line.p[0] != ' ';
	}
	bool both = m.text.n && m.html.n;
	MUST(blank && headers == 8 + (m.reply_to.n > 0) + (both ? 0 : 1));
	buf_release(&b);
	return 0;
}
