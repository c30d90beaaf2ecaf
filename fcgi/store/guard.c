/* The second wall. Statements on tenant rows are built by store/scope and carry the caller's scope; should any other
 * code ever prepare one, SQLite itself refuses it here. Default-deny: only the actions named below happen, and only on
 * our own tables of the main schema. Names are compared without case, as SQLite resolves them, and only the table a
 * column really belongs to counts: the last argument of the callback is a name the statement may choose
 * (WITH docs AS …).
 */
#include <strings.h>

#include "store/conn.h"

static const char *const tenant[] = {"docs", "shares", "kv", "blobs", "uploads", NULL};
static const char *const beside[] = {"usage", "slots", "objects", "garbage", "held", "runs", NULL}; /* what statements on tenant tables may touch as well */

static bool among(const char *table, const char *const *list)
{
	while (*list && strcasecmp(table, *list))
		list++;
	return *list;
}

/* Not a table of ours: the schema and its shadows, and what only a virtual table can be. */
static bool is_foreign(const char *table)
{
	return !strncasecmp(table, "sqlite_", 7) || !strncasecmp(table, "pragma_", 7) ||
	       !strcasecmp(table, "dbstat") || !strcasecmp(table, "bytecode") || !strcasecmp(table, "tables_used");
}

static int on_table(const struct conn *c, const char *table, const char *schema)
{
	if (!table || is_foreign(table) || (schema && strcasecmp(schema, "main")))
		return SQLITE_DENY;
	bool rows = among(table, tenant);
	if (c->admit == ADMIT_TENANT)
		return rows || among(table, beside) ? SQLITE_OK : SQLITE_DENY;
	return rows ? SQLITE_DENY : SQLITE_OK;
}

static int authorize(void *arg, int action, const char *one, const char *two, const char *schema, const char *by)
{
	const struct conn *c = arg;
	(void)by;
	if (c->admit == ADMIT_ALL)
		return SQLITE_OK;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
	case SQLITE_TRANSACTION:
	case SQLITE_SAVEPOINT:
		return SQLITE_OK;
	case SQLITE_READ:
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return on_table(c, one, schema);
	case SQLITE_FUNCTION:
		return two && strcasecmp(two, "load_extension") ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

void guard_install(struct db *db)
{
	sqlite3_set_authorizer(db->conn->sql, authorize, db->conn);
}
