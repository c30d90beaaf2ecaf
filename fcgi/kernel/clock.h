/* clock — the jobs of apps: made of what the manifest says, and turned into runs when they are due.
 *
 *     err = clock_declare(n, db, a, app_id, manifest)     // when the app's pointer switches
 *     …
 *     while (clock_fire(n, db, now) > 0) …               // gate/runner, when job_next has come
 *
 * Nobody leads. Whoever finds a job due claims it, inserts its run and says when it is due next in one transaction, so every
 * moment has one firing or one row in the ledger that says why not (store/job.h):
 *
 *     off         Fazt did not run (the node was off, or tick was not called) and the job's `catchup` does not make up for it:
 *                 none, but what is late by less than CLOCK_LATE_MS; one, the last; all, the last `most`
 *     overlap     its last run was not over: `overlap` skip. With queue the job waits, with at most `most` firings
 *     suspended   the app was let alone for a while; made up for by the same rule
 *     disabled permission paused    the owner's own wish: never made up for
 *     full        the app had no room for another run
 *
 * A job begins a little behind its moment, by the same time each time, so that not every app begins at once at midnight: up to
 * `jitter`, or without one a hundredth of the time between two firings, CLOCK_SPREAD_MS at most. A job acts as the app.
 */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#include "codec/cron.h"
#include "kernel/manifest.h"
#include "kernel/node.h"

#define CLOCK_LATE_MS 120000
#define CLOCK_SPREAD_MS 30000

/* ERR_BAD_MANIFEST: it wants to be woken more often than the owner lets any app. */
int clock_admits(const struct settings *s, const struct manifest *m, struct fault *f);
/* Inside a transaction: the app's jobs are those of this manifest. */
int clock_declare(struct node *n, struct db *db, struct arena *a, const char *app_id, const struct manifest *m);
/* Inside a transaction: the owner's zone is another one; jobs without one of their own follow. */
int clock_rezone(struct db *db, struct arena *a, const char *zone);
/* Inside a transaction: the wall clock was set back, or may have been. Jobs whose next moment is one that no clock a day ahead of this one
 * would name are due at the one that this clock names; what they did in the days that come again they do again. */
int clock_set_back(struct db *db, struct arena *a, const char *zone, int64_t now);
/* Inside a transaction: one job that is due. 1, 0 none is, or -ERR_*. */
int clock_fire(struct node *n, struct db *db, int64_t now);
/* Inside a transaction: a run of it now, whatever its schedule says. ERR_CONFLICT: it runs, and must not twice. */
int clock_fire_now(struct node *n, struct db *db, struct job *j, char run_id[ID_LEN + 1]);

/* When a job fires: schedule and zone, the owner's where it has none. */
struct timetable {
	struct cron cron;
	struct zone zone;
	const char *zone_name;
};
void clock_timetable(const struct job *j, const char *owners_zone, struct timetable *t);
int64_t clock_next(const struct timetable *t, int64_t after); /* JOB_NEVER */

#endif
