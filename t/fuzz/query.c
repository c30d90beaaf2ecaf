#include "base/crypt.h"
#include "codec/json.h"
#include "fuzz.h"
#include "store/plan.h"

static const char *const specs[] = {"a", "a,b", "a,-b,c", "-a,b", "parent,n", "n", "-n,a,created", "a.b,id"};

/* Whatever index is chosen, a row that matches lies in the range that is read. */
static void planned(struct arena *a, const struct query *q, const struct row *r, bool matches)
{
	static const struct collection c = {.name = "c", .read = WHO_MEMBERS, .add = WHO_MEMBERS, .change = WHO_MEMBERS};
	static const struct collection own = {.name = "c", .read = WHO_OWNER, .add = WHO_MEMBERS, .change = WHO_MEMBERS};
	struct scope sc = scope_person("app", "u_me", false);
	for (size_t i = 0; i < 2 * ARRAY_LEN(specs); i++) {
		struct slot s = {.name = "k1", .usable = true, .by_owner = i & 1};
		struct plan p;
		struct buf key = BUF_INIT;
		key_spec_parse(a, str_of(specs[i / 2]), &s.spec);
		plan_query(a, &sc, i & 1 ? &own : &c, q, &s, 1, &p);
		if (p.narrow == NARROW_SLOT && matches && slot_key(&s, r, &key)) {
			int lo = memcmp(key.p, p.lo.p, MIN(key.len, p.lo.n)), hi = memcmp(key.p, p.hi.p, MIN(key.len, p.hi.n));
			MUST(lo > 0 || (!lo && key.len >= p.lo.n));
			MUST(hi < 0 || (!hi && key.len < p.hi.n));
			MUST(!p.exact || str_eq(buf_str(&key), p.lo));
		}
		buf_release(&key);
	}
	MUST(plan_advice(a, q).n < 4096);
}

/* A query, options and a body, a line each. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest, opts, body, where = str_cut((struct str){(const char *)data, size}, '\n', &rest);
	struct arena *a = arena_new();
	struct fault f = {0};
	struct query q, again;
	struct matching m = {0};
	opts = str_cut(rest, '\n', &body);
	if (!body.n || json_check(body, ROW_DEPTH, 10000, &f))
		body = STR("{\"a\":1,\"b\":\"x\",\"n\":-0.5,\"l\":[1,\"x\",null]}");
	struct row r = {.id = STR("01"), .owner = STR("u_me"), .parent = STR("p"), .created = 5, .updated = 6, .rev = 1, .body = str_trim(body)};
	if (!query_parse(a, where, opts, &q, &f)) {
		bool matches = query_match(&q.where, &r, &m);
		struct cond not = {.op = OP_NOT, .n = 1, .child = &q.where};
		MUST(query_match(&not, &r, &m) == !matches);
		MUST(!q.everything || matches);
		MUST(q.limit >= 1 && q.limit <= QUERY_LIMIT && q.sort.n >= 1);
		MUST(!query_parse(a, where, opts, &again, &f) && str_eq(q.canonical, again.canonical));
		planned(a, &q, &r, matches);
	}
	matching_release(&m);
	arena_free(a);
	return 0;
}
