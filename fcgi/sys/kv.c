/* storage.kv: arguments to store/kv and back. */
#include "store/kv.h"

#include "sys/options.h"
#include "sys/rows.h"
#include "sys/sys.h"

typedef int work_fn(struct req *r, struct kv *k, const struct call *c, struct buf *out);

static int run(struct req *r, const struct call *c, struct out *o, work_fn *work)
{
	struct rows rows;
	int err = rows_open(&rows, r, c->as_app);
	struct kv k = {.db = rows.db, .arena = r->arena, .scope = &rows.scope, .collection = rows_collection_of(r, c->arg[0].s)};
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
	int err = options_read(r, &c->arg[2], "ttl", &opts);
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
	int err = options_read(r, &c->arg[1], "limit, cursor", &opts);
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
