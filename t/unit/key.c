/* The bytes of values: their order is the order of values, and keys of several fields do not run into each other. */
#include <math.h>
#include <stdlib.h>

#include "base/crypt.h"
#include "base/now.h"
#include "home.h"
#include "store/conn.h"
#include "store/key.h"
#include "store/query.h"
#include "tap.h"

/* In order; every neighbour is less. */
static const char *const ordered[] = {
	NULL, "null", "false", "true", "-1e999", "-1e308", "-9223372036854775808", "-9223372036854775807", "-9007199254740993",
	"-9007199254740992", "-2", "-1.5", "-1", "-0.5", "-1e-300", "0", "1e-300", "0.1", "0.5", "1", "1.5", "2", "10", "9007199254740992",
	"9007199254740993", "9007199254740994", "9223372036854775806", "9223372036854775807", "1e19", "1e308", "1e999", "\"\"",
	"\"\\u0000\"", "\"\\u0000\\u0000\"", "\"\\u0000a\"", "\"\\u0001\"", "\"A\"", "\"a\"", "\"a\\u0000\"", "\"a\\u0000b\"", "\"aa\"", "\"ab\"",
	"\"b\"", "\"\\u00e4\"", "\"\\ud83c\\udf31\"", "[]", "{}",
};

static struct str raw(const char *json)
{
	return json ? str_of(json) : STR_NONE;
}

static int order(const struct buf *a, const struct buf *b)
{
	int o = memcmp(a->p, b->p, MIN(a->len, b->len));
	return o ? o : (a->len > b->len) - (a->len < b->len);
}

static void test_order(void)
{
	int bad = 0;
	for (size_t i = 0; i < ARRAY_LEN(ordered); i++)
		for (size_t j = 0; j < ARRAY_LEN(ordered); j++) {
			struct buf a = BUF_INIT, b = BUF_INIT;
			key_json(&a, raw(ordered[i]));
			key_json(&b, raw(ordered[j]));
			int got = order(&a, &b), want = (i > j) - (i < j);
			if ((got > 0) - (got < 0) != want && bad++ < 5)
				printf("# %s and %s: %d\n", ordered[i], ordered[j], got);
			buf_release(&a);
			buf_release(&b);
		}
	is_int(bad, 0, "%zu values keep their order", ARRAY_LEN(ordered));
}

static void same_key(const char *a, const char *b)
{
	struct buf x = BUF_INIT, y = BUF_INIT;
	key_json(&x, raw(a));
	key_json(&y, raw(b));
	is_int(order(&x, &y), 0, "%s is %s", a, b);
	buf_release(&x);
	buf_release(&y);
}

static struct row row_of(const char *body)
{
	return (struct row){.id = STR("id"), .owner = STR(""), .parent = STR(""), .created = 1, .body = str_of(body)};
}

/* Rows in the order of "a,-b"; the same text in front must not make the second field count first. */
static const char *const pairs[] = {
	"{}", "{\"b\":null}", "{\"a\":false,\"b\":2}", "{\"a\":1,\"b\":\"x\"}", "{\"a\":1,\"b\":3}", "{\"a\":1,\"b\":2}", "{\"a\":1}",
	"{\"a\":\"x\",\"b\":\"zz\"}", "{\"a\":\"x\",\"b\":\"z\"}", "{\"a\":\"x\",\"b\":\"\"}", "{\"a\":\"x\"}", "{\"a\":\"xy\",\"b\":\"zz\"}", "{\"a\":\"xy\"}",
};

static void test_composite(void)
{
	struct arena *a = arena_new();
	struct key_spec spec;
	struct buf text = BUF_INIT;
	ok(key_spec_parse(a, STR("a,-b"), &spec) && spec.n == 2 && spec.field[1].desc, "a spec");
	key_spec_text(&text, &spec);
	is_str(text.p, "a,-b", "and back");
	ok(!key_spec_parse(a, STR("a,,b"), &spec) && !key_spec_parse(a, STR("a,b,c,d,e"), &spec), "not specs");
	key_spec_parse(a, STR("a,-b"), &spec);
	int bad = 0;
	for (size_t i = 1; i < ARRAY_LEN(pairs); i++) {
		struct row x = row_of(pairs[i - 1]), y = row_of(pairs[i]);
		struct buf k = BUF_INIT, l = BUF_INIT;
		key_spec(&k, &spec, &x);
		key_spec(&l, &spec, &y);
		if (i != 1 ? order(&k, &l) >= 0 : order(&k, &l) <= 0) {
			printf("# %s and %s\n", pairs[i - 1], pairs[i]);
			bad++;
		}
		buf_release(&k);
		buf_release(&l);
	}
	is_int(bad, 0, "two fields, the second descending");
	buf_release(&text);
	arena_free(a);
}

static void test_long(void)
{
	struct arena *a = arena_new();
	struct key_spec spec;
	key_spec_parse(a, STR("t"), &spec);
	char *texts[3];
	struct buf key[3] = {BUF_INIT, BUF_INIT, BUF_INIT};
	for (int i = 0; i < 3; i++) {
		texts[i] = arena_printf(a, "{\"t\":\"%c%0*d\"}", i == 2 ? 'b' : 'a', 5000, i);
		struct row r = row_of(texts[i]);
		key_spec(&key[i], &spec, &r);
	}
	ok(key[0].len < 300, "a long text is cut: %zu bytes", key[0].len);
	ok(order(&key[0], &key[1]) != 0, "two that differ at their end still differ");
	ok(order(&key[0], &key[2]) < 0 && order(&key[1], &key[2]) < 0, "and are in order by their beginning");
	for (int i = 0; i < 3; i++)
		buf_release(&key[i]);
	arena_free(a);
}

static void test_after(void)
{
	struct buf b = BUF_INIT;
	buf_add(&b, "a\xFF\xFF", 3);
	key_after(&b);
	is_str(b.p[1] ? "" : b.p, "", "buf");
	ok(b.len == 1 && b.p[0] == 'b', "the least key above all with a prefix");
	buf_release(&b);
}

/* ---- conditions ---- */

#define BODY "{\"n\":5,\"t\":\"milk and honey\",\"z\":null,\"f\":false,\"l\":[1,\"two\",[3]],\"o\":{\"p\":{\"q\":7}},\"s\":\"a\\\"b\\u0000c\",\"m\":[\"x\",true,\"a\\\"b\",2.5e1,null,\"\"]}"

static const struct {
	const char *query;
	bool want;
} matches[] = {
	{"{}", true}, {"{\"n\":5}", true}, {"{\"n\":5.0}", true}, {"{\"n\":\"5\"}", false}, {"{\"n\":6}", false}, {"{\"z\":null}", true},
	{"{\"missing\":null}", true}, {"{\"n\":null}", false}, {"{\"f\":false}", true}, {"{\"f\":null}", false}, {"{\"o.p.q\":7}", true},
	{"{\"o.p.r\":null}", true}, {"{\"n\":{\"gt\":4}}", true}, {"{\"n\":{\"gt\":5}}", false}, {"{\"n\":{\"gte\":5,\"lte\":5}}", true},
	{"{\"n\":{\"lt\":\"z\"}}", false}, {"{\"t\":{\"gt\":4}}", false}, {"{\"t\":{\"gt\":\"m\"}}", true}, {"{\"t\":{\"lt\":\"m\"}}", false},
	{"{\"z\":{\"gte\":null}}", false}, {"{\"n\":{\"ne\":6}}", true}, {"{\"n\":{\"ne\":5}}", false}, {"{\"missing\":{\"ne\":5}}", true},
	{"{\"z\":{\"ne\":null}}", false}, {"{\"n\":{\"in\":[1,5]}}", true}, {"{\"n\":{\"in\":[]}}", false}, {"{\"z\":{\"in\":[null]}}", true},
	{"{\"n\":{\"nin\":[1,5]}}", false}, {"{\"n\":{\"nin\":[]}}", true}, {"{\"t\":{\"prefix\":\"milk\"}}", true},
	{"{\"t\":{\"prefix\":\"honey\"}}", false}, {"{\"t\":{\"prefix\":\"\"}}", true}, {"{\"n\":{\"prefix\":\"\"}}", false},
	{"{\"t\":{\"contains\":\"and\"}}", true}, {"{\"t\":{\"contains\":\"And\"}}", false}, {"{\"t\":{\"contains\":\"\"}}", true},
	{"{\"l\":{\"contains\":\"two\"}}", true}, {"{\"l\":{\"contains\":1}}", true}, {"{\"l\":{\"contains\":3}}", false},
	{"{\"n\":{\"contains\":5}}", false}, {"{\"s\":{\"contains\":\"\\\"b\\u0000\"}}", true}, {"{\"s\":\"a\\\"b\\u0000c\"}", true},
	{"{\"z\":{\"exists\":true}}", true}, {"{\"missing\":{\"exists\":true}}", false}, {"{\"missing\":{\"exists\":false}}", true},
	{"{\"or\":[{\"n\":6},{\"n\":5}]}", true}, {"{\"or\":[{\"n\":6},{\"n\":7}]}", false}, {"{\"and\":[{\"n\":5},{\"n\":{\"lt\":6}}]}", true},
	{"{\"not\":{\"n\":5}}", false}, {"{\"not\":{\"n\":6}}", true}, {"{\"not\":{\"or\":[{\"n\":6},{\"t\":\"x\"}]},\"n\":5}", true},
	{"{\"id\":\"id\"}", true}, {"{\"owner\":null}", true}, {"{\"created\":1}", true}, {"{\"created\":{\"lt\":1}}", false}, {"{\"l\":5}", false},
	{"{\"f\":{\"lt\":true}}", true}, {"{\"m\":{\"contains\":true}}", true}, {"{\"m\":{\"contains\":false}}", false}, {"{\"m\":{\"contains\":0}}", false},
	{"{\"m\":{\"contains\":null}}", true}, {"{\"l\":{\"contains\":null}}", false}, {"{\"m\":{\"contains\":\"a\\\"b\"}}", true},
	{"{\"m\":{\"contains\":25}}", true}, {"{\"m\":{\"contains\":\"25\"}}", false}, {"{\"m\":{\"contains\":\"\"}}", true}, {"{\"l\":{\"contains\":\"\"}}", false},
};

static const char *const refused[] = {
	"{\"n\":{}}", "{\"n\":{\"near\":1}}", "{\"n\":[1]}", "{\"n\":{\"eq\":{}}}", "{\"n\":{\"in\":5}}", "{\"n\":{\"in\":[[1]]}}",
	"{\"n\":{\"prefix\":1}}", "{\"n\":{\"exists\":1}}", "{\"a b\":1}", "{\"a..b\":1}", "{\".a\":1}", "{\"a.\":1}", "{\"\":1}", "{\"a';--\":1}",
	"{\"and\":{}}", "{\"and\":[]}", "{\"or\":[1]}", "{\"not\":[{\"n\":1}]}", "[1]", "1", "{\"n\":1,\"n\":2}", "{", "\"x\"",
	"{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"not\":{\"n\":1}}}}}}}}}}",
};

static const char *const refused_opts[] = {
	"{\"limit\":0}", "{\"limit\":1001}", "{\"limit\":\"5\"}", "{\"limit\":1.5}", "{\"sort\":5}", "{\"sort\":\"a b\"}", "{\"sort\":\"--a\"}",
	"{\"sort\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}", "{\"skip\":5}", "{\"fields\":\"a\"}", "{\"fields\":[1]}", "[5]",
};

/* One row and one query that would take half a second: it ends when its time does. */
static void test_late(void)
{
	struct arena *a = arena_new();
	struct fault f = {0};
	struct query q;
	struct buf body = BUF_INIT, where = BUF_INIT;
	buf_adds(&body, "{\"l\":[1");
	for (int i = 0; i < 9000; i++)
		buf_addf(&body, ",1.2345678901234%04de-300", i);
	buf_adds(&body, "]}");
	for (int i = 0; i < QUERY_CONDITIONS; i++)
		buf_addf(&where, "%s{\"l\":{\"contains\":%d}}", i ? "," : "{\"or\":[", 100 + i);
	buf_adds(&where, "]}");
	struct row r = row_of(body.p);
	struct matching all = {0}, some = {0};
	is_int(query_parse(a, buf_str(&where), STR_NONE, &q, &f), 0, "a query of %d conditions", QUERY_CONDITIONS);
	int64_t from = mono_us();
	ok(!query_match(&q.where, &r, &all) && !all.late, "does not hold");
	int64_t whole = mono_us() - from;
	struct store *store = home_make();
	some.db = db_borrow(store, &f);
	db_read_begin(some.db, mono_ms() + 10);
	from = mono_us();
	query_match(&q.where, &r, &some);
	int64_t took = mono_us() - from;
	ok(some.late && took < whole / 2, "and is late after %lld of %lld us", (long long)took, (long long)whole);
	db_return(some.db);
	home_remove(store);
	matching_release(&all);
	matching_release(&some);
	buf_release(&body);
	buf_release(&where);
	arena_free(a);
}

static void test_queries(void)
{
	struct arena *a = arena_new();
	struct fault f = {0};
	struct query q;
	struct matching m = {0};
	struct row r = row_of(BODY);
	for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
		int err = query_parse(a, str_of(matches[i].query), STR_NONE, &q, &f);
		ok(!err && query_match(&q.where, &r, &m) == matches[i].want, "%s%s", matches[i].query, err ? f.message : "");
	}
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		f.message[0] = 0;
		is_int(query_parse(a, str_of(refused[i]), STR_NONE, &q, &f), ERR_BAD_QUERY, "%s: %s", refused[i], f.message);
	}
	for (size_t i = 0; i < ARRAY_LEN(refused_opts); i++)
		is_int(query_parse(a, STR_NONE, str_of(refused_opts[i]), &q, &f), ERR_BAD_QUERY, "%s: %s", refused_opts[i], f.message);
	is_int(query_parse(a, STR_NONE, STR("{\"cursor\":5}"), &q, &f), ERR_BAD_CURSOR, "a cursor is text");
	ok(!query_parse(a, STR("[]"), STR("null"), &q, &f) && q.everything && q.limit == 100, "an empty table and null ask for everything");
	ok(!query_parse(a, STR("{\"b\":1,\"a\":2}"), STR_NONE, &q, &f), "parsed");
	char *one = arena_cstr(a, q.canonical);
	query_parse(a, STR("{\"a\":2,\"b\":1}"), STR_NONE, &q, &f);
	is_str(arena_cstr(a, q.canonical), one, "the order of conditions does not matter to a cursor");
	matching_release(&m);
	arena_free(a);
}

static void test_too_much(void)
{
	struct arena *a = arena_new();
	struct fault f = {0};
	struct query q;
	struct buf b = BUF_INIT;
	for (int i = 0; i < 65; i++)
		buf_addf(&b, "%c\"f%d\":1", i ? ',' : '{', i);
	buf_addc(&b, '}');
	is_int(query_parse(a, buf_str(&b), STR_NONE, &q, &f), ERR_BAD_QUERY, "%s", f.message);
	is_int(query_parse(a, str_of(arena_printf(a, "{\"t\":{\"contains\":\"%0129d\"}}", 0)), STR_NONE, &q, &f), ERR_BAD_QUERY, "%s", f.message);
	is_int(query_parse(a, str_of(arena_printf(a, "{\"t\":\"%020000d\"}", 0)), STR_NONE, &q, &f), ERR_BAD_QUERY, "%s", f.message);
	buf_release(&b);
	arena_free(a);
}

int main(void)
{
	crypt_init();
	test_order();
	same_key("0", "-0");
	same_key("1", "1.0");
	same_key("\"\\u0061\"", "\"a\"");
	test_composite();
	test_long();
	test_after();
	test_queries();
	test_late();
	test_too_much();
	return done_testing();
}
