#include "kernel/errand.h"

#include "base/log.h"
#include "base/now.h"
#include "kernel/app.h"
#include "kernel/mailer.h"
#include "kernel/upstream.h"

static const struct {
	const char *handler;
	errand_fn *run;
	errand_lost_fn *lost;
} table[ERRAND_COUNT] = {
#define ERRAND(name, handler, fn, lost) {handler, fn, lost},
#include "kernel/errand.def"
#undef ERRAND
};

static int find(const struct run *run)
{
	for (int i = 0; i < ERRAND_COUNT; i++)
		if (!strcmp(run->handler, table[i].handler))
			return i;
	return -1;
}

bool errand_is(const struct run *run)
{
	return find(run) >= 0;
}

int errand_run(struct req *r)
{
	if (r->app && r->app->state == APP_DISABLED)
		return fail(r, ERR_APP_DISABLED, "%s is switched off.", r->app->title);
	r->deadline = mono_ms() + ERRAND_MS;
	return table[find(&r->journal->run)].run(r);
}

/* Nobody wants to hear of one that was taken away meanwhile, with its app. */
static bool is_ours(struct req *r, struct db *db)
{
	struct run now;
	const struct run *run = &r->journal->run;
	return run_get(db, r->arena, str_of(run->id), &now) && now.claim == run->claim;
}

static void in_transaction(struct req *r, int (*fn)(struct req *, struct db *))
{
	struct fault kept = r->fault;
	struct db *db = db_borrow(r->node->store, &r->fault);
	int err = db ? db_begin(db) : r->fault.err;
	if (!err) {
		err = is_ours(r, db) ? fn(r, db) : 0;
		err = err ? db_rollback(db) : db_commit(db);
	}
	db_return(db);
	if (err)
		log_event(LOG_ERROR, "errand", "run", r->journal->run.id, "message", fault_message(&r->fault), NULL);
	r->fault = kept;
}

void errand_lost(struct req *r)
{
	in_transaction(r, table[find(&r->journal->run)].lost);
}

int errand_final(struct req *r, int err)
{
	r->journal->left = LEFT_BROKEN;
	return err;
}

void errand_stalled(struct req *r, enum errand_kind k, const char *app_id, int64_t until, enum notice_kind notice, const char *title,
		    const char *body)
{
	struct fault quiet = {0};
	struct db *db = db_borrow(r->node->store, &quiet);
	int err = db ? db_begin(db) : quiet.err;
	if (!err) {
		err = run_defer(db, table[k].handler, app_id, until);
		if (!err)
			err = notice_add(db, notice, "", "", title, body);
		err = err ? db_rollback(db) : db_commit(db);
	}
	db_return(db);
	if (err)
		log_event(LOG_WARN, "errand", "message", fault_message(&quiet), NULL);
}
