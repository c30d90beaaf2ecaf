#include "store/usage.h"

#include "store/ballast.h"
#include "store/conn.h"
#include "store/docs.h"

int usage_add(struct db *db, const struct scope *sc, int64_t bytes, int64_t rows)
{
	static const char add[] = "INSERT INTO usage (app_id, bytes, rows) VALUES (?, ?, ?) "
				  "ON CONFLICT (app_id) DO UPDATE SET bytes = max(0, bytes + excluded.bytes), "
				  "rows = max(0, rows + excluded.rows) RETURNING bytes, rows";
	struct stmt *s = db_query(db, add, "cii", sc->app_id, bytes, rows);
	int row = s ? stmt_row(s) : -db->fault->err;
	if (row < 0)
		return -row;
	bool bytes_over = bytes > 0 && stmt_int(s, 0) > sc->max_bytes, rows_over = rows > 0 && stmt_int(s, 1) > sc->max_rows;
	stmt_done(s);
	if (bytes > 0 && !ballast_there(store_home(db->store)))
		return db_fail(db, ERR_DISK_FULL, "The disk is nearly full; delete something, or make room on the machine.");
	if (bytes_over)
		return db_fail(db, ERR_QUOTA_EXCEEDED, "The app has used up its storage of %lld KB.",
			       (long long)(sc->max_bytes / KIB));
	if (rows_over)
		return db_fail(db, ERR_QUOTA_EXCEEDED, "The app has used up its %lld rows and keys.", (long long)sc->max_rows);
	return 0;
}

static int kernel_run(struct db *db, const char *app_id, const char *sql)
{
	struct stmt *s = scope_kernel(db, app_id, sql);
	if (!s)
		return db->fault->err;
	stmt_bind_int(s, ":cost", ROW_COST);
	return stmt_run(s);
}

int docs_recount(struct db *db, const char *app_id)
{
	return kernel_run(db, app_id,
			  "INSERT INTO usage (app_id, bytes, rows) SELECT :app, ifnull(sum(size), 0), count(*) FROM ("
			  "SELECT length(CAST(body AS BLOB)) + :cost AS size FROM docs WHERE app_id = :app UNION ALL "
			  "SELECT length(CAST(value AS BLOB)) + length(CAST(key AS BLOB)) + :cost FROM kv WHERE app_id = :app UNION ALL "
			  "SELECT :cost FROM shares WHERE app_id = :app) WHERE true "
			  "ON CONFLICT (app_id) DO UPDATE SET bytes = excluded.bytes, rows = excluded.rows");
}

static int purge_once(struct db *db, const char *app_id)
{
	static const char *const texts[] = {
		"DELETE FROM shares WHERE app_id = :app", "DELETE FROM docs WHERE app_id = :app",
		"DELETE FROM kv WHERE app_id = :app",     "DELETE FROM slots WHERE app_id = :app",
		"DELETE FROM usage WHERE app_id = :app",
	};
	bool own = !db_in_transaction(db);
	int err = own ? db_begin(db) : 0;
	if (err)
		return err;
	for (size_t i = 0; i < ARRAY_LEN(texts) && !err; i++)
		err = kernel_run(db, app_id, texts[i]);
	return !own ? err : err ? db_rollback(db) : db_commit(db);
}

int docs_purge(struct db *db, const char *app_id)
{
	int err = purge_once(db, app_id);
	return db_make_room(db, err) ? purge_once(db, app_id) : err;
}
