/* job — what apps do by themselves, as rows: the jobs of each app, and the ledger of what came of every moment.
 *
 * `due` is the one thing that makes a job move, as with runs: whoever finds it in the past claims the job and says in the same
 * transaction when it is due again. What a job does then is kernel/clock's. A job that is held is not due; what lets go of it
 * makes it due at once, and whoever claims it finds in `held` why nothing happened meanwhile. Writers are called inside a
 * transaction.
 */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include "base/id.h"
#include "store/db.h"

#define JOB_NEVER INT64_MAX
#define JOB_MOST 100 /* firings of one job that may be made up for */

/* Their numbers are in the rows. */
enum overlap { OVERLAP_SKIP, OVERLAP_QUEUE, OVERLAP_ALLOW }; /* the last firing still runs: what about this one */
enum catchup { CATCHUP_ONE, CATCHUP_NONE, CATCHUP_ALL };     /* firings missed while the node was off */

/* Why a job is held, which is also the reason its firings are missed for. */
#define HELD_DISABLED "disabled"     /* the app is off, */
#define HELD_PERMISSION "permission" /* or may not wake by itself any more, */
#define HELD_PAUSED "paused"         /* or the owner does not want this job; let go, it does not make up for anything */
#define HELD_SUSPENDED "suspended"   /* for a while; then it makes up */
#define HELD_OVERLAP "overlap"       /* it waits for the end of its run */

struct job {
	const char *app_id, *name, *schedule, *zone, *handler, *held, *run;
	struct str input;
	int64_t overlap, catchup, most, delay, next, due, last, missed;
};

/* The jobs of an app become these: what stays keeps its past, and with the same schedule its next moment. */
int job_begin(struct db *db, const char *app_id); /* job_keep for each, then job_rest */
int job_keep(struct db *db, const struct job *j);
int job_rest(struct db *db, const char *app_id);
/* Held or let go, as the app is now: on, with the permission. */
int job_settle(struct db *db, const char *app_id);
int job_pause(struct db *db, const char *app_id, const char *name, bool pause);
/* The app is gone; purged: and nothing is left. */
int job_forget(struct db *db, const char *app_id, bool purged);

bool job_get(struct db *db, struct arena *a, const char *app_id, struct str name, struct job *j);
/* Of one app or all (NULL); in order of their next moment. Number, or -ERR_*. */
int job_rows(struct db *db, struct arena *a, const char *app_id, struct job **list);

/* What its last run is doing, or NULL: there is none, or none any more. */
const char *job_state(struct db *db, struct arena *a, const struct job *j);
bool job_runs(struct db *db, const struct job *j); /* it has not ended */

int64_t job_next(struct db *db); /* when the next is due; JOB_NEVER */
/* The next one due now, which is not due any more until job_put says when. 1, 0 none, or -ERR_*. */
int job_claim(struct db *db, struct arena *a, int64_t now, struct job *j);
int job_put(struct db *db, const struct job *j); /* held, next, due, last, run */
/* That run has ended: whoever waits for it is due. */
int job_ended(struct db *db, const char *run_id);

/* The ledger. */
struct firing {
	const char *app_id, *job, *run, *reason, *state; /* state: of the run; NULL: there is none, or none any more */
	int64_t due, until, times, at;
};
#define BY_HAND "by hand"
int firing_add(struct db *db, const struct job *j, int64_t moment, const char *run_id, const char *reason);
int firing_missed(struct db *db, const struct job *j, int64_t from, int64_t until, int64_t times, const char *reason);
/* The youngest first, of one app and one job, or all (NULL). Number, or -ERR_*. */
int firing_rows(struct db *db, struct arena *a, const char *app_id, const char *job, int64_t limit, struct firing **list);
/* Those from before this moment, and those past keep of each app, at most a few at a time. */
int firing_prune(struct db *db, int64_t before, int64_t keep);

#endif
