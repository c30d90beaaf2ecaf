/* run — durable runs as rows: runs, the steps of their journals, signals that wait for them.
 *
 * A run that is under way has ended 0. `due` is the one thing that makes it move: whoever finds it in the past claims the
 * run and pushes it on by a lease, so a run whose worker died is simply due again. Writers are called inside a transaction;
 * those that speak for a segment (a claim and what follows it) say which claim is theirs, and ERR_STALE tells that another
 * one has it now.
 */
#ifndef STORE_RUN_H
#define STORE_RUN_H

#include "base/crypt.h"
#include "base/id.h"
#include "store/scope.h"

#define RUN_NEVER INT64_MAX /* due: when somebody wakes it */
#define RUN_PRIORITIES 5    /* 1, the least, to this; */
#define RUN_FOREGROUND 3    /* those below are background, and leave room */
#define RUN_RETRIES 3       /* where nobody says otherwise, */
#define RUN_DEATHS 8        /* workers that one run may outlive, one behind the other, without getting anywhere */
#define RUN_BACKOFF_MS 5000 /* before the first, and then for twice as long each time */
#define RUN_KERNEL "kernel"  /* whose a run is that is no app's */
#define RUN_MAIL "kernel:mail"
#define RUN_UPSTREAM "kernel:upstream"
#define RUN_LINE 1000       /* runs that wait one for the other, at most */
#define RUN_EVENTS 100      /* signals of one run that nothing has waited for, */
#define RUN_EVENTS_BYTES MIB /* and what they carry together */

struct run {
	const char *id, *app_id, *principal, *parent, *handler, *key, *state, *awaits, *note, *code, *error;
	const char *job; /* that started it, or "" */
	struct str input, request, result;
	int64_t version, priority, retries, backoff, due, claim, attempt, steps, bytes, created, ended, moment; /* moment: that job was to fire at */
	double done, total;
};

/* One step. args and shown say what was asked, result or code (and then result is its message) what came of it. */
struct step {
	int64_t seq;
	const char *name;
	unsigned char args[HASH_LEN];
	struct str shown, result;
	int64_t began, ended; /* ended 0: it waits */
	int err;
};

/* A new one of these. With a key another run has: *id is that one's, and nothing else happens. ERR_RATE_LIMITED past most
 * of the app under way. sc: whose quota it stands under. */
int run_insert(struct db *db, const struct scope *sc, const struct run *run, int64_t most, char id[ID_LEN + 1]);
/* One of the kernel's own (kernel/errand), to be done at due: app_id (RUN_KERNEL: no app's), handler, input, retries and backoff
 * are said, the rest may be. */
int run_errand(struct db *db, const struct scope *sc, const struct run *run, int64_t most, char id[ID_LEN + 1]);
int64_t run_under_way(struct db *db, const char *app_id, int64_t most); /* how many an app has; counted up to most */
/* How many runs that are under way stand one above the other down to this one; counted up to most. */
int64_t run_depth(struct db *db, const char *id, int64_t most);
/* How many runs wait one for the other from this one on, itself counted, up to most; 0: `last` is among them, so it must not wait for
 * this one. In the transaction in which it would: one of those that close a circle is the last to come. */
int64_t run_line(struct db *db, const char *id, const char *last, int64_t most);
bool run_get(struct db *db, struct arena *a, struct str id, struct run *run); /* false: look at the fault when that matters */
/* The youngest first, of one app or all (NULL), under way or not; each in column 0. NULL: fault set. */
struct stmt *run_query(struct db *db, const char *app_id, const char *state, int64_t limit);

/* The next one due now, claimed until then; none of the app `but`, nor of a priority below least. Apps take turns: it is of the
 * next one behind `after` ("": the first), and of that the one that matters most. One whose worker died has failed once more
 * (attempt). 1, 0 none, or -ERR_*. */
int run_claim(struct db *db, struct arena *a, int64_t now, int64_t until, const char *but, const char *after, int64_t least, struct run *run);
int64_t run_next(struct db *db, const char *but, int64_t least); /* when the next is due; RUN_NEVER */
/* The segment still works on it. */
int run_renew(struct db *db, const char *id, int64_t claim, int64_t until);
int run_hand_over(struct db *db, const char *id, int64_t claim); /* or leaves it, on purpose: it is due, and nothing failed */

/* The segment wrote: so many steps there are now, so many bytes more. request: STR_NONE, or what its cell was sent. */
int run_wrote(struct db *db, const struct scope *sc, const char *id, int64_t claim, int64_t steps, int64_t bytes, struct str request);
int64_t run_bytes(struct db *db, const char *id); /* what it comes to, with what waits for it */
/* The segment is over: it sleeps until due, or until what it awaits wakes it. */
int run_park(struct db *db, const char *id, int64_t claim, int64_t due, const char *awaits);
/* It could not be gone on with: once more at due. attempt: failures so far. */
int run_postpone(struct db *db, const char *id, int64_t claim, int64_t due, int64_t attempt, int err, const char *error);
/* If its app is disabled it moves again with run_release; nothing happens where the app was enabled meanwhile. */
int run_hold(struct db *db, const char *id);
/* The app may not work until then: what it has due now is due then. */
int run_put_off(struct db *db, const char *app_id, int64_t until, int err);
/* It is over, for whoever joins it too. state: done, failed or cancelled. */
int run_end(struct db *db, const char *id, int64_t claim, const char *state, struct str result, int err, const char *error);

/* Whatever of this handler, and of this app unless it is NULL, is due before then is due then. */
int run_defer(struct db *db, const char *handler, const char *app_id, int64_t until);
int run_move(struct db *db, const char *id, int64_t claim, int64_t version); /* on to this version of the app */
int run_progress(struct db *db, const char *id, double done, double total, struct str note);
int run_wake(struct db *db, const char *awaited); /* whoever awaits that */
/* Cancelled whatever it does just now, with what it started. */
int run_cancel(struct db *db, const char *id);
/* An ended one goes on: on this version, from its last step but one that failed it, or from the start. */
int run_again(struct db *db, const char *id, int64_t version, bool start);
/* The app is on again, or no longer suspended: what was due meanwhile is due now. */
int run_release(struct db *db, const char *app_id);
/* The app is gone: nothing of it runs any more; purged: nor is there anything left. */
int run_forget(struct db *db, const char *app_id, bool purged);
/* Ended ones before this moment, and those past keep of each app, at most a few at a time: their number, or -ERR_*. */
int run_prune(struct db *db, int64_t before, int64_t keep);

bool step_get(struct db *db, struct arena *a, const char *run_id, int64_t seq, struct step *s);
int step_put(struct db *db, const char *run_id, const struct step *s); /* one that waited gets its result */
int64_t step_bytes(const struct step *s);
/* From this number on: seq, name, shown, began, ended, code, result. */
struct stmt *step_query(struct db *db, const char *run_id, int64_t from, int64_t limit);

/* A signal for a run under way; it wakes it. It counts with the run, until it is taken or the run forgotten. */
int event_add(struct db *db, const struct scope *sc, const char *run_id, struct str name, struct str data);
/* The oldest of the events of these names (quoted, one behind the other), taken away: {"event","data"}; nothing written: none. */
int event_take(struct db *db, const struct scope *sc, const char *run_id, struct str names, struct buf *out);

#endif
