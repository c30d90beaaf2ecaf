#include "base/visible.h"

uint32_t utf8_next(struct str *s)
{
	static const unsigned char mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	unsigned char c = (unsigned char)s->p[0];
	size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
	uint32_t v = NOT_UTF8;
	if (n <= s->n && text_utf8((struct str){s->p, n})) {
		v = c & mask[n];
		for (size_t i = 1; i < n; i++)
			v = v << 6 | ((unsigned char)s->p[i] & 0x3F);
	} else {
		n = 1;
	}
	s->p += n;
	s->n -= n;
	return v;
}

static const struct range {
	uint32_t from, to;
} ranges[] = {
	{0x0000, 0x001F}, {0x007F, 0x009F},   /* controls */
	{0x00AD, 0x00AD}, {0x034F, 0x034F},   /* soft hyphen, grapheme joiner */
	{0x061C, 0x061C}, {0x115F, 0x1160},   /* Arabic mark, Hangul fillers */
	{0x17B4, 0x17B5}, {0x180B, 0x180F},   /* Khmer, Mongolian */
	{0x200B, 0x200F}, {0x2028, 0x202E},   /* zero width, line separators, overrides */
	{0x2060, 0x206F}, {0x3164, 0x3164},   /* invisible operators, isolates */
	{0xD800, 0xDFFF}, {0xFDD0, 0xFDEF},   /* no characters */
	{0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB},
	{0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, /* musical controls; tags and variation selectors */
};

/* What has a form as text and one as a picture, without the digits. */
static const struct range emoji[] = {
	{0x00A9, 0x00A9}, {0x00AE, 0x00AE}, {0x203C, 0x203C}, {0x2049, 0x2049}, {0x2122, 0x2122}, {0x2139, 0x2139}, {0x2194, 0x21AA},
	{0x231A, 0x23FF}, {0x24C2, 0x24C2}, {0x25AA, 0x25FE}, {0x2600, 0x27BF}, {0x2934, 0x2935}, {0x2B05, 0x2B55}, {0x3030, 0x303D},
	{0x3297, 0x3299}, {0x1F000, 0x1FAFF},
};

static bool in(const struct range *list, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= list[i].from && c <= list[i].to)
			return true;
	return false;
}

bool deceptive(uint32_t c, uint32_t before)
{
	if (c == 0xFE0E || c == 0xFE0F)
		return !in(emoji, ARRAY_LEN(emoji), before);
	return in(ranges, ARRAY_LEN(ranges), c) || (c & 0xFFFE) == 0xFFFE; /* U+xxFFFE, U+xxFFFF and NOT_UTF8 */
}

bool text_deceptive(struct str s)
{
	for (uint32_t c = 0, before; s.n;) {
		before = c;
		if (deceptive(c = utf8_next(&s), before))
			return true;
	}
	return false;
}

void visible_add(struct buf *b, struct str s, size_t max)
{
	size_t start = b->len;
	for (uint32_t c = 0, before; s.n;) {
		const char *from = s.p;
		before = c;
		c = utf8_next(&s);
		if (b->len - start >= max) {
			buf_adds(b, "…");
			return;
		}
		if (c == NOT_UTF8)
			buf_addf(b, "\\x%02X", (unsigned char)*from);
		else if (deceptive(c, before))
			buf_addf(b, "\\u{%X}", c);
		else
			buf_add(b, from, (size_t)(s.p - from));
	}
}

char *visible(struct arena *a, struct str s, size_t max)
{
	struct buf b = BUF_INIT;
	visible_add(&b, s, max);
	char *text = arena_cstr(a, buf_str(&b));
	buf_release(&b);
	return text;
}
