#include "store/copy.h"

#include "codec/json.h"
#include "store/docs.h"
#include "store/kv.h"
#include "store/slot.h"
#include "store/usage.h"

/* ---- out ---- */

struct going {
	struct db *db;
	const char *app_id;
	record_fn *to;
	void *arg;
	struct copy_count *n;
};

/* Hand out every row of a statement; read takes one apart and counts it. */
static int each(const struct going *g, struct stmt *s, void (*read)(struct stmt *, struct record *, struct copy_count *))
{
	int row, err = s ? 0 : g->db->fault->err;
	while (!err && (row = stmt_row(s))) {
		struct record r = {0};
		if (row < 0)
			return -row;
		read(s, &r, g->n);
		err = g->to(g->arg, &r);
		if (err)
			stmt_done(s);
	}
	return err;
}

static void read_doc(struct stmt *s, struct record *r, struct copy_count *n)
{
	*r = (struct record){.kind = RECORD_DOC, .collection = stmt_str(s, 0), .id = stmt_str(s, 1), .owner = stmt_str(s, 2),
			     .parent = stmt_str(s, 3), .created = stmt_int(s, 4), .updated = stmt_int(s, 5), .rev = stmt_int(s, 6),
			     .body = stmt_str(s, 7)};
	n->docs++;
	n->bytes += (int64_t)r->body.n + ROW_COST;
}

static void read_share(struct stmt *s, struct record *r, struct copy_count *n)
{
	*r = (struct record){.kind = RECORD_SHARE, .collection = stmt_str(s, 0), .id = stmt_str(s, 1), .who = stmt_str(s, 2),
			     .level = stmt_int(s, 3)};
	n->shares++;
	n->bytes += ROW_COST;
}

static void read_key(struct stmt *s, struct record *r, struct copy_count *n)
{
	*r = (struct record){.kind = RECORD_KEY, .owner = stmt_str(s, 0), .key = stmt_str(s, 1), .value = stmt_str(s, 2),
			     .expires = stmt_int(s, 3)};
	n->keys++;
	n->bytes += (int64_t)(r->key.n + r->value.n) + ROW_COST;
}

static int out_docs(const struct going *g, const char *collection, int64_t newest)
{
	static const char rows[] = "SELECT collection, id, owner, parent, created, updated, rev, body FROM docs "
				   "WHERE app_id = :app AND collection = :c ORDER BY id DESC LIMIT :n";
	struct stmt *s = scope_kernel(g->db, g->app_id, rows);
	if (s) {
		stmt_bind_str(s, ":c", str_of(collection));
		stmt_bind_int(s, ":n", newest ? newest : -1);
	}
	int64_t before = g->n->docs, all = newest ? copy_count_docs(g->db, g->app_id, collection) : 0;
	int err = each(g, s, read_doc);
	g->n->left_out += newest ? all - (g->n->docs - before) : 0;
	return err;
}

/* The collection behind this one: 1, 0 for none, or -ERR_*. */
static int next_collection(const struct going *g, char name[65])
{
	struct stmt *s = scope_kernel(g->db, g->app_id, "SELECT collection FROM docs WHERE app_id = :app AND collection > :c "
							"ORDER BY collection LIMIT 1");
	if (!s)
		return -g->db->fault->err;
	stmt_bind_str(s, ":c", str_of(name));
	int row = stmt_row(s);
	if (row == 1) {
		snprintf(name, 65, "%.*s", STR_FMT(stmt_str(s, 0)));
		stmt_done(s);
	}
	return row;
}

int64_t copy_count_docs(struct db *db, const char *app_id, const char *collection)
{
	struct stmt *s = scope_kernel(db, app_id, "SELECT count(*) FROM docs WHERE app_id = :app AND collection = :c");
	if (!s)
		return -db->fault->err;
	stmt_bind_str(s, ":c", str_of(collection));
	int row = stmt_row(s);
	int64_t n = row == 1 ? stmt_int(s, 0) : row;
	stmt_done(s);
	return n;
}

int copy_by_owner(struct db *db, const char *app_id, const char *collection, record_fn *to, void *arg)
{
	static const char rows[] = "SELECT collection, id, owner, parent, created, updated, rev, body FROM docs INDEXED BY docs_owner "
				   "WHERE app_id = :app AND collection = :c ORDER BY owner, id";
	struct copy_count none = {0};
	struct going g = {db, app_id, to, arg, &none};
	struct stmt *s = scope_kernel(db, app_id, rows);
	if (s)
		stmt_bind_str(s, ":c", str_of(collection));
	return each(&g, s, read_doc);
}

int copy_out(struct db *db, const char *app_id, int64_t newest, record_fn *to, void *arg, struct copy_count *n)
{
	struct going at = {db, app_id, to, arg, n}, *g = &at;
	char collection[65] = "";
	int more, err = 0;
	*n = (struct copy_count){0};
	while (!err && (more = next_collection(g, collection)))
		err = more < 0 ? -more : out_docs(g, collection, newest);
	if (!err)
		err = each(g, scope_kernel(g->db, g->app_id, "SELECT collection, id, who, level FROM shares WHERE app_id = :app"), read_share);
	if (!err)
		err = each(g, scope_kernel(g->db, g->app_id, "SELECT owner, key, value, expires FROM kv WHERE app_id = :app"), read_key);
	return err;
}

static void read_person(struct stmt *s, struct record *r, struct copy_count *n)
{
	(void)n;
	*r = (struct record){.kind = RECORD_PERSON, .id = stmt_str(s, 0)};
}

int copy_people(struct db *db, const char *app_id, record_fn *to, void *arg)
{
	static const char all[] = "SELECT owner FROM docs WHERE app_id = :app AND owner <> '' UNION "
				  "SELECT who FROM shares WHERE app_id = :app AND who NOT IN ('members', 'anyone') UNION "
				  "SELECT owner FROM kv WHERE app_id = :app AND owner <> ''";
	struct copy_count none = {0};
	struct going g = {db, app_id, to, arg, &none};
	return each(&g, scope_kernel(db, app_id, all), read_person);
}

/* ---- in ---- */

struct copy {
	struct db *db;
	char app_id[ID_LEN + 1];
	int64_t max_bytes, max_rows;
	struct copy_count n;
	char collection[65]; /* the one whose slots these are */
	struct arena *slots, *scratch;
	struct slot slot[SLOTS];
	int nslots;
};

struct copy *copy_begin(struct db *db, const char *app_id, int64_t max_bytes, int64_t max_rows)
{
	struct copy *c = xcalloc(1, sizeof *c);
	*c = (struct copy){.db = db, .max_bytes = max_bytes, .max_rows = max_rows, .slots = arena_new(), .scratch = arena_new()};
	snprintf(c->app_id, sizeof c->app_id, "%s", app_id);
	return c;
}

const struct copy_count *copy_counts(const struct copy *c)
{
	return &c->n;
}

/* Docs of a collection come one after the other, so its slots are looked up once. */
static int know_slots(struct copy *c, struct str collection)
{
	if (str_is(collection, c->collection))
		return 0;
	arena_reset(c->slots);
	snprintf(c->collection, sizeof c->collection, "%.*s", STR_FMT(collection));
	c->nslots = slots_load(c->db, c->slots, c->app_id, c->collection, c->slot);
	int err = MAX(-c->nslots, 0);
	if (err)
		c->collection[0] = 0;
	return err;
}

static int insert_doc(struct copy *c, const struct row *r)
{
	static const char insert[] =
		"INSERT INTO docs (app_id, collection, id, owner, parent, created, updated, rev, body, " SLOT_COLUMNS ") "
		"VALUES (:app, :c, :id, :owner, :parent, :created, :updated, :rev, :body, " SLOT_VALUES ")";
	struct stmt *s = scope_kernel(c->db, c->app_id, insert);
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":c", str_of(c->collection));
	stmt_bind_str(s, ":id", r->id);
	stmt_bind_str(s, ":owner", r->owner);
	stmt_bind_str(s, ":parent", r->parent);
	stmt_bind_int(s, ":created", r->created);
	stmt_bind_int(s, ":updated", r->updated);
	stmt_bind_int(s, ":rev", r->rev);
	stmt_bind_str(s, ":body", r->body);
	slots_bind(s, c->slot, c->nslots, r);
	return slots_written(c->db, c->collection, c->slot, c->nslots, stmt_run(s));
}

static int in_doc(struct copy *c, const struct record *rec)
{
	struct fields f;
	struct row r = {.id = rec->id, .owner = rec->owner, .parent = rec->parent, .created = rec->created, .updated = rec->updated,
			.rev = MAX(rec->rev, (int64_t)1)};
	int err = know_slots(c, rec->collection);
	if (!err)
		err = fields_parse(c->scratch, rec->body, &f, c->db->fault);
	if (!err)
		err = fields_body(c->scratch, &f, &r.body, c->db->fault);
	if (!err)
		err = insert_doc(c, &r);
	c->n.docs += !err;
	c->n.bytes += (int64_t)r.body.n + ROW_COST;
	return err;
}

static int in_share(struct copy *c, const struct record *rec)
{
	struct stmt *s = scope_kernel(c->db, c->app_id, "INSERT INTO shares (app_id, collection, id, who, level) "
							"VALUES (:app, :c, :id, :who, :level)");
	if (rec->level < VERB_READ || rec->level > VERB_CHANGE)
		return db_fail(c->db, ERR_BAD_REQUEST, "A share has a level from 1 to 3.");
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":c", rec->collection);
	stmt_bind_str(s, ":id", rec->id);
	stmt_bind_str(s, ":who", rec->who);
	stmt_bind_int(s, ":level", rec->level);
	c->n.shares++;
	c->n.bytes += ROW_COST;
	return stmt_run(s);
}

static int in_key(struct copy *c, const struct record *rec)
{
	if (!rec->key.n || rec->key.n > KV_KEY || rec->value.n > KV_VALUE || json_check(rec->value, JSON_DEPTH, KV_VALUE, c->db->fault))
		return db_fail(c->db, ERR_TOO_LARGE, "A key has 1 to %d bytes, and its value at most %u KB.", KV_KEY, KV_VALUE / KIB);
	struct stmt *s = scope_kernel(c->db, c->app_id, "INSERT INTO kv (app_id, owner, key, value, expires) "
							"VALUES (:app, :owner, :key, :value, :expires)");
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":owner", rec->owner);
	stmt_bind_str(s, ":key", rec->key);
	stmt_bind_str(s, ":value", rec->value);
	stmt_bind_int(s, ":expires", rec->expires);
	c->n.keys++;
	c->n.bytes += (int64_t)(rec->key.n + rec->value.n) + ROW_COST;
	return stmt_run(s);
}

/* ---- in place ---- */

/* How long the body is of a doc that still has this rev: -1 for none such, below that -1 - ERR_*. */
static int64_t length_of(struct copy *c, const struct record *r)
{
	struct stmt *s = scope_kernel(c->db, c->app_id, "SELECT length(CAST(body AS BLOB)) FROM docs WHERE app_id = :app "
							"AND collection = :c AND id = :id AND rev = :rev");
	if (!s)
		return -1 - c->db->fault->err;
	stmt_bind_str(s, ":c", r->collection);
	stmt_bind_str(s, ":id", r->id);
	stmt_bind_int(s, ":rev", r->rev);
	int row = stmt_row(s);
	int64_t n = row == 1 ? stmt_int(s, 0) : row - 1;
	if (row == 1)
		stmt_done(s);
	return n;
}

static int rewrite(struct copy *c, const struct record *rec, int64_t before)
{
	struct row r = {.id = rec->id, .owner = rec->owner, .parent = rec->parent, .created = rec->created, .updated = rec->updated,
			.rev = rec->rev + 1, .body = rec->body};
	struct stmt *s = scope_kernel(c->db, c->app_id, "UPDATE docs SET body = :body, rev = :rev, " SLOT_SETS
							" WHERE app_id = :app AND collection = :c AND id = :id");
	if (!s)
		return c->db->fault->err;
	stmt_bind_str(s, ":c", rec->collection);
	stmt_bind_str(s, ":id", r.id);
	stmt_bind_str(s, ":body", r.body);
	stmt_bind_int(s, ":rev", r.rev);
	slots_bind(s, c->slot, c->nslots, &r);
	c->n.bytes += (int64_t)r.body.n - before;
	return slots_written(c->db, c->collection, c->slot, c->nslots, stmt_run(s));
}

int copy_rewrite(struct copy *c, const struct record *r)
{
	int64_t before = length_of(c, r);
	if (before < 0)
		return (int)(before + 1);
	if (str_is(r->body, "null"))
		return 1;
	int err = know_slots(c, r->collection);
	if (!err)
		err = rewrite(c, r, before);
	return err ? -err : 1;
}

int copy_in(struct copy *c, const struct record *r)
{
	int err = r->kind == RECORD_DOC ? in_doc(c, r) : r->kind == RECORD_SHARE ? in_share(c, r) : r->kind == RECORD_KEY ? in_key(c, r) : 0;
	arena_reset(c->scratch);
	if (!err && (c->n.bytes > c->max_bytes || c->n.docs + c->n.shares + c->n.keys > c->max_rows))
		return db_fail(c->db, ERR_QUOTA_EXCEEDED, "It is more than an app may store here (settings app.bytes and app.rows).");
	return err;
}

int copy_end(struct copy *c, int err)
{
	struct scope sc = scope_app(c->app_id);
	sc.max_bytes = c->max_bytes;
	sc.max_rows = c->max_rows;
	if (!err)
		err = usage_add(c->db, &sc, c->n.bytes, c->n.docs + c->n.shares + c->n.keys);
	arena_free(c->slots);
	arena_free(c->scratch);
	free(c);
	return err;
}

/* ---- the rest ---- */

int copy_clear(struct db *db, const char *app_id)
{
	static const char *const texts[] = {"DELETE FROM shares WHERE app_id = :app", "DELETE FROM docs WHERE app_id = :app",
					    "DELETE FROM kv WHERE app_id = :app"};
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts) && !err; i++) {
		struct stmt *s = scope_kernel(db, app_id, texts[i]);
		err = s ? stmt_run(s) : db->fault->err;
	}
	return err ? err : docs_recount(db, app_id); /* files stay, and cost what they did */
}

int copy_since(struct db *db, const char *app_id, int64_t moment, int64_t *added, int64_t *changed)
{
	struct stmt *s = scope_kernel(db, app_id, "SELECT count(*) FILTER (WHERE created > :at), "
						  "count(*) FILTER (WHERE created <= :at AND updated > :at) FROM docs WHERE app_id = :app");
	if (!s)
		return db->fault->err;
	stmt_bind_int(s, ":at", moment);
	int row = stmt_row(s);
	*added = row == 1 ? stmt_int(s, 0) : 0;
	*changed = row == 1 ? stmt_int(s, 1) : 0;
	if (row == 1)
		stmt_done(s);
	return row < 0 ? -row : 0;
}
