#include "store/slot.h"

#include "base/now.h"
#include "store/docs.h"
#include "store/scope.h"

#define BATCH 500         /* rows filled in one transaction, … */
#define BATCH_MS 20       /* … which takes so long, and one row */
#define SPOT_BYTES MIB    /* of the bodies of a collection that is filled in the transaction that declares */
#define SPOT_MS 200       /* for all of those of an app */

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

bool slot_key(const struct slot *s, const struct row *r, struct buf *b)
{
	if (s->by_owner)
		key_str(b, r->owner);
	return key_spec(b, &s->spec, r) || !s->unique;
}

void slots_bind(struct stmt *s, const struct slot *list, int n, const struct row *r)
{
	struct buf key = BUF_INIT;
	for (int i = 0; i < n; i++) {
		char name[4];
		snprintf(name, sizeof name, ":%s", list[i].name);
		buf_clear(&key);
		if (slot_key(&list[i], r, &key))
			stmt_bind_bytes(s, name, buf_str(&key));
	}
	buf_release(&key);
}

/* SQLite names the column, and the column is a slot. */
int slots_written(struct db *db, const char *collection, const struct slot *list, int n, int err)
{
	const char *said = sqlite3_errmsg(db->conn->sql);
	if (err != ERR_CONFLICT)
		return err;
	for (int i = 0; i < n; i++)
		if (list[i].unique && strstr(said, list[i].name[1] == '1' ? "docs.u1" : "docs.u2"))
			return db_fail(db, err, "Another row of %s has the same %s.", collection, list[i].text);
	return err;
}

/* ---- filling in what was there before ---- */

struct filling {
	struct db *db;
	const char *app_id, *collection;
	const struct slot *slot;
	int nslots;
	char last[ID_LEN + 1]; /* the row up to which they are filled */
	bool more;             /* rows behind it */
};

/* All its slots at once: a row is written whole, whatever changes in it. */
static struct stmt *fill_prepare(const struct filling *f)
{
	struct buf b = BUF_INIT;
	buf_adds(&b, "UPDATE docs SET ");
	for (int i = 0; i < f->nslots; i++)
		buf_addf(&b, "%s%s = :%s", i ? ", " : "", f->slot[i].name, f->slot[i].name);
	buf_adds(&b, " WHERE app_id = :app AND collection = :c AND id = :id");
	struct stmt *q = scope_kernel(f->db, f->app_id, b.p);
	buf_release(&b);
	return q;
}

static int fill_row(const struct filling *f, const struct row *r)
{
	struct stmt *q = fill_prepare(f);
	if (!q)
		return f->db->fault->err;
	stmt_bind_str(q, ":c", str_of(f->collection));
	stmt_bind_str(q, ":id", r->id);
	slots_bind(q, f->slot, f->nslots, r);
	int err = stmt_run(q);
	if (err == ERR_CONFLICT) /* a unique slot is filled alone */
		db_fail(f->db, err, "Two rows of %s have the same %s, so it cannot be unique.", f->collection, f->slot->text);
	return err;
}

/* The next rows, until there are many of them or time is up; f->more tells whether any may follow. */
static int fill_some(struct filling *f)
{
	static const char next[] = "SELECT " ROW_COLUMNS " FROM docs d "
				   "WHERE d.app_id = :app AND d.collection = :c AND d.id > :last ORDER BY d.id";
	struct stmt *q = scope_kernel(f->db, f->app_id, next);
	if (!q)
		return f->db->fault->err;
	stmt_bind_str(q, ":c", str_of(f->collection));
	stmt_bind_str(q, ":last", str_of(f->last));
	int64_t until = mono_ms() + BATCH_MS;
	int n = 0, row = 0, err = 0;
	f->more = false;
	while (!err && !f->more && (row = stmt_row(q)) == 1) {
		struct row r;
		docs_row(q, &r);
		err = fill_row(f, &r);
		snprintf(f->last, sizeof f->last, "%.*s", STR_FMT(r.id));
		f->more = ++n == BATCH || mono_ms() >= until;
	}
	if (row == 1)
		stmt_done(q);
	return err ? err : MAX(-row, 0);
}

static int filled(const struct filling *f)
{
	int err = 0;
	for (int i = 0; i < f->nslots && !err; i++)
		err = db_run(f->db, "UPDATE slots SET usable = 1 WHERE app_id = ? AND collection = ? AND slot = ?", "ccc", f->app_id,
			     f->collection, f->slot[i].name);
	return err;
}

/* All of it in the transaction that is open. */
static int fill_now(struct filling *f)
{
	int err;
	do
		err = fill_some(f);
	while (!err && f->more);
	return err ? err : filled(f);
}

/* A batch to a transaction: writers of other apps get their turn. */
static int fill_gently(struct filling *f)
{
	int err;
	do {
		if ((err = db_begin(f->db)))
			return err;
		err = fill_some(f);
		if (!err && !f->more)
			err = filled(f);
		err = err ? db_rollback(f->db) : db_commit(f->db);
	} while (!err && f->more);
	return err;
}

static int backfill(struct db *db, struct arena *a, const char *app_id, const char *collection)
{
	struct slot have[SLOTS], empty[SLOTS];
	struct filling f = {.db = db, .app_id = app_id, .collection = collection, .slot = empty};
	int n = slots_load(db, a, app_id, collection, have);
	for (int i = 0; i < n; i++)
		if (!have[i].usable)
			empty[f.nslots++] = have[i];
	return n < 0 ? -n : fill_gently(&f);
}

/* The next collection that waits, as "app/collection"; NULL: none. */
static char *waiting(struct db *db, struct arena *a)
{
	return db_text(db, a, "SELECT app_id || '/' || collection FROM slots WHERE usable = 0 LIMIT 1", "");
}

int docs_backfill(struct db *db)
{
	struct arena *a = arena_new();
	char *name;
	int err = 0;
	while (!err && (name = waiting(db, a))) {
		char *slash = strchr(name, '/');
		*slash = 0;
		err = backfill(db, a, name, slash + 1);
	}
	arena_free(a);
	return err;
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
	for (int i = 0; i < n; i++) {
		list[i].by_owner = c->read == WHO_OWNER;
		key_spec_parse(a, str_of(list[i].text), &list[i].spec);
	}
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
	snprintf(sql, sizeof sql, "UPDATE docs SET %.2s = NULL WHERE app_id = :app AND collection = :c AND %.2s IS NOT NULL",
		 s->name, s->name);
	struct stmt *q = scope_kernel(db, app_id, sql);
	if (!q)
		return db->fault->err;
	stmt_bind_str(q, ":c", str_of(collection));
	int err = stmt_run(q);
	return err ? err : db_run(db, "DELETE FROM slots WHERE app_id = ? AND collection = ? AND slot = ?", "ccc", app_id,
				  collection, s->name);
}

/* So few rows, and so little in them, that their slots are filled on the spot. */
static bool is_short(struct db *db, const char *app_id, const char *collection)
{
	static const char some[] = "SELECT length(CAST(body AS BLOB)) FROM docs WHERE app_id = :app AND collection = :c LIMIT :n";
	struct stmt *q = scope_kernel(db, app_id, some);
	if (!q)
		return false;
	stmt_bind_str(q, ":c", str_of(collection));
	stmt_bind_int(q, ":n", BATCH);
	int64_t bytes = 0;
	int n = 0, row;
	while ((row = stmt_row(q)) == 1 && ++n < BATCH && bytes < SPOT_BYTES)
		bytes += stmt_int(q, 0);
	if (row == 1)
		stmt_done(q);
	return !row;
}

static bool taken(struct db *db, const char *app_id, const char *collection, const char *slot)
{
	return db_int(db, 0, "SELECT 1 FROM slots WHERE app_id = ? AND collection = ? AND slot = ?", "ccc", app_id, collection,
		      slot) != 0;
}

/* until: the moment (mono_ms) from which nothing is filled on the spot that need not be. */
static int assign(struct db *db, const char *app_id, const char *collection, struct slot *s, int64_t until)
{
	static const char row[] = "INSERT INTO slots (app_id, collection, slot, spec, by_owner, usable) "
				  "VALUES (?, ?, ?, ?, ?, 0)";
	int number = 0;
	do
		snprintf(s->name, sizeof s->name, "%c%c", s->unique ? 'u' : 'k', (char)('1' + number));
	while (taken(db, app_id, collection, s->name) && ++number < COLLECTION_INDEXES);
	int err = db_run(db, row, "cccci", app_id, collection, s->name, s->text, (int64_t)s->by_owner);
	struct filling f = {.db = db, .app_id = app_id, .collection = collection, .slot = s, .nslots = 1};
	if (err || !(s->unique || (mono_ms() < until && is_short(db, app_id, collection))))
		return err;
	return fill_now(&f);
}

static int declare(struct db *db, struct arena *a, const char *app_id, const struct collection *c, int64_t until)
{
	struct slot have[SLOTS], want[SLOTS];
	int nwant = wanted(a, c, want), nhave = slots_load(db, a, app_id, c->name, have), err = nhave < 0 ? -nhave : 0;
	for (int i = 0; i < nhave && !err; i++)
		if (!find(&have[i], want, nwant))
			err = vacate(db, app_id, c->name, &have[i]);
	for (int i = 0; i < nwant && !err; i++)
		if (!find(&want[i], have, nhave) && find(&want[i], want, nwant) == &want[i])
			err = assign(db, app_id, c->name, &want[i], until);
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
		err = row < 0 ? -row : declared(list, n, str_of(gone.name)) ? 0 : declare(db, a, app_id, &gone, 0);
	}
	return err;
}

int docs_declare(struct db *db, const char *app_id, const struct collection *list, int n)
{
	struct arena *a = arena_new();
	int64_t until = mono_ms() + SPOT_MS;
	int err = vacate_others(db, a, app_id, list, n);
	for (int i = 0; i < n && !err; i++)
		err = declare(db, a, app_id, &list[i], until);
	arena_free(a);
	return err;
}
