#include <errno.h>

#include "base/log.h"
#include "store/conn.h"

static const struct {
	int id, value;
} limits[] = {
	{SQLITE_LIMIT_LENGTH, (int)(MIB + 64 * KIB)}, /* a chunk of 1 MiB and its columns */
	{SQLITE_LIMIT_SQL_LENGTH, (int)(64 * KIB)},
	{SQLITE_LIMIT_COLUMN, 64},
	{SQLITE_LIMIT_EXPR_DEPTH, 100},
	{SQLITE_LIMIT_COMPOUND_SELECT, 8},
	{SQLITE_LIMIT_VDBE_OP, 25000},
	{SQLITE_LIMIT_FUNCTION_ARG, 16},
	{SQLITE_LIMIT_ATTACHED, 0},
	{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 128},
	{SQLITE_LIMIT_VARIABLE_NUMBER, 64},
	{SQLITE_LIMIT_TRIGGER_DEPTH, 4},
	{SQLITE_LIMIT_WORKER_THREADS, 0},
};

static const struct {
	int id, on;
} switches[] = {
	{SQLITE_DBCONFIG_DEFENSIVE, 1},
	{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	{SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1},
};

static int on_commit(void *arg, sqlite3 *sql, const char *schema, int pages)
{
	(void)sql, (void)schema;
	((struct conn *)arg)->wal_pages = pages;
	return SQLITE_OK;
}

static int on_progress(void *arg)
{
	const struct conn *c = arg;
	return c->db && db_read_late(c->db);
}

static int configure(struct db *db)
{
	sqlite3 *sql = db->conn->sql;
	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		sqlite3_db_config(sql, switches[i].id, switches[i].on, NULL);
	sqlite3_extended_result_codes(sql, 1);
	sqlite3_busy_timeout(sql, CONN_BUSY_MS);
	int err = conn_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
				"PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA cache_size = -2048;"
				"PRAGMA journal_size_limit = 67108864"); /* past the bound in db.c the file is longer until the WAL begins anew */
	sqlite3_wal_hook(sql, on_commit, db->conn); /* takes the place of automatic checkpoints */
	sqlite3_progress_handler(sql, 4096, on_progress, db->conn);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		sqlite3_limit(sql, limits[i].id, limits[i].value);
	return err;
}

struct db *conn_borrower(struct store *s, struct fault *f)
{
	struct db *db = xcalloc(1, sizeof *db);
	db->store = s;
	db->fault = f ? f : &db->own;
	return db;
}

void conn_attach(struct db *db, struct conn *c)
{
	db->conn = c;
	c->db = db;
}

struct db *conn_new(struct store *s, struct fault *f)
{
	struct db *db = conn_borrower(s, f);
	struct conn *c = xcalloc(1, sizeof *c);
	c->admit = ADMIT_ALL;
	conn_attach(db, c);
	return db;
}

struct db *conn_open(struct store *s, const char *path, struct fault *f)
{
	struct db *db = conn_new(s, f);
	int rc = sqlite3_open_v2(path, &db->conn->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (rc ? conn_fail(db, rc) : configure(db)) {
		conn_close(db);
		return NULL;
	}
	return db;
}

struct conn *conn_of(struct db *db)
{
	struct conn *c = db->conn;
	c->db = NULL;
	free(db);
	return c;
}

void conn_end(struct conn *c)
{
	stmt_forget(c);
	sqlite3_close_v2(c->sql);
	free(c);
}

void conn_close(struct db *db)
{
	conn_end(conn_of(db));
}

static int err_of(struct db *db, int rc)
{
	switch (rc & 0xFF) {
	case SQLITE_FULL:
		return ERR_DISK_FULL;
	case SQLITE_IOERR:
		return sqlite3_system_errno(db->conn->sql) == ENOSPC ? ERR_DISK_FULL : ERR_INTERNAL;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
		return ERR_CONFLICT;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_UNAVAILABLE;
	case SQLITE_TOOBIG:
		return ERR_TOO_LARGE;
	case SQLITE_INTERRUPT:
		return db->hurried ? ERR_UNAVAILABLE : ERR_BAD_QUERY;
	default:
		return ERR_INTERNAL;
	}
}

/* SQLite's own words go to the log and never to a person: they may contain SQL. After a failed fsync nobody knows what
 * is on disk, and a retry may lie; a fresh process reads the truth. */
int conn_fail(struct db *db, int rc)
{
	if (rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC)
		die("store: fsync failed");
	if ((rc & 0xFF) == SQLITE_NOMEM)
		die("store: out of memory");
	int err = err_of(db, rc);
	if (err == ERR_INTERNAL || err == ERR_CORRUPT)
		log_event(LOG_ERROR, "store.failed", "error",
			  sqlite3_extended_errcode(db->conn->sql) == rc ? sqlite3_errmsg(db->conn->sql) : sqlite3_errstr(rc), NULL);
	fault(db->fault, err, err == ERR_BAD_QUERY ? "The query took too long; narrow it, or declare an index." : NULL);
	if (err != ERR_CONFLICT && err != ERR_TOO_LARGE && err != ERR_BAD_QUERY) { /* those are answers, too */
		db->failed = err;
		db->fault->blind = true;
	}
	return err;
}

int conn_exec(struct db *db, const char *sql)
{
	struct conn *c = db->conn;
	enum admit before = c->admit;
	c->admit = ADMIT_ALL;
	int rc = sqlite3_exec(c->sql, sql, NULL, NULL, NULL);
	c->admit = before;
	return rc ? conn_fail(db, rc) : 0;
}
