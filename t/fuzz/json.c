#define _GNU_SOURCE /* memmem */

/* Both readers call their kinds the same. */
#define JSON_NULL OUR_NULL
#define JSON_TRUE OUR_TRUE
#define JSON_FALSE OUR_FALSE
#define JSON_STRING OUR_STRING
#define JSON_OBJECT OUR_OBJECT
#define JSON_ARRAY OUR_ARRAY
#include "codec/json.h"
#undef JSON_NULL
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_STRING
#undef JSON_OBJECT
#undef JSON_ARRAY

#include <jansson.h>

#include "fuzz.h"

/* The reader of JSON against jansson, another implementation of the same text: both take it or neither does, and both see the
 * same members and strings in it. What differs on purpose is let alone: jansson's numbers have a range, keys of its objects
 * no NUL, a NUL between two tokens is nothing to it, and there is what ours was told at most. */

static bool number_of_range(json_error_t *e)
{
	return strstr(e->text, "too big") || strstr(e->text, "overflow");
}

static bool has_nul_escape(struct str s)
{
	return memmem(s.p, s.n, "\\u0000", 6) != NULL;
}

static struct str unescaped(struct buf *b, struct str raw)
{
	buf_clear(b);
	json_unescape(b, raw);
	return buf_str(b);
}

/* A path and a pick read without lexing: they find what the lexer does, in what is valid, and nothing outside of what is not. */
static void skimmed(struct str text, struct str name, struct str value)
{
	struct str found = STR_NONE, inner, key, path;
	struct json_lex l;
	json_pick(text, &name, 1, &found);
	MUST(found.p == value.p && found.n == value.n);
	if (name.n && !memchr(name.p, '.', name.n))
		MUST(json_path(text, name, &found) && found.p == value.p && found.n == value.n);
	json_lex_init(&l, value, JSON_DEPTH);
	if (json_next(&l) != OUR_OBJECT || memchr(name.n ? name.p : ".", '.', MAX(name.n, 1u)))
		return;
	while (json_next_member(&l, &key, &inner)) {
		if (!key.n || memchr(key.p, '\\', key.n) || memchr(key.p, '.', key.n))
			continue;
		struct buf b = BUF_INIT;
		buf_addf(&b, "%.*s.%.*s", STR_FMT(name), STR_FMT(key));
		path = buf_str(&b);
		MUST(json_member(value, key, &inner));
		if (path.n == name.n + 1 + key.n) /* no NUL in it */
			MUST(json_path(text, path, &found) && found.p == inner.p && found.n == inner.n);
		buf_release(&b);
	}
}

static void skim_any(struct str text)
{
	struct str v, names[] = {STR("a"), STR(""), STR("b")}, values[3];
	if (json_path(text, STR("a.b"), &v))
		MUST(v.p >= text.p && v.p + v.n <= text.p + text.n);
	json_pick(text, names, 3, values);
	for (int i = 0; i < 3; i++)
		MUST(!values[i].p || (values[i].p >= text.p && values[i].p + values[i].n <= text.p + text.n));
}

/* Every member of an object is what jansson has under that name, unless it comes again. */
static void members(struct str text, const json_t *object)
{
	struct json_lex l;
	struct str key, value, found;
	struct buf name = BUF_INIT, string = BUF_INIT;
	size_t n = 0;
	json_lex_init(&l, text, JSON_DEPTH);
	MUST(json_next(&l) == OUR_OBJECT);
	while (json_next_member(&l, &key, &value)) {
		n++;
		struct str k = unescaped(&name, key);
		const json_t *v = json_object_getn(object, k.p ? k.p : "", k.n);
		MUST(v && json_key_is(key, buf_str(&name)) && json_member(text, buf_str(&name), &found));
		skimmed(text, buf_str(&name), found);
		json_t *mine = json_loadb(found.p, found.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		MUST(mine && json_equal(mine, v));
		if (json_is_string(v)) {
			struct str s = unescaped(&string, (struct str){found.p + 1, found.n - 2});
			MUST(str_eq(s, (struct str){json_string_value(v), json_string_length(v)}));
		}
		json_decref(mine);
	}
	MUST(!l.error && n >= json_object_size(object));
	buf_release(&name);
	buf_release(&string);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	struct fault f = {0};
	json_error_t e;
	skim_any(text);
	bool mine = !json_check(text, JSON_DEPTH, 100000, &f);
	if (memchr(data, 0, size)) {
		MUST(!mine);
		return 0;
	}
	json_t *v = json_loadb(text.p, text.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &e);
	if (v && !mine)
		MUST(f.err == ERR_TOO_DEEP || f.err == ERR_TOO_LARGE || strstr(f.message, "too long") || strstr(f.message, "escape"));
	if (mine && !v)
		MUST(number_of_range(&e) || has_nul_escape(text));
	if (mine && json_is_object(v))
		members(text, v);
	json_decref(v);
	return 0;
}
