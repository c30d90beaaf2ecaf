#include "gate/runner.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/log.h"
#include "base/now.h"
#include "codec/calendar.h"
#include "gate/charge.h"
#include "gate/gateway.h"
#include "gate/trace.h"
#include "gate/turns.h"
#include "kernel/app.h"
#include "kernel/clock.h"
#include "kernel/errand.h"
#include "kernel/journal.h"
#include "store/apps.h"

#define LATER_MS 1000             /* when the node was too busy for it */
#define IDLE_MS 60000             /* the longest sleep: a clock may be set */
#define BACKOFF_MAX (3600 * 1000ll)
#define FIRING_MS 20              /* of jobs in one transaction */
#define RUNNER_STACK (512 * KIB)

/* What each thread works on, so that its lease is renewed and its app leaves the others a cell. */
static struct work {
	char app_id[ID_LEN + 1], run_id[ID_LEN + 1];
	char last[ID_LEN + 1]; /* the app whose turn it was */
	int64_t claim;
} works[RUNNERS];
static bool passed_over; /* what is due of an app was left because the other thread was at it */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool stopping, given_up;
static atomic_int claiming; /* threads that may have claimed a run and have not said so in works */

/* ---- what came of a segment ---- */

static int64_t pause_before(const struct run *run)
{
	int64_t ms = run->backoff;
	for (int64_t i = 0; i < run->attempt && ms < BACKOFF_MAX; i++)
		ms *= 2;
	return MIN(ms, BACKOFF_MAX);
}

/* Not the app's fault, and not for good. What it raises itself is its fault, by whatever name. */
static bool is_passing(const struct req *r, int err)
{
	return !r->raised && (err == ERR_UNAVAILABLE || err == ERR_APP_DISABLED || err == ERR_APP_SUSPENDED || err == ERR_OVER_BUDGET ||
			      err == ERR_DISK_FULL);
}

/* For its owner: of an error that the app did not catch, its first line, which says file and line. */
static const char *what_happened(struct req *r, int err)
{
	struct str rest, line = str_cut(r->trouble, '\n', &rest);
	if (err == ERR_APP_ERROR && line.n)
		return arena_cstr(r->arena, (struct str){line.p, MIN(line.n, (size_t)FAULT_MAX)});
	return r->fault.err == err || !err ? arena_strdup(r->arena, fault_message(&r->fault)) : err_row(err)->message;
}

static int postpone(struct req *r, struct db *db, int64_t due, int64_t attempt, int why)
{
	const struct run *run = &r->journal->run;
	const char *error = what_happened(r, why);
	int err = db_begin(db);
	if (!err && why == ERR_APP_SUSPENDED) /* or not any more */
		due = MIN(due, MAX(app_suspended(db, run->app_id), now_ms() + LATER_MS));
	if (!err)
		err = run_postpone(db, run->id, run->claim, due, attempt, why, error);
	if (!err && why == ERR_APP_DISABLED)
		err = run_hold(db, run->id);
	if (!err && (why == ERR_OVER_BUDGET || why == ERR_APP_SUSPENDED))
		err = run_put_off(db, run->app_id, due, why); /* or each of them would be taken up to find the same */
	return err ? db_rollback(db) : db_commit(db);
}

static void put_off(struct req *r, int64_t due, int64_t attempt, int why)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (db)
		postpone(r, db, due, attempt, why);
	db_return(db);
}

static void fail_run(struct req *r, int err)
{
	struct run *run = &r->journal->run;
	const char *error = what_happened(r, err);
	r->journal->npending = 0;
	log_event(LOG_WARN, "run.failed", "run", run->id, "app", r->app ? r->app->name : run->app_id, "message", error, NULL);
	run->error = error;
	if (errand_is(run))
		errand_lost(r);
	if (errand_is(run) && r->app)
		trace_app(r->app, run->id, "error", str_of(error));
	journal_end(r, "failed", STR_NONE, err, error);
}

/* Nothing it read since its last effect counts: it is read again. */
static void failed(struct req *r, int err)
{
	const struct run *run = &r->journal->run;
	if (is_passing(r, err))
		put_off(r, now_ms() + MAX(1000 * r->retry_after, (int64_t)LATER_MS), run->attempt, err);
	else if (run->attempt < run->retries && err != ERR_NOT_FOUND)
		put_off(r, now_ms() + pause_before(run), run->attempt + 1, err);
	else
		fail_run(r, err);
}

/* What a request that halted would have been answered. */
static struct str answer_of(struct req *r)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	struct str type = STR_NONE;
	for (int i = 0; i < r->res.nheaders; i++)
		if (str_is(r->res.header[i].name, "content-type"))
			type = r->res.header[i].value;
	out_object(&o);
	out_kint(&o, "status", r->res.status);
	out_kstr(&o, "type", type);
	out_kstr(&o, "body", buf_str(&r->res.body));
	out_end(&o);
	struct str s = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
	return s;
}

/* What it gives counts with its journal. An errand has happened, whatever its app may store. */
static void done(struct req *r, struct str result)
{
	struct journal *j = r->journal;
	if (!errand_is(&j->run))
		j->bytes += (int64_t)result.n;
	int err = journal_end(r, "done", result, 0, "");
	if (err == ERR_QUOTA_EXCEEDED)
		fail_run(r, err);
	else if (err && err != ERR_STALE)
		failed(r, err);
}

static void finished(struct req *r)
{
	struct journal *j = r->journal;
	struct str result = *j->run.handler ? buf_str(&r->res.body) : answer_of(r);
	if (j->seq < j->recorded)
		fail(r, ERR_CONFLICT, "The code ended after %lld of %lld steps: it took another way, so the run cannot be gone on with.", (long long)j->seq,
		     (long long)j->recorded);
	else if ((int64_t)result.n > r->settings.number[SETTING_RUN_INPUT])
		fail(r, ERR_TOO_LARGE, "The result of a run may have %lld KB.", (long long)(r->settings.number[SETTING_RUN_INPUT] / KIB));
	if (r->fault.err)
		fail_run(r, r->fault.err);
	else
		done(r, result);
}

static void settle(struct req *r, int err)
{
	enum left left = r->journal->left;
	if (left == LEFT_BROKEN)
		fail_run(r, r->fault.err);
	else if (left == LEFT_FAILED)
		failed(r, r->journal->why.err);
	else if (!left && err)
		failed(r, err);
	else if (!left)
		finished(r);
}

/* ---- one segment ---- */

/* An app may say that its runs follow it to a new version. */
static void follow(struct req *r, struct db *db, const struct app *now, struct run *run)
{
	if (now->manifest->runs != RUNS_FOLLOW || now->version == run->version || db_begin(db))
		return;
	int err = run_move(db, run->id, run->claim, now->version);
	if (!(err ? db_rollback(db) : db_commit(db)))
		run->version = now->version;
	fault_clear(&r->fault);
}

static struct app *load_app(struct req *r, struct db *db, struct run *run)
{
	struct app *now = app_by_id(r->node, db, str_of(run->app_id));
	if (errand_is(run))
		return now;
	if (now)
		follow(r, db, now, run);
	struct app *app = now ? app_of_version(db, now, run->version) : NULL;
	app_release(now);
	return app;
}

static void set_request(struct req *r, const struct run *run)
{
	memcpy(r->id, run->id, sizeof r->id);
	r->method = STR("RUN");
	r->path = str_of(*run->handler ? run->handler : "/");
	r->target = r->path;
	r->query = STR("");
	r->body = run->input;
	r->trigger = *run->job ? STR("cron") : STR("queue");
	r->moment = run->moment;
}

/* The app or its version is gone: whatever else removed it has ended the run as well. */
static void orphan(struct req *r, struct db *db, const struct run *run)
{
	int err = db_begin(db);
	if (!err)
		err = run_end(db, run->id, run->claim, "failed", STR_NONE, ERR_NOT_FOUND, "The version of the app it began on is gone.");
	if (err ? db_rollback(db) : db_commit(db))
		log_event(LOG_WARN, "run.stuck", "run", run->id, "message", fault_message(&r->fault), NULL);
}

/* What a job began ends with the permission. */
static int may_wake(struct req *r, const struct app *app, const struct run *run)
{
	return !*run->job || app_granted(app, "schedule") ? 0 : fail(r, ERR_PERMISSION_DENIED, "%s may not wake by itself any more.", app->title);
}

/* Each attempt failed, the last ones because whoever worked on it was gone before it was done. */
static int may_try(struct req *r, const struct run *run)
{
	if (run->attempt <= MAX(run->retries, (int64_t)RUN_DEATHS))
		return 0;
	return fail(r, ERR_INTERNAL, "Its worker died %lld times while it was behind step %lld and got no further. The server's log says what ended it; then try again: fazt-admin run retry %s",
		    (long long)run->attempt, (long long)run->steps, run->id);
}

static void go_on(struct req *r, struct app *app, const struct run *run)
{
	r->app = app;
	set_request(r, run);
	journal_open(r, run);
	if (may_try(r, run) || may_wake(r, app, run))
		fail_run(r, r->fault.err);
	else
		settle(r, errand_is(run) ? errand_run(r) : req_resume(r, app, run->principal));
}

/* Where the clock is behind where it was, and once an hour, for it may have been set while nobody looked. */
static int look_at_clock(struct req *r, struct db *db)
{
	static _Atomic int64_t looked;
	int64_t now = now_ms(), before = looked;
	if ((now >= before && now - before < HOUR_MS) || !atomic_compare_exchange_strong(&looked, &before, now))
		return 0;
	int err = db_begin(db);
	if (!err)
		err = clock_set_back(db, r->arena, r->settings.text[SETTING_TIMEZONE], now);
	return err ? db_rollback(db) : db_commit_soon(db);
}

/* Jobs that are due become runs, many in one transaction and none for long. */
static int fire(struct req *r, struct db *db)
{
	int err = look_at_clock(r, db);
	while (!err && job_next(db) <= now_ms() && !(err = db_begin(db))) {
		int got = 1;
		for (int64_t began = mono_ms(); got > 0 && mono_ms() - began < FIRING_MS;)
			got = clock_fire(r->node, db, now_ms());
		err = got < 0 ? db_rollback(db) : db_commit(db);
	}
	return err;
}

/* Background is for one thread alone: whatever there is of it, what people wait for finds the other one. */
static int64_t least(const struct work *mine)
{
	return mine == works ? 1 : RUN_FOREGROUND;
}

static int claim(struct req *r, struct db *db, const char *but, const struct work *w, struct run *run)
{
	int err = node_settings(r->node, db, r->arena, &r->settings), stuck = err ? 0 : fire(r, db);
	int64_t now = now_ms();
	if (stuck) { /* runs go on all the same */
		log_event(LOG_WARN, "job.stuck", "message", fault_message(&r->fault), NULL);
		fault_clear(&r->fault);
	}
	if (err || run_next(db, but, least(w)) > now || (err = db_begin(db)))
		return -(err ? err : stuck);
	int got = run_claim(db, r->arena, now, now + r->settings.number[SETTING_RUN_LEASE], but, w->last, least(w), run);
	err = got < 0 ? db_rollback(db) : db_commit_soon(db); /* a claim that the power took along was nobody's */
	return err ? -err : got;
}

static void note(struct node *n, struct work *w, const struct run *run)
{
	pthread_mutex_lock(&lock);
	bool ring = passed_over && w->app_id[0];
	passed_over &= !ring;
	w->claim = run ? run->claim : 0;
	w->app_id[0] = w->run_id[0] = 0;
	if (run) {
		memcpy(w->last, run->app_id, sizeof w->last);
		memcpy(w->app_id, run->app_id, sizeof w->app_id);
		memcpy(w->run_id, run->id, sizeof w->run_id);
	}
	pthread_mutex_unlock(&lock);
	if (ring)
		store_ring(n->store);
}

/* The app of the other thread here: with both on one app it would have no cell for people. */
static void others(const struct work *mine, char app_id[ID_LEN + 1])
{
	pthread_mutex_lock(&lock);
	app_id[0] = 0;
	for (int i = 0; i < RUNNERS; i++)
		if (&works[i] != mine && works[i].app_id[0])
			memcpy(app_id, works[i].app_id, ID_LEN + 1);
	passed_over |= app_id[0];
	pthread_mutex_unlock(&lock);
}

/* 1: a run went on, 0: none is due, -1: the database cannot say. */
static int take(struct node *n, struct work *w)
{
	struct req r;
	struct run run;
	struct arena *a = arena_new();
	char but[ID_LEN + 1];
	req_init(&r, n, a, DOOR_SHELL);
	others(w, but);
	struct db *db = db_borrow(n->store, &r.fault);
	claiming++; /* before stopping is looked at: runner_give_up waits for whoever was not told yet */
	int got = !db ? -1 : stopping ? 0 : claim(&r, db, but, w, &run);
	struct app *app = got > 0 ? load_app(&r, db, &run) : NULL;
	if (got > 0)
		note(n, w, &run);
	claiming--;
	bool known = app || (got > 0 && errand_is(&run));
	if (got > 0 && !known)
		orphan(&r, db, &run);
	db_return(db);
	if (known)
		go_on(&r, app, &run);
	charge_nobody(); /* the next one may be an errand */
	turns_wait();
	note(n, w, NULL);
	req_release(&r);
	arena_free(a);
	return got > 0 ? 1 : got < 0 ? -1 : 0;
}

bool runner_once(struct node *n)
{
	return take(n, &works[0]) > 0;
}

static int64_t next_due(struct node *n, const struct work *w)
{
	struct fault quiet = {0};
	char but[ID_LEN + 1];
	others(w, but);
	struct db *db = db_borrow(n->store, &quiet);
	int64_t next = db ? MIN(run_next(db, but, least(w)), job_next(db)) : RUN_NEVER;
	db_return(db);
	return quiet.err ? now_ms() + LATER_MS : next;
}

int64_t runner_next(struct node *n)
{
	return next_due(n, &works[0]);
}

/* ---- threads ---- */

static int64_t until_next(struct node *n, const struct work *w)
{
	int64_t next = next_due(n, w);
	return next == RUN_NEVER ? IDLE_MS : MAX(0, MIN(next - now_ms(), (int64_t)IDLE_MS));
}

static struct node *node;

static void *work(void *mine)
{
	turns_join();
	while (!stopping) {
		uint32_t rung = store_rung(node->store);
		int got = take(node, mine);
		int64_t ms = got > 0 ? 0 : got < 0 ? LATER_MS : until_next(node, mine);
		if (ms > 0 && !stopping)
			store_await(node->store, rung, ms);
	}
	return NULL;
}

/* 0: it is left to others. */
static void renew(const struct work *w, int64_t until)
{
	struct fault quiet = {0};
	struct db *db = db_borrow(node->store, &quiet);
	int err = db ? db_begin(db) : quiet.err;
	if (!err) {
		err = !until ? run_hand_over(db, w->run_id, w->claim) : given_up ? ERR_STALE : run_renew(db, w->run_id, w->claim, until);
		err ? db_rollback(db) : db_commit_soon(db);
	}
	db_return(db);
}

static void renew_all(int64_t until)
{
	for (int i = 0; i < RUNNERS; i++) {
		pthread_mutex_lock(&lock);
		struct work w = works[i];
		pthread_mutex_unlock(&lock);
		if (w.run_id[0])
			renew(&w, until);
	}
}

static int64_t lease(void)
{
	struct settings s;
	struct fault quiet = {0};
	struct arena *a = arena_new();
	struct db *db = db_borrow(node->store, &quiet);
	int64_t ms = db && !node_settings(node, db, a, &s) ? s.number[SETTING_RUN_LEASE] : 1000;
	db_return(db);
	arena_free(a);
	return ms;
}

/* A run may work for longer than its lease; it is renewed three times in each. */
static void *keep_leases(void *unused)
{
	(void)unused;
	for (;;) {
		int64_t ms = lease();
		if (!given_up)
			renew_all(now_ms() + ms);
		struct timespec t = {.tv_sec = (time_t)(ms / 3000), .tv_nsec = (long)(ms / 3 % 1000) * 1000000};
		nanosleep(&t, NULL);
	}
	return NULL;
}

static void start(void *(*fn)(void *), void *arg)
{
	pthread_t thread;
	pthread_attr_t attr;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, RUNNER_STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attr, fn, arg))
		die("cannot start a thread");
	pthread_attr_destroy(&attr);
}

void runner_start(struct node *n)
{
	node = n;
	for (int i = 0; i < RUNNERS; i++)
		start(work, &works[i]);
	start(keep_leases, NULL);
}

void runner_stop(void)
{
	stopping = true;
}

void runner_give_up(void)
{
	given_up = true;
	while (node && claiming)
		usleep(1000);
	if (node)
		renew_all(0);
}
