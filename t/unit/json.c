#include "base/now.h"
#include "codec/json.h"
#include "codec/sig.h"
#include "tap.h"

static const char *const good[] = {"null", " [1,-0.5e+10,\"\\u00e9\\ud83c\\udf31\",{}] ", "{\"a\":{\"b\":[true,false]}}", "\"\"", "0"};
static const char *const bad[] = {"", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", "+1", "[1 2]", "\"\\x\"", "\"\\ud800\"", "nul",
				  "[1] 2", "\"\x01\"", "\"\xC0\x80\"", "{\"a\" 1}", "NaN", "[", "{\"a\":", "'a'"};

/* json_path and json_pick against json_member, which lexes. */
static const char *const docs[] = {
	"{}", " { } ", "[{\"a\":1}]", "1", "\"a\"", "{\"a\":1}", "{\"a\":{\"b\":{\"c\":[1,2]}}}", " { \"a\" : { \"b\" : 1 , \"c\" : -2.5e3 } , \"d\" : null } ",
	"{\"a\":{\"b\":1},\"a\":{\"c\":2}}", "{\"a\":{\"b\":1},\"a\":3}", "{\"a\":3,\"a\":{\"b\":{\"b\":1},\"b\":[]}}", "{\"\\u0061\":{\"\\u0062\":\"x\"}}",
	"{\"x\":\"\\\\\",\"a\":\"}\\\"]\",\"b\":[{\"a\":[\"{\"]},\"]\"],\"c\":{\"a\":{\"d\":\"\\\\\\\"\"},\"b\":true}}",
	"{\"a\":[{\"b\":1}],\"b\":{\"a\":[[[]],{}],\"b\":{\"a\":{}}},\"c\":\"\"}",
};
static const char *const names[] = {"a", "b", "c", "d", "x"};

static bool same(bool one, struct str v, bool two, struct str w)
{
	return one == two && (!one || str_eq(v, w));
}

static int differ_at(struct str doc)
{
	struct str pick[ARRAY_LEN(names)], list[ARRAY_LEN(names)], v, w, x;
	int wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		list[i] = str_of(names[i]);
	json_pick(doc, list, ARRAY_LEN(names), pick);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool there = json_member(doc, list[i], &v);
		wrong += !same(pick[i].p, pick[i], there, v) + !same(json_path(doc, list[i], &w), w, there, v);
		for (size_t j = 0; j < ARRAY_LEN(names); j++) {
			char path[8];
			snprintf(path, sizeof path, "%s.%s", names[i], names[j]);
			wrong += !same(json_path(doc, str_of(path), &w), w, there && json_member(v, list[j], &x), x);
		}
	}
	return wrong;
}

static void test_skimmed(void)
{
	int wrong = 0;
	for (size_t i = 0; i < ARRAY_LEN(docs); i++)
		for (size_t n = strlen(docs[i]) + 1; n--;) {
			char *cut = xmalloc(n + 1); /* of its own size, for a sanitizer to see the end */
			memcpy(cut, docs[i], n);
			struct str text = {cut, n};
			if (n == strlen(docs[i]))
				wrong += differ_at(text);
			else
				differ_at(text);
			free(cut);
		}
	is_int(wrong, 0, "a path reads what one member after the other is");
}

static int64_t microseconds(struct str doc, struct str path)
{
	struct str v;
	int64_t least = INT64_MAX;
	for (int i = 0; i < 7; i++) {
		int64_t from = mono_us();
		if (json_path(doc, path, &v))
			least = MIN(least, mono_us() - from);
	}
	return least;
}

/* What lies below is read once, not once for each name on the way to it. */
static void test_deep(void)
{
	struct buf b = BUF_INIT, path = BUF_INIT;
	for (int i = 0; i < 50; i++) {
		buf_adds(&b, "{\"a\":");
		buf_adds(&path, "a.");
	}
	buf_adds(&b, "{\"z\":\"");
	for (int i = 0; i < 100000; i++)
		buf_adds(&b, "\xC3\xA4");
	buf_adds(&b, "\",\"b\":1}");
	for (int i = 0; i < 50; i++)
		buf_addc(&b, '}');
	buf_adds(&path, "b");
	int64_t one = microseconds(buf_str(&b), STR("a")), all = microseconds(buf_str(&b), buf_str(&path));
	ok(all < 10 * one + 1000, "a path of 51 names costs about as much as one of one: %lld and %lld us", (long long)all, (long long)one);
	buf_release(&b);
	buf_release(&path);
}

int main(void)
{
	struct fault f = {0};
	struct str v;
	struct arena *a = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		ok(!json_check(str_of(good[i]), 8, 100, &f), "good: %s", good[i]);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(json_check(str_of(bad[i]), 8, 100, &f), "refused: %s", bad[i]);
	is_int(json_check(STR("[[[[1]]]]"), 3, 100, &f), ERR_TOO_DEEP, "depth has a bound");
	is_int(json_check(STR("[1,2,3,4,5,6,7,8,9]"), 3, 2, &f), ERR_TOO_LARGE, "items have a bound");
	is_int(json_count(STR("{\"a\":[1,[],{}],\"b\":null}")), 6, "lists and objects are values, names are none");

	struct str doc = STR("{\"x\":1, \"a\":{\"b\":{\"c\":[1,2]}}, \"k\\u0065y\":\"v\", \"x\":2}");
	ok(json_member(doc, STR("x"), &v) && str_is(v, "2"), "the last of duplicate keys");
	ok(json_path(doc, STR("a.b.c"), &v) && str_is(v, "[1,2]"), "a path");
	ok(json_member(doc, STR("key"), &v) && str_is(v, "\"v\""), "an escaped key");
	ok(!json_path(doc, STR("a.z"), &v), "a missing path");
	ok(!json_member(STR("{\"\\n\":1}"), STR("\\n"), &v), "an escape is not the name it is written like");
	test_skimmed();
	test_deep();
	struct buf b = BUF_INIT;
	json_unescape(&b, STR("a\\n\\u00fc\\ud83c\\udf31"));
	is_str(b.p, "a\n\xC3\xBC\xF0\x9F\x8C\xB1", "escapes");
	buf_release(&b);

	struct sig s;
	struct call c = {0};
	sig_parse(&s, "name:str n:int? opts:json?");
	is_int(s.n, 3, "a signature");
	is_int(sig_from_json(&s, STR("{\"n\":5,\"name\":\"a\\\"b\",\"opts\":{\"x\":[1]}}"), &c, a, &f), 0, "arguments from JSON");
	ok(str_is(c.arg[0].s, "a\"b") && c.arg[1].i == 5 && str_is(c.arg[2].s, "{\"x\":[1]}"), "have their values");
	is_int(sig_from_json(&s, STR("{\"n\":5}"), &c, a, &f), ERR_BAD_REQUEST, "a missing argument");
	is_str(f.message, "name is missing", "is named");
	is_int(sig_from_json(&s, STR("{\"name\":\"x\",\"zz\":1}"), &c, a, &f), ERR_BAD_REQUEST, "an unknown argument");
	is_int(sig_from_json(&s, STR("{\"name\":1}"), &c, a, &f), ERR_BAD_REQUEST, "a wrong type");
	arena_free(a);
	return done_testing();
}
