#include "store/usage.h"

#include "store/ballast.h"
#include "store/conn.h"
#include "store/blob.h"
#include "store/docs.h"
#include "store/notice.h"
#include "store/object.h"

/* One of the things an app stores: what it has now, how much of that has just been added, and what it may have. */
struct part {
	const char *limit, *what; /* the row of kernel/budget.def, and its name in a sentence */
	int64_t now, by, most;
};

static int past(struct db *db, const struct part *p)
{
	return db_fail(db, ERR_QUOTA_EXCEEDED, "The app has used up its %s: %s is %lld. Delete something, or the owner allows it more: "
		       "fazt-admin app limit APP %s VALUE", p->what, p->limit, (long long)p->most, p->limit);
}

/* Told once, by the write that crosses the line. */
static int warn(struct db *db, const struct scope *sc, const struct part *p)
{
	char body[200];
	snprintf(body, sizeof body, "It has %lld of %lld (%s). When that is used up, writes end with 507.", (long long)p->now, (long long)p->most,
		 p->limit);
	return notice_add(db, NOTICE_LIMIT, sc->app_id, p->limit, "An app has used most of what it may store", body);
}

static bool crossed(const struct part *p)
{
	int64_t line = p->most - p->most / 5; /* 80 % */
	return p->now > line && p->now - p->by <= line;
}

static int weigh(struct db *db, const struct scope *sc, struct used by, struct used now)
{
	const struct part parts[] = {
		{"app.bytes", "storage of rows and keys", now.bytes, by.bytes, sc->max_bytes},
		{"app.rows", "number of rows and keys", now.rows, by.rows, sc->max_rows},
		{"app.files", "room for files", now.files, by.files, sc->max_files},
	};
	int err = 0;
	for (size_t i = 0; i < ARRAY_LEN(parts) && !err; i++) {
		const struct part *p = &parts[i];
		if (p->by > 0 && p->now > p->most)
			err = past(db, p);
		else if (p->by > 0 && crossed(p))
			err = warn(db, sc, p);
	}
	return err;
}

int usage_change(struct db *db, const struct scope *sc, struct used by)
{
	static const char add[] = "INSERT INTO usage (app_id, bytes, rows, files) VALUES (?, ?, ?, ?) "
				  "ON CONFLICT (app_id) DO UPDATE SET bytes = max(0, bytes + excluded.bytes), "
				  "rows = max(0, rows + excluded.rows), files = max(0, files + excluded.files) RETURNING bytes, rows, files";
	struct stmt *s = db_query(db, add, "ciii", sc->app_id, by.bytes, by.rows, by.files);
	int row = s ? stmt_row(s) : -db->fault->err;
	if (row < 0)
		return -row;
	struct used now = {stmt_int(s, 0), stmt_int(s, 1), stmt_int(s, 2)};
	stmt_done(s);
	if ((by.bytes > 0 || by.files > 0) && !ballast_there(store_home(db->store)))
		return db_fail(db, ERR_DISK_FULL, "The disk is nearly full; delete something, or make room on the machine.");
	return weigh(db, sc, by, now);
}

int usage_add(struct db *db, const struct scope *sc, int64_t bytes, int64_t rows)
{
	return usage_change(db, sc, (struct used){bytes, rows, 0});
}

static int kernel_run(struct db *db, const char *app_id, const char *sql)
{
	struct stmt *s = scope_kernel(db, app_id, sql);
	if (!s)
		return db->fault->err;
	stmt_bind_int(s, ":cost", ROW_COST);
	return stmt_run(s);
}

/* What an app's rows come to: bytes, rows, files. */
#define COUNTED \
	"SELECT :app, ifnull(sum(size), 0), count(*), ifnull(sum(file), 0) FROM (" \
	"SELECT length(CAST(body AS BLOB)) + :cost AS size, 0 AS file FROM docs WHERE app_id = :app UNION ALL " \
	"SELECT length(CAST(value AS BLOB)) + length(CAST(key AS BLOB)) + :cost, 0 FROM kv WHERE app_id = :app UNION ALL " \
	"SELECT :cost, 0 FROM shares WHERE app_id = :app UNION ALL " \
	"SELECT bytes, 0 FROM runs WHERE app_id = :app UNION ALL " \
	"SELECT " BLOB_COST " + :cost, size FROM blobs WHERE app_id = :app UNION ALL " \
	"SELECT " BLOB_COST " + :cost, received FROM uploads WHERE app_id = :app) WHERE true"

int docs_recount(struct db *db, const char *app_id)
{
	return kernel_run(db, app_id, "INSERT INTO usage (app_id, bytes, rows, files) " COUNTED
			  " ON CONFLICT (app_id) DO UPDATE SET bytes = excluded.bytes, rows = excluded.rows, files = excluded.files");
}

static int read_used(struct db *db, const char *app_id, const char *sql, struct used *u)
{
	struct stmt *s = scope_kernel(db, app_id, sql);
	*u = (struct used){0};
	if (!s)
		return db->fault->err;
	stmt_bind_int(s, ":cost", ROW_COST);
	int row = stmt_row(s);
	if (row > 0) {
		*u = (struct used){stmt_int(s, 1), stmt_int(s, 2), stmt_int(s, 3)};
		stmt_done(s);
	}
	return row < 0 ? -row : 0;
}

int usage_recount(struct db *db, const char *app_id, struct used *is, struct used *should)
{
	int err = read_used(db, app_id, "SELECT app_id, bytes, rows, files FROM usage WHERE app_id = :app", is);
	return err ? err : read_used(db, app_id, COUNTED, should);
}

static int purge_once(struct db *db, const char *app_id)
{
	static const char *const texts[] = {
		"UPDATE objects SET refs = refs - (SELECT count(*) FROM uploads WHERE app_id = :app AND object = hash)"
		" WHERE hash IN (SELECT object FROM uploads WHERE app_id = :app AND object IS NOT NULL)",
		"INSERT INTO garbage (body) SELECT body FROM uploads WHERE app_id = :app AND object IS NULL ON CONFLICT DO NOTHING",
		"DELETE FROM uploads WHERE app_id = :app", "DELETE FROM shares WHERE app_id = :app",
		"DELETE FROM docs WHERE app_id = :app",    "DELETE FROM kv WHERE app_id = :app",
		"DELETE FROM slots WHERE app_id = :app",   "DELETE FROM usage WHERE app_id = :app",
	};
	bool own = !db_in_transaction(db);
	int err = own ? db_begin(db) : 0;
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_LEN(texts) && !err; i++)
		err = kernel_run(db, app_id, texts[i]);
	if (!err)
		err = blob_clear(db, app_id);
	return !own ? err : err ? db_rollback(db) : db_commit(db);
}

int docs_purge(struct db *db, const char *app_id)
{
	int err = purge_once(db, app_id);
	return db_make_room(db, err) ? purge_once(db, app_id) : err;
}
