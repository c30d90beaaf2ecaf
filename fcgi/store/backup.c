#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/now.h"
#include "base/tree.h"
#include "store/apps.h"
#include "store/audit.h"
#include "store/conn.h"
#include "store/decision.h"
#include "store/health.h"
#include "store/migrate.h"

#define STEP_PAGES 2048 /* 8 MB */

/* ---- files ---- */

static int system_failed(struct fault *f, const char *what, const char *path)
{
	int e = errno;
	int err = e == ENOSPC || e == EDQUOT ? ERR_DISK_FULL : e == ENOENT ? ERR_NOT_FOUND : ERR_DENIED;
	return fault(f, err, "Cannot %s %s: %s", what, path, strerror(e));
}

static int sync_path(const char *path, int flags, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
	int err = fd < 0 || fsync(fd) ? system_failed(f, "write", path) : 0;
	if (fd >= 0)
		close(fd);
	return err;
}

/* The name, once what it stands for is on disk, and itself. */
static int name_it(const char *part, const char *path, struct fault *f)
{
	char folder[4096];
	snprintf(folder, sizeof folder, "%s", path);
	char *slash = strrchr(folder, '/');
	snprintf(slash ? slash + (slash == folder) : folder, 2, "%s", slash ? "" : ".");
	int err = sync_path(part, 0, f);
	if (!err && rename(part, path))
		err = system_failed(f, "write", path);
	return err ? err : sync_path(folder, O_DIRECTORY, f);
}

/* ---- databases that no store has open ---- */

static int sqlite_failed(struct fault *f, sqlite3 *sql, int rc, const char *path)
{
	if ((rc & 0xFF) == SQLITE_FULL || (sql && sqlite3_system_errno(sql) == ENOSPC))
		return fault(f, ERR_DISK_FULL, "There is no room for %s.", path);
	if ((rc & 0xFF) == SQLITE_NOTADB)
		return fault(f, ERR_BAD_SOURCE, "%s is no backup of Fazt.", path);
	if ((rc & 0xFF) == SQLITE_CORRUPT)
		return fault(f, ERR_CORRUPT, "%s is damaged.", path);
	return fault(f, ERR_INTERNAL, "%s: %s", path, sqlite3_errstr(rc));
}

/* As it is, without locks and without a WAL beside it: nobody writes it. */
static struct db *open_still(const char *path, struct fault *f)
{
	struct db *db = conn_new(NULL, f);
	struct buf uri = BUF_INIT;
	buf_adds(&uri, "file:");
	for (const char *p = path; *p; p++)
		buf_addf(&uri, strchr("?#%", *p) ? "%%%02x" : "%c", (unsigned char)*p);
	buf_adds(&uri, "?immutable=1");
	int rc = sqlite3_open_v2(uri.p, &db->conn->sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	buf_release(&uri);
	if (!rc)
		rc = sqlite3_exec(db->conn->sql, "PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	if (!rc)
		return db;
	sqlite_failed(f, db->conn->sql, rc, path);
	conn_close(db);
	return NULL;
}

/* Page by page. Whoever has `from` open in a transaction copies one moment. */
static int copy_pages(sqlite3 *from, sqlite3 *to, struct fault *f, const char *path)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
	int rc = b ? SQLITE_OK : sqlite3_errcode(to);
	while (b && (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)) {
		rc = sqlite3_backup_step(b, STEP_PAGES);
		if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
			sqlite3_sleep(10);
	}
	int last = sqlite3_backup_finish(b);
	rc = rc == SQLITE_DONE ? last : rc;
	return rc ? sqlite_failed(f, to, rc, path) : 0;
}

static int make_file(const char *path, struct fault *f)
{
	(void)unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return system_failed(f, "write", path);
	close(fd);
	return 0;
}

/* note: SQL for the finished copy. It is fsynced later, as a whole, so nothing here need be. */
static int copy_to(sqlite3 *from, const char *path, const char *note, struct fault *f)
{
	sqlite3 *to = NULL;
	int err = make_file(path, f);
	if (err)
		return err;
	int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL);
	if (!rc)
		rc = sqlite3_exec(to, "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY", NULL, NULL, NULL);
	err = rc ? sqlite_failed(f, to, rc, path) : copy_pages(from, to, f, path);
	if (!err && (rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL))) /* one file, wherever it is opened */
		err = sqlite_failed(f, to, rc, path);
	if (!err && (rc = sqlite3_exec(to, note, NULL, NULL, NULL)))
		err = sqlite_failed(f, to, rc, path);
	sqlite3_close_v2(to);
	return err;
}

/* ---- looking ---- */

struct judged {
	struct fault *fault;
	const char *path;
};

static void judge(void *arg, const char *what)
{
	struct judged *j = arg;
	if (!j->fault->err)
		fault(j->fault, ERR_CORRUPT, "%s is damaged: %s.", j->path, what);
}

static int64_t count(struct db *db, const char *sql)
{
	struct stmt *s = stmt_get(db, sql, ADMIT_ALL);
	int64_t n = 0;
	if (s && stmt_row(s) == 1) {
		n = stmt_int(s, 0);
		stmt_done(s);
	}
	return n;
}

static int look_through(struct db *db, const char *path, struct backup *b, struct fault *f)
{
	static const enum health parts[] = {HEALTH_PAGES, HEALTH_DANGLING, HEALTH_REFERENCES, HEALTH_CONTENT};
	struct judged j = {f, path};
	if (!count(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'"))
		return fault(f, ERR_BAD_SOURCE, "%s is no backup of Fazt.", path);
	int err = migrate_check(db);
	b->older = err == ERR_UNAVAILABLE;
	if (b->older)
		fault_clear(f);
	else if (err)
		return err;
	for (size_t i = 0; i < (b->older ? 1 : ARRAY_LEN(parts)); i++)
		if (health_look(db, parts[i], judge, &j) || f->err)
			return f->err;
	b->made = count(db, "SELECT number FROM meta WHERE name = 'backup'");
	b->schema = count(db, "SELECT max(number) FROM migrations");
	b->people = count(db, "SELECT count(*) FROM users");
	b->apps = count(db, "SELECT count(*) FROM apps WHERE state <> 'removed'");
	b->rows = count(db, "SELECT (SELECT count(*) FROM docs) + (SELECT count(*) FROM kv)");
	b->files = count(db, "SELECT count(*) FROM blobs");
	return f->err;
}

int backup_verify(const char *path, struct backup *b, struct fault *f)
{
	struct stat st;
	*b = (struct backup){0};
	if (stat(path, &st))
		return system_failed(f, "read", path);
	if (!S_ISREG(st.st_mode))
		return fault(f, ERR_BAD_SOURCE, "%s is no file.", path);
	b->bytes = st.st_size;
	struct db *db = open_still(path, f);
	if (!db)
		return f->err;
	int err = look_through(db, path, b, f);
	conn_close(db);
	return err;
}

/* ---- making ---- */

static int copy_moment(struct db *db, const char *part)
{
	char note[160];
	snprintf(note, sizeof note, "INSERT INTO meta (name, number) VALUES ('backup', %lld) ON CONFLICT (name) DO UPDATE SET number = excluded.number",
		 (long long)now_ms());
	int err = db_look(db);
	if (!err && !db_int(db, 0, "SELECT 1 FROM meta LIMIT 1", "")) /* the moment begins with the first read */
		err = db->fault->err ? db->fault->err : db_fail(db, ERR_CORRUPT, NULL);
	if (!err)
		err = copy_to(db->conn->sql, part, note, db->fault);
	db_look_end(db);
	return err;
}

int backup_create(struct db *db, const char *path, struct backup *b)
{
	struct buf part = BUF_INIT;
	buf_addf(&part, "%s.part", path);
	int err = copy_moment(db, part.p);
	if (!err)
		err = backup_verify(part.p, b, db->fault);
	if (!err)
		err = name_it(part.p, path, db->fault);
	if (err)
		(void)unlink(part.p);
	buf_release(&part);
	return err;
}

/* ---- restoring ---- */

static int rename_candidate(struct db *db, const char *was, const char *id)
{
	int err = db_run(db, "UPDATE candidates SET id = ? WHERE id = ?", "cc", id, was);
	return err ? err : db_run(db, "UPDATE decisions SET id = ? WHERE id = ?", "cc", id, was);
}

/* Of what was on its way to consent, nothing that was seen of it before holds any more. */
static int ask_anew(struct db *db)
{
	struct arena *a = arena_new();
	struct candidate *list;
	int n = candidate_rows(db, a, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		char id[ID_LEN + 1];
		id_new(id);
		if (!strcmp(list[i].state, "fetching"))
			err = candidate_failed(db, list[i].id, "stale", "This node was restored meanwhile; fetch it again.");
		else if (strcmp(list[i].state, "installed") && !*list[i].asked_by) /* runs wait for those by their ids */
			err = rename_candidate(db, list[i].id, id);
	}
	arena_free(a);
	return err;
}

static int make_anew(struct db *db)
{
	static const char *const texts[] = {
		"DELETE FROM sessions", "DELETE FROM codes", "DELETE FROM tokens", "DELETE FROM topic_access", "DELETE FROM topic_tokens", "DELETE FROM throttle", "DELETE FROM dev",
		"UPDATE users SET ver = ver + 1", "UPDATE apps SET paused = 0, rev = rev + 1", "DELETE FROM meta WHERE name = 'backup'",
		"INSERT INTO meta (name, bytes) VALUES ('node', randomblob(16)) ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes",
	};
	int err = db_begin(db);
	if (err)
		return err;
	db_touch(db);
	for (size_t i = 0; !err && i < ARRAY_LEN(texts); i++)
		err = db_run(db, texts[i], "");
	if (!err)
		err = ask_anew(db);
	if (!err)
		err = decision_anew(db);
	if (!err)
		err = audit_add(db, &(struct audit){.actor = "shell", .app_id = "", .action = "backup.restore", .target = ""});
	return err ? db_rollback(db) : db_commit(db);
}

/* Whole in a folder of its own, migrated and made anew there. */
static int prepare(const char *path, const char *staging, struct fault *f)
{
	struct buf data = BUF_INIT;
	struct db *from = open_still(path, f);
	buf_addf(&data, "%s/data.db", staging);
	int err = from ? copy_to(from->conn->sql, data.p, "", f) : f->err;
	if (from)
		conn_close(from);
	struct store *s = err ? NULL : store_open(staging, STORE_MIGRATE, f);
	struct db *db = s ? db_borrow(s, f) : NULL;
	if (db && !make_anew(db))
		conn_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	db_return(db);
	store_close(s);
	buf_release(&data);
	return f->err;
}

static int move_in(const char *staging, const char *home, struct fault *f)
{
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct stat st;
	buf_addf(&from, "%s/data.db-wal", staging);
	int err = !stat(from.p, &st) && st.st_size ? fault(f, ERR_INTERNAL, "%s was not written back.", from.p) : 0;
	buf_clear(&from);
	buf_addf(&from, "%s/data.db", staging);
	buf_addf(&to, "%s/data.db", home);
	if (!err)
		err = name_it(from.p, to.p, f);
	buf_release(&from);
	buf_release(&to);
	return err;
}

/* A WAL without its database would be taken for this one's. */
static int check_empty(const char *home, struct fault *f)
{
	static const char *const names[] = {"data.db", "data.db-wal", "data.db-shm"};
	struct stat st;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char path[4096];
		snprintf(path, sizeof path, "%s/%s", home, names[i]);
		if (!lstat(path, &st))
			return fault(f, ERR_CONFLICT, "There is a database already: %s. Nothing was changed. Restore into another home, or move "
				     "data.db, data.db-wal and data.db-shm away first.", path);
	}
	return 0;
}

int backup_restore(const char *path, const char *home, struct backup *b, struct fault *f)
{
	struct buf staging = BUF_INIT;
	int err = check_empty(home, f);
	if (!err)
		err = backup_verify(path, b, f);
	if (err)
		return err;
	buf_addf(&staging, "%s/restore.part", home);
	tree_remove(AT_FDCWD, staging.p);
	err = mkdir(staging.p, 0700) ? system_failed(f, "make", staging.p) : prepare(path, staging.p, f);
	if (!err)
		err = move_in(staging.p, home, f);
	tree_remove(AT_FDCWD, staging.p);
	buf_release(&staging);
	return err;
}
