/* storage.docs: arguments to store/docs and back. */
#include "sys/rows.h"
#include "sys/sys.h"

/* An optional JSON argument; null counts as absent. */
static struct str optional(const struct arg *a)
{
	return a->present && !str_is(a->s, "null") ? a->s : STR_NONE;
}

typedef int work_fn(struct rows *k, const struct call *c, struct buf *out);

/* The first argument of every call is the collection. What a failed call wrote is taken back. */
static int run(struct req *r, const struct call *c, struct out *o, int (*turn_to)(struct rows *, struct str), work_fn *work)
{
	struct rows k;
	int err = rows_open(&k, r, c->as_app);
	if (!err)
		err = turn_to(&k, c->arg[0].s);
	size_t before = o->buf->len;
	out_raw(o, STR("")); /* what comes is one value of the writer's */
	if (!err)
		err = work(&k, c, o->buf);
	if (err)
		o->buf->len = before;
	return rows_close(&k, err);
}

static int insert(struct rows *k, const struct call *c, struct buf *out)
{
	return docs_insert(&k->docs, c->arg[1].s, NULL, out);
}

static int get(struct rows *k, const struct call *c, struct buf *out)
{
	return docs_get(&k->docs, c->arg[1].s, out);
}

static int find(struct rows *k, const struct call *c, struct buf *out)
{
	return docs_find(&k->docs, optional(&c->arg[1]), optional(&c->arg[2]), out);
}

static int count(struct rows *k, const struct call *c, struct buf *out)
{
	return docs_count(&k->docs, optional(&c->arg[1]), out);
}

static int change(struct rows *k, const struct call *c, struct buf *out, bool replace)
{
	int64_t rev;
	int err = rows_rev(k->req, optional(&c->arg[3]), &rev);
	return err ? err : docs_update(&k->docs, c->arg[1].s, c->arg[2].s, replace, rev, out);
}

static int update(struct rows *k, const struct call *c, struct buf *out)
{
	return change(k, c, out, false);
}

static int replace(struct rows *k, const struct call *c, struct buf *out)
{
	return change(k, c, out, true);
}

static int delete(struct rows *k, const struct call *c, struct buf *out)
{
	buf_adds(out, "null");
	return docs_delete(&k->docs, c->arg[1].s);
}

static int share(struct rows *k, const struct call *c, struct buf *out)
{
	buf_adds(out, "null");
	return rows_share(k, c->arg[1].s, c->arg[2].s, c->arg[3].present ? c->arg[3].s : STR_NONE);
}

static int shares(struct rows *k, const struct call *c, struct buf *out)
{
	return docs_shares(&k->docs, c->arg[1].s, out);
}

#define HANDLER(name, turn_to)                                                  \
	int sys_docs_##name(struct req *r, const struct call *c, struct out *o) \
	{                                                                      \
		return run(r, c, o, turn_to, name);                            \
	}
HANDLER(insert, rows_collection)
HANDLER(get, rows_readable)
HANDLER(find, rows_readable)
HANDLER(count, rows_readable)
HANDLER(update, rows_collection)
HANDLER(replace, rows_collection)
HANDLER(delete, rows_collection)
HANDLER(share, rows_collection)
HANDLER(shares, rows_collection)
