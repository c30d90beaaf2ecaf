#define _GNU_SOURCE /* sem_clockwait */

#include "gate/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include "base/now.h"
#include "gate/charge.h"
#include "gate/talk.h"
#include "gate/turns.h"
#include "kernel/threads.h"
#include "wire/spawn.h"

/* One lock guards the table; it is never held while a cell is started or spoken to. A slot whose app is set but
 * whose pipes are not is being started and counts as taken. */

#define POOL_CELLS 64        /* the table's size; the settings decide how many are used */
#define IDLE_MS 60000        /* an idle cell ends after this */
#define REQUESTS_MAX 10000   /* a cell is replaced after this many */
#define LOAD_MS 5000         /* an app has this long to load */
#define AGAIN_MS 250         /* whoever waits looks again: an app that is alone now may have more than beside others */

struct capacity {
	int total, per_app, queue;
};

/* A request that waits, on its thread's stack. Whoever frees a cell or a place hands it to the first it suits, and wakes
 * that thread alone, after the lock was given back. */
struct waiter {
	struct waiter *next;
	struct req *r;
	struct capacity cap;
	struct cell *given; /* set under the lock; the wake follows */
	sem_t wake;
};

struct pool {
	pthread_mutex_t lock;
	int control;
	int lane, workers;
	struct meters *meters;
	struct cell cell[POOL_CELLS];
	struct waiter *first, **last; /* in order of arrival */
};

void pool_open(struct node *n, int control)
{
	struct pool *p = xcalloc(1, sizeof *p);
	pthread_mutex_init(&p->lock, NULL);
	p->last = &p->first;
	p->control = control;
	p->meters = n->meters;
	p->lane = n->lane;
	p->workers = n->workers > 0 ? n->workers : 1;
	n->pool = p;
}

/* The slot's resources, given back. The lock is held, or nobody else can see the slot. */
static void cell_end(struct cell *c)
{
	if (c->to >= 0) {
		close(c->to);
		close(c->from);
		leash_drop(&c->leash);
	}
	buf_release(&c->in);
	buf_release(&c->out);
	app_release(c->app);
	*c = (struct cell){.to = -1, .from = -1};
}

void pool_close(struct node *n)
{
	struct pool *p = n->pool;
	charge_nobody(); /* the node's counters go with it */
	turns_forget();
	if (!p)
		return;
	for (int i = 0; i < POOL_CELLS; i++)
		if (p->cell[i].app)
			cell_end(&p->cell[i]);
	pthread_mutex_destroy(&p->lock);
	free(p);
	n->pool = NULL;
}

/* ---- capacity ---- */

static int share_of(int64_t all, int workers, int least)
{
	int64_t n = all / workers;
	return (int)MAX((int64_t)least, MIN(n, (int64_t)POOL_CELLS));
}

static struct capacity capacity(const struct pool *p, const struct settings *s, const struct app *a)
{
	const int64_t *v = s->number;
	struct capacity c = {.total = share_of(v[SETTING_CELLS], p->workers, 2),
			     .per_app = share_of(a->limit[BUDGET_CELLS_APP], p->workers, 1),
			     .queue = share_of(a->limit[BUDGET_QUEUE_APP], 1, 1)};
	if (strcmp(a->name, "os"))
		c.total -= MIN(share_of(v[SETTING_CELLS_OS], p->workers, 1), c.total - 1);
	return c;
}

/* ---- finding a slot ---- */

/* An idle cell of this app; idle cells of what it was before end on the way. */
static struct cell *idle_cell(struct pool *p, const struct app *a)
{
	struct cell *found = NULL;
	for (int i = 0; i < POOL_CELLS; i++) {
		struct cell *c = &p->cell[i];
		if (!c->app || c->busy || strcmp(c->app->id, a->id))
			continue;
		if (c->app->rev != a->rev || strcmp(c->app->zone, a->zone)) /* other grants, elsewhere, or of before an upgrade */
			cell_end(c);
		else if (c->app->version != a->version) /* a run goes on with the code it began on */
			continue;
		else if (!found || c->idle_since > found->idle_since)
			found = c; /* the warmest one */
	}
	return found;
}

/* The cells there are, and those of one app among them. */
struct census {
	int all, busy, own, own_busy;
};

static struct census count_cells(const struct pool *p, const struct app *a)
{
	struct census n = {0};
	for (int i = 0; i < POOL_CELLS; i++) {
		const struct cell *c = &p->cell[i];
		if (!c->app)
			continue;
		bool own = !strcmp(c->app->id, a->id);
		n.all++;
		n.busy += c->busy;
		n.own += own;
		n.own_busy += own && c->busy;
	}
	return n;
}

static struct cell *free_slot(struct pool *p)
{
	for (int i = 0; i < POOL_CELLS; i++)
		if (!p->cell[i].app)
			return &p->cell[i];
	return NULL;
}

/* The cell of another app that has been idle longest. */
static struct cell *coldest_cell(struct pool *p)
{
	struct cell *cold = NULL;
	for (int i = 0; i < POOL_CELLS; i++) {
		struct cell *c = &p->cell[i];
		if (c->app && !c->busy && (!cold || c->idle_since < cold->idle_since))
			cold = c;
	}
	return cold;
}

static struct cell *idle_of_app(struct pool *p, const struct app *a)
{
	for (int i = 0; i < POOL_CELLS; i++)
		if (p->cell[i].app && !p->cell[i].busy && !strcmp(p->cell[i].app->id, a->id))
			return &p->cell[i];
	return NULL;
}

/* A slot for a new cell of this app, marked as taken; NULL when it must wait. */
static struct cell *claim_slot(struct pool *p, struct app *a, struct capacity cap)
{
	struct census n = count_cells(p, a);
	struct cell *spare = n.own >= cap.per_app && n.own_busy < n.own ? idle_of_app(p, a) : NULL;
	if (n.own >= cap.per_app && !spare)
		return NULL;
	if (spare) { /* of another version */
		cell_end(spare);
		n.all--;
	}
	if (n.all >= cap.total) {
		struct cell *cold = coldest_cell(p);
		if (!cold)
			return NULL;
		cell_end(cold);
	}
	struct cell *c = free_slot(p);
	if (c) {
		__atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED);
		*c = (struct cell){.app = a, .to = -1, .from = -1, .busy = true};
	}
	return c;
}

/* A cell for one more request of this app. The last place is kept for an app that has none busy: however many requests
 * a few slow apps have under way, another one need not wait for their deadlines. A heavy app has one at a time while there are
 * others beside it: two would have no more of this worker's processor, and each stands in the others' way. */
static struct cell *take_cell(struct pool *p, struct app *a, struct capacity cap)
{
	struct census n = count_cells(p, a);
	if (n.own_busy && (n.busy >= cap.total - 1 || turns_crowded(meter_of(p->meters, a->id))))
		return NULL;
	struct cell *c = idle_cell(p, a);
	if (c || (c = claim_slot(p, a, cap)))
		c->busy = true;
	return c;
}

/* ---- waiting ---- */

static int busy(struct req *r)
{
	return fail(r, ERR_UNAVAILABLE, "%s is busy; try again in a moment", r->app->title);
}

static bool may_wait(const struct pool *p, const struct app *a, struct capacity cap)
{
	int own = 0, all = 0;
	for (const struct waiter *w = p->first; w; w = w->next) {
		own += !strcmp(w->r->app->id, a->id);
		all += strcmp(w->r->app->name, "os") != 0;
	}
	return own < cap.queue && (all + cap.total < THREADS_APPS || !strcmp(a->name, "os"));
}

static void leave_queue(struct pool *p, struct waiter *w)
{
	struct waiter **at = &p->first;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (p->last == &w->next)
		p->last = at;
}

static bool same_app(const struct app *a, const struct app *b)
{
	return a == b || !strcmp(a->id, b->id);
}

/* Hand out what is free, to those whose app has no cell busy or to all. Whoever was given something joins *woken. Behind
 * one who got nothing the others of its app get nothing either. */
static void hand_out(struct pool *p, bool all, struct waiter **woken)
{
	const struct app *refused = NULL;
	for (struct waiter *next, *w = p->first; w; w = next) {
		next = w->next;
		if (refused && same_app(refused, w->r->app))
			continue;
		if ((!all && count_cells(p, w->r->app).own_busy) || !(w->given = take_cell(p, w->r->app, w->cap))) {
			refused = w->r->app;
			continue;
		}
		leave_queue(p, w);
		w->next = *woken;
		*woken = w;
	}
}

/* Cells and places that are free now go to whoever has waited longest for one like it: first to apps that have none
 * busy, then to all. */
static struct waiter *serve_queue(struct pool *p)
{
	struct waiter *woken = NULL;
	hand_out(p, false, &woken);
	hand_out(p, true, &woken);
	return woken;
}

/* Without the lock. A waiter is gone as soon as it is woken. */
static void wake(struct waiter *w)
{
	for (struct waiter *next; w; w = next) {
		next = w->next;
		w->given->told = w->given->to >= 0 && talk_tell(w->given, w->r);
		sem_post(&w->wake);
	}
}

/* With the lock held, which is given back. */
static void serve_all(struct pool *p)
{
	struct waiter *woken = serve_queue(p);
	pthread_mutex_unlock(&p->lock);
	wake(woken);
}

/* Without the lock, which is held then. */
static bool woken_by(struct pool *p, struct waiter *w, int64_t ms)
{
	struct timespec until = mono_at(ms * 1000);
	int late;
	while ((late = sem_clockwait(&w->wake, CLOCK_MONOTONIC, &until)) && errno == EINTR)
		;
	pthread_mutex_lock(&p->lock);
	return !late;
}

/* With the lock held, and given back meanwhile: wait until somebody gives us a cell, or the deadline. */
static int wait_in_queue(struct req *r, struct pool *p, struct capacity cap, struct cell **c)
{
	struct waiter w = {.r = r, .cap = cap};
	bool late;
	sem_init(&w.wake, 0, 0);
	*p->last = &w;
	p->last = &w.next;
	pthread_mutex_unlock(&p->lock);
	while ((late = !woken_by(p, &w, MIN(r->deadline, mono_ms() + AGAIN_MS))) && !w.given && mono_ms() < r->deadline)
		serve_all(p);
	if (late && !w.given)
		leave_queue(p, &w);
	else if (late)
		sem_wait(&w.wake); /* given at the last moment: the wake is on its way */
	sem_destroy(&w.wake);
	*c = w.given;
	return w.given ? 0 : busy(r);
}

/* With the lock held: a loaded idle cell, or a claimed slot that must be started, or an error. */
static int find_cell(struct req *r, struct pool *p, struct cell **c)
{
	struct capacity cap = capacity(p, &r->settings, r->app);
	if ((*c = take_cell(p, r->app, cap)))
		return 0;
	return may_wait(p, r->app, cap) ? wait_in_queue(r, p, cap, c) : busy(r);
}

/* ---- starting ---- */

static int start(struct node *n, struct cell *c, const struct settings *s, struct fault *f)
{
	struct pool *p = n->pool;
	struct spawn spawn = {.heap = (uint64_t)c->app->limit[BUDGET_HEAP], .lane = (uint32_t)p->lane,
			      .lanes = (uint32_t)p->workers};
	int leash;
	if (zygote_spawn(p->control, &spawn, &c->to, &c->from, &leash)) {
		c->to = -1;
		return fault(f, ERR_UNAVAILABLE, "no process for the app could be started; try again in a moment");
	}
	fcntl(c->to, F_SETFL, O_NONBLOCK); /* whoever tells it of a request that is not his must not wait for it */
	leash_take(&c->leash, leash);
	leash_bill(&c->leash, p->control, meter_of(n->meters, c->app->version ? c->app->id : ""), c->app->limit[BUDGET_APP_CPU]);
	c->meters = n->meters;
	return talk_load(c, s, mono_ms() + LOAD_MS, f);
}

int pool_lease(struct req *r, struct cell **out)
{
	struct pool *p = r->node->pool;
	struct cell *c = NULL;
	pthread_mutex_lock(&p->lock);
	int err = find_cell(r, p, &c);
	pthread_mutex_unlock(&p->lock);
	if (!err && c->to < 0 && (err = start(r->node, c, &r->settings, &r->fault)))
		pool_release(p, c, false);
	*out = err ? NULL : c;
	return err;
}

void pool_release(struct pool *p, struct cell *c, bool sound)
{
	bool goes_on = sound && leash_settle(&c->leash);
	pthread_mutex_lock(&p->lock);
	if (!goes_on || ++c->served >= REQUESTS_MAX) {
		cell_end(c);
	} else {
		c->busy = false;
		c->idle_since = mono_ms();
	}
	serve_all(p);
}

void pool_reap(struct pool *p)
{
	int64_t before = mono_ms() - IDLE_MS;
	pthread_mutex_lock(&p->lock);
	for (int i = 0; i < POOL_CELLS; i++) {
		struct cell *c = &p->cell[i];
		if (c->app && !c->busy && c->idle_since < before)
			cell_end(c);
	}
	pthread_mutex_unlock(&p->lock);
}

int pool_apart(struct node *n, const struct settings *s, struct app *a, struct watch *w, struct cell *c, struct fault *f)
{
	*c = (struct cell){.app = a, .to = -1, .from = -1, .busy = true, .watch = w};
	__atomic_add_fetch(&a->refs, 1, __ATOMIC_RELAXED);
	if (!a->limit[BUDGET_HEAP])
		budget_usual(s, a->limit); /* one that is only tried */
	return start(n, c, s, f);
}

void pool_apart_end(struct cell *c)
{
	if (c->app)
		cell_end(c);
}

void watch_release(struct watch *w)
{
	buf_release(&w->ready);
	buf_release(&w->message);
	buf_release(&w->trace);
}

int pool_control(const struct pool *p)
{
	return p->control;
}
