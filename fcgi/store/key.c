/* A number is a double, made sortable by flipping its sign bit (positive) or all its bits (negative), and behind it
 * what the double leaves out of a 64-bit integer. In a string 00 becomes 00 FF and its end is 00 01; 00 02 and a
 * hash end one that was cut.
 */
#include "store/key.h"

#include <math.h>

#include "base/crypt.h"
#include "codec/json.h"

#define HASH_KEPT 16

void key_null(struct buf *b)
{
	buf_addc(b, KEY_NULL);
}

void key_bool(struct buf *b, bool v)
{
	buf_addc(b, v ? KEY_TRUE : KEY_FALSE);
}

static void number(struct buf *b, double v, int rest)
{
	uint64_t bits;
	v = v == 0 ? 0 : v; /* no negative zero */
	memcpy(&bits, &v, sizeof bits);
	bits = bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
	buf_addc(b, KEY_NUMBER);
	for (int shift = 56; shift >= 0; shift -= 8)
		buf_addc(b, (char)(bits >> shift));
	buf_addc(b, (char)((rest + 0x8000) >> 8));
	buf_addc(b, (char)(rest + 0x8000));
}

void key_num(struct buf *b, double v)
{
	number(b, v, 0);
}

void key_int(struct buf *b, int64_t v)
{
	double near = (double)v;
	/* 2^63 itself is no int64 */
	int64_t rest = near >= 9223372036854775808.0 ? v - INT64_MAX - 1 : v - (int64_t)near;
	number(b, near, (int)rest);
}

static void escaped(struct buf *b, struct str s)
{
	while (s.n) {
		const char *zero = memchr(s.p, 0, s.n);
		size_t n = zero ? (size_t)(zero - s.p) : s.n;
		buf_add(b, s.p, n);
		if (zero)
			buf_add(b, "\0\xFF", 2);
		n += zero != NULL;
		s = (struct str){s.p + n, s.n - n};
	}
}

void key_prefix(struct buf *b, struct str s)
{
	buf_addc(b, KEY_STRING);
	escaped(b, s);
}

void key_str(struct buf *b, struct str s)
{
	key_prefix(b, s);
	buf_add(b, "\0\x01", 2);
}

static void json_number(struct buf *b, struct str text)
{
	int64_t whole;
	char digits[64];
	if (str_int(text, &whole)) {
		key_int(b, whole);
		return;
	}
	size_t n = MIN(text.n, sizeof digits - 1);
	memcpy(digits, text.p, n);
	digits[n] = 0;
	key_num(b, strtod(digits, NULL));
}

static void json_string(struct buf *b, struct str inside)
{
	if (!memchr(inside.n ? inside.p : "", '\\', inside.n)) {
		key_str(b, inside);
		return;
	}
	struct buf plain = BUF_INIT;
	json_unescape(&plain, inside);
	key_str(b, buf_str(&plain));
	buf_release(&plain);
}

void key_json(struct buf *b, struct str raw)
{
	char first = raw.n ? raw.p[0] : 0;
	switch (first) {
	case 0:
		buf_addc(b, KEY_MISSING);
		break;
	case 'n':
		key_null(b);
		break;
	case 't':
	case 'f':
		key_bool(b, first == 't');
		break;
	case '"':
		json_string(b, (struct str){raw.p + 1, raw.n >= 2 ? raw.n - 2 : 0});
		break;
	case '[':
	case '{':
		buf_addc(b, first == '[' ? KEY_LIST : KEY_TABLE);
		break;
	default:
		json_number(b, raw);
	}
}

static void text_or_missing(struct buf *b, struct str s)
{
	if (s.n)
		key_str(b, s);
	else
		buf_addc(b, KEY_MISSING);
}

void key_field(struct buf *b, const struct row *r, struct str path)
{
	struct str value = STR_NONE;
	switch (column_by_name(path)) {
	case COLUMN_ID:
		key_str(b, r->id);
		break;
	case COLUMN_OWNER:
		text_or_missing(b, r->owner);
		break;
	case COLUMN_PARENT:
		text_or_missing(b, r->parent);
		break;
	case COLUMN_CREATED:
		key_int(b, r->created);
		break;
	case COLUMN_UPDATED:
		key_int(b, r->updated);
		break;
	case COLUMN_REV:
		key_int(b, r->rev);
		break;
	case COLUMN_NONE:
		json_path(r->body, path, &value);
		key_json(b, value);
	}
}

/* Cut the string key that began at `from` to its bound. A 00 is not parted from what escapes it. */
static void shorten(struct buf *b, size_t from)
{
	unsigned char hash[HASH_LEN];
	if (b->p[from] != KEY_STRING || b->len - from <= KEY_TEXT + 3)
		return;
	crypt_hash(hash, b->p + from, b->len - from);
	b->len = from + 1 + KEY_TEXT;
	if (!b->p[b->len - 1])
		b->len--;
	buf_add(b, "\0\x02", 2);
	buf_add(b, hash, HASH_KEPT);
}

static void complement(struct buf *b, size_t from)
{
	for (; from < b->len; from++)
		b->p[from] = (char)~b->p[from];
}

bool key_spec(struct buf *b, const struct key_spec *spec, const struct row *r)
{
	bool whole = true;
	for (int i = 0; i < spec->n; i++) {
		size_t from = b->len;
		key_field(b, r, str_of(spec->field[i].path));
		whole &= b->p[from] != KEY_MISSING && b->p[from] != KEY_NULL;
		shorten(b, from);
		if (spec->field[i].desc)
			complement(b, from);
	}
	return whole;
}

bool key_part(struct buf *b, struct str key, bool desc)
{
	size_t from = b->len;
	if (key.p[0] == KEY_STRING && key.n > KEY_TEXT)
		return false;
	buf_addstr(b, key);
	if (desc)
		complement(b, from);
	return true;
}

void key_after(struct buf *b)
{
	while (b->len && (unsigned char)b->p[b->len - 1] == 0xFF)
		b->len--;
	if (b->len)
		b->p[b->len - 1]++;
	else
		buf_addc(b, '\xFF'); /* begins no key */
}

void key_spec_text(struct buf *b, const struct key_spec *spec)
{
	for (int i = 0; i < spec->n; i++)
		buf_addf(b, "%s%s%s", i ? "," : "", spec->field[i].desc ? "-" : "", spec->field[i].path);
}

bool key_path_valid(struct str path)
{
	if (!path.n || path.n > 128 || path.p[0] == '.' || path.p[0] == '-' || path.p[path.n - 1] == '.')
		return false;
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
		if (!word && (c != '.' || path.p[i - 1] == '.'))
			return false;
	}
	return true;
}

bool key_spec_parse(struct arena *a, struct str text, struct key_spec *spec)
{
	*spec = (struct key_spec){0};
	do {
		struct str part = str_cut(text, ',', &text);
		bool desc = str_starts(part, "-");
		struct str path = {part.p + desc, part.n - desc};
		if (spec->n == INDEX_FIELDS || !key_path_valid(path))
			return false;
		spec->field[spec->n++] = (struct key_field){arena_cstr(a, path), desc};
	} while (text.p);
	return true;
}
