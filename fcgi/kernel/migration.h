/* migration — data migrations of an upgrade: the rows of an app become what its next version expects.
 *
 * A package's files migrations/NNNN-name.lua run once per app, in order of name.
 * Each is given documents of one person at a time and says what they become;
 * owner, id and place stay, none is added or removed. Code of the app never
 * runs while the write lock is held:
 *
 *     err = migration_plan(n, db, a, app, package, &m);     // NULL: there is nothing to do
 *     err = migration_compute(m, progress, arg, f);         // on the rows of one moment, into a file without a name
 *     err = migration_apply(m, db);                         // in the transaction that switches the version
 *     migration_free(m);
 *
 * Rows that changed between the two make apply answer ERR_STALE with moved set:
 * compute again.
 */
#ifndef KERNEL_MIGRATION_H
#define KERNEL_MIGRATION_H

#include <stdio.h>

#include "base/buf.h"
#include "kernel/node.h"
#include "store/apps.h"

#define MIGRATION_FOLDER "migrations/"
#define MIGRATIONS_MAX 200 /* files one upgrade may run */
#define MIGRATED_MAX 500   /* collections they may change */
#define MIGRATE_MS 600000  /* that computing may take: a connection and the moment it looks at are held meanwhile */

struct migration_files {
	const char *app_id, *app_name;
	int n;
	const char **path;
	struct str *text;
};

/* How a cell is asked; set by gate/. NULL in programs without cells. */
struct migrator;
extern const struct migration_cells {
	int (*begin)(struct node *n, const struct migration_files *files, struct migrator **m, struct fault *f);
	/* docs: a JSON list, result: one of as many documents or nulls; collection "": the names the file changes */
	int (*run)(struct migrator *m, const char *path, const char *collection, struct str docs, struct buf *result, struct fault *f);
	void (*end)(struct migrator *m);
} *migration_cells;

struct migration {
	struct node *node;
	struct arena *arena;
	struct migration_files files;
	int64_t rows;    /* looked at */
	int64_t changed; /* of them */
	bool moved;      /* apply found rows that compute had not seen */
	int64_t most;    /* ms that compute may take; MIGRATE_MS unless somebody says otherwise */
	FILE *staged;    /* private from here */
	int ncollections;
	struct migrated *collection;
};

typedef int progress_fn(void *arg, const char *text); /* 0, or an error that ends it */

/* What the rows of app have not been through. app->id names them; app->package may be NULL. */
int migration_plan(struct node *n, struct db *db, const struct app_row *app, const char *package, struct migration **m);
int migration_compute(struct migration *m, progress_fn *progress, void *arg, struct fault *f);
int migration_apply(struct migration *m, struct db *db);
void migration_free(struct migration *m); /* NULL is fine */

/* In that transaction: is m (or NULL) still what there is to do? ERR_STALE when the app was switched meanwhile. */
int migration_current(struct node *n, struct db *db, const struct app_row *app, const char *package, const struct migration *m);
/* Every migration of the package counts as done, in the transaction that switches to it. */
int migration_done(struct db *db, struct arena *a, const char *app_id, const char *package);

#endif
