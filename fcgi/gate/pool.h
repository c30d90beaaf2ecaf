/* pool — the cells of this process: who gets one, who waits, who is turned away.
 *
 * A cell belongs to one version of one app for life. A request leases it, talks
 * to it (gate/talk) and gives it back; a cell that was killed, crashed or grew
 * old is replaced by the next lease. The capacity table is divided among the
 * workers of the node: settings cells, cells.app, cells.os, queue.app.
 *
 * Life cycle: pool_open, then lease/release from any thread, pool_reap now and
 * then, pool_close.
 */
#ifndef GATE_POOL_H
#define GATE_POOL_H

#include "gate/leash.h"
#include "kernel/app.h"
#include "kernel/req.h"

struct cell {
	struct app *app; /* a reference */
	int to, from;    /* pipes: frames for it, frames of it; -1 until it is started */
	struct leash leash;
	bool born;       /* it has said which process it is */
	struct meters *meters; /* where it is paid for */
	int served;      /* requests so far */
	bool busy;
	bool told;       /* of the request it was given to (talk_tell) */
	int64_t idle_since;
	struct buf in, out;
	size_t consumed; /* bytes of in that were parsed already */
	struct watch *watch; /* somebody wants to know everything; NULL for a cell of the table */
};

/* What a cell says besides its answers, kept for whoever tries an app (gate/tests, gate/probe). */
struct watch {
	const char *test;          /* the cell runs the tests of this file of t/ instead of the app; or NULL */
	struct buf ready;          /* what READY told: {"routes": …} or {"tests": […]} */
	struct buf message, trace; /* of the last error */
};

/* control is the socket of a zygote (wire/spawn.h). Sets n->pool. */
void pool_open(struct node *n, int control);
void pool_close(struct node *n);

/* A cell of r->app that has loaded it, for this thread alone, or an error: ERR_UNAVAILABLE when the queue is full or
 * the deadline passes, app_error and friends when the app does not load. */
int pool_lease(struct req *r, struct cell **c);
/* sound false: the cell ends. */
void pool_release(struct pool *p, struct cell *c, bool sound);
/* End cells that were idle for a minute. */
void pool_reap(struct pool *p);

/* A cell of its own, outside the table and its capacity, that has loaded a: so one that tests an app never takes a place
 * from the app. watch may be NULL. pool_apart_end also after an error. */
int pool_apart(struct node *n, const struct settings *s, struct app *a, struct watch *w, struct cell *c, struct fault *f);
void pool_apart_end(struct cell *c);
void watch_release(struct watch *w);

int pool_control(const struct pool *p); /* the zygote's socket, for another pool of this process */

#endif
