#include "kernel/errand.h"

#include "base/log.h"
#include "base/now.h"
#include "kernel/app.h"
#include "kernel/mailer.h"

static const struct {
	const char *handler;
	errand_fn *run;
	errand_lost_fn *lost;
} table[ERRAND_COUNT] = {
#define ERRAND(name, handler, fn, lost) {handler, fn, lost},
#include "kernel/errand.def"
#undef ERRAND
};

const char *errand_handler(enum errand_kind k)
{
	return table[k].handler;
}

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

int errand_add(struct db *db, const struct scope *sc, enum errand_kind k, const struct run *run, int64_t most, char id[ID_LEN + 1])
{
	char fresh[ID_LEN + 1];
	struct run r = *run;
	id_new(fresh);
	r.id = fresh;
	r.handler = table[k].handler;
	r.principal = r.principal ? r.principal : "app";
	r.parent = r.parent ? r.parent : "";
	r.key = "";
	r.state = "queued";
	r.priority = 3;
	return run_insert(db, sc, &r, most, id);
}

int errand_run(struct req *r)
{
	if (r->app && r->app->state == APP_DISABLED)
		return fail(r, ERR_APP_DISABLED, "%s is switched off.", r->app->title);
	r->deadline = mono_ms() + ERRAND_MS;
	return table[find(&r->journal->run)].run(r);
}

static void in_transaction(struct req *r, int (*fn)(struct req *, struct db *))
{
	struct fault kept = r->fault;
	struct db *db = db_borrow(r->node->store, &r->fault);
	int err = db ? db_begin(db) : r->fault.err;
	if (!err) {
		err = fn(r, db);
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

void errand_wait(struct req *r, enum errand_kind k, int64_t until)
{
	struct fault quiet = {0};
	struct db *db = db_borrow(r->node->store, &quiet);
	int err = db ? db_begin(db) : quiet.err;
	if (!err && (run_defer(db, table[k].handler, until) ? db_rollback(db) : db_commit(db)))
		log_event(LOG_WARN, "errand", "message", fault_message(&quiet), NULL);
	db_return(db);
}
