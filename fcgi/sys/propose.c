/* fazt.app.propose: like fazt.halt, but what the owner decides on is a package. It is put together here, and looked into by a
 * process of its own (sys/candidate); the run that waits sees to it that there is one. */
#include "kernel/propose.h"

#include "base/now.h"
#include "kernel/journal.h"
#include "store/decision.h"
#include "sys/blob.h"
#include "sys/decide.h"
#include "sys/options.h"
#include "sys/sys.h"

#define WAIT_S (7 * 86400ll)
#define BUSY_MS 2000

struct asking {
	struct req *r;
	struct db *db;
	const struct call *c;
};

static int own_file(void *arg, struct str name, struct buf *b)
{
	const struct asking *k = arg;
	return blob_bytes(k->r, k->c->as_app, name, b);
}

static int64_t until(const struct req *r, const struct options *opt)
{
	return r->journal->began + 1000 * (opt->timeout < 0 ? WAIT_S : opt->timeout);
}

/* The run is called again at once, when what it wrote here is there for others to see. */
static int ask(struct asking *k, const struct options *opt)
{
	char id[ID_LEN + 1];
	struct req *r = k->r;
	struct proposal p = {.by = r->app, .run_id = r->journal->run.id ? r->journal->run.id : r->id, .app = k->c->arg[0].s, .files = k->c->arg[1].s,
			     .base = opt->base, .words = opt->reason, .expires = until(r, opt), .blob = own_file, .arg = k};
	int err = propose(k->db, r->arena, &p, id);
	return err ? err : journal_suspend(r, now_ms(), id, id);
}

/* Called again after so long, or when the time is over. */
static int again(struct asking *k, const struct options *opt, int64_t ms, const char *id)
{
	return journal_suspend(k->r, MIN(until(k->r, opt), now_ms() + ms), id, id);
}

static int look_into(struct asking *k, const struct options *opt, const struct candidate *c)
{
	if (*c->progress && !candidate_lost(c))
		return again(k, opt, FETCH_MS, c->id);
	int err = candidate_look(k->r, c->id);
	if (err == ERR_UNAVAILABLE) {
		fault_clear(&k->r->fault);
		return again(k, opt, BUSY_MS, c->id);
	}
	if (!err)
		err = candidate_progress(k->db, c->id, "Waiting for its turn");
	return err ? err : again(k, opt, FETCH_MS, c->id);
}

static int waiting(struct asking *k, const struct options *opt, const struct candidate *c, struct out *o)
{
	struct decision none = {.state = "denied", .by = "timeout", .note = "", .answer = STR("null")};
	int err = 0;
	bool seen = !strcmp(c->state, "ready") || k->r->node->trial; /* in a trial nobody looks into one: it would be tried in a trial of its own */
	if (now_ms() < until(k->r, opt))
		return seen ? again(k, opt, WAIT_S * 1000, c->id) : look_into(k, opt, c);
	if (!(err = decision_leave(k->db, k->r->journal->run.id, "expired")))
		write_answer(o, &none, "version");
	return err;
}

static int decided(struct asking *k, struct out *o)
{
	struct decision d;
	struct req *r = k->r;
	if (!decision_get(k->db, r->arena, str_of(r->journal->ticket), &d))
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "The proposal is gone.");
	if (!strcmp(d.state, "stale"))
		return fail(r, ERR_STALE, "Another version of the app serves since; propose it for that one.");
	write_answer(o, &d, "version");
	return 0;
}

static int look(struct asking *k, const struct options *opt, struct out *o)
{
	const struct candidate *c = candidate_get(k->db, k->r->arena, str_of(k->r->journal->ticket));
	if (c && !strcmp(c->state, "failed"))
		return fail(k->r, err_by_code(c->code) ? err_by_code(c->code) : ERR_BAD_PACKAGE, "%s", c->error);
	return c && strcmp(c->state, "installed") ? waiting(k, opt, c, o) : decided(k, o);
}

static int propose_it(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct options opt;
	struct asking k = {r, db, c};
	int err = options_read(r, &c->arg[2], "reason, base, timeout", &opt);
	if (err)
		return err;
	if (!opt.reason.n || opt.reason.n > REASON_MAX)
		return fail(r, ERR_BAD_REQUEST, "propose: the reason is a sentence of at most %d bytes.", REASON_MAX);
	return r->journal->ticket ? look(&k, &opt, o) : ask(&k, &opt);
}

int sys_app_propose(struct req *r, const struct call *c, struct out *o)
{
	if (!r->journal)
		return fail(r, ERR_BAD_REQUEST, "propose works in runs and in requests without files.");
	return with_db(r, c, o, propose_it);
}
