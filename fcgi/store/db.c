/* A store is a file, its write lock and at most STORE_CONNECTIONS connections, made when first needed. Invariant: the
 * write lock is held exactly while a connection is inside BEGIN IMMEDIATE, by the thread that borrowed it.
 */
#include <errno.h>
#include <fcntl.h>
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
#include "store/lend.h"
#include "store/lock.h"
#include "store/migrate.h"
#include "store/sync.h"

#define LOCK_WAIT_MS 10000
#define READ_MS 2000          /* a reader must not pin the WAL … */
#define READ_HURRIED_MS 100   /* … and no longer than this when it has to begin anew */
#define HURRY_MS 5000         /* for so long they are asked to, if whoever asked dies */
#define READERS_WAIT_MS 300   /* for those who read something old, while everybody who writes waits */
#define CHECKPOINT_PAGES 1000 /* 4 MB since the last one */
#define RESTART_PAGES 4096    /* 16 MB: while there is a backup, writers wait for it in vain */
#define WAL_PAGES_MAX 16384   /* 64 MB: from here on a writer waits for the readers and starts the WAL anew */

struct store {
	char *home, *path;
	struct lock *lock;
	struct lender lender;
	struct sync sync;
	unsigned char secret[KEY_LEN];
	bool full; /* durable: a commit returns when it is on disk */
	ino_t file, shm; /* which data.db and -shm these are */
};

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
	lend_add(&s->lender, conn_of(db));
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
	lend_init(&s->lender);
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
	lend_free(&s->lender);
	lock_close(s->lock);
	sync_free(&s->sync);
	crypt_wipe(s->secret, sizeof s->secret);
	free(s->home);
	free(s->path);
	free(s);
}

void store_durability(struct store *s, bool full)
{
	__atomic_store_n(&s->full, full, __ATOMIC_RELAXED);
}

void store_ring(struct store *s)
{
	lock_ring(s->lock);
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

static struct conn *open_another(struct store *s, struct fault *f)
{
	struct db *db = conn_open(s, s->path, f);
	if (db) {
		serve(db);
		return conn_of(db);
	}
	lend_give(&s->lender, NULL);
	return NULL;
}

static struct db *take(struct store *s, struct fault *f)
{
	struct conn *c = lend_take(&s->lender, LEND_ANEW);
	if (!c && !(c = open_another(s, f)))
		return NULL;
	struct db *db = conn_borrower(s, f);
	db->lent = true;
	conn_attach(db, c);
	return db;
}

static void give(struct db *db)
{
	struct conn *c = db->conn;
	db->conn = NULL;
	c->db = NULL;
	lend_give(&db->store->lender, c);
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
	db->reading = 0;
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
	struct conn *c = err ? NULL : lend_take(&db->store->lender, LEND_FIRST);
	c = c || err ? c : open_another(db->store, &quiet);
	conn_attach(db, c ? c : lend_take(&db->store->lender, LEND_AGAIN));
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

/* ---- the WAL ---- */

void db_read_begin(struct db *db, int64_t until)
{
	db->reading = mono_ms();
	db->until = until ? MIN(until, db->reading + READ_MS) : db->reading + READ_MS;
	db->hurried = false;
}

/* Who has the write lock keeps the WAL from nothing. */
bool db_read_late(struct db *db)
{
	int64_t now = mono_ms();
	if (!db->reading)
		return false;
	db->hurried |= now - db->reading > READ_HURRIED_MS && !db->locked && lock_hurries(db->store->lock);
	return db->hurried || now > db->until;
}

void db_read_end(struct db *db)
{
	db->reading = 0;
}

/* Readers that follow each other would never all be gone: those of apps make way, first who reads something old, then who came
 * meanwhile. Whoever comes when all is copied back is in nobody's way. */
static void begin_anew(struct db *db, int *log)
{
	struct lock *l = db->store->lock;
	if (lock_take(l, LOCK_WAIT_MS, NULL))
		return;
	lock_hurry(l, HURRY_MS);
	sqlite3_busy_timeout(db->conn->sql, READERS_WAIT_MS);
	sqlite3_wal_checkpoint_v2(db->conn->sql, NULL, SQLITE_CHECKPOINT_RESTART, log, NULL);
	sqlite3_busy_timeout(db->conn->sql, CONN_BUSY_MS);
	lock_hurry(l, 0);
	lock_release(l);
}

/* Readers keep pages of the WAL in use, so it is copied back in passing; only past its bound does a writer wait. */
static void checkpoint(struct db *db)
{
	bool over = db->conn->wal_pages > WAL_PAGES_MAX;
	if (!lock_maintain(db->store->lock, (uint32_t)db->conn->wal_pages, over ? RESTART_PAGES : CHECKPOINT_PAGES))
		return;
	int log = 0;
	sqlite3_wal_checkpoint_v2(db->conn->sql, NULL, SQLITE_CHECKPOINT_PASSIVE, &log, NULL);
	if (over)
		begin_anew(db, &log);
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

/* Whoever waits for the disk has a connection: not the last one, out of patience. */
static void await_disk(struct db *db)
{
	struct store *s = db->store;
	if (__atomic_load_n(&s->full, __ATOMIC_RELAXED))
		sync_wait(&s->sync, db->conn->sql, patient && lend_left(&s->lender));
}

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
	if (wait)
		await_disk(db);
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
