#include "codec/form.h"

static struct str decode(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%' && s.n - i > 2 && text_hex(s.p[i + 1]) >= 0 && text_hex(s.p[i + 2]) >= 0) {
			c = (char)(text_hex(s.p[i + 1]) << 4 | text_hex(s.p[i + 2]));
			i += 2;
		}
		out[n++] = c;
	}
	return (struct str){out, n};
}

bool form_next(struct form *f, struct arena *a, struct str *name, struct str *value)
{
	while (f->rest.n) {
		if (f->pairs == FORM_PAIRS) {
			f->too_many = true;
			return false;
		}
		struct str raw, pair = str_cut(f->rest, '&', &f->rest);
		if (!pair.n)
			continue;
		f->pairs++;
		*name = decode(a, str_cut(pair, '=', &raw));
		*value = decode(a, raw);
		return true;
	}
	return false;
}

struct str form_get(struct arena *a, struct str text, const char *name)
{
	struct form form = FORM(text);
	struct str n, value;
	while (form_next(&form, a, &n, &value))
		if (str_is(n, name))
			return value;
	return STR_NONE;
}

void form_encode(struct buf *b, struct str s)
{
	static const char hex[] = "0123456789ABCDEF";
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("-._~", c));
		if (plain)
			buf_addc(b, (char)c);
		else
			buf_add(b, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
	}
}

void form_add(struct buf *b, const char *name, struct str value)
{
	if (b->len && b->p[b->len - 1] != '?')
		buf_addc(b, '&');
	form_encode(b, str_of(name));
	buf_addc(b, '=');
	form_encode(b, value);
}
