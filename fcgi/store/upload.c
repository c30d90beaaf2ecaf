#include "store/upload.h"

#include "base/now.h"
#include "store/conn.h"
#include "store/row.h"
#include "store/usage.h"

#define REAPED 20
#define COLUMNS "id, owner, name, type, length, received, created, body, hashing, object"

static struct str bytes(const void *p, size_t n)
{
	return (struct str){p, n};
}

static int64_t cost(const struct upload *u)
{
	return (int64_t)(u->name.n + u->type.n) + ROW_COST;
}

static void copy(void *to, size_t n, struct str from)
{
	if (from.n == n)
		memcpy(to, from.p, n);
}

static void row_read(struct stmt *s, struct arena *a, struct upload *u)
{
	*u = (struct upload){
		.owner = arena_str(a, stmt_str(s, 1)), .name = arena_str(a, stmt_str(s, 2)), .type = arena_str(a, stmt_str(s, 3)),
		.length = stmt_int(s, 4), .received = stmt_int(s, 5), .created = stmt_int(s, 6), .finished = !stmt_null(s, 9),
	};
	snprintf(u->id, sizeof u->id, "%.*s", STR_FMT(stmt_str(s, 0)));
	copy(u->body, HASH_LEN, stmt_str(s, 7));
	copy(u->hashing.state, HASHING_LEN, stmt_str(s, 8));
	copy(u->object, HASH_LEN, stmt_str(s, 9));
}

/* ---- one transaction around the change ---- */

static int finish(struct db *db, int err)
{
	return err ? db_rollback(db) : db_commit(db);
}

static int create(struct db *db, const struct scope *sc, const struct upload *u)
{
	struct stmt *s = scope_kernel(db, sc->app_id, "INSERT INTO uploads (app_id, id, owner, name, type, length, received, body, hashing, created) "
						      "VALUES (:app, :id, :owner, :name, :type, :length, 0, :body, :hashing, :now)");
	if (!s)
		return db->fault->err;
	stmt_bind_str(s, ":id", str_of(u->id));
	stmt_bind_str(s, ":owner", u->owner);
	stmt_bind_str(s, ":name", u->name.n ? u->name : STR(""));
	stmt_bind_str(s, ":type", u->type.n ? u->type : STR(""));
	stmt_bind_int(s, ":length", u->length);
	stmt_bind_bytes(s, ":body", bytes(u->body, HASH_LEN));
	stmt_bind_bytes(s, ":hashing", bytes(u->hashing.state, HASHING_LEN));
	stmt_bind_int(s, ":now", u->created);
	int err = stmt_run(s);
	return err ? err : usage_change(db, sc, (struct used){cost(u), 1, 0});
}

int upload_create(struct db *db, const struct scope *sc, struct upload *u)
{
	id_new(u->id);
	crypt_random(u->body, sizeof u->body);
	crypt_hash_init(&u->hashing);
	u->created = now_ms();
	u->received = 0;
	u->finished = false;
	int err = db_begin(db);
	return err ? err : finish(db, create(db, sc, u));
}

/* ---- growing ---- */

static int advance(struct db *db, const struct scope *sc, const struct upload *u, const struct upload *next)
{
	struct stmt *s = scope_kernel(db, sc->app_id, "UPDATE uploads SET received = :now, hashing = :hashing, object = :object "
						      "WHERE app_id = :app AND id = :id AND owner = :owner AND received = :before AND object IS NULL");
	if (!s)
		return db->fault->err;
	stmt_bind_str(s, ":id", str_of(u->id));
	stmt_bind_str(s, ":owner", u->owner);
	stmt_bind_int(s, ":before", u->received);
	stmt_bind_int(s, ":now", next->received);
	stmt_bind_bytes(s, ":hashing", bytes(next->hashing.state, HASHING_LEN));
	stmt_bind_bytes(s, ":object", next->finished ? bytes(next->object, HASH_LEN) : STR_NONE);
	int err = stmt_run(s);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_CONFLICT, "Somebody else is sending the same upload, or it was given up.");
	return err;
}

static int save(struct db *db, const struct scope *sc, const struct upload *u, const struct upload *next, struct str window)
{
	int64_t new = next->received - u->received;
	int err = advance(db, sc, u, next);
	if (!err && new)
		err = body_put(db, u->body, u->received / CHUNK_BYTES, window);
	if (!err && next->finished)
		err = object_adopt(db, next->object, u->body, next->received);
	return err || !new ? err : usage_change(db, sc, (struct used){0, 0, new});
}

int upload_save(struct db *db, const struct scope *sc, struct upload *u, struct str window, bool last)
{
	struct upload next = *u;
	size_t there = (size_t)(u->received % CHUNK_BYTES);
	if (window.n > CHUNK_BYTES || window.n < there)
		return db_fail(db, ERR_INTERNAL, "A piece of an upload does not fit.");
	if (window.n > there)
		crypt_hash_add(&next.hashing, window.p + there, window.n - there);
	next.received += (int64_t)(window.n - there);
	next.finished = last;
	if (last)
		crypt_hash_end(&next.hashing, next.object);
	int err = db_begin(db);
	if (!err)
		err = finish(db, save(db, sc, u, &next, window));
	if (!err)
		*u = next;
	return err;
}

int upload_resume(struct db *db, const struct upload *u, char *window, size_t *n)
{
	struct stmt *s;
	struct str part;
	size_t there = (size_t)(u->received % CHUNK_BYTES);
	*n = 0;
	int err = there ? body_chunk(db, u->body, u->received / CHUNK_BYTES, &s, &part) : 0;
	if (err || !there)
		return err;
	if (part.n == there)
		memcpy(window, part.p, *n = there);
	stmt_done(s);
	return *n == there ? 0 : db_fail(db, ERR_CORRUPT, "An upload is not as long as it was.");
}

/* ---- looking, taking, dropping ---- */

int upload_get(struct db *db, const struct scope *sc, struct str owner, struct str id, struct arena *a, struct upload *u)
{
	struct stmt *s = scope_kernel(db, sc->app_id, "SELECT " COLUMNS " FROM uploads WHERE app_id = :app AND id = :id AND owner = :owner");
	if (!s)
		return -db->fault->err;
	stmt_bind_str(s, ":id", id);
	stmt_bind_str(s, ":owner", owner);
	int found = stmt_row(s);
	if (found <= 0)
		return found;
	row_read(s, a, u);
	stmt_done(s);
	return 1;
}

/* The row goes, and what it cost with it. */
static int remove_row(struct db *db, const struct scope *sc, const struct upload *u)
{
	struct stmt *s = scope_kernel(db, sc->app_id, "DELETE FROM uploads WHERE app_id = :app AND id = :id AND owner = :owner");
	if (!s)
		return db->fault->err;
	stmt_bind_str(s, ":id", str_of(u->id));
	stmt_bind_str(s, ":owner", u->owner);
	int err = stmt_run(s);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_NOT_FOUND, "The upload is gone.");
	return err ? err : usage_change(db, sc, (struct used){-cost(u), -1, -u->received});
}

int upload_take(struct db *db, const struct scope *sc, struct str owner, struct str id, struct arena *a, struct upload *u)
{
	int found = upload_get(db, sc, owner, id, a, u);
	if (found < 0)
		return -found;
	if (!found)
		return db_fail(db, ERR_NOT_FOUND, "There is no such upload, or it was taken already.");
	if (!u->finished)
		return db_fail(db, ERR_CONFLICT, "The upload has not arrived whole yet.");
	return remove_row(db, sc, u);
}

static int drop(struct db *db, const struct scope *sc, const struct upload *u)
{
	int err = remove_row(db, sc, u);
	if (!err)
		err = u->finished ? object_release(db, u->object) : body_drop(db, u->body);
	return err ? err : object_sweep(db);
}

int upload_drop(struct db *db, const struct scope *sc, const struct upload *u)
{
	int err = db_begin(db);
	return err ? err : finish(db, drop(db, sc, u));
}

/* ---- many ---- */

/* Up to REAPED uploads of an app, and their number or -ERR_*. */
static int some(struct db *db, const char *app_id, struct str owner, int64_t before, struct arena *a, struct upload list[REAPED])
{
	struct stmt *s = scope_kernel(db, app_id, "SELECT " COLUMNS " FROM uploads WHERE app_id = :app AND created < :before "
						  "AND (:owner IS NULL OR owner = :owner) LIMIT :n");
	int n = 0, row = s ? 0 : -db->fault->err;
	if (!s)
		return row;
	stmt_bind_int(s, ":before", before);
	stmt_bind_str(s, ":owner", owner);
	stmt_bind_int(s, ":n", REAPED);
	while ((row = stmt_row(s)) == 1)
		row_read(s, a, &list[n++]);
	return row < 0 ? row : n;
}

static int drop_some(struct db *db, const struct scope *sc, struct str owner, int64_t before)
{
	struct arena *a = arena_new();
	struct upload *list = arena_alloc(a, REAPED * sizeof *list);
	int n = some(db, sc->app_id, owner, before, a, list);
	for (int i = 0; i < n; i++) {
		int err = upload_drop(db, sc, &list[i]);
		if (err)
			n = -err;
	}
	arena_free(a);
	return n;
}

int upload_drop_all(struct db *db, const struct scope *sc, struct str owner)
{
	int n;
	while ((n = drop_some(db, sc, owner, INT64_MAX)) == REAPED)
		;
	return n < 0 ? -n : 0;
}

bool upload_reap(struct db *db)
{
	struct arena *a = arena_new();
	bool more = false;
	char *last = "";
	while ((last = db_text(db, a, "SELECT id FROM apps WHERE id > ? ORDER BY id LIMIT 1", "c", last))) {
		struct scope sc = scope_app(last);
		more |= drop_some(db, &sc, STR_NONE, now_ms() - UPLOAD_MS) == REAPED;
	}
	arena_free(a);
	return more;
}
