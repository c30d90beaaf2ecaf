/* storage.commit: what storage.tx collected, checked and applied in one transaction.
 *
 *     { "reads":  [ { collection, id, rev | null, as_app } … ],
 *       "writes": [ { op, collection, id, as_app, … } … ] }
 *
 *     insert doc ref     update changes opts     replace doc opts     delete     share who level
 *
 * A row read must still have the revision it had (null: still be absent), or all of it is a conflict and nothing
 * happens. `ref` is the name the cell gave a new row: wherever a later write has it as a text, the new row's id
 * takes its place.
 */
#include "codec/json.h"
#include "store/audit.h"
#include "sys/rows.h"
#include "sys/sys.h"

#define WRITES_MAX 500
#define READS_MAX 1000
#define REF_MAX 64

struct ref {
	struct str name;
	struct str id;
};

struct batch {
	struct rows rows;
	struct req *req;
	int nwrites, nrefs;
	bool as_app; /* some write is the app's own */
	struct ref ref[WRITES_MAX];
};

/* One entry of a list, its members as raw JSON. */
static struct str text(struct batch *b, struct str entry, const char *name)
{
	struct str raw;
	if (!json_member(entry, str_of(name), &raw) || raw.n < 2 || raw.p[0] != '"')
		return STR_NONE;
	struct buf t = BUF_INIT;
	json_unescape(&t, (struct str){raw.p + 1, raw.n - 2});
	struct str s = arena_str(b->req->arena, t.len ? buf_str(&t) : STR(""));
	buf_release(&t);
	return s;
}

static struct str json(struct str entry, const char *name)
{
	struct str raw;
	return json_member(entry, str_of(name), &raw) && !str_is(raw, "null") ? raw : STR_NONE;
}

/* ---- refs ---- */

static const struct ref *ref_find(const struct batch *b, struct str s)
{
	for (int i = 0; i < b->nrefs; i++)
		if (str_eq(b->ref[i].name, s))
			return &b->ref[i];
	return NULL;
}

static struct str resolve(const struct batch *b, struct str id)
{
	const struct ref *r = ref_find(b, id);
	return r ? r->id : id;
}

/* The value with every text that is a ref replaced by the id. */
static struct str resolve_all(const struct batch *b, struct str value)
{
	struct json_lex l;
	struct buf out = BUF_INIT;
	const char *done = value.p;
	enum json_tok t;
	json_lex_init(&l, value, JSON_DEPTH);
	while (b->nrefs && (t = json_next(&l)) != JSON_END && t != JSON_ERROR) {
		const struct ref *r = t == JSON_STRING ? ref_find(b, l.text) : NULL;
		if (!r)
			continue;
		buf_add(&out, done, (size_t)(l.text.p - done));
		buf_addstr(&out, r->id);
		done = l.text.p + l.text.n;
	}
	if (done == value.p)
		return value;
	buf_add(&out, done, (size_t)(value.p + value.n - done));
	struct str s = arena_str(b->req->arena, buf_str(&out));
	buf_release(&out);
	return s;
}

static int ref_add(struct batch *b, struct str name, const char *id)
{
	if (!name.p)
		return 0;
	if (!name.n || name.n > REF_MAX || ref_find(b, name))
		return fail(b->req, ERR_BAD_REQUEST, "A ref names one new row, in at most %d bytes.", REF_MAX);
	b->ref[b->nrefs++] = (struct ref){name, arena_str(b->req->arena, str_of(id))};
	return 0;
}

/* ---- entries ---- */

/* Who an entry speaks for, and on which collection: of any app for a read. */
static int turn_to(struct batch *b, struct str entry, int (*collection)(struct rows *, struct str))
{
	bool as_app = str_is(json(entry, "as_app"), "true");
	if (as_app && !app_granted(b->req->app, "storage:app"))
		return fail(b->req, ERR_PERMISSION_DENIED,
			    "as_app needs the permission \"storage:app\", which this app was not granted.");
	rows_as(&b->rows, as_app);
	return collection(&b->rows, text(b, entry, "collection"));
}

static int check_read(struct batch *b, struct str entry)
{
	int64_t rev = 0;
	struct str given = json(entry, "rev");
	if (given.p && (!str_int(given, &rev) || rev < 1))
		return fail(b->req, ERR_BAD_REQUEST, "rev is the revision of a row, or null.");
	int err = turn_to(b, entry, rows_readable);
	return err ? err : docs_unchanged(&b->rows.docs, text(b, entry, "id"), rev);
}

static int insert(struct batch *b, struct str entry, struct buf *out)
{
	char id[ID_LEN + 1];
	int err = docs_insert(&b->rows.docs, resolve_all(b, json(entry, "doc")), id, out);
	return err ? err : ref_add(b, text(b, entry, "ref"), id);
}

static int change(struct batch *b, struct str entry, struct buf *out, const char *with, bool replace)
{
	int64_t rev;
	int err = rows_rev(b->req, json(entry, "opts"), &rev);
	return err ? err
		   : docs_update(&b->rows.docs, resolve(b, text(b, entry, "id")), resolve_all(b, json(entry, with)),
				 replace, rev, out);
}

static int update(struct batch *b, struct str entry, struct buf *out)
{
	return change(b, entry, out, "changes", false);
}

static int replace(struct batch *b, struct str entry, struct buf *out)
{
	return change(b, entry, out, "doc", true);
}

static int delete(struct batch *b, struct str entry, struct buf *out)
{
	buf_adds(out, "null");
	return docs_delete(&b->rows.docs, resolve(b, text(b, entry, "id")));
}

static int share(struct batch *b, struct str entry, struct buf *out)
{
	buf_adds(out, "null");
	return rows_share(&b->rows, resolve(b, text(b, entry, "id")), text(b, entry, "who"), text(b, entry, "level"));
}

static const struct {
	const char *op;
	int (*run)(struct batch *b, struct str entry, struct buf *out);
} ops[] = {{"insert", insert}, {"update", update}, {"replace", replace}, {"delete", delete}, {"share", share}};

static int write_one(struct batch *b, struct str entry, struct buf *out)
{
	struct str op = text(b, entry, "op");
	int err = turn_to(b, entry, rows_collection);
	if (err)
		return err;
	b->as_app |= str_is(json(entry, "as_app"), "true");
	if (b->nwrites++)
		buf_addc(out, ',');
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (str_is(op, ops[i].op))
			return ops[i].run(b, entry, out);
	return fail(b->req, ERR_BAD_REQUEST, "\"%.*s\" is not a write; there are insert update replace delete share.",
		    (int)MIN(op.n, 20), op.n ? op.p : "");
}

/* ---- the batch ---- */

static int read_one(struct batch *b, struct str entry, struct buf *out)
{
	(void)out;
	return check_read(b, entry);
}

static int each(struct batch *b, struct str list, int most, struct buf *out,
		int (*fn)(struct batch *, struct str, struct buf *))
{
	struct json_lex l;
	struct str entry;
	int err = 0, n = 0;
	json_lex_init(&l, list, JSON_DEPTH);
	if (!list.p)
		return 0;
	if (json_next(&l) != JSON_ARRAY)
		return fail(b->req, ERR_BAD_REQUEST, "A batch has a list of reads and a list of writes.");
	while (!err && json_next_item(&l, &entry)) {
		err = n++ == most ? fail(b->req, ERR_TOO_LARGE, "A transaction has at most %d reads and %d writes.",
					 READS_MAX, WRITES_MAX)
				  : fn(b, entry, out);
		if (!err && out->full) /* said while nothing has happened, and before the lock is held for more */
			err = fail(b->req, ERR_TOO_LARGE, "The rows of one transaction are larger than 1 MB; write less at once.");
		arena_reset(b->rows.docs.arena); /* a batch names many rows, and each may be large */
	}
	return err;
}

/* That the app spoke for itself is in the audit, in the transaction in which it did; once a request. */
static int record(struct batch *b)
{
	struct req *r = b->req;
	struct audit a = {.actor = r->who.user_id, .app_id = r->app->id, .action = "storage.commit", .target = "as_app"};
	if (!b->as_app || r->audited)
		return 0;
	r->audited = true;
	return audit_add(b->rows.db, &a);
}

static int apply(struct batch *b, struct str batch, struct buf *out)
{
	int err = db_begin(b->rows.db);
	if (err)
		return err;
	buf_adds(out, "{\"results\":[");
	err = each(b, json(batch, "reads"), READS_MAX, out, read_one);
	if (!err)
		err = each(b, json(batch, "writes"), WRITES_MAX, out, write_one);
	buf_adds(out, "]}");
	if (!err)
		err = record(b);
	return err ? db_rollback(b->rows.db) : db_commit(b->rows.db);
}

int sys_storage_commit(struct req *r, const struct call *c, struct out *o)
{
	struct batch *b = NEW(r->arena, struct batch);
	b->req = r;
	int err = rows_open(&b->rows, r, c->as_app);
	size_t before = o->buf->len;
	b->rows.docs.arena = arena_new();
	out_raw(o, STR(""));
	if (!err)
		err = apply(b, c->arg[0].s, o->buf);
	if (err)
		o->buf->len = before;
	arena_free(b->rows.docs.arena);
	return rows_close(&b->rows, err);
}
