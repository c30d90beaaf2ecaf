#include "store/host.h"

#include "base/now.h"

const char *host_app(struct db *db, struct arena *a, struct str host)
{
	return db_text(db, a, "SELECT h.app_id FROM hosts h JOIN apps a ON a.id = h.app_id WHERE h.host = ? AND a.state <> 'removed'", "s", host);
}

int hosts_list(struct db *db, struct arena *a, const char *app_id, struct host_row **list)
{
	static const char sql[] = "SELECT h.host, h.app_id, a.name FROM hosts h JOIN apps a ON a.id = h.app_id AND a.state <> 'removed'"
				  " WHERE ?1 = '' OR h.app_id = ?1 ORDER BY h.host";
	int n = 0, row = 0;
	int64_t most = db_int(db, 0, "SELECT count(*) FROM hosts", "");
	*list = arena_alloc(a, (size_t)(most + 1) * sizeof **list);
	struct stmt *s = db_query(db, sql, "c", app_id);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < most)
			(*list)[n++] = (struct host_row){stmt_dup(s, 0, a), stmt_dup(s, 1, a), stmt_dup(s, 2, a)};
	return row < 0 ? row : n;
}

int host_add(struct db *db, const char *app_id, const char *host)
{
	static const char add[] = "INSERT INTO hosts (host, app_id, created) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
	if (db_int(db, 0, "SELECT count(*) FROM hosts WHERE app_id = ?", "c", app_id) >= HOSTS_APP)
		return db_fail(db, ERR_TOO_LARGE, "an app can have at most %d domains of its own", HOSTS_APP);
	int err = db_run(db, add, "cci", host, app_id, now_ms());
	if (err)
		return err;
	if (!db_changes(db))
		return db_fail(db, ERR_CONFLICT, "%s leads to an app already; fazt-admin app domain list says to which", host);
	db_touch(db);
	return 0;
}

int host_remove(struct db *db, const char *app_id, const char *host)
{
	int err = db_run(db, "DELETE FROM hosts WHERE host = ? AND app_id = ?", "cc", host, app_id);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_NOT_FOUND, "%s does not lead to this app", host);
	if (!err)
		db_touch(db);
	return err;
}
