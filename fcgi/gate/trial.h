/* trial — a throw-away Fazt inside this process: to test an app, to rehearse an upgrade, to look for leaks.
 *
 *     struct trial t;
 *     int err = trial_open(&t, control, NULL, f);       // or trial_beside(&t, node, f)
 *     if (!err)
 *         err = trial_install(&t, package, f);           // its code must load; it gets everything it asks for
 *     … rows may be copied to t.app_id now, with ordinary functions on &t.node …
 *     if (!err)
 *         err = trial_keep(&t, f);                       // trial_again() comes back to this moment
 *     … ordinary functions on &t.node: home_person, req_run, db_borrow …
 *     trial_close(&t);                                  // also after an error
 *
 * It has a home and a database of its own in a new folder, which is gone when the
 * trial ends, however it ends: a child of this process keeps watch and removes the
 * folder when the process closes the trial, fails, or is killed. Commits do not
 * wait for the disk. The clock of the process is the trial's until it closes, so one
 * trial at a time, and only in a process with one thread (fazt-admin, the installer).
 */
#ifndef GATE_TRIAL_H
#define GATE_TRIAL_H

#include <sys/types.h>

#include "base/id.h"
#include "kernel/package.h"

struct trial {
	struct node node;
	char *home;
	char app_id[ID_LEN + 1];    /* of the app that is tried */
	const char *name;           /* its name */
	struct arena *arena;        /* lives as long as the trial */
	int64_t kept_clock;         /* what trial_again puts the clock back to */
	int64_t outside_clock;      /* private, as is all below */
	char *outside_log;
	int guard_fd;
	pid_t guard;
};

/* control: the socket of a zygote that was forked before any database was opened (door/zygote.c). below: the folder to make
 * the home in; NULL: where temporary files go. The owner is called "owner". */
int trial_open(struct trial *t, int control, const char *below, struct fault *f);
/* Beside a node that runs apps itself: with its zygote, and on its disk, since rows may be copied. */
int trial_beside(struct trial *t, const struct node *n, struct fault *f);
void trial_close(struct trial *t);

/* Install p (finished) with all the permissions it asks for. ERR_BAD_PACKAGE when its code does not load. */
int trial_install(struct trial *t, const struct package *p, struct fault *f);

/* From now on the app may store TRIAL_ROOM of rows and keys more than it has, and as much of files: for a trial of what nobody has
 * consented to, on the disk of a node. */
#define TRIAL_ROOM (64 * (int64_t)MIB)
int trial_bound(struct trial *t, struct fault *f);

/* Remember everything: rows, people, clock. Put it all back. What was borrowed from the node is void after either. */
int trial_keep(struct trial *t, struct fault *f);
int trial_again(struct trial *t, struct fault *f);

#endif
