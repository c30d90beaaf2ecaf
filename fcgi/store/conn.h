/* conn — a connection from the inside, for the files of store/ only. What others may know is in store/db.h. */
#ifndef STORE_CONN_H
#define STORE_CONN_H

#include <sqlite3.h>

#include "store/db.h"

/* Which tables a statement may touch. It is set while SQLite prepares the statement and while it steps, since SQLite
 * prepares anew inside step when the schema has changed. */
enum admit {
	ADMIT_CONTROL, /* everything but the tenant tables */
	ADMIT_TENANT,  /* store/scope: the tenant tables and their counts, and nothing else */
	ADMIT_ALL,     /* opening, migrating and store/health: DDL, pragmas, everything at once */
};

struct stmt {
	struct conn *conn;
	sqlite3_stmt *sql;
	char *text;
	enum admit admit;
	bool busy;
	int unbound; /* why a value could not be bound: it does not run without it */
	struct stmt *next;
};

#define CACHE_BUCKETS 64
#define CACHE_STATEMENTS 128

/* What SQLite has open. It is lent to a borrower, and is nobody's in between. */
struct conn {
	sqlite3 *sql;
	struct db *db; /* who has it */
	enum admit admit;
	int wal_pages; /* after its last commit */
	struct stmt *cache[CACHE_BUCKETS];
	int cached;
	struct conn *next; /* free list */
};

/* What a borrower has: a connection, which may be another one after it had to wait for the write lock. */
struct db {
	struct store *store;
	struct conn *conn;
	struct fault *fault; /* the borrower's */
	struct fault own;    /* where nobody gave one */
	int failed;          /* what could not be read or written since it was borrowed, or since its transaction began; 0: nothing */
	bool lent;           /* the connection is the store's */
	bool locked, touched;
	bool rings; /* at its commit */
	bool part; /* a transaction inside the one that is held (db_enter) */
	const char *app_id; /* whose rows it writes (db_write_for), or NULL */
	int64_t migrated;
	int64_t reading; /* mono_ms at which a read for an app began (db_read_begin); 0: nobody is in its way */
	int64_t until;   /* … and at which it ends */
	bool hurried;    /* … unless it had to make way before */
};

#define CONN_BUSY_MS 5000 /* for programs that do not know our lock, as a shell on the file */

/* From here to db_read_end it is an app that reads: for two seconds, no longer than whoever asks is there (until, mono_ms; 0: always), and only
 * for a moment when the WAL has to begin anew. db_read_late says that this is over. SQLite asks every few thousand steps, and who
 * looks into rows once in so many bytes (store/match); then it is SQLITE_INTERRUPT, which says whether to try again. */
void db_read_begin(struct db *db, int64_t until);
bool db_read_late(struct db *db);
void db_read_end(struct db *db);

/* A borrower that has no connection yet, and one that is given to it. */
struct db *conn_borrower(struct store *s, struct fault *f);
void conn_attach(struct db *db, struct conn *c);
/* A db with a connection of its own: not open yet, or open, or NULL with the fault set. */
struct db *conn_new(struct store *s, struct fault *f);
struct db *conn_open(struct store *s, const char *path, struct fault *f);
struct conn *conn_of(struct db *db); /* of a db that only opened it: it is nobody's then, and the db is gone */
void conn_close(struct db *db);
void conn_end(struct conn *c);
/* Sets the fault for a failed SQLite call and returns its error. */
int conn_fail(struct db *db, int rc);
/* Runs texts of our own, with the guard down. */
int conn_exec(struct db *db, const char *sql);

/* The guard: SQLite's authorizer, default-deny. */
void guard_install(struct db *db);

struct stmt *stmt_get(struct db *db, const char *sql, enum admit admit); /* NULL: fault set */
void stmt_forget(struct conn *c); /* the whole cache */
void stmt_reset_all(struct db *db);
bool stmt_any_busy(const struct conn *c);

/* Named parameters, for the statements that store/ builds. A name the statement does not have is passed over. */
bool stmt_param(struct stmt *s, const char *name);
void stmt_bind_int(struct stmt *s, const char *name, int64_t v);
void stmt_bind_str(struct stmt *s, const char *name, struct str v);
void stmt_bind_bytes(struct stmt *s, const char *name, struct str v);
void stmt_bind_pointer(struct stmt *s, const char *name, void *p, const char *type);
int stmt_run(struct stmt *s); /* to the end; db_changes tells how many rows */

/* The second kind of scope: the kernel's own work on all rows of one app (purge, backfill, cascades, recounts). Only
 * :app is demanded. For store/ alone; nothing here ever answers a caller. */
struct stmt *scope_kernel(struct db *db, const char *app_id, const char *sql);

#endif
