/* Every write is one IMMEDIATE transaction, and every statement in it carries the predicate: also the write itself, so
 * that what was read a moment before is never trusted to still be allowed.
 */
#include "store/docs.h"

#include "base/now.h"
#include "base/out.h"
#include "store/blob.h"
#include "store/object.h"
#include "store/slot.h"
#include "store/usage.h"

/* ---- helpers ---- */

void docs_row(struct stmt *s, struct row *r)
{
	*r = (struct row){
		.id = stmt_str(s, 0), .owner = stmt_str(s, 1), .parent = stmt_str(s, 2), .created = stmt_int(s, 3),
		.updated = stmt_int(s, 4), .rev = stmt_int(s, 5), .body = stmt_str(s, 6),
	};
}

/* A statement "HEAD … WHERE d.id = :id AND <predicate> TAIL", prepared and bound. */
static struct stmt *one(const struct docs *d, const char *head, enum may may, enum verb v, const char *tail,
			struct str id)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, head);
	buf_adds(&b, " WHERE d.id = :id AND ");
	scope_rows(&b);
	buf_adds(&b, " AND ");
	scope_may(&b, d->collection, may);
	buf_adds(&b, tail);
	struct stmt *s = scope_prepare(d->db, d->scope, d->collection, v, b.p);
	buf_release(&b);
	if (s)
		stmt_bind_str(s, ":id", id);
	return s;
}

/* The row, copied into the arena. 1, 0 for none that may be read, or -ERR_*. */
static int row_get(const struct docs *d, struct str id, struct row *r)
{
	struct stmt *s = one(d, "SELECT " ROW_COLUMNS " FROM docs d", MAY_READ, VERB_READ, "", id);
	int row = s ? stmt_row(s) : -d->db->fault->err;
	if (row <= 0)
		return row;
	docs_row(s, r);
	if (d->reader)
		r->owner = STR("");
	struct str *texts[] = {&r->id, &r->owner, &r->parent, &r->body};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = arena_str(d->arena, *texts[i]);
	stmt_done(s);
	return 1;
}

static int not_found(const struct docs *d, struct str id)
{
	return db_fail(d->db, ERR_NOT_FOUND, "There is no row %.*s in %s.", (int)MIN(id.n, 40), id.n ? id.p : "",
		       d->collection->name);
}

static int row_need(const struct docs *d, struct str id, struct row *r)
{
	int row = row_get(d, id, r);
	return row < 0 ? -row : row ? 0 : not_found(d, id);
}

/* Does the predicate admit this row? 1, 0 or -ERR_*. */
static int admits(const struct docs *d, struct str id, enum may may, enum verb v)
{
	struct stmt *s = one(d, "SELECT 1 FROM docs d", may, v, "", id);
	int row = s ? stmt_row(s) : -d->db->fault->err;
	if (row == 1)
		stmt_done(s);
	return row;
}

static int begin(const struct docs *d, bool *own)
{
	*own = !db_in_transaction(d->db);
	return *own ? db_begin(d->db) : 0;
}

static int finish(const struct docs *d, bool own, int err)
{
	if (!own)
		return err;
	return err ? db_rollback(d->db) : db_commit(d->db);
}

static int slots_of(const struct docs *d, struct slot list[SLOTS])
{
	return slots_load(d->db, d->arena, d->scope->app_id, d->collection->name, list);
}

static int body_of(const struct docs *d, const struct fields *f, struct str *body)
{
	int err = fields_body(d->arena, f, body, d->db->fault);
	return err ? err : row_check(*body, d->db->fault);
}

/* ---- insert ---- */

static int insert_refused(const struct docs *d, struct str parent)
{
	if (d->collection->parent) {
		struct docs above = *d;
		above.collection = d->collection->parent;
		int row = admits(&above, parent, MAY_READ, VERB_READ);
		if (row < 0)
			return -row;
		if (!row)
			return db_fail(d->db, ERR_NOT_FOUND, "There is no row of %s for this one to hang below: set parent to its id.",
				       above.collection->name);
	}
	return scope_denied(d->db, d->scope, "add rows here");
}

static struct stmt *insert_prepare(const struct docs *d)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, "INSERT INTO docs (app_id, collection, id, owner, parent, created, updated, rev, body, " SLOT_COLUMNS ") "
		     "SELECT :app, :c0, :id, iif(:me = '!', '', :me), :parent, :now, :now, 1, :body, " SLOT_VALUES " WHERE ");
	scope_add(&b, d->collection);
	struct stmt *s = scope_prepare(d->db, d->scope, d->collection, VERB_ADD, b.p);
	buf_release(&b);
	return s;
}

static int insert(const struct docs *d, const struct row *r)
{
	struct slot slot[SLOTS];
	int n = slots_of(d, slot);
	struct stmt *s = n < 0 ? NULL : insert_prepare(d);
	if (!s)
		return d->db->fault->err;
	stmt_bind_str(s, ":id", r->id);
	stmt_bind_str(s, ":parent", r->parent);
	stmt_bind_int(s, ":now", r->created);
	stmt_bind_str(s, ":body", r->body);
	slots_bind(s, slot, n, r);
	int err = slots_written(d->db, d->collection->name, slot, n, stmt_run(s));
	if (!err && !db_changes(d->db))
		err = insert_refused(d, r->parent);
	return err ? err : usage_add(d->db, d->scope, (int64_t)r->body.n + ROW_COST, 1);
}

int docs_insert(const struct docs *d, struct str doc, char id[ID_LEN + 1], struct buf *out)
{
	char own_id[ID_LEN + 1];
	struct fields f;
	struct row r = {.owner = str_of(strcmp(d->scope->me, "!") ? d->scope->me : ""), .rev = 1};
	bool own;
	id = id ? id : own_id;
	int err = fields_parse(d->arena, doc, &f, d->db->fault);
	if (!err)
		err = body_of(d, &f, &r.body);
	if (err || (err = begin(d, &own)))
		return err;
	id_new(id);
	r.id = str_of(id);
	r.parent = d->collection->parent && f.parent.n ? f.parent : STR("");
	r.created = r.updated = id_time(r.id);
	err = finish(d, own, insert(d, &r));
	if (!err)
		row_write(out, &r, NULL, 0);
	return err;
}

/* ---- get ---- */

int docs_get(const struct docs *d, struct str id, struct buf *out)
{
	struct row r;
	int row = row_get(d, id, &r);
	if (row == 1)
		row_write(out, &r, NULL, 0);
	else if (!row)
		buf_adds(out, "null");
	return row < 0 ? -row : 0;
}

int docs_unchanged(const struct docs *d, struct str id, int64_t rev)
{
	struct row r = {0};
	int row = row_get(d, id, &r);
	if (row < 0)
		return -row;
	if (r.rev == rev)
		return 0;
	return db_fail(d->db, ERR_CONFLICT, "A row of %s has changed in the meantime.", d->collection->name);
}

/* ---- update ---- */

/* Nothing was written although the row can be read: it may not be changed, or is not the revision asked for. */
static int update_refused(const struct docs *d, struct str id)
{
	int change = admits(d, id, MAY_CHANGE, VERB_CHANGE);
	int delete = change ? 0 : admits(d, id, MAY_DELETE, VERB_CHANGE);
	if (change < 0 || delete < 0)
		return d->db->fault->err;
	if (change)
		return db_fail(d->db, ERR_CONFLICT, "The row of %s has changed in the meantime.", d->collection->name);
	return delete ? db_fail(d->db, ERR_DENIED, "You may delete this row but not change it.") :
			scope_denied(d->db, d->scope, "change this row");
}

static struct stmt *update_prepare(const struct docs *d, struct str id)
{
	return one(d, "UPDATE docs AS d SET body = :body, updated = :now, rev = rev + 1, " SLOT_SETS, MAY_CHANGE, VERB_CHANGE,
		   " AND (:rev = 0 OR d.rev = :rev)", id);
}

static int update(const struct docs *d, struct row *r, struct str body, int64_t rev)
{
	struct slot slot[SLOTS];
	int n = slots_of(d, slot);
	struct stmt *s = n < 0 ? NULL : update_prepare(d, r->id);
	if (!s)
		return d->db->fault->err;
	int64_t grown = (int64_t)body.n - (int64_t)r->body.n;
	r->body = body;
	r->updated = MAX(now_ms(), r->updated);
	r->rev++;
	stmt_bind_str(s, ":body", body);
	stmt_bind_int(s, ":now", r->updated);
	stmt_bind_int(s, ":rev", rev);
	slots_bind(s, slot, n, r);
	int err = slots_written(d->db, d->collection->name, slot, n, stmt_run(s));
	if (!err && !db_changes(d->db))
		err = update_refused(d, r->id);
	return err || !grown ? err : usage_add(d->db, d->scope, grown, 0);
}

static int new_body(const struct docs *d, const struct row *r, struct str changes, bool replace, struct str *body)
{
	struct fields old, new;
	int err = fields_parse(d->arena, changes, &new, d->db->fault);
	if (!err && !replace && !(err = fields_parse(d->arena, r->body, &old, d->db->fault)))
		err = fields_merge(d->arena, &old, &new, d->db->fault);
	return err ? err : body_of(d, replace ? &new : &old, body);
}

int docs_update(const struct docs *d, struct str id, struct str changes, bool replace, int64_t rev, struct buf *out)
{
	struct row r;
	struct str body;
	bool own;
	int err = begin(d, &own);
	if (err)
		return err;
	err = row_need(d, id, &r);
	if (!err)
		err = new_body(d, &r, changes, replace, &body);
	if (!err)
		err = update(d, &r, body, rev);
	err = finish(d, own, err);
	if (!err)
		row_write(out, &r, NULL, 0);
	return err;
}

/* ---- delete ---- */

/* A row that has just gone and everything below it, down the whole chain. A parent's id is unique in its app. */
#define BELOW                                                                                         \
	"WITH RECURSIVE below (collection, id, deep) AS (SELECT :c, :id, 0 UNION ALL "                  \
	"SELECT k.collection, k.id, b.deep + 1 FROM below b CROSS JOIN docs k INDEXED BY docs_parent "   \
	"ON k.app_id = :app AND k.parent = b.id AND k.parent <> '' WHERE b.deep < :deepest) "
#define IN_BELOW "WHERE app_id = :app AND (collection, id) IN (SELECT collection, id FROM below)"

static const char below_size[] =
	BELOW "SELECT ifnull(sum(length(CAST(k.body AS BLOB)) + :cost), 0), count(*) FROM below b CROSS JOIN docs k "
	"INDEXED BY docs_id ON k.app_id = :app AND k.collection = b.collection AND k.id = b.id";
static const char below_shares[] = BELOW "DELETE FROM shares " IN_BELOW;
static const char below_rows[] = BELOW "DELETE FROM docs " IN_BELOW;

/* The files that hang below any of these rows. */
#define BELOW_BLOBS "blobs WHERE app_id = :app AND parent <> '' AND parent IN (SELECT id FROM below)"
static const char blobs_size[] = BELOW "SELECT ifnull(sum(" BLOB_COST " + :cost), 0), count(*) FROM " BELOW_BLOBS;
static const char blobs_bytes[] = BELOW "SELECT ifnull(sum(size), 0), 0 FROM " BELOW_BLOBS;
static const char blobs_release[] =
	BELOW "UPDATE objects SET refs = refs - (SELECT count(*) FROM " BELOW_BLOBS " AND object = hash) "
	"WHERE hash IN (SELECT object FROM " BELOW_BLOBS ")";
static const char blobs_rows[] = BELOW "DELETE FROM " BELOW_BLOBS;

static int below_run(const struct docs *d, const char *sql, struct str id, int64_t *first, int64_t *second)
{
	struct stmt *s = scope_kernel(d->db, d->scope->app_id, sql);
	if (!s)
		return d->db->fault->err;
	stmt_bind_str(s, ":c", str_of(d->collection->name));
	stmt_bind_str(s, ":id", id);
	stmt_bind_int(s, ":cost", ROW_COST);
	stmt_bind_int(s, ":deepest", COLLECTION_DEPTH);
	int row = stmt_row(s);
	if (row == 1) {
		*first += stmt_int(s, 0);
		*second += stmt_int(s, 1);
		stmt_done(s);
	}
	return row < 0 ? -row : 0;
}

static int blobs_below(const struct docs *d, struct str id, struct used *gone)
{
	int64_t none = 0, n = 0;
	int err = below_run(d, blobs_size, id, &gone->bytes, &n);
	gone->rows += n;
	if (err || !n)
		return err;
	err = below_run(d, blobs_bytes, id, &gone->files, &none);
	if (!err)
		err = below_run(d, blobs_release, id, &none, &none);
	if (!err)
		err = below_run(d, blobs_rows, id, &none, &none);
	return err ? err : object_sweep(d->db);
}

static int delete_below(const struct docs *d, struct str id, int64_t bytes)
{
	struct used gone = {.bytes = bytes, .rows = 1};
	int64_t none = 0;
	int err = below_run(d, below_size, id, &gone.bytes, &gone.rows);
	if (!err)
		err = blobs_below(d, id, &gone);
	if (!err)
		err = below_run(d, below_shares, id, &none, &none);
	int64_t shares = err ? 0 : db_changes(d->db);
	if (!err)
		err = below_run(d, below_rows, id, &none, &none);
	gone.bytes += shares * ROW_COST;
	gone.rows += shares;
	return err ? err : usage_change(d->db, d->scope, (struct used){-gone.bytes, -gone.rows, -gone.files});
}

static int delete(const struct docs *d, struct str id)
{
	struct row r;
	int err = row_need(d, id, &r);
	struct stmt *s = err ? NULL : one(d, "DELETE FROM docs AS d", MAY_DELETE, VERB_CHANGE, "", id);
	if (!s)
		return err ? err : d->db->fault->err;
	err = stmt_run(s);
	if (!err && !db_changes(d->db))
		return scope_denied(d->db, d->scope, "delete this row");
	return err ? err : delete_below(d, id, (int64_t)r.body.n + ROW_COST);
}

static int delete_once(const struct docs *d, struct str id)
{
	bool own;
	int err = begin(d, &own);
	return err ? err : finish(d, own, delete(d, id));
}

int docs_delete(const struct docs *d, struct str id)
{
	int err = delete_once(d, id);
	return db_make_room(d->db, err) ? delete_once(d, id) : err;
}

/* ---- shares ---- */

static const char *const levels[] = {[VERB_READ] = "read", [VERB_ADD] = "add", [VERB_CHANGE] = "change"};

int share_level(struct str word)
{
	for (int i = VERB_READ; i <= VERB_CHANGE; i++)
		if (str_is(word, levels[i]))
			return i;
	return 0;
}

static int owner_need(const struct docs *d, struct str id)
{
	int own = admits(d, id, MAY_OWN, VERB_READ);
	int read = own ? own : admits(d, id, MAY_READ, VERB_READ);
	if (own < 0 || read < 0)
		return d->db->fault->err;
	if (!read)
		return not_found(d, id);
	return own ? 0 : db_fail(d->db, ERR_DENIED, "Only the owner of a row may share it.");
}

/* One share taken away or put; how many rows of shares that were, or -ERR_*. */
static int64_t share_run(const struct docs *d, struct stmt *s, struct str who, int level)
{
	if (!s)
		return -d->db->fault->err;
	stmt_bind_str(s, ":to", who);
	stmt_bind_int(s, ":as", level);
	int err = stmt_run(s);
	return err ? -err : db_changes(d->db);
}

static int share(const struct docs *d, struct str id, struct str who, int level)
{
	static const char take[] = "DELETE FROM shares AS s WHERE s.app_id = :app AND s.collection = :c0 AND s.id = :id "
				   "AND s.who = :to AND EXISTS (SELECT 1 FROM docs d";
	static const char give[] = "INSERT INTO shares (app_id, collection, id, who, level) "
				   "SELECT :app, :c0, d.id, :to, :as FROM docs d";
	int64_t gone = share_run(d, one(d, take, MAY_OWN, VERB_READ, ")", id), who, level), put = 0;
	if (gone >= 0 && level)
		put = share_run(d, one(d, give, MAY_OWN, VERB_READ, "", id), who, level);
	if (gone < 0 || put < 0)
		return (int)-MIN(gone, put);
	return put == gone ? 0 : usage_add(d->db, d->scope, (put - gone) * ROW_COST, put - gone);
}

int docs_share(const struct docs *d, struct str id, struct str who, int level)
{
	bool own;
	int err = begin(d, &own);
	if (err)
		return err;
	err = owner_need(d, id);
	return finish(d, own, err ? err : share(d, id, who, level));
}

int docs_shares(const struct docs *d, struct str id, struct buf *out)
{
	static const char list[] = "SELECT s.who, s.level FROM docs d "
				   "JOIN shares s ON s.app_id = :app AND s.collection = :c0 AND s.id = d.id";
	int err = owner_need(d, id);
	struct stmt *s = err ? NULL : one(d, list, MAY_OWN, VERB_READ, " ORDER BY s.who", id);
	if (!s)
		return err ? err : d->db->fault->err;
	struct out o = OUT(out);
	int row;
	out_array(&o);
	while ((row = stmt_row(s)) == 1) {
		out_object(&o);
		out_kstr(&o, "who", stmt_str(s, 0));
		out_kcstr(&o, "level", levels[stmt_int(s, 1)]);
		out_end(&o);
	}
	out_end(&o);
	return -row;
}
