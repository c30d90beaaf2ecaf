/* switch — the moment at which a version of an app begins to serve: what every way of installing ends in.
 *
 *     err = switch_transact(node, arena, work, arg, fault);      // work calls switch_make_app, or has the row, and switch_to
 *     if (!err)
 *             switch_follow_up(node, name);
 */
#ifndef KERNEL_SWITCH_H
#define KERNEL_SWITCH_H

#include "kernel/manifest.h"
#include "kernel/node.h"
#include "kernel/upgrade.h"
#include "store/apps.h"

struct switching {
	struct app_row *app;
	const struct manifest *manifest;
	const char *package, *commit;
	int npermissions;
	const struct str *permission;
	struct migration *migration; /* what its rows become, or NULL */
};

/* work in a transaction of its own: committed when it returns 0. */
typedef int switch_work(struct node *n, struct db *db, struct arena *a, void *arg);
int switch_transact(struct node *n, struct arena *a, switch_work *work, void *arg, struct fault *f);

/* Inside a transaction: a new app of this name and origin, or the one that was removed and comes back; sets its id and
 * version. ERR_CONFLICT: the name is taken, or rests. */
int switch_make_app(struct db *db, struct arena *a, struct app_row *app);

/* Inside a transaction: the app's pointer goes to this package, and its grants and rows with it. */
int switch_to(struct node *n, struct db *db, struct arena *a, const struct switching *s);

/* What follows the commit and may be done again at any time: the public files on disk, and the declared indexes of rows that
 * were there before. A failure is in the log and undoes nothing. */
void switch_follow_up(struct node *n, const char *name);

#endif
