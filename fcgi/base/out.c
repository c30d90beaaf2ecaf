#include "base/out.h"

#include <math.h>
#include <stdio.h>

/* What must stand before the next value: a comma, or nothing. */
static void before(struct out *o)
{
	if (o->value) {
		o->value = false;
		return;
	}
	if (o->depth && o->comma[o->depth - 1])
		buf_addc(o->buf, ',');
	if (o->depth)
		o->comma[o->depth - 1] = true;
}

static void open_nested(struct out *o, char open, char close)
{
	before(o);
	if (o->depth == OUT_DEPTH)
		die("out: nested too deeply");
	buf_addc(o->buf, open);
	o->comma[o->depth] = false;
	o->close[o->depth++] = close;
}

void out_object(struct out *o)
{
	open_nested(o, '{', '}');
}

void out_array(struct out *o)
{
	open_nested(o, '[', ']');
}

void out_end(struct out *o)
{
	if (!o->depth || o->value)
		die("out: unbalanced end");
	buf_addc(o->buf, o->close[--o->depth]);
}

void out_keystr(struct out *o, struct str key)
{
	before(o);
	json_quote(o->buf, key);
	buf_addc(o->buf, ':');
	o->value = true;
}

void out_key(struct out *o, const char *key)
{
	out_keystr(o, str_of(key));
}

void out_str(struct out *o, struct str s)
{
	before(o);
	if (s.p)
		json_quote(o->buf, s);
	else
		buf_adds(o->buf, "null");
}

void out_cstr(struct out *o, const char *s)
{
	out_str(o, str_of(s));
}

void out_int(struct out *o, int64_t v)
{
	before(o);
	buf_addf(o->buf, "%lld", (long long)v);
}

void out_num(struct out *o, double v)
{
	before(o);
	if (!isfinite(v)) {
		buf_adds(o->buf, "null");
		return;
	}
	char text[40];
	snprintf(text, sizeof text, "%.15g", v);
	double back;
	if (sscanf(text, "%lf", &back) != 1 || back != v)
		snprintf(text, sizeof text, "%.17g", v);
	buf_adds(o->buf, text);
}

void out_bool(struct out *o, bool v)
{
	before(o);
	buf_adds(o->buf, v ? "true" : "false");
}

void out_null(struct out *o)
{
	before(o);
	buf_adds(o->buf, "null");
}

void out_raw(struct out *o, struct str json)
{
	before(o);
	buf_addstr(o->buf, json);
}

void out_kstr(struct out *o, const char *key, struct str s)
{
	out_key(o, key);
	out_str(o, s);
}

void out_kcstr(struct out *o, const char *key, const char *s)
{
	out_key(o, key);
	out_cstr(o, s);
}

void out_kint(struct out *o, const char *key, int64_t v)
{
	out_key(o, key);
	out_int(o, v);
}

void out_kbool(struct out *o, const char *key, bool v)
{
	out_key(o, key);
	out_bool(o, v);
}

void out_kraw(struct out *o, const char *key, struct str json)
{
	out_key(o, key);
	out_raw(o, json);
}

/* The length of the well-formed UTF-8 character at p, or 0. */
static size_t char_len(const char *p, size_t left)
{
	unsigned char c = (unsigned char)p[0];
	size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
	return n <= left && text_utf8((struct str){p, n}) ? n : 0;
}

void json_quote(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n;) {
		size_t run = i;
		while (run < s.n && (unsigned char)s.p[run] >= 0x20 && (unsigned char)s.p[run] < 0x7F &&
		       s.p[run] != '"' && s.p[run] != '\\')
			run++;
		buf_add(b, s.p + i, run - i);
		i = run;
		if (i == s.n)
			break;
		unsigned char c = (unsigned char)s.p[i];
		if (c == '"' || c == '\\') {
			char esc[2] = {'\\', (char)c};
			buf_add(b, esc, 2);
			i++;
		} else if (c == '\n' || c == '\t' || c == '\r') {
			buf_add(b, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r", 2);
			i++;
		} else if (c < 0x20 || c == 0x7F) {
			char esc[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
			buf_add(b, esc, 6);
			i++;
		} else {
			size_t n = char_len(s.p + i, s.n - i);
			if (n)
				buf_add(b, s.p + i, n);
			else
				buf_adds(b, "\xEF\xBF\xBD");
			i += n ? n : 1;
		}
	}
	buf_addc(b, '"');
}
