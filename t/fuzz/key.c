#include "base/crypt.h"
#include "codec/json.h"
#include "fuzz.h"
#include "store/key.h"

static int order(const struct buf *a, const struct buf *b)
{
	int o = memcmp(a->p, b->p, MIN(a->len, b->len));
	return o ? o : (a->len > b->len) - (a->len < b->len);
}

/* Two JSON values, a line each: no key begins another, and the complement of both turns their order round. */
static void values(struct str one, struct str two)
{
	struct fault f = {0};
	struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT, d = BUF_INIT;
	if (json_check(one, 32, 1000, &f) || json_check(two, 32, 1000, &f))
		return;
	key_json(&a, str_trim(one));
	key_json(&b, str_trim(two));
	MUST(a.len && b.len && a.p[0] >= KEY_NULL && a.p[0] <= KEY_TABLE);
	int o = order(&a, &b);
	MUST(!o || memcmp(a.p, b.p, MIN(a.len, b.len)));
	if (key_part(&c, buf_str(&a), true) && key_part(&d, buf_str(&b), true)) {
		int turned = order(&c, &d);
		MUST((turned > 0) == (o < 0) && (turned < 0) == (o > 0));
	}
	key_after(&d);
	buf_release(&a);
	buf_release(&b);
	buf_release(&c);
	buf_release(&d);
}

static void spec(struct str text)
{
	struct arena *a = arena_new();
	struct key_spec s;
	struct buf b = BUF_INIT, key = BUF_INIT;
	struct row r = {.id = STR("i"), .owner = STR("o"), .parent = STR(""), .body = STR("{\"a\":[1],\"b\":{\"c\":\"x\"}}")};
	if (key_spec_parse(a, text, &s)) {
		key_spec_text(&b, &s);
		MUST(str_eq(buf_str(&b), text));
		key_spec(&key, &s, &r);
		MUST(key.len >= (size_t)s.n);
	}
	buf_release(&b);
	buf_release(&key);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str two, one = str_cut((struct str){(const char *)data, size}, '\n', &two);
	values(one, two);
	spec(one);
	return 0;
}
