/* upgrade — what a new version of an app must get through before it serves, and how its rows come along.
 *
 *     upgrade_rehearse    on a copy: the data migrations on all rows, then the app's own tests; changes nothing
 *     upgrade_switch      the transaction that switches, again and again while rows change in between; in the end with
 *                         the app paused (it answers 503)
 *     upgrade_rows        inside that transaction: snapshot, migrated rows, which migrations are done
 *
 * Whoever is killed leaves the version that served, with its rows, or the new one with its own.
 */
#ifndef KERNEL_UPGRADE_H
#define KERNEL_UPGRADE_H

#include "base/out.h"
#include "kernel/manifest.h"
#include "kernel/migration.h"

/* Why an upgrade of app to this manifest needs the owner, in a sentence, or NULL: it asks for no more. */
const char *upgrade_reason(struct db *db, struct arena *a, const struct app_row *app, const char *origin, const struct manifest *m);
bool upgrade_goes_back(const struct manifest *m, const struct manifest *than); /* to an older version */

/* Run the tests of a package (its t folder) on a copy of the app's rows: members for the open object o, or the first failure.
 * Set by whoever has a trial to run them in; NULL: they are not run. */
typedef int upgrade_test_fn(struct node *n, const struct app_row *app, const char *package, progress_fn *progress, void *arg, struct out *o,
			    struct fault *f);
extern upgrade_test_fn *upgrade_test;

/* *m: the migrations with what they computed, or NULL where there are none. The outcome is written as an object. */
int upgrade_rehearse(struct node *n, const struct app_row *app, const char *package, progress_fn *progress, void *arg, struct out *o,
		     struct migration **m, struct fault *f);
/* Only what is computed, for a package that was rehearsed. */
int upgrade_compute(struct node *n, const struct app_row *app, const char *package, struct migration **m, struct fault *f);

typedef int switch_fn(void *arg); /* one transaction, that calls upgrade_rows */
int upgrade_switch(struct migration *m, progress_fn *progress, void *parg, switch_fn *transaction, void *arg, struct fault *f);

int upgrade_rows(struct node *n, struct db *db, struct arena *a, const struct app_row *app, const char *package, struct migration *m);

#endif
