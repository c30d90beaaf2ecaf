/* db — connections, statements and transactions on data.db. With its siblings the only owner of <sqlite3.h>.
 *
 * store_open once per process; a db is borrowed for one call, by one thread, and
 * returned. STORE_CONNECTIONS are lent at once, and one more to whoever has the write lock; borrowing waits for one, and for a reader at
 * most: whoever waits to write has none.
 *
 *     struct db *db = db_borrow(store, &r->fault);
 *     if ((err = db_begin(db))) …           // IMMEDIATE, under the write lock of run/lock
 *     err = db_run(db, "UPDATE apps SET state = ? WHERE id = ?", "cs", state, id);
 *     err = err ? db_rollback(db) : db_commit(db);   // both return the error
 *     db_return(db);
 *
 * Nothing above store/ writes SQL. Statements on control tables come through
 * db_prepare; tenant tables (docs, shares, kv, blobs, uploads) are refused there by the
 * authorizer and reachable through store/scope only.
 *
 * Every statement text is a constant or built from constants, and is cached per
 * connection. Errors carry their sentence in the fault given to db_borrow.
 *
 * A read that fails answers what it answers when there is no row, and nobody has to ask which it was. The connection
 * remembers: the transaction it happened in commits nothing, one that would begin behind it does not, and both return the
 * error, once. And the fault is blind from there on: no "there is no such thing" takes the error's place, and no call or request
 * that was answered with it succeeds (gate/). Whoever can do without what could not be read says so: db_forgive.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/arena.h"

#define STORE_CONNECTIONS 4

struct store;
struct db;
struct stmt; /* a prepared statement, owned by its connection's cache */

enum store_mode {
	STORE_SERVE,   /* the schema must be this build's; the default */
	STORE_CREATE,  /* init: make the file and migrate it */
	STORE_MIGRATE, /* run pending migrations forward */
};

/* Opens home/data.db. Refuses a database from a newer Fazt (ERR_FUTURE), one with pending migrations in
 * STORE_SERVE mode, one that is damaged. NULL with the fault set. */
struct store *store_open(const char *home, enum store_mode mode, struct fault *f);
void store_close(struct store *s);
/* Ends the process when data.db or its -shm is no longer the file that was opened. db_begin looks each time; who only reads
 * looks from time to time. */
void store_check(const struct store *s);
void store_durability(struct store *s, bool full); /* does a commit wait for the disk? the default */

struct db *db_borrow(struct store *s, struct fault *f); /* NULL: fault set */
void db_return(struct db *db); /* rolls back what was left open */
struct fault *db_fault(struct db *db);
void db_forgive(struct db *db);
int db_fail(struct db *db, int err, const char *fmt, ...) PRINTF(3, 4);

int db_begin(struct db *db); /* waits for its turn, and others read meanwhile */
/* The same where nobody else writes, and ERR_UNAVAILABLE at once, without a word, where somebody does: for what can as well be noted
 * the next time. */
int db_begin_now(struct db *db);
/* What is written with this connection is for an app whose rows have been through so many migrations (app_row.migrated): from the
 * moment there are more or fewer, or the app is gone, db_begin says ERR_UNAVAILABLE. What code of before wrote would be of before. */
void db_write_for(struct db *db, const char *app_id, int64_t migrated);
int db_commit(struct db *db);
/* The same, without waiting for the disk: for what may be lost with the power, unless something later is there. Nobody is told of it. */
int db_commit_soon(struct db *db);
void db_patient(bool yes); /* may commits of this thread wait a little for others, to reach the disk together (store/sync)? */
int db_rollback(struct db *db); /* keeps and returns the fault's error */
bool db_in_transaction(struct db *db);
/* Copies the WAL back and cuts it off, when nobody reads it just now; how long it is then, in bytes. */
int64_t db_checkpoint(struct db *db);
const char *db_sqlite(void); /* the version of the library */
/* From here to db_leave whatever this thread borrows from the store is this connection, inside the transaction that was
 * begun on it: what others write happens with it or not at all. Their db_begin, db_commit and db_rollback are about their
 * own part. So a call and its row in a run's journal are one (kernel/journal). */
void db_enter(struct db *db);
void db_leave(struct db *db);
/* From here to db_look_end everything read is of one moment, whatever is written meanwhile. Nothing may be written with
 * this connection; inside a transaction, which is of one moment anyway, both do nothing. */
int db_look(struct db *db);
void db_look_end(struct db *db);
/* For writes that only make room: after ERR_DISK_FULL, and outside a transaction, give up the space kept back for this
 * (store/ballast). True: try once more. */
bool db_make_room(struct db *db, int err);

/* Control tables (apps, grants, users, sessions, settings …) changed in this transaction: the epoch is bumped with
 * it. */
void db_touch(struct db *db);
int64_t db_epoch(struct db *db);

/* Binding and reading, by a format with one letter per value:
 *   i int64_t   d double   s struct str   c const char* (NULL: null)   b const void*, size_t   n (null, no value)
 * db_run executes; db_query prepares, binds and leaves the statement before its first row. */
int db_run(struct db *db, const char *sql, const char *fmt, ...);
int64_t db_changes(struct db *db); /* rows changed by the last db_run */
struct stmt *db_query(struct db *db, const char *sql, const char *fmt, ...); /* NULL: fault set */
/* 1 a row, 0 no more (the statement is reset), < 0: -ERR_*. */
int stmt_row(struct stmt *s);
void stmt_done(struct stmt *s); /* when leaving before the last row */
int64_t stmt_int(struct stmt *s, int col);
double stmt_num(struct stmt *s, int col);
struct str stmt_str(struct stmt *s, int col); /* borrowed until the next stmt_row; NULL gives STR_NONE */
char *stmt_dup(struct stmt *s, int col, struct arena *a); /* NUL-terminated copy, NULL for NULL */
bool stmt_null(struct stmt *s, int col);

/* One value, or the default when there is no row, or when it could not be read. */
int64_t db_int(struct db *db, int64_t otherwise, const char *sql, const char *fmt, ...);
char *db_text(struct db *db, struct arena *a, const char *sql, const char *fmt, ...); /* NULL: the same */

/* The bell: some run is due (store/run). db_ring rings it when this transaction has been committed, for every process of
 * the node, store_ring at once; a ring nobody hears costs time, never work. store_await returns at a ring after rung was
 * read, after ms, or for no reason at all. */
void db_ring(struct db *db);
void store_ring(struct store *s);
uint32_t store_rung(struct store *s);
void store_await(struct store *s, uint32_t rung, int64_t ms);

/* The node secret, made at init (32 bytes). */
const unsigned char *store_secret(struct store *s);
const char *store_home(const struct store *s);
/* Which node this is, in hex; another one after a restore (store/backup). NULL: it is older than that. */
char *db_node(struct db *db, struct arena *a);

#endif
