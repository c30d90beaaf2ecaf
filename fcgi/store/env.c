#include "store/env.h"

#include "base/crypt.h"
#include "base/now.h"
#include "store/apps.h"
#include "store/conn.h"

#define CONTEXT 512

static void key_of(struct db *db, const char *app_id, const char *name, const char *host, unsigned char key[KEY_LEN], char context[CONTEXT])
{
	crypt_derive(key, store_secret(db->store), "env");
	snprintf(context, CONTEXT, "%s %s%s%s", app_id, name, *host ? " " : "", host);
}

static struct str opened(struct db *db, struct arena *a, const char *app_id, const char *name, const char *host, struct str sealed)
{
	unsigned char key[KEY_LEN];
	char context[CONTEXT];
	struct buf b = BUF_INIT;
	key_of(db, app_id, name, host, key, context);
	struct str value = crypt_open(&b, key, str_of(context), sealed) ? arena_str(a, buf_str(&b)) : STR_NONE;
	crypt_wipe(key, sizeof key);
	if (b.p)
		crypt_wipe(b.p, b.cap);
	buf_release(&b);
	return value;
}

int env_list(struct db *db, struct arena *a, const char *app_id, struct env_value **list)
{
	int n = 0, row = 0;
	int64_t most = db_int(db, 0, "SELECT count(*) FROM env WHERE app_id = ?", "c", app_id);
	*list = arena_alloc(a, (size_t)(most + 1) * sizeof **list);
	struct stmt *s = db_query(db, "SELECT name, sealed, changed, host FROM env WHERE app_id = ? ORDER BY name", "c", app_id);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < most) {
			struct env_value *v = &(*list)[n++];
			v->name = stmt_dup(s, 0, a);
			v->host = stmt_dup(s, 3, a);
			v->value = opened(db, a, app_id, v->name, v->host, stmt_str(s, 1));
			v->changed = stmt_int(s, 2);
		}
	return row < 0 ? row : n;
}

static int room(struct db *db, const char *app_id, const char *name, size_t bytes)
{
	int64_t others = db_int(db, 0, "SELECT coalesce(sum(length(sealed)), 0) FROM env WHERE app_id = ? AND name <> ?", "cc", app_id, name);
	if (bytes > ENV_VALUE)
		return db_fail(db, ERR_TOO_LARGE, "a value has at most %u KB", ENV_VALUE / KIB);
	if (others + (int64_t)bytes > (int64_t)ENV_TOTAL)
		return db_fail(db, ERR_TOO_LARGE, "all values of an app together have at most %u KB", ENV_TOTAL / KIB);
	return 0;
}

int env_set(struct db *db, const char *app_id, const char *name, const char *host, struct str value)
{
	unsigned char key[KEY_LEN];
	char context[CONTEXT];
	struct buf sealed = BUF_INIT;
	int err = room(db, app_id, name, value.n);
	if (err)
		return err;
	key_of(db, app_id, name, host, key, context);
	crypt_seal(&sealed, key, str_of(context), value);
	crypt_wipe(key, sizeof key);
	err = db_run(db, "INSERT INTO env (app_id, name, sealed, changed, host) VALUES (?, ?, ?, ?, ?) "
		     "ON CONFLICT (app_id, name) DO UPDATE SET sealed = excluded.sealed, changed = excluded.changed, host = excluded.host",
		     "ccbic", app_id, name, sealed.p, sealed.len, now_ms(), host);
	buf_release(&sealed);
	return err ? err : app_changed(db, app_id);
}

int env_unset(struct db *db, const char *app_id, const char *name)
{
	int err = db_run(db, "DELETE FROM env WHERE app_id = ? AND name = ?", "cc", app_id, name);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_NOT_FOUND, "it is not set");
	return err ? err : app_changed(db, app_id);
}
