/* A store is a file, its write lock and at most STORE_CONNECTIONS connections, made when first needed. Invariant: the
 * write lock is held exactly while a connection is inside BEGIN IMMEDIATE, by the thread that borrowed it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/now.h"
#include "store/ballast.h"
#include "store/conn.h"
#include "store/find.h"
#include "store/lock.h"
#include "store/migrate.h"
#include "store/sync.h"

#define LOCK_WAIT_MS 10000
#define BUSY_WAIT_MS 5000   /* for programs that do not know our lock, as a shell on the file */
#define READERS_WAIT_MS 50  /* for those who read something old, while everybody who writes waits */
#define WAL_PAGES_MAX 16384 /* 64 MB: from here on a writer waits for the readers and starts the WAL anew */

struct store {
	char *home, *path;
	struct lock *lock;
	unsigned char secret[KEY_LEN];
	struct sync sync;
	bool full; /* durable: a commit returns when it is on disk */
	ino_t file, shm; /* which data.db and -shm these are */
	pthread_mutex_t mutex;
	pthread_cond_t returned, returned_first;
	struct conn *idle;
	int lent;
	bool first; /* the one who has the write lock waits for one, and goes first */
};

/* ---- one connection ---- */

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
	return c->db && c->db->until && mono_ms() > c->db->until;
}

static int configure(struct db *db)
{
	sqlite3 *sql = db->conn->sql;
	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		sqlite3_db_config(sql, switches[i].id, switches[i].on, NULL);
	sqlite3_extended_result_codes(sql, 1);
	sqlite3_busy_timeout(sql, BUSY_WAIT_MS);
	int err = conn_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;"
				"PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA cache_size = -2048");
	sqlite3_wal_hook(sql, on_commit, db->conn); /* takes the place of automatic checkpoints */
	sqlite3_progress_handler(sql, 4096, on_progress, db->conn);
	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		sqlite3_limit(sql, limits[i].id, limits[i].value);
	return err;
}

static struct db *db_new(struct store *s, struct fault *f)
{
	struct db *db = xcalloc(1, sizeof *db);
	db->store = s;
	db->fault = f ? f : &db->own;
	return db;
}

static void attach(struct db *db, struct conn *c)
{
	db->conn = c;
	c->db = db;
}

struct db *conn_new(struct store *s, struct fault *f)
{
	struct db *db = db_new(s, f);
	struct conn *c = xcalloc(1, sizeof *c);
	c->admit = ADMIT_ALL;
	attach(db, c);
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

/* Of a db that only opened it: it is nobody's then. */
static struct conn *conn_of(struct db *db)
{
	struct conn *c = db->conn;
	c->db = NULL;
	free(db);
	return c;
}

static void conn_end(struct conn *c)
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
		return ERR_BAD_QUERY;
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

/* ---- the epoch, repeated in the page of the lock ---- */

static int64_t read_epoch(struct db *db)
{
	return db_int(db, 0, "SELECT number FROM meta WHERE name = 'epoch'", "");
}

/* With the write lock held: nobody else can change what is read here. */
static void note_epoch(struct db *db)
{
	struct fault *f = db->fault, quiet = {0};
	int failed = db->failed;
	db->fault = &quiet;
	lock_note_epoch(db->store->lock, read_epoch(db));
	db->fault = f;
	db->failed = failed;
}

/* The file may be a backup that was put in place: what the page says was said of another. */
static void first_epoch(struct db *db)
{
	lock_note_epoch(db->store->lock, 0);
	if (lock_take(db->store->lock, LOCK_WAIT_MS, NULL))
		return;
	note_epoch(db);
	lock_release(db->store->lock);
}

/* ---- the store ---- */

static int file_make(const char *path, struct fault *f)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fault(f, errno == ENOSPC ? ERR_DISK_FULL : ERR_INTERNAL, "%s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

static int file_there(const char *path, const char *home, struct fault *f)
{
	struct stat st;
	if (!stat(path, &st))
		return 0;
	return fault(f, ERR_NOT_FOUND, "There is no Fazt in %s. Make one with: fazt-admin init --home %s", home, home);
}

static ino_t inode_of(const struct store *s, const char *suffix)
{
	struct stat st;
	char path[4200];
	snprintf(path, sizeof path, "%s%s", s->path, suffix);
	return stat(path, &st) ? 0 : st.st_ino;
}

/* A database that was put in the place of this one, or a -shm that was deleted: others see other locks now, and what is
 * written here would be lost or would damage. A fresh process opens what is there. */
void store_check(const struct store *s)
{
	if (inode_of(s, "") == s->file && inode_of(s, "-shm") == s->shm)
		return;
	log_event(LOG_ERROR, "store.replaced", "path", s->path, NULL);
	log_flush();
	fprintf(stderr, "fazt: %s or its -shm was replaced or removed while it was open\n", s->path);
	_exit(1); /* no fault of this process: nothing to look at in a core */
}

static int secret_load(struct store *s, struct db *db)
{
	struct stmt *q = db_query(db, "SELECT bytes FROM meta WHERE name = 'secret'", "");
	int row = q ? stmt_row(q) : -db->fault->err;
	if (row == 1 && stmt_str(q, 0).n == KEY_LEN)
		memcpy(s->secret, stmt_str(q, 0).p, KEY_LEN);
	else if (row >= 0)
		row = -db_fail(db, ERR_CORRUPT, "The database has lost the secret of this node; restore a backup.");
	if (row == 1)
		stmt_done(q);
	return row < 0 ? -row : 0;
}

static int secret_make(struct db *db)
{
	unsigned char secret[KEY_LEN];
	crypt_random(secret, sizeof secret);
	int err = db_begin(db);
	if (err)
		return err;
	err = db_run(db, "INSERT INTO meta (name, bytes) VALUES ('secret', ?) ON CONFLICT (name) DO NOTHING", "b",
		     (const void *)secret, sizeof secret);
	crypt_wipe(secret, sizeof secret);
	if (!err)
		err = db_run(db, "INSERT INTO meta (name, bytes) VALUES ('node', randomblob(16)) ON CONFLICT (name) DO NOTHING", "");
	return err ? db_rollback(db) : db_commit(db);
}

static int schema_ready(struct store *s, struct db *db, enum store_mode mode)
{
	int err = mode == STORE_SERVE ? migrate_check(db) : migrate_run(db);
	if (!err && mode == STORE_CREATE)
		err = secret_make(db);
	return err ? err : secret_load(s, db);
}

/* From here on a connection serves: the guard is up. */
static void serve(struct db *db)
{
	stmt_forget(db->conn);
	find_functions(db);
	guard_install(db);
	db->conn->admit = ADMIT_CONTROL;
}

static int open_first(struct store *s, enum store_mode mode, struct fault *f)
{
	int err = mode == STORE_CREATE ? file_make(s->path, f) : file_there(s->path, s->home, f);
	if (err || !(s->lock = lock_open(s->home, f)))
		return f->err;
	struct db *db = conn_open(s, s->path, f);
	if (!db)
		return f->err;
	if ((err = schema_ready(s, db, mode))) {
		conn_close(db);
		return err;
	}
	serve(db);
	s->file = inode_of(s, "");
	s->shm = inode_of(s, "-shm");
	ballast_keep(s->home);
	first_epoch(db);
	s->idle = conn_of(db);
	return 0;
}

/* SQLite is told to follow no link at all. The home itself may be reached through one, so that is resolved here. */
static char *database_path(const char *home)
{
	char *folder = realpath(home, NULL);
	struct buf b = BUF_INIT;
	buf_addf(&b, "%s/data.db", folder ? folder : home);
	free(folder);
	return buf_detach(&b, NULL);
}

struct store *store_open(const char *home, enum store_mode mode, struct fault *f)
{
	struct fault here = {0};
	f = f ? f : &here;
	struct store *s = xcalloc(1, sizeof *s);
	s->home = xstrdup(home);
	s->path = database_path(home);
	s->full = true;
	sync_init(&s->sync);
	pthread_mutex_init(&s->mutex, NULL);
	pthread_cond_init(&s->returned, NULL);
	pthread_cond_init(&s->returned_first, NULL);
	if (open_first(s, mode, f)) {
		store_close(s);
		return NULL;
	}
	return s;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	while (s->idle) {
		struct conn *c = s->idle;
		s->idle = c->next;
		conn_end(c);
	}
	lock_close(s->lock);
	sync_free(&s->sync);
	pthread_mutex_destroy(&s->mutex);
	pthread_cond_destroy(&s->returned);
	pthread_cond_destroy(&s->returned_first);
	crypt_wipe(s->secret, sizeof s->secret);
	free(s->home);
	free(s->path);
	free(s);
}

void store_durability(struct store *s, bool full)
{
	__atomic_store_n(&s->full, full, __ATOMIC_RELAXED);
}

uint32_t store_rung(struct store *s)
{
	return lock_rung(s->lock);
}

void db_ring(struct db *db)
{
	db->rings = true;
}

void store_await(struct store *s, uint32_t rung, int64_t ms)
{
	lock_await(s->lock, rung, ms);
}

const unsigned char *store_secret(struct store *s)
{
	return s->secret;
}

const char *store_home(const struct store *s)
{
	return s->home;
}

char *db_node(struct db *db, struct arena *a)
{
	return db_text(db, a, "SELECT lower(hex(bytes)) FROM meta WHERE name = 'node'", "");
}

/* ---- borrowing ---- */

/* How a connection is asked for: by a new borrower; by one that had one before, which is still there, and for whom none is opened, as
 * that can fail; and by such a one while it has the write lock. Everybody waits for that one, who waits for no reader: there is one
 * connection more for it. */
enum asking { ANEW, AGAIN, FIRST };

static bool may_take(const struct store *s, enum asking how)
{
	if (how == FIRST)
		return s->lent <= STORE_CONNECTIONS;
	return !s->first && s->lent < STORE_CONNECTIONS && (how == ANEW || s->idle);
}

/* With the mutex held. Whoever leaves with one wakes the next, while there are more. */
static void wake_next(struct store *s)
{
	if (s->first)
		pthread_cond_signal(&s->returned_first);
	else if (may_take(s, ANEW))
		pthread_cond_signal(&s->returned);
}

static struct conn *take_idle(struct store *s, enum asking how)
{
	pthread_mutex_lock(&s->mutex);
	s->first |= how == FIRST;
	while (!may_take(s, how))
		pthread_cond_wait(how == FIRST ? &s->returned_first : &s->returned, &s->mutex);
	struct conn *c = s->idle;
	if (c)
		s->idle = c->next;
	s->lent++;
	s->first &= how != FIRST;
	wake_next(s);
	pthread_mutex_unlock(&s->mutex);
	return c;
}

static struct conn *open_another(struct store *s, struct fault *f)
{
	struct db *db = conn_open(s, s->path, f);
	if (db) {
		serve(db);
		return conn_of(db);
	}
	pthread_mutex_lock(&s->mutex);
	s->lent--;
	wake_next(s);
	pthread_mutex_unlock(&s->mutex);
	return NULL;
}

static struct db *take(struct store *s, struct fault *f)
{
	struct conn *c = take_idle(s, ANEW);
	if (!c && !(c = open_another(s, f)))
		return NULL;
	struct db *db = db_new(s, f);
	db->lent = true;
	attach(db, c);
	return db;
}

static void give(struct db *db)
{
	struct store *s = db->store;
	struct conn *c = db->conn;
	db->conn = NULL;
	c->db = NULL;
	pthread_mutex_lock(&s->mutex);
	c->next = s->idle;
	s->idle = c;
	s->lent--;
	wake_next(s);
	pthread_mutex_unlock(&s->mutex);
}

/* The connection this thread has entered, and whose fault it was. */
static _Thread_local struct db *held;
static _Thread_local struct fault *held_fault;

void db_enter(struct db *db)
{
	held = db;
	held_fault = db->fault;
}

void db_leave(struct db *db)
{
	db->fault = held_fault;
	held = NULL;
}

struct db *db_borrow(struct store *s, struct fault *f)
{
	struct db *db = held && held->store == s ? held : take(s, f);
	if (!db)
		return NULL;
	db->fault = f ? f : &db->own;
	db->until = 0;
	if (db != held)
		db->failed = fault_blind(db->fault); /* by way of another connection */
	return db;
}

void db_return(struct db *db)
{
	if (!db)
		return;
	if (db == held && db->part)
		db_rollback(db);
	if (db == held) {
		db->fault = held_fault;
		return;
	}
	db->fault = &db->own;
	if (db->locked)
		db_rollback(db);
	db_look_end(db);
	stmt_reset_all(db);
	give(db);
	free(db);
}

struct fault *db_fault(struct db *db)
{
	return db->fault;
}

int db_fail(struct db *db, int err, const char *fmt, ...)
{
	char text[FAULT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return fault(db->fault, err, "%s", text);
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->conn->sql);
}

void db_forgive(struct db *db)
{
	db->failed = 0;
	fault_clear(db->fault);
}

/* ---- transactions ---- */

/* What could not be read was taken for what is not there: nothing may come of it. */
static int failed(struct db *db)
{
	if (db->failed && db->fault->err != db->failed)
		fault(db->fault, db->failed, NULL);
	return db->failed;
}

/* Whoever would begin hears of it once; a part leaves it to the whole. */
static int failed_before(struct db *db)
{
	int err = failed(db);
	if (!db->locked)
		db->failed = 0;
	return err;
}

static void unlock(struct db *db)
{
	db->locked = db->touched = db->rings = false;
	if (!lock_epoch(db->store->lock))
		note_epoch(db);
	lock_release(db->store->lock);
}

/* A part of the transaction that is held: what savepoints are for. */
static int part_begin(struct db *db)
{
	int err = db_run(db, "SAVEPOINT part", "");
	db->part = !err;
	return err;
}

static int part_end(struct db *db, bool keep)
{
	struct fault *f = db->fault, quiet = {0};
	db->part = false;
	if (keep)
		return db_run(db, "RELEASE part", "");
	db->fault = &quiet;
	db_run(db, "ROLLBACK TO part", "");
	db_run(db, "RELEASE part", "");
	db->fault = f;
	db->failed = 0;
	return f->err ? f->err : ERR_INTERNAL;
}

/* Others read meanwhile: whoever waits for the write lock has no connection. */
static int await_lock(struct db *db)
{
	struct lock *l = db->store->lock;
	if (!lock_take(l, 0, NULL))
		return 0;
	if (!db->lent || !sqlite3_get_autocommit(db->conn->sql) || stmt_any_busy(db->conn))
		return lock_take(l, LOCK_WAIT_MS, db->fault);
	give(db);
	struct fault quiet = {0};
	int err = lock_take(l, LOCK_WAIT_MS, db->fault);
	struct conn *c = err ? NULL : take_idle(db->store, FIRST);
	c = c || err ? c : open_another(db->store, &quiet);
	attach(db, c ? c : take_idle(db->store, AGAIN));
	return err;
}

void db_write_for(struct db *db, const char *app_id, int64_t migrated)
{
	db->app_id = app_id;
	db->migrated = migrated;
}

static bool overtaken(struct db *db)
{
	return db->app_id && db->migrated != db_int(db, -1, "SELECT (SELECT count(*) FROM applied WHERE app_id = a.id) FROM apps a "
							  "WHERE id = ? AND state <> 'removed'", "c", db->app_id);
}

/* With the write lock held, which is given back when it fails. */
static int begin(struct db *db)
{
	if (db->store->file)
		store_check(db->store);
	ballast_ease(db->store->home);
	int err = db_run(db, "BEGIN IMMEDIATE", "");
	db->locked = !err;
	if (err) {
		db->failed = 0;
		unlock(db);
	} else if (overtaken(db)) {
		db_fail(db, ERR_UNAVAILABLE, "The app is being upgraded; try again in a moment.");
		err = db_rollback(db);
	}
	return err;
}

int db_begin(struct db *db)
{
	int err = failed_before(db);
	if (!err && db == held && db->locked && !db->part)
		return part_begin(db);
	if (!err && db->locked)
		return db_fail(db, ERR_INTERNAL, "A transaction was begun inside another.");
	if (!err)
		err = await_lock(db);
	return err ? err : begin(db);
}

int db_begin_now(struct db *db)
{
	if (db->locked || lock_take(db->store->lock, 0, NULL))
		return ERR_UNAVAILABLE;
	return begin(db);
}

/* Readers keep pages of the WAL in use, so it is copied back in passing; only past its bound does a writer wait. */
static void checkpoint(struct db *db)
{
	if (!lock_maintain(db->store->lock, (uint32_t)db->conn->wal_pages))
		return;
	int log = 0, done = 0;
	sqlite3 *sql = db->conn->sql;
	bool restart = db->conn->wal_pages > WAL_PAGES_MAX && !lock_take(db->store->lock, LOCK_WAIT_MS, NULL);
	sqlite3_busy_timeout(sql, READERS_WAIT_MS);
	sqlite3_wal_checkpoint_v2(sql, NULL, restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, &log, &done);
	sqlite3_busy_timeout(sql, BUSY_WAIT_MS);
	if (restart)
		lock_release(db->store->lock);
	ballast_keep(db->store->home);
	lock_maintained(db->store->lock, (uint32_t)MAX(log, 0));
}

int64_t db_checkpoint(struct db *db)
{
	int log = 0, done = 0;
	if (lock_take(db->store->lock, LOCK_WAIT_MS, db->fault))
		return -1;
	sqlite3_wal_checkpoint_v2(db->conn->sql, NULL, SQLITE_CHECKPOINT_TRUNCATE, &log, &done);
	lock_release(db->store->lock);
	return log < 0 ? -1 : (int64_t)log * 4096;
}

const char *db_sqlite(void)
{
	return sqlite3_libversion();
}

static _Thread_local bool patient;

static int commit(struct db *db, bool wait)
{
	int err = failed(db);
	if (err)
		return db_rollback(db);
	if (db->part)
		return part_end(db, true);
	if (db->touched)
		lock_note_epoch(db->store->lock, 0);
	if (db->touched)
		err = db_run(db, "UPDATE meta SET number = number + 1 WHERE name = 'epoch'", "");
	if (!err)
		err = db_run(db, "COMMIT", "");
	if (err)
		return db_rollback(db);
	bool rings = db->rings;
	unlock(db);
	if (rings)
		lock_ring(db->store->lock);
	if (wait && __atomic_load_n(&db->store->full, __ATOMIC_RELAXED))
		sync_wait(&db->store->sync, db->conn->sql, patient);
	checkpoint(db);
	return 0;
}

int db_commit(struct db *db)
{
	return commit(db, true);
}

void db_patient(bool yes)
{
	patient = yes;
}

int db_commit_soon(struct db *db)
{
	return commit(db, false);
}

int db_rollback(struct db *db)
{
	if (db->part)
		return part_end(db, false);
	struct fault *f = db->fault, quiet = {0};
	db->fault = &quiet;
	stmt_reset_all(db);
	if (!sqlite3_get_autocommit(db->conn->sql))
		db_run(db, "ROLLBACK", "");
	db->fault = f;
	db->failed = 0;
	if (db->locked)
		unlock(db);
	return f->err ? f->err : ERR_INTERNAL;
}

int db_look(struct db *db)
{
	return db->locked ? 0 : db_run(db, "BEGIN", "");
}

void db_look_end(struct db *db)
{
	struct fault kept = *db->fault;
	int failed = db->failed;
	if (!db->locked && !sqlite3_get_autocommit(db->conn->sql))
		db_rollback(db);
	*db->fault = kept;
	db->failed = failed;
}

bool db_make_room(struct db *db, int err)
{
	bool room = err == ERR_DISK_FULL && !db->locked && ballast_drop(db->store->home);
	if (room)
		db_forgive(db);
	return room;
}

bool db_in_transaction(struct db *db)
{
	return db->locked;
}

void db_touch(struct db *db)
{
	db->touched = true;
}

int64_t db_epoch(struct db *db)
{
	int64_t known = lock_epoch(db->store->lock);
	return known ? known : read_epoch(db);
}
