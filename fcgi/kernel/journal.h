/* journal — the calls of a run, written down so that it can be thrown away at any moment and gone on with.
 *
 * A segment of a run is its handler from the beginning: calls whose step is in the journal are answered from there, the
 * first one that is not is made. What a call changes and its step are one transaction. What a call only read waits in memory
 * for the next such transaction, so it costs none, and is lost with a worker: then it is read again, by code that nobody has
 * seen the results of. A step asked for by another name or with other arguments than before ends the run.
 *
 * A request of an app that may halt has a journal too, in memory alone and of at most JOURNAL_REQUEST bytes; when it halts
 * it becomes a run, with all of that as its first steps.
 *
 *     journal_open(r, run | NULL)
 *     err = journal_call(r, effect, &step, fn, arg, out)     gate/syscall, for each call
 *     …
 *     if (r->journal->left) …                                why the cell had to leave
 *
 * Inside fazt.step (journal_look … journal_keep) calls are made without being steps: their one step is its result.
 */
#ifndef KERNEL_JOURNAL_H
#define KERNEL_JOURNAL_H

#include "base/out.h"
#include "kernel/req.h"
#include "store/run.h"

#define JOURNAL_REQUEST (256 * KIB)
#define JOURNAL_SHOWN 300 /* bytes of a step's arguments that people get to see */

/* Why code of the app may not go on. */
enum left {
	LEFT_NOT,
	LEFT_PARKED, /* it waits, as rows */
	LEFT_LOST,   /* somebody else has the run now, or it was cancelled */
	LEFT_FAILED, /* the database did not take a step: this attempt failed, as `why` says */
	LEFT_BROKEN, /* it cannot be gone on with: r->fault at that moment is in `why` */
};

struct journal {
	struct run run;       /* id NULL: a request that is none yet */
	struct scope scope;   /* whose quota */
	struct str request;   /* what the cell was sent */
	int64_t seq;          /* of the next step */
	int64_t recorded;     /* steps in the database */
	struct step *pending; /* behind them, in the request's arena */
	int npending, room;
	int64_t bytes;        /* of pending, and what else counts with it */
	bool full;            /* a request with too much to become a run */
	bool inside;          /* of fazt.step */
	int externals;        /* calls that reach outside, inside it */
	struct arena *arena;
	enum left left;
	struct fault why;

	/* the step under way, for handlers that may suspend: when it began, and what the first try left for the later ones */
	int64_t began, moment; /* moment: what time it is behind the step */
	const char *ticket;
	int64_t due;           /* they return ERR_SUSPENDED with these three */
	const char *awaits;
};

enum journal_kind { JOURNAL_READ, JOURNAL_WRITE, JOURNAL_EXTERNAL, JOURNAL_SUSPEND };
typedef int journal_fn(struct req *r, void *arg, struct out *o);

/* Begins r->journal: of this run, which is claimed, or of a request. */
void journal_open(struct req *r, const struct run *run);
/* The call as step s (name, args, shown are set): its result, from the journal or from fn. */
int journal_call(struct req *r, enum journal_kind kind, struct step *s, journal_fn *fn, void *arg, struct out *o);
/* fazt.step: its result when it is known (*known), kept when it is new, or given up. */
int journal_look(struct req *r, struct step *s, struct out *o, bool *known);
int journal_keep(struct req *r, struct step *s, struct str result, struct out *o);
int journal_drop(struct req *r, struct step *s); /* s->err and its message, which r->fault has too */
/* The run is over, with what it read last. What bytes says more than that is its result's. */
int journal_end(struct req *r, const char *state, struct str result, int err, const char *error);

/* Before a transaction on db that writes what the app of r asked for: once the app is gone, or its rows went through a migration
 * since, db_begin refuses it (db_write_for). A run has its claim for that, and goes on with the code it began on. */
void journal_guard(const struct req *r, struct db *db);

/* A handler's way to wait: until due (RUN_NEVER: until it is woken) for awaits ("" nothing of the kind). */
int journal_suspend(struct req *r, int64_t due, const char *awaits, const char *ticket);
/* Whom a run acts as that this request starts: a user id, "app", or "" for a stranger. */
const char *journal_principal(const struct req *r, bool as_app);
/* ERR_BAD_REQUEST outside of a run. */
int journal_needed(struct req *r, const char *what);

#endif
