#include "store/limit.h"

#include "store/apps.h"

int limit_each(struct db *db, const char *app_id, limit_fn *fn, void *arg)
{
	struct stmt *s = db_query(db, "SELECT name, value FROM limits WHERE app_id = ?", "c", app_id);
	int row = s ? 0 : -db_fault(db)->err;
	while (s && (row = stmt_row(s)) > 0)
		fn(arg, stmt_str(s, 0), stmt_int(s, 1));
	return -row;
}

int limit_set(struct db *db, const char *app_id, const char *name, int64_t value)
{
	int err = db_run(db, "INSERT INTO limits (app_id, name, value) VALUES (?, ?, ?) "
			 "ON CONFLICT (app_id, name) DO UPDATE SET value = excluded.value",
			 "cci", app_id, name, value);
	return err ? err : app_changed(db, app_id);
}

int limit_clear(struct db *db, const char *app_id, const char *name)
{
	int err = name ? db_run(db, "DELETE FROM limits WHERE app_id = ? AND name = ?", "cc", app_id, name) :
			 db_run(db, "DELETE FROM limits WHERE app_id = ?", "c", app_id);
	return err ? err : app_changed(db, app_id);
}
