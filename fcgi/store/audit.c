#include "store/audit.h"

#include "base/id.h"
#include "base/now.h"
#include "base/out.h"

#define PRUNE 200 /* rows over the bound that one entry clears away */

#define COLUMNS "id, at, actor, app_id, action, target, result, detail"

static int insert(struct db *db, const struct audit *a)
{
	char id[ID_LEN + 1];
	id_new(id);
	int err = db_run(db, "INSERT INTO audit (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)", "cicccccs", id, now_ms(), a->actor,
			 a->app_id, a->action, a->target, a->err ? err_row(a->err)->code : "ok",
			 a->detail.p ? a->detail : STR("{}"));
	/* ids sort by time: whatever lies behind the bound is oldest */
	if (!err && id[ID_LEN - 1] == '0')
		err = db_run(db, "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id DESC LIMIT ? OFFSET ?)", "ii",
			     (int64_t)PRUNE, (int64_t)AUDIT_ROWS);
	return err;
}

int audit_add(struct db *db, const struct audit *a)
{
	bool own = !db_in_transaction(db);
	int err = own ? db_begin(db) : 0;
	if (err)
		return err;
	err = insert(db, a);
	return !own ? err : err ? db_rollback(db) : db_commit(db);
}

int audit_list(struct db *db, const char *app_id, int limit, struct buf *out)
{
	static const char of_app[] = "SELECT " COLUMNS " FROM audit WHERE app_id = ? ORDER BY id DESC LIMIT ?";
	static const char of_all[] = "SELECT " COLUMNS " FROM audit ORDER BY id DESC LIMIT ?";
	struct stmt *s = app_id ? db_query(db, of_app, "ci", app_id, (int64_t)limit) : db_query(db, of_all, "i", (int64_t)limit);
	static const char *const names[] = {"id", "at", "actor", "app", "action", "target", "result"};
	struct out o = OUT(out);
	int row = s ? 0 : -db_fault(db)->err;
	out_array(&o);
	while (s && (row = stmt_row(s)) == 1) {
		out_object(&o);
		for (int i = 0; i < (int)ARRAY_LEN(names); i++)
			if (i == 1)
				out_kint(&o, names[i], stmt_int(s, i));
			else
				out_kstr(&o, names[i], stmt_str(s, i));
		out_kraw(&o, "detail", stmt_str(s, 7));
		out_end(&o);
	}
	out_end(&o);
	return -row;
}
