#include "base/text.h"

struct str str_of(const char *cstr)
{
	return cstr ? (struct str){cstr, strlen(cstr)} : STR_NONE;
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}

bool str_is(struct str a, const char *cstr)
{
	return str_eq(a, str_of(cstr));
}

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool str_ieq(struct str a, const char *cstr)
{
	if (a.n != strlen(cstr))
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(cstr[i]))
			return false;
	return true;
}

bool str_starts(struct str s, const char *prefix)
{
	size_t n = strlen(prefix);
	return s.n >= n && !memcmp(s.p ? s.p : "", prefix, n);
}

bool str_ends(struct str s, const char *suffix)
{
	size_t n = strlen(suffix);
	return s.n >= n && !memcmp((s.p ? s.p : "") + s.n - n, suffix, n);
}

struct str str_trim(struct str s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

struct str str_cut(struct str s, char c, struct str *rest)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	if (!at) {
		*rest = STR_NONE;
		return s;
	}
	size_t n = (size_t)(at - s.p);
	*rest = (struct str){at + 1, s.n - n - 1};
	return (struct str){s.p, n};
}

bool str_int(struct str s, int64_t *v)
{
	bool neg = s.n && s.p[0] == '-';
	size_t i = neg;
	int64_t x = 0;
	if (i == s.n)
		return false;
	for (; i < s.n; i++) {
		int d = s.p[i] - '0';
		if (d < 0 || d > 9 || __builtin_mul_overflow(x, 10, &x) ||
		    __builtin_sub_overflow(x, d, &x)) /* negative: its range is the larger one */
			return false;
	}
	if (!neg && __builtin_sub_overflow(0, x, &x))
		return false;
	*v = x;
	return true;
}

bool text_utf8(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	for (size_t i = 0; i < s.n;) {
		unsigned c = p[i];
		size_t len = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
		if (!len || len > s.n - i)
			return false;
		for (size_t k = 1; k < len; k++)
			if ((p[i + k] & 0xC0) != 0x80)
				return false;
		if ((c == 0xE0 && p[i + 1] < 0xA0) || (c == 0xED && p[i + 1] > 0x9F) ||
		    (c == 0xF0 && p[i + 1] < 0x90) || (c == 0xF4 && p[i + 1] > 0x8F))
			return false;
		i += len;
	}
	return true;
}

bool text_name(struct str s)
{
	if (!s.n || s.n > 64 || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 1; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return true;
}

bool text_label(struct str s)
{
	if (!s.n || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

bool text_host(struct str s)
{
	struct str label = STR_NONE;
	if (s.n > 190)
		return false;
	while (s.p)
		if (!text_label(label = str_cut(s, '.', &s)))
			return false;
	return label.n && (label.p[0] > '9' || label.p[0] < '0'); /* the last one of an IPv4 address is a number */
}

int text_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int text_distance(const char *a, const char *b)
{
	int row[65];
	size_t n = MIN(strlen(b), (size_t)64);
	for (size_t j = 0; j <= n; j++)
		row[j] = (int)j;
	for (int i = 1; *a; a++, i++) {
		int diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			int substitute = diagonal + (*a != b[j - 1]);
			diagonal = row[j];
			row[j] = MIN(substitute, 1 + MIN(row[j], row[j - 1]));
		}
	}
	return row[n];
}
