#include "store/slot.h"

#include "store/docs.h"
#include "store/scope.h"

#define BATCH 500 /* rows filled in one transaction */

int slots_load(struct db *db, struct arena *a, const char *app_id, const char *collection, struct slot list[SLOTS])
{
	struct stmt *q = db_query(db, "SELECT slot, spec, by_owner, usable FROM slots WHERE app_id = ? AND collection = ? "
				      "ORDER BY slot", "cc", app_id, collection);
	int n = 0, row = q ? 0 : -db->fault->err;
	while (q && (row = stmt_row(q)) == 1 && n < SLOTS) {
		struct slot *s = &list[n++];
		*s = (struct slot){.by_owner = stmt_int(q, 2), .usable = stmt_int(q, 3), .text = stmt_dup(q, 1, a)};
		snprintf(s->name, sizeof s->name, "%.*s", STR_FMT(stmt_str(q, 0)));
		s->unique = s->name[0] == 'u';
		if (!key_spec_parse(a, str_of(s->text), &s->spec))
			row = -db_fail(db, ERR_CORRUPT, "The index %s of %s cannot be read.", s->name, collection);
	}
	if (row > 0)
		stmt_done(q);
	return row < 0 ? row : n;
}

static bool complete(const struct slot *s, const struct row *r)
{
	struct buf b = BUF_INIT;
	bool whole = true;
	for (int i = 0; i < s->spec.n && whole; i++) {
		buf_clear(&b);
		key_field(&b, r, str_of(s->spec.field[i].path));
		whole = b.p[0] != KEY_MISSING && b.p[0] != KEY_NULL;
	}
	buf_release(&b);
	return whole;
}

bool slot_key(const struct slot *s, const struct row *r, struct buf *b)
{
	if (s->unique && !complete(s, r))
		return false;
	if (s->by_owner)
		key_str(b, r->owner);
	key_spec(b, &s->spec, r);
	return true;
}

/* ---- declaring ---- */

static const char *canonical(struct arena *a, const struct key_spec *declared)
{
	struct key_spec spec = *declared;
	struct buf b = BUF_INIT;
	for (int i = 0; i < spec.n; i++)
		spec.field[i].desc ^= declared->field[spec.n - 1].desc;
	key_spec_text(&b, &spec);
	const char *text = arena_cstr(a, buf_str(&b));
	buf_release(&b);
	return text;
}

/* What a collection should have. */
static int wanted(struct arena *a, const struct collection *c, struct slot list[SLOTS])
{
	int n = 0;
	for (int i = 0; i < c->nindex; i++)
		list[n++] = (struct slot){.text = canonical(a, &c->index[i])};
	for (int i = 0; i < c->nunique; i++)
		list[n++] = (struct slot){.text = canonical(a, &c->unique[i]), .unique = true};
	for (int i = 0; i < n; i++)
		list[i].by_owner = c->read == WHO_OWNER;
	return n;
}

static bool same(const struct slot *a, const struct slot *b)
{
	return a->unique == b->unique && a->by_owner == b->by_owner && !strcmp(a->text, b->text);
}

static const struct slot *find(const struct slot *s, const struct slot *list, int n)
{
	for (int i = 0; i < n; i++)
		if (same(s, &list[i]))
			return &list[i];
	return NULL;
}

/* A slot nobody declares any more is emptied, so that the next one finds no stale bytes in it. */
static int vacate(struct db *db, const char *app_id, const char *collection, const struct slot *s)
{
	char sql[160];
	snprintf(sql, sizeof sql, "UPDATE docs SET %s = NULL WHERE app_id = :app AND collection = :c AND %s IS NOT NULL", s->name, s->name);
	struct stmt *q = scope_kernel(db, app_id, sql);
	if (!q)
		return db->fault->err;
	stmt_bind_str(q, ":c", str_of(collection));
	int err = stmt_run(q);
	return err ? err : db_run(db, "DELETE FROM slots WHERE app_id = ? AND collection = ? AND slot = ?", "ccc", app_id,
				  collection, s->name);
}

static bool has_rows(struct db *db, const char *app_id, const char *collection)
{
	struct stmt *q = scope_kernel(db, app_id, "SELECT 1 FROM docs WHERE app_id = :app AND collection = :c LIMIT 1");
	if (!q)
		return true;
	stmt_bind_str(q, ":c", str_of(collection));
	bool there = stmt_row(q) == 1;
	stmt_done(q);
	return there;
}

static int assign(struct db *db, const char *app_id, const char *collection, const struct slot *s)
{
	int64_t number = 1;
	char name[3];
	do
		snprintf(name, sizeof name, "%c%c", s->unique ? 'u' : 'k', (char)('0' + number));
	while (db_int(db, 0, "SELECT 1 FROM slots WHERE app_id = ? AND collection = ? AND slot = ?", "ccc", app_id, collection, name) &&
	       ++number <= COLLECTION_INDEXES);
	return db_run(db, "INSERT INTO slots (app_id, collection, slot, spec, by_owner, usable) VALUES (?, ?, ?, ?, ?, ?)", "ccccii",
		      app_id, collection, name, s->text, (int64_t)s->by_owner, (int64_t)!has_rows(db, app_id, collection));
}

static int declare(struct db *db, struct arena *a, const char *app_id, const struct collection *c)
{
	struct slot have[SLOTS], want[SLOTS];
	int nwant = wanted(a, c, want), nhave = slots_load(db, a, app_id, c->name, have), err = nhave < 0 ? -nhave : 0;
	for (int i = 0; i < nhave && !err; i++)
		if (!find(&have[i], want, nwant))
			err = vacate(db, app_id, c->name, &have[i]);
	for (int i = 0; i < nwant && !err; i++)
		if (!find(&want[i], have, nhave) && find(&want[i], want, nwant) == &want[i])
			err = assign(db, app_id, c->name, &want[i]);
	return err;
}

static bool declared(const struct collection *list, int n, struct str name)
{
	for (int i = 0; i < n; i++)
		if (str_is(name, list[i].name))
			return true;
	return false;
}

/* Collections that had indexes and are declared no more. */
static int vacate_others(struct db *db, struct arena *a, const char *app_id, const struct collection *list, int n)
{
	struct stmt *q = db_query(db, "SELECT DISTINCT collection FROM slots WHERE app_id = ?", "c", app_id);
	int row, err = q ? 0 : db->fault->err;
	while (!err && (row = stmt_row(q))) {
		struct collection gone = collection_default(row > 0 ? stmt_dup(q, 0, a) : "");
		err = row < 0 ? -row : declared(list, n, str_of(gone.name)) ? 0 : declare(db, a, app_id, &gone);
	}
	return err;
}

int docs_declare(struct db *db, const char *app_id, const struct collection *list, int n)
{
	struct arena *a = arena_new();
	int err = vacate_others(db, a, app_id, list, n);
	for (int i = 0; i < n && !err; i++)
		err = declare(db, a, app_id, &list[i]);
	arena_free(a);
	return err;
}

/* ---- filling in what was there before ---- */

struct filling {
	struct db *db;
	struct arena *arena;
	const char *app_id, *collection;
	struct slot slot[SLOTS];
	int nslots;
	char last[ID_LEN + 1];
};

static int fill_row(struct filling *f, const struct row *r)
{
	struct buf sql = BUF_INIT, key = BUF_INIT;
	int err = 0;
	for (int i = 0; i < f->nslots && !err; i++) {
		if (f->slot[i].usable)
			continue;
		buf_clear(&sql);
		buf_clear(&key);
		buf_addf(&sql, "UPDATE docs SET %s = :key WHERE app_id = :app AND collection = :c AND id = :id", f->slot[i].name);
		struct stmt *q = scope_kernel(f->db, f->app_id, sql.p);
		if (!q) {
			err = f->db->fault->err;
			break;
		}
		stmt_bind_str(q, ":c", str_of(f->collection));
		stmt_bind_str(q, ":id", r->id);
		stmt_bind_bytes(q, ":key", slot_key(&f->slot[i], r, &key) ? buf_str(&key) : STR_NONE);
		err = stmt_run(q);
		if (err == ERR_CONFLICT)
			db_fail(f->db, err, "Two rows of %s have the same %s, so it cannot be unique.", f->collection, f->slot[i].text);
	}
	buf_release(&sql);
	buf_release(&key);
	return err;
}

/* The rows behind the last one; how many, or -ERR_*. */
static int fill_some(struct filling *f)
{
	struct stmt *q = scope_kernel(f->db, f->app_id, "SELECT id, owner, parent, created, updated, rev, body FROM docs "
				      "WHERE app_id = :app AND collection = :c AND id > :last ORDER BY id LIMIT :n");
	if (!q)
		return -f->db->fault->err;
	stmt_bind_str(q, ":c", str_of(f->collection));
	stmt_bind_str(q, ":last", str_of(f->last));
	stmt_bind_int(q, ":n", BATCH);
	int n = 0, row, err = 0;
	while (!err && (row = stmt_row(q))) {
		struct row r;
		if (row < 0)
			return row;
		docs_row(q, &r);
		snprintf(f->last, sizeof f->last, "%.*s", STR_FMT(r.id));
		err = fill_row(f, &r);
		n++;
	}
	if (err)
		stmt_done(q);
	return err ? -err : n;
}

static int drop_unusable(struct filling *f)
{
	int err = db_begin(f->db);
	for (int i = 0; i < f->nslots && !err; i++)
		if (!f->slot[i].usable)
			err = vacate(f->db, f->app_id, f->collection, &f->slot[i]);
	return err ? db_rollback(f->db) : db_commit(f->db);
}

static int fill(struct filling *f)
{
	for (;;) {
		int err = db_begin(f->db);
		if (err)
			return err;
		int n = fill_some(f);
		if (n >= 0 && n < BATCH)
			n = -db_run(f->db, "UPDATE slots SET usable = 1 WHERE app_id = ? AND collection = ?", "cc", f->app_id, f->collection);
		err = n < 0 ? db_rollback(f->db) : db_commit(f->db);
		if (err || n <= 0)
			return err;
	}
}

static int backfill_one(struct db *db, const char *app_id, const char *collection)
{
	struct filling f = {.db = db, .arena = arena_new(), .app_id = app_id, .collection = collection};
	f.nslots = slots_load(db, f.arena, app_id, collection, f.slot);
	int err = f.nslots < 0 ? -f.nslots : fill(&f);
	if (err == ERR_CONFLICT) {
		struct fault said = *db->fault;
		drop_unusable(&f);
		*db->fault = said;
	}
	arena_free(f.arena);
	return err;
}

int docs_backfill(struct db *db, const char *app_id)
{
	struct arena *a = arena_new();
	int err = 0;
	char *collection;
	while (!err && (collection = db_text(db, a, "SELECT collection FROM slots WHERE app_id = ? AND usable = 0 LIMIT 1", "c", app_id)))
		err = backfill_one(db, app_id, collection);
	arena_free(a);
	return err;
}
