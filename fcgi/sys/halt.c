/* fazt.halt: a question of the app, its answer, and what both look like to the owner. */
#include "store/decision.h"

#include "base/now.h"
#include "kernel/app.h"
#include "kernel/journal.h"
#include "sys/decide.h"
#include "sys/options.h"
#include "sys/sys.h"

static int ask(struct req *r, struct db *db, const struct call *c, const struct options *opt)
{
	char id[ID_LEN + 1];
	struct journal *j = r->journal;
	int64_t due = opt->timeout < 0 ? RUN_NEVER : j->began + 1000 * opt->timeout;
	if (c->arg[1].present && !decide_shows(c->arg[1].s))
		return fail(r, ERR_TOO_LARGE, "halt: data is more than the owner can be shown; ask about less of it.");
	struct decision d = {.app_id = r->app->id, .version = r->app->version, .run_id = j->run.id ? j->run.id : r->id,
			     .reason = arena_cstr(r->arena, c->arg[0].s), .data = c->arg[1].present ? c->arg[1].s : STR("null"),
			     .expires = due == RUN_NEVER ? 0 : due};
	int err = decision_ask(db, &d, id);
	if (err)
		return err;
	j->bytes += (int64_t)(c->arg[0].s.n + d.data.n); /* the question is kept as long as the run is shown, and counts with it */
	return journal_suspend(r, due, id, id);
}

static int expire(struct req *r, struct db *db, const struct options *opt, struct out *o)
{
	struct decision none = {.state = "denied", .by = "timeout", .note = "", .answer = opt->otherwise.n ? opt->otherwise : STR("null")};
	int err = decision_leave(db, r->journal->run.id, "expired");
	if (!err)
		write_answer(o, &none, "data");
	return err;
}

/* The question was asked: has it been answered? */
static int look(struct req *r, struct db *db, const struct options *opt, struct out *o)
{
	struct decision d;
	struct journal *j = r->journal;
	int64_t due = opt->timeout < 0 ? RUN_NEVER : j->began + 1000 * opt->timeout;
	if (!decision_get(db, r->arena, str_of(j->ticket), &d))
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "The question is gone.");
	if (!strcmp(d.state, "pending"))
		return now_ms() >= due ? expire(r, db, opt, o) : journal_suspend(r, due, d.id, d.id);
	if (!decision_yes(&d) && strcmp(d.state, "denied"))
		return fail(r, ERR_CONFLICT, "Nobody can answer that question any more.");
	write_answer(o, &d, "data");
	return decision_applied(db, d.id, NULL);
}

static int halt(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct options opt;
	int err = options_read(r, &c->arg[2], "timeout, default", &opt);
	if (err)
		return err;
	if (!c->arg[0].s.n || c->arg[0].s.n > REASON_MAX)
		return fail(r, ERR_BAD_REQUEST, "halt: the reason is a sentence of at most %d bytes.", REASON_MAX);
	if ((int64_t)c->arg[1].s.n > r->settings.number[SETTING_RUN_INPUT])
		return fail(r, ERR_TOO_LARGE, "halt: data may have %lld KB.", (long long)(r->settings.number[SETTING_RUN_INPUT] / KIB));
	return r->journal->ticket ? look(r, db, &opt, o) : ask(r, db, c, &opt);
}

int sys_halt(struct req *r, const struct call *c, struct out *o)
{
	if (!r->journal)
		return fail(r, ERR_BAD_REQUEST, "halt works in runs and in requests without files.");
	return with_db(r, c, o, halt);
}
