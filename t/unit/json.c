#include "codec/json.h"
#include "codec/sig.h"
#include "tap.h"

static const char *const good[] = {"null", " [1,-0.5e+10,\"\\u00e9\\ud83c\\udf31\",{}] ", "{\"a\":{\"b\":[true,false]}}", "\"\"", "0"};
static const char *const bad[] = {"", "[1,]", "{\"a\":1,}", "{a:1}", "01", "1.", "+1", "[1 2]", "\"\\x\"", "\"\\ud800\"", "nul",
				  "[1] 2", "\"\x01\"", "\"\xC0\x80\"", "{\"a\" 1}", "NaN", "[", "{\"a\":", "'a'"};

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
