/* storage.kv: arguments to store/kv and back. */
#include "store/kv.h"

#include "codec/json.h"
#include "sys/rows.h"
#include "sys/sys.h"

#define LIST_LIMIT 100
#define LIST_MOST 1000

struct options {
	int64_t ttl, limit;
	struct str cursor;
};

static int whole(struct req *r, const char *name, struct str text, int64_t least, int64_t most, int64_t *v)
{
	if (str_is(text, "null"))
		return 0;
	if (str_ends(text, ".0"))
		text.n -= 2;
	if (str_int(text, v) && *v >= least && *v <= most)
		return 0;
	return fail(r, ERR_BAD_REQUEST, "\"%s\" is a whole number from %lld to %lld.", name, (long long)least,
		    (long long)most);
}

static int option(struct req *r, struct str key, struct str value, const char *admitted, struct options *o)
{
	if (json_key_is(key, STR("ttl")) && admitted[0] == 't')
		return whole(r, "ttl", value, 1, 100LL * 365 * 24 * 3600, &o->ttl);
	if (json_key_is(key, STR("limit")) && admitted[0] == 'l')
		return whole(r, "limit", value, 1, LIST_MOST, &o->limit);
	if (!json_key_is(key, STR("cursor")) || admitted[0] != 'l')
		return fail(r, ERR_BAD_REQUEST, "The options are: %s.", admitted);
	if (value.n >= 2 && value.p[0] == '"')
		o->cursor = (struct str){value.p + 1, value.n - 2};
	return o->cursor.p || str_is(value, "null") ? 0 : fail(r, ERR_BAD_CURSOR, NULL);
}

static int options(struct req *r, const struct arg *a, const char *admitted, struct options *o)
{
	struct json_lex l;
	struct str key, value;
	int err = 0;
	*o = (struct options){.limit = LIST_LIMIT};
	json_lex_init(&l, a->s, JSON_DEPTH);
	if (!a->present || json_next(&l) != JSON_OBJECT)
		return 0;
	while (!err && json_next_member(&l, &key, &value))
		err = option(r, key, value, admitted, o);
	return err;
}

typedef int work_fn(struct req *r, struct kv *k, const struct call *c, struct buf *out);

/* The declared collection a key names, or NULL: the key is private. */
static const struct collection *collection_of(const struct req *r, struct str key)
{
	struct str name = kv_collection(key);
	return name.n ? manifest_collection(r->app->manifest, name) : NULL;
}

static int run(struct req *r, const struct call *c, struct out *o, work_fn *work)
{
	struct rows rows;
	int err = rows_open(&rows, r, c->as_app);
	struct kv k = {.db = rows.db, .arena = r->arena, .scope = &rows.scope, .collection = collection_of(r, c->arg[0].s)};
	size_t before = o->buf->len;
	out_raw(o, STR(""));
	if (!err)
		err = work(r, &k, c, o->buf);
	if (err)
		o->buf->len = before;
	return rows_close(&rows, err);
}

static int get(struct req *r, struct kv *k, const struct call *c, struct buf *out)
{
	(void)r;
	return kv_get(k, c->arg[0].s, out);
}

static int set(struct req *r, struct kv *k, const struct call *c, struct buf *out)
{
	struct options opts;
	int err = options(r, &c->arg[2], "ttl", &opts);
	buf_adds(out, "null");
	return err ? err : kv_set(k, c->arg[0].s, c->arg[1].s, opts.ttl);
}

static int delete(struct req *r, struct kv *k, const struct call *c, struct buf *out)
{
	(void)r;
	buf_adds(out, "null");
	return kv_delete(k, c->arg[0].s);
}

static int list(struct req *r, struct kv *k, const struct call *c, struct buf *out)
{
	struct options opts;
	int err = options(r, &c->arg[1], "limit, cursor", &opts);
	return err ? err : kv_list(k, c->arg[0].s, (int)opts.limit, opts.cursor, out);
}

static int incr(struct req *r, struct kv *k, const struct call *c, struct buf *out)
{
	(void)r;
	return kv_incr(k, c->arg[0].s, c->arg[1].present ? c->arg[1].n : 1, out);
}

static struct str value(const struct arg *a)
{
	return a->present && !str_is(a->s, "null") ? a->s : STR_NONE;
}

static int cas(struct req *r, struct kv *k, const struct call *c, struct buf *out)
{
	(void)r;
	return kv_cas(k, c->arg[0].s, value(&c->arg[1]), value(&c->arg[2]), out);
}

#define HANDLER(name)                                                        \
	int sys_kv_##name(struct req *r, const struct call *c, struct out *o) \
	{                                                                    \
		return run(r, c, o, name);                                   \
	}
HANDLER(get)
HANDLER(set)
HANDLER(delete)
HANDLER(list)
HANDLER(incr)
HANDLER(cas)
