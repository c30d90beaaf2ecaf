/* Most parts are one statement: a row is what is wrong, in words. They see every table, and read only; they are constants,
 * and answer nobody but the owner's shell.
 */
#include "store/health.h"

#include <stdarg.h>

#include "base/crypt.h"
#include "base/now.h"
#include "store/conn.h"
#include "store/docs.h"
#include "store/object.h"
#include "store/setting.h"
#include "store/usage.h"

struct looking {
	struct db *db;
	health_fn *found;
	void *arg;
	int n;
};

static void found(struct looking *l, const char *fmt, ...) PRINTF(2, 3);
static void found(struct looking *l, const char *fmt, ...)
{
	char text[FAULT_MAX];
	va_list ap;
	if (l->n++ >= HEALTH_MOST)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	l->found(l->arg, text);
}

/* Every row of a statement is a sentence. */
static int look_at(struct looking *l, const char *sql)
{
	struct stmt *s = stmt_get(l->db, sql, ADMIT_ALL);
	int row = s ? 0 : -l->db->fault->err;
	while (s && (row = stmt_row(s)) > 0 && l->n < HEALTH_MOST)
		found(l, "%.*s", STR_FMT(stmt_str(s, 0)));
	if (row > 0)
		stmt_done(s);
	return row < 0 ? -row : 0;
}

static int run(struct db *db, const char *sql)
{
	struct stmt *s = stmt_get(db, sql, ADMIT_ALL);
	return s ? stmt_run(s) : db->fault->err;
}

/* ---- pages ---- */

static int look_pages(struct looking *l)
{
	struct stmt *s = stmt_get(l->db, "PRAGMA integrity_check(20)", ADMIT_ALL);
	int row = s ? 0 : -l->db->fault->err;
	while (s && (row = stmt_row(s)) > 0)
		if (!str_is(stmt_str(s, 0), "ok"))
			found(l, "%.*s", STR_FMT(stmt_str(s, 0)));
	return row < 0 ? -row : 0;
}

/* ---- rows about what is not there ---- */

#define OF_NO_APP(table) "SELECT 'rows of " table " for an app that is not there: ' || app_id FROM " table \
			 " WHERE app_id <> '' AND app_id NOT IN (SELECT id FROM apps) GROUP BY app_id LIMIT 20"

static const char *const dangling[] = {
	"SELECT name || ' points to version ' || version || ', which is not there' FROM apps a WHERE state <> 'removed'"
	" AND NOT EXISTS (SELECT 1 FROM versions v WHERE v.app_id = a.id AND v.version = a.version) LIMIT 20",
	"SELECT 'version ' || v.version || ' of ' || coalesce(a.name, v.app_id) || ' names a package that is not whole' FROM versions v"
	" LEFT JOIN apps a ON a.id = v.app_id LEFT JOIN packages p ON p.hash = v.package"
	" WHERE coalesce(p.nfiles, -1) <> (SELECT count(*) FROM files f WHERE f.package = v.package) LIMIT 20",
	OF_NO_APP("docs"), OF_NO_APP("kv"), OF_NO_APP("blobs"), OF_NO_APP("uploads"), OF_NO_APP("shares"),
	OF_NO_APP("versions"), OF_NO_APP("grants"), OF_NO_APP("hosts"), OF_NO_APP("env"), OF_NO_APP("app_members"),
	OF_NO_APP("snapshots"), OF_NO_APP("sessions"), OF_NO_APP("tokens"), OF_NO_APP("jobs"),
	"SELECT 'sessions of nobody' FROM sessions WHERE user_id NOT IN (SELECT id FROM users) LIMIT 1",
	"SELECT 'a snapshot without its head: ' || app_id FROM snapshot_parts WHERE app_id NOT IN (SELECT app_id FROM snapshots) GROUP BY app_id LIMIT 20",
	"SELECT 'this node has no owner' WHERE NOT EXISTS (SELECT 1 FROM users WHERE role = 3)",
};

/* What gives nobody anything and means nothing without its app. Rows of people stay. */
static const char *const loose[] = {
	"DELETE FROM grants WHERE app_id NOT IN (SELECT id FROM apps)", "DELETE FROM hosts WHERE app_id NOT IN (SELECT id FROM apps)",
	"DELETE FROM env WHERE app_id NOT IN (SELECT id FROM apps)", "DELETE FROM app_members WHERE app_id NOT IN (SELECT id FROM apps)",
	"DELETE FROM sessions WHERE (app_id <> '' AND app_id NOT IN (SELECT id FROM apps)) OR user_id NOT IN (SELECT id FROM users)",
	"DELETE FROM tokens WHERE app_id <> '' AND app_id NOT IN (SELECT id FROM apps)",
	"DELETE FROM jobs WHERE app_id NOT IN (SELECT id FROM apps)",
	"DELETE FROM snapshot_parts WHERE app_id NOT IN (SELECT app_id FROM snapshots)",
};

static int look_dangling(struct looking *l)
{
	int err = 0;
	for (size_t i = 0; !err && i < ARRAY_LEN(dangling); i++)
		err = look_at(l, dangling[i]);
	return err;
}

static int mend_dangling(struct db *db)
{
	int err = 0;
	for (size_t i = 0; !err && i < ARRAY_LEN(loose); i++)
		err = run(db, loose[i]);
	return err;
}

/* ---- counts ---- */

/* All apps with rows or a count, one after the other. */
static int each_app(struct db *db, int (*fn)(struct db *, const char *, void *), void *arg)
{
	struct arena *a = arena_new();
	struct stmt *s = stmt_get(db, "SELECT app_id FROM usage UNION SELECT id FROM apps", ADMIT_ALL);
	int n = 0, row = s ? 0 : -db->fault->err, most = 0;
	char **id = NULL;
	while (s && (row = stmt_row(s)) > 0) {
		if (n == most)
			id = xrealloc(id, (size_t)(most = 2 * most + 64) * sizeof *id);
		id[n++] = stmt_dup(s, 0, a);
	}
	int err = row < 0 ? -row : 0;
	for (int i = 0; !err && i < n; i++)
		err = fn(db, id[i], arg);
	free(id);
	arena_free(a);
	return err;
}

static int look_usage_of(struct db *db, const char *app_id, void *arg)
{
	struct used is, should;
	int err = usage_recount(db, app_id, &is, &should);
	if (!err && memcmp(&is, &should, sizeof is))
		found(arg, "%s is charged for %lld bytes, %lld rows and %lld bytes of files; it has %lld, %lld and %lld", app_id, (long long)is.bytes,
		      (long long)is.rows, (long long)is.files, (long long)should.bytes, (long long)should.rows, (long long)should.files);
	return err;
}

static int look_usage(struct looking *l)
{
	return each_app(l->db, look_usage_of, l);
}

static int mend_usage_of(struct db *db, const char *app_id, void *arg)
{
	(void)arg;
	return docs_recount(db, app_id);
}

static int mend_usage(struct db *db)
{
	return each_app(db, mend_usage_of, NULL);
}

#define COUNTED "WITH named(object) AS (SELECT object FROM files UNION ALL SELECT object FROM blobs UNION ALL SELECT object FROM held UNION ALL " \
		"SELECT object FROM uploads WHERE object IS NOT NULL), counted(object, n) AS (SELECT object, count(*) FROM named GROUP BY object) "

static int look_references(struct looking *l)
{
	return look_at(l, COUNTED "SELECT 'object ' || substr(lower(hex(hash)), 1, 16) || ' counts ' || refs || ' references and has ' || coalesce(n, 0) "
		       "FROM objects LEFT JOIN counted ON object = hash WHERE refs <> coalesce(n, 0) LIMIT 20");
}

static int mend_references(struct db *db)
{
	int err = run(db, COUNTED "UPDATE objects SET refs = coalesce((SELECT n FROM counted WHERE object = hash), 0) "
		      "WHERE refs <> coalesce((SELECT n FROM counted WHERE object = hash), 0)");
	return err ? err : object_sweep(db);
}

/* ---- content ---- */

/* Whose it is, as far as that is known. */
static void name_content(struct looking *l, const unsigned char hash[HASH_LEN], const char *what)
{
	static const char whose[] =
		"SELECT a.name || ', ' || f.path FROM files f JOIN versions v ON v.package = f.package JOIN apps a ON a.id = v.app_id WHERE f.object = :hash "
		"UNION ALL SELECT coalesce(a.name, b.app_id) || ', file ' || b.name FROM blobs b LEFT JOIN apps a ON a.id = b.app_id WHERE b.object = :hash "
		"UNION ALL SELECT 'something that is kept for later' LIMIT 1";
	char hex[2 * HASH_LEN + 1];
	crypt_hex(hex, hash, HASH_LEN);
	struct stmt *s = stmt_get(l->db, whose, ADMIT_ALL);
	if (!s)
		return;
	stmt_bind_bytes(s, ":hash", (struct str){(const char *)hash, HASH_LEN});
	if (stmt_row(s) == 1) {
		found(l, "%.*s: %s (%.16s…)", STR_FMT(stmt_str(s, 0)), what, hex);
		stmt_done(s);
	}
}

static int look_object(struct looking *l, const unsigned char hash[HASH_LEN], struct str body, int64_t size)
{
	struct hashing h;
	unsigned char is[HASH_LEN];
	int64_t n = 0;
	struct stmt *s = stmt_get(l->db, "SELECT bytes FROM chunks WHERE object = :body ORDER BY seq", ADMIT_ALL);
	if (!s)
		return l->db->fault->err;
	int row;
	stmt_bind_bytes(s, ":body", body);
	crypt_hash_init(&h);
	while ((row = stmt_row(s)) > 0) {
		crypt_hash_add(&h, stmt_str(s, 0).p, stmt_str(s, 0).n);
		n += (int64_t)stmt_str(s, 0).n;
	}
	crypt_hash_end(&h, is);
	if (!row && n != size)
		name_content(l, hash, "a part of it is missing");
	else if (!row && memcmp(is, hash, HASH_LEN))
		name_content(l, hash, "it is not what was stored");
	return -row;
}

static int look_content(struct looking *l)
{
	int err = look_at(l, COUNTED "SELECT 'content that rows name is not there: ' || substr(lower(hex(object)), 1, 16) FROM counted "
			  "WHERE object NOT IN (SELECT hash FROM objects) LIMIT 20");
	struct stmt *s = err ? NULL : stmt_get(l->db, "SELECT hash, body, size FROM objects", ADMIT_ALL);
	int row = 0;
	while (s && !err && (row = stmt_row(s)) > 0) {
		unsigned char hash[HASH_LEN], body[HASH_LEN];
		if (stmt_str(s, 0).n != HASH_LEN || stmt_str(s, 1).n != HASH_LEN) {
			found(l, "an object has no proper hash");
			continue;
		}
		memcpy(hash, stmt_str(s, 0).p, HASH_LEN);
		memcpy(body, stmt_str(s, 1).p, HASH_LEN);
		err = look_object(l, hash, (struct str){(char *)body, HASH_LEN}, stmt_int(s, 2));
	}
	if (row > 0)
		stmt_done(s);
	return err ? err : -row;
}

#define ORPHANS "FROM chunks WHERE object NOT IN (SELECT body FROM objects) AND object NOT IN (SELECT body FROM uploads) " \
		"AND object NOT IN (SELECT body FROM garbage)"

static int look_orphans(struct looking *l)
{
	return look_at(l, "SELECT 'content that nobody has: ' || substr(lower(hex(object)), 1, 16) || ', ' || sum(length(bytes)) || ' bytes' " ORPHANS
		       " GROUP BY object LIMIT 20");
}

static int mend_orphans(struct db *db)
{
	return run(db, "INSERT INTO garbage (body) SELECT DISTINCT object " ORPHANS);
}

/* ---- settings and moments ---- */

static int look_settings(struct looking *l)
{
	struct stmt *s = stmt_get(l->db, "SELECT key, value FROM settings", ADMIT_ALL);
	int row = s ? 0 : -l->db->fault->err;
	while (s && (row = stmt_row(s)) > 0) {
		int i = setting_find(stmt_str(s, 0));
		if (i >= 0 && !setting_admits((enum setting)i, stmt_str(s, 1)))
			found(l, "\"%.*s\" cannot be \"%.*s\"", STR_FMT(stmt_str(s, 0)), (int)MIN(stmt_str(s, 1).n, (size_t)80), stmt_str(s, 1).p);
	}
	return -row;
}

static int mend_settings(struct db *db)
{
	struct arena *a = arena_new();
	int err = 0;
	for (int i = 0; !err && i < SETTING_COUNT; i++) {
		char *value = db_text(db, a, "SELECT value FROM settings WHERE key = ?", "c", setting_row((enum setting)i)->key);
		if (value && !setting_admits((enum setting)i, str_of(value)))
			err = db_run(db, "DELETE FROM settings WHERE key = ?", "c", setting_row((enum setting)i)->key);
	}
	db_touch(db);
	arena_free(a);
	return err;
}

#define SOON_MS (5 * 60000) /* clocks of two processes may differ by a moment */

static int look_clock(struct looking *l)
{
	char here[25], there[25];
	int64_t now = now_ms();
	int64_t last = db_int(l->db, 0, "SELECT max(coalesce((SELECT max(changed) FROM apps), 0), coalesce((SELECT max(created) FROM tokens), 0), "
			      "coalesce((SELECT max(seen) FROM sessions), 0))", "");
	if (last > now + SOON_MS)
		found(l, "it is %s here, and something was done at %s", now_iso(now, here), now_iso(last, there));
	if (now < 1700000000000)
		found(l, "it is %s here", now_iso(now, here));
	return 0;
}

/* What was given for some time has that time from now on. */
static int mend_clock(struct db *db)
{
	static const char *const texts[] = {
		"UPDATE sessions SET expires = ?1 + max(expires - seen, 0), created = min(created, ?1), seen = ?1 WHERE seen > ?1 + ?2",
		"UPDATE tokens SET expires = ?1 + max(expires - created, 0), created = ?1, seen = min(seen, ?1) WHERE created > ?1 + ?2",
		"UPDATE apps SET changed = ?1, paused = 0 WHERE changed > ?1 + ?2",
		"DELETE FROM codes WHERE expires > ?1 + 691200000 + ?2", /* no link lasts longer than eight days */
		"DELETE FROM throttle WHERE seen > ?1 + ?2",
		"DELETE FROM dev WHERE until > ?1 + 86400000 + ?2",
	};
	int err = 0;
	for (size_t i = 0; !err && i < ARRAY_LEN(texts); i++)
		err = db_run(db, texts[i], "ii", now_ms(), (int64_t)SOON_MS);
	db_touch(db);
	return err;
}

/* ---- all parts ---- */

static const struct {
	int (*look)(struct looking *l);
	int (*mend)(struct db *db);
} parts[] = {
	[HEALTH_PAGES] = {look_pages, NULL},
	[HEALTH_DANGLING] = {look_dangling, mend_dangling},
	[HEALTH_USAGE] = {look_usage, mend_usage},
	[HEALTH_REFERENCES] = {look_references, mend_references},
	[HEALTH_CONTENT] = {look_content, NULL},
	[HEALTH_ORPHANS] = {look_orphans, mend_orphans},
	[HEALTH_SETTINGS] = {look_settings, mend_settings},
	[HEALTH_CLOCK] = {look_clock, mend_clock},
};

/* Everything of one moment: whoever writes meanwhile is not half seen. */
int health_look(struct db *db, enum health part, health_fn *fn, void *arg)
{
	struct looking l = {.db = db, .found = fn, .arg = arg};
	int err = db_look(db);
	if (!err)
		err = parts[part].look(&l);
	db_look_end(db);
	return err;
}

int health_mend(struct db *db, enum health part)
{
	if (!parts[part].mend)
		return db_fail(db, ERR_UNSUPPORTED, "That cannot be mended from here.");
	int err = db_begin(db);
	if (err)
		return err;
	err = parts[part].mend(db);
	return err ? db_rollback(db) : db_commit(db);
}
