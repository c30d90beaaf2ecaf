#define _GNU_SOURCE /* pthread_mutex_clocklock */

#include "kernel/push.h"

#include <pthread.h>

#include "base/now.h"

/* A package is held in memory while it is put together: one at a time in a process. Whoever waits longer than that tries
 * again, so that a slow one does not collect threads behind it. */
#define WAIT_S 5
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

static bool take_turn(void)
{
	struct timespec until = mono_at(mono_us() + WAIT_S * 1000000);
	return !pthread_mutex_clocklock(&one, CLOCK_MONOTONIC, &until);
}

/* ---- pieces ---- */

static int keep(struct db *db, const struct push *p)
{
	int err = pieces_reap(db, now_ms() - PIECE_MS);
	for (int i = 0; !err && i < p->npieces; i++)
		err = piece_store(db, p->piece[i].hash, p->piece[i].at, p->piece[i].bytes);
	return err ? err : pieces_bound(db);
}

int push_pieces(struct node *n, const struct push *p, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	if (!err)
		err = keep(db, p);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

static int drop_pieces(struct node *n, const struct push *p, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	for (int i = 0; !err && i < p->nfiles; i++)
		err = pieces_drop(db, p->file[i].hash);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

/* ---- the package ---- */

/* A whole file among the pieces of this very push. */
static bool carried(const struct push *p, const struct push_file *file, struct str *bytes)
{
	unsigned char sum[HASH_LEN];
	for (int i = 0; i < p->npieces; i++) {
		if (p->piece[i].at || memcmp(p->piece[i].hash, file->hash, HASH_LEN))
			continue;
		*bytes = p->piece[i].bytes;
		crypt_hash(sum, bytes->p, bytes->n);
		return !memcmp(sum, file->hash, HASH_LEN);
	}
	return false;
}

static int add_file(struct package *package, struct db *db, struct push *p, const char *app, int i, struct fault *f)
{
	struct str bytes;
	bool found = carried(p, &p->file[i], &bytes);
	int err = found ? 0 : pieces_join(db, package->arena, app, p->file[i].hash, &bytes, &found);
	if (!err && !found)
		p->lacking[p->nlacking++] = p->file[i];
	return err || !found ? err : package_place(package, p->file[i].path, bytes, f);
}

static int assemble(struct node *n, struct package *package, struct push *p, const char *app, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	int err = db ? 0 : f->err;
	for (int i = 0; !err && i < p->nfiles; i++)
		err = add_file(package, db, p, app, i, f);
	if (db)
		db_return(db);
	return err;
}

static int put_together(struct node *n, struct push *p, struct arrival *w, struct arena *a, struct package *package, struct fault *f)
{
	int err = assemble(n, package, p, w->app, f);
	if (err)
		return err;
	if (p->nlacking)
		return p->npieces ? push_pieces(n, p, f) : 0;
	w->package = package;
	err = package_finish(package, false, f);
	if (!err)
		err = package_check(n, package, f);
	if (!err)
		err = install_arrival(n, w, a, f);
	return err ? err : drop_pieces(n, p, f);
}

int push_package(struct node *n, struct push *p, struct arrival *w, struct arena *a, struct fault *f)
{
	if (!package_check)
		return fault(f, ERR_UNSUPPORTED, "this process cannot check code; push with: fazt-admin app dev DIR");
	p->lacking = arena_alloc(a, (size_t)(p->nfiles + 1) * sizeof *p->lacking);
	if (!take_turn())
		return fault(f, ERR_UNAVAILABLE, "another package is being put together; try again in a moment");
	struct package *package = package_new();
	int err = put_together(n, p, w, a, package, f);
	package_free(package);
	pthread_mutex_unlock(&one);
	return err;
}
