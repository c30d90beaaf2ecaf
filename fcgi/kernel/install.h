/* install — from a source to a version that serves: fetch, look, consent, switch.
 *
 *     candidate_begin     a row `fetching`, made by whoever asks             (op_app_fetch)
 *     candidate_fetch     source → package → checks → `ready` or `failed`    (a process of its own, or the shell)
 *     install_consent     `ready` → a version, its grants, the pointer       (op_app_consent)
 *
 * A candidate that is an upgrade is rehearsed before it is ready (kernel/upgrade): its data migrations and its tests run on
 * copies, and whatever fails there makes the candidate fail while the old version serves on.
 *
 * Every step is one SQLite transaction, so that killing any process at any point
 * leaves an app absent or complete. Published files are copies and follow the
 * commit (kernel/publish). An upgrade that asks for nothing more than what serves
 * now needs no second consent: candidate_fetch switches to it. Any other waits as
 * `ready` with its reason, while the old version serves.
 */
#ifndef KERNEL_INSTALL_H
#define KERNEL_INSTALL_H

#include "base/id.h"
#include "kernel/candidate.h"
#include "store/apps.h"

#define PROPOSE "kernel:app.propose" /* the permission to propose versions (kernel/propose) */

/* Whose word it is that installs a candidate, and what was said. */
typedef int install_rows_fn(void *arg, struct db *db, const char *app_id);
struct consent {
	struct str id, hash; /* the hash is that of the package that was shown */
	int npermissions;
	const struct str *permission; /* the high-risk ones that are given ("all": every one) */
	const char *by;
	struct str note;
	install_rows_fn *rows; /* of a new app that brings rows: fills them in, in the transaction that installs it; or NULL */
	void *arg;
};

/* Install a candidate as it was shown. app_id has room for ID_LEN + 1. Again on an installed candidate: 0. ERR_STALE when it
 * is not what was shown, ERR_CONFLICT when the name was taken meanwhile, or whoever proposed it may not any more. */
int install_consent(struct node *n, const struct consent *c, char *app_id, struct fault *f);
/* What must be true while an app's question is answered with yes: the app is there, on, and may ask (permission). */
int install_asker(struct node *n, struct db *db, const char *app_id, const char *permission);

/* A package that was pushed, finished and checked (kernel/push), to become the app of a name. */
struct arrival {
	const struct package *package;
	const char *app;            /* its address */
	const char *source, *origin;
	bool local;
	/* what became of it */
	int64_t version;            /* it serves as this version … */
	char candidate[ID_LEN + 1]; /* … or, not empty: it waits for the owner */
	const char *reason;         /* why, in the arena */
};
/* It serves at once when it asks for nothing more than the version that serves; otherwise it becomes a candidate, in the
 * place of an earlier one from there. */
int install_arrival(struct node *n, struct arrival *w, struct arena *a, struct fault *f);

/* An app that comes with Fazt, from apps/NAME, with everything it asks for; again: brought up to date. */
int install_builtin(struct node *n, const char *name, struct fault *f);

/* A finished package under its manifest's own name, with everything it asks for; again: brought up to date. Its code must
 * load. For nodes where nobody needs to consent. app_id has room for ID_LEN + 1. */
int install_package(struct node *n, const struct package *p, const char *origin, char *app_id, struct fault *f);

/* The version before this one serves again; data: on the rows it had when it stopped. */
int install_rollback(struct node *n, struct str name, bool data, struct fault *f);
/* Its code goes and its name rests; with purge its data goes too, also that of an app removed before. */
int install_remove(struct node *n, struct str name, bool purge, struct fault *f);

#endif
