/* fazt.queue, sleep, wait, signal, join, cancel, progress and step: a handler that has to wait says until when and for what
 * (journal_suspend), and is called again when that may be so. */
#include "base/now.h"
#include "codec/json.h"
#include "kernel/app.h"
#include "kernel/journal.h"
#include "kernel/mailer.h"
#include "kernel/meter.h"
#include "sys/options.h"
#include "sys/rows.h"
#include "sys/sys.h"

#define KEY_MAX 200
#define DEPTH 20       /* runs under way, each started by the one above it */
#define EVENT_MAX 64
#define EVENTS 20      /* names one wait may list */
#define MOMENT 100000000000.0 /* a number that large is a moment in milliseconds, a smaller one seconds */
#define TEXT_MAX 200

static const char *current_run(const struct req *r)
{
	return r->journal ? r->journal->run.id : NULL;
}

/* ---- queue ---- */

static bool has_code(const struct app *a, struct str path)
{
	for (int i = 0; i < a->nfiles; i++)
		if (str_eq(a->file[i].path, path))
			return str_starts(path, "api/") && str_ends(path, ".lua");
	return false;
}

static int small(struct req *r, struct str json, const char *what)
{
	int64_t most = r->settings.number[SETTING_RUN_INPUT];
	return (int64_t)json.n <= most ? 0 : fail(r, ERR_TOO_LARGE, "%s may have %lld KB.", what, (long long)(most / KIB));
}

/* Runs that start runs: not too deep, and not without end. */
static int may_start(struct req *r, struct db *db)
{
	const char *mine = current_run(r);
	if (mine && run_depth(db, mine, DEPTH) >= DEPTH)
		return fail(r, ERR_RATE_LIMITED, "Runs that start runs are at most %d deep; let one end when it has queued the next.", DEPTH);
	if (meter_wait(meter_of(r->node->meters, r->app->id), BUDGET_APP_STARTS))
		return fail(r, ERR_RATE_LIMITED, "The app started %lld runs within a day, which is the most it may. The owner may allow it more: "
			    "fazt-admin app limit %s app.starts VALUE", (long long)r->app->limit[BUDGET_APP_STARTS], r->app->name);
	return 0;
}

static int queue(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct options opt;
	char fresh[ID_LEN + 1], id[ID_LEN + 1];
	struct scope sc = rows_scope(r, c->as_app);
	int err = options_read(r, &c->arg[2], "delay, key, priority, retries, backoff", &opt);
	if (err || (err = small(r, c->arg[1].s, "The input of a run")))
		return err;
	if (!has_code(r->app, c->arg[0].s))
		return fail(r, ERR_BAD_REQUEST, "queue: there is no file %.*s in this app.", (int)MIN(c->arg[0].s.n, (size_t)100), c->arg[0].s.p);
	if (opt.key.n > KEY_MAX || (opt.key.n && memchr(opt.key.p, 0, opt.key.n)))
		return fail(r, ERR_BAD_REQUEST, "queue: a key has at most %d bytes, none of them zero.", KEY_MAX);
	id_new(fresh);
	struct run run = {.id = fresh, .app_id = r->app->id, .version = r->app->version, .principal = journal_principal(r, c->as_app),
			  .parent = current_run(r) ? current_run(r) : "", .handler = arena_cstr(r->arena, c->arg[0].s),
			  .input = c->arg[1].present ? c->arg[1].s : STR("null"), .key = arena_cstr(r->arena, opt.key), .state = "queued",
			  .priority = opt.priority ? opt.priority : RUN_FOREGROUND, .retries = opt.retries < 0 ? RUN_RETRIES : opt.retries,
			  .backoff = opt.backoff < 0 ? RUN_BACKOFF_MS : 1000 * opt.backoff, .due = now_ms() + 1000 * opt.delay};
	if ((err = may_start(r, db)) || (err = run_insert(db, &sc, &run, r->app->limit[BUDGET_APP_RUNS], id)))
		return err;
	if (!strcmp(id, fresh))
		meter_add(meter_of(r->node->meters, r->app->id), BUDGET_APP_STARTS, r->app->limit[BUDGET_APP_STARTS], 1);
	out_cstr(o, id);
	return 0;
}

int sys_queue(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction_of_app(r, c, o, queue);
}

/* ---- waiting ---- */

int sys_sleep(struct req *r, const struct call *c, struct out *o UNUSED)
{
	int err = journal_needed(r, "sleep");
	double n = c->arg[0].n;
	if (err)
		return err;
	int64_t due = n >= MOMENT ? (int64_t)MIN(n, 1e15) : r->journal->began + (int64_t)(MAX(n, 0) * 1000);
	return now_ms() >= due ? 0 : journal_suspend(r, due, "", NULL);
}

static bool event_name(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i], letter = (char)(c | 32);
		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && !(c && strchr("._:-", c)))
			return false;
	}
	return name.n && name.n <= EVENT_MAX;
}

static int check_name(struct req *r, struct str name)
{
	return event_name(name) ? 0 : fail(r, ERR_BAD_REQUEST, "An event has a name of 1 to %d letters, digits and . _ : -.", EVENT_MAX);
}

/* The text inside a JSON string of an event's name, which has nothing to escape. */
static int check_quoted(struct req *r, struct str raw)
{
	return check_name(r, raw.n > 2 && raw.p[0] == '"' ? (struct str){raw.p + 1, raw.n - 2} : STR_NONE);
}

static int check_names(struct req *r, struct str names)
{
	struct json_lex l;
	struct str item;
	int err = 0, n = 0;
	json_lex_init(&l, names, 2);
	if (json_next(&l) != JSON_ARRAY)
		return check_quoted(r, names);
	while (!err && json_next_item(&l, &item))
		err = ++n > EVENTS ? fail(r, ERR_BAD_REQUEST, "wait: at most %d events at once.", EVENTS) : check_quoted(r, item);
	return err || n ? err : fail(r, ERR_BAD_REQUEST, "wait: there is no event in the list.");
}

static int64_t until(const struct req *r, const struct options *opt)
{
	return opt->timeout < 0 ? RUN_NEVER : r->journal->began + 1000 * opt->timeout;
}

static int wait_event(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct options opt;
	size_t before = o->buf->len;
	int err = options_read(r, &c->arg[1], "timeout", &opt);
	if (err || (err = check_names(r, c->arg[0].s)) || (err = event_take(db, &r->journal->scope, r->journal->run.id, c->arg[0].s, o->buf)) || o->buf->len > before)
		return err;
	return now_ms() >= until(r, &opt) ? 0 : journal_suspend(r, until(r, &opt), "", NULL);
}

int sys_wait(struct req *r, const struct call *c, struct out *o)
{
	int err = journal_needed(r, "wait");
	return err ? err : with_db(r, c, o, wait_event);
}

/* ---- other runs ---- */

/* A run that this caller may speak to: its own, or the app's business. */
static int find(struct req *r, struct db *db, const struct call *c, struct run *run)
{
	const char *me = journal_principal(r, c->as_app), *mine = current_run(r);
	bool found = run_get(db, r->arena, c->arg[0].s, run) && !strcmp(run->app_id, r->app->id);
	if (found && ((*me && !strcmp(run->principal, me)) || !strcmp(me, "app") || r->who.admin || (mine && !strcmp(run->parent, mine))))
		return 0;
	return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "There is no such run of yours.");
}

static int signal_run(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	struct run run;
	struct scope sc = rows_scope(r, c->as_app);
	int err = find(r, db, c, &run);
	if (err || (err = check_name(r, c->arg[1].s)) || (err = small(r, c->arg[2].s, "The data of an event")))
		return err;
	if (run.ended)
		return fail(r, ERR_NOT_FOUND, "That run has ended.");
	return event_add(db, &sc, run.id, c->arg[1].s, c->arg[2].present ? c->arg[2].s : STR("null"));
}

int sys_signal(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction_of_app(r, c, o, signal_run);
}

/* Neither in a circle, which nobody would ever leave, nor in a line without end. */
static int may_join(struct req *r, struct db *db, const char *id)
{
	const char *mine = r->journal->run.id;
	if (!strcmp(id, mine))
		return fail(r, ERR_BAD_REQUEST, "A run cannot wait for its own end.");
	int64_t line = run_line(db, id, mine, RUN_LINE);
	if (!line)
		return fail(r, ERR_CONFLICT, "Run %s waits for the end of this one, itself or behind others, so neither would ever end; send it what it needs with "
			    "fazt.signal, or let only one of them join the other.", id);
	return line < RUN_LINE ? 0 : fail(r, ERR_RATE_LIMITED, "%d runs wait one for the other there already; let one run join the others in turn.", RUN_LINE);
}

static int join_run(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct run run;
	int err = find(r, db, c, &run);
	if (err)
		return err;
	if (!run.ended)
		return (err = may_join(r, db, run.id)) ? err : journal_suspend(r, RUN_NEVER, run.id, NULL);
	if (!strcmp(run.state, "failed"))
		return fail(r, ERR_APP_ERROR, "The run failed: %s", mailer_tells(&run) ? run.error : "The mail was not delivered; the owner is told why.");
	if (!strcmp(run.state, "cancelled"))
		return fail(r, ERR_CONFLICT, "The run was cancelled.");
	out_raw(o, run.result);
	return 0;
}

int sys_join(struct req *r, const struct call *c, struct out *o)
{
	int err = journal_needed(r, "join");
	return err ? err : with_db(r, c, o, join_run);
}

static int cancel(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	struct run run;
	int err = find(r, db, c, &run);
	return err ? err : run_cancel(db, run.id);
}

int sys_cancel(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction_of_app(r, c, o, cancel);
}

static int progress(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	struct str text = {c->arg[2].s.p, MIN(c->arg[2].s.n, (size_t)TEXT_MAX)};
	return run_progress(db, r->journal->run.id, c->arg[0].n, c->arg[1].present ? c->arg[1].n : 0, text.n ? text : STR(""));
}

int sys_progress(struct req *r, const struct call *c, struct out *o)
{
	int err = journal_needed(r, "progress");
	return err ? err : in_transaction_of_app(r, c, o, progress);
}

/* ---- step ---- */

static struct step the_step(struct req *r, const struct call *c)
{
	struct step s = {.name = "step"};
	s.shown = arena_str(r->arena, (struct str){c->arg[0].s.p, MIN(c->arg[0].s.n, (size_t)JOURNAL_SHOWN)});
	crypt_hash(s.args, c->arg[0].s.n ? c->arg[0].s.p : "", c->arg[0].s.n);
	return s;
}

int sys_run_look(struct req *r, const struct call *c, struct out *o)
{
	bool known = false;
	if (!r->journal)
		return 0;
	struct step s = the_step(r, c);
	size_t before = o->buf->len;
	int err = journal_look(r, &s, o, &known);
	if (err || !known)
		return err;
	struct str value = arena_str(r->arena, (struct str){o->buf->p + before, o->buf->len - before});
	o->buf->len = before;
	out_object(o);
	out_kraw(o, "value", value.n ? value : STR("null"));
	out_end(o);
	return 0;
}

int sys_run_keep(struct req *r, const struct call *c, struct out *o)
{
	struct str value = c->arg[1].present ? c->arg[1].s : STR("null");
	int err = small(r, value, "The result of a step");
	if (err)
		return err;
	if (!r->journal) {
		out_raw(o, value);
		return 0;
	}
	struct step s = the_step(r, c);
	return journal_keep(r, &s, value, o);
}

int sys_run_drop(struct req *r, const struct call *c, struct out *o UNUSED)
{
	struct step s = the_step(r, c);
	s.err = err_by_code(arena_cstr(r->arena, c->arg[1].s));
	s.err = s.err ? s.err : ERR_APP_ERROR;
	s.result = c->arg[2].s.n ? c->arg[2].s : str_of(err_row(s.err)->message);
	fail(r, s.err, "%.*s", (int)MIN(s.result.n, (size_t)FAULT_MAX), s.result.p);
	return r->journal ? journal_drop(r, &s) : s.err;
}
