/* Runs as their owner sees them, and as whoever started one does (/_fazt/run/ID). */
#include "base/now.h"
#include "base/visible.h"
#include "kernel/app.h"
#include "kernel/errand.h"
#include "kernel/page.h"
#include "store/decision.h"
#include "store/user.h"
#include "sys/appinfo.h"
#include "sys/endpoint.h"
#include "sys/sys.h"

#define LIST_LIMIT 100
#define LIST_MOST 1000
#define RESULT_SHOWN 300

static void write_progress(struct req *r, struct out *o, const struct run *run)
{
	if (run->total <= 0 && !*run->note && run->done <= 0)
		return;
	out_key(o, "progress");
	out_object(o);
	out_key(o, "done");
	out_num(o, run->done);
	out_key(o, "total");
	out_num(o, run->total);
	out_kcstr(o, "text", shown_line(r, run->note, 200));
	out_end(o);
}

static void write_error(struct req *r, struct out *o, const struct run *run)
{
	if (!*run->code)
		return;
	out_kcstr(o, "code", run->code);
	out_kcstr(o, "error", shown_line(r, run->error, 600));
}

static const char *whose(struct req *r, struct db *db, const char *principal)
{
	struct user u;
	if (!*principal)
		return "nobody";
	if (!strcmp(principal, "app"))
		return "app";
	return user_find_for(db, str_of(principal), STR(""), &u) ? arena_strdup(r->arena, u.name) : "gone";
}

static void write_run(struct req *r, struct db *db, struct out *o, const struct run *run)
{
	struct app_row *app = app_row_by_id(db, r->arena, str_of(run->app_id));
	out_kcstr(o, "id", run->id);
	out_kcstr(o, "app", app ? app->name : NULL);
	out_kcstr(o, "handler", *run->handler ? run->handler : "a request");
	out_kcstr(o, "state", run->state);
	if (*run->job)
		out_kcstr(o, "job", run->job);
	out_kcstr(o, "as", whose(r, db, run->principal));
	out_kint(o, "steps", run->steps);
	out_kint(o, "created", run->created);
	if (run->due != RUN_NEVER && strcmp(run->state, "running"))
		out_kint(o, "due", run->due);
	if (run->ended)
		out_kint(o, "ended", run->ended);
	write_error(r, o, run);
	write_progress(r, o, run);
}

/* What is shown of one is little; what it carries goes with it. */
static void write_one(struct req *r, struct db *db, struct out *o, struct str id)
{
	struct run run;
	struct arena *whole = r->arena;
	r->arena = arena_new();
	if (run_get(db, r->arena, id, &run)) {
		out_object(o);
		write_run(r, db, o, &run);
		out_end(o);
	}
	arena_free(r->arena);
	r->arena = whole;
}

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *app = c->arg[0].present ? app_named(r, db, c->arg[0].s) : NULL;
	int64_t limit = c->arg[2].present ? c->arg[2].i : LIST_LIMIT;
	int row = 0;
	if (r->fault.err)
		return r->fault.err;
	if (limit < 1 || limit > LIST_MOST)
		return fail(r, ERR_BAD_REQUEST, "limit is 1 to %d.", LIST_MOST);
	struct stmt *s = run_query(db, app ? app->id : NULL, c->arg[1].present ? arena_cstr(r->arena, c->arg[1].s) : NULL, limit);
	out_array(o);
	while (s && (row = stmt_row(s)) == 1)
		write_one(r, db, o, stmt_str(s, 0));
	out_end(o);
	return s ? -row : r->fault.err;
}

int op_run_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

/* ---- one ---- */

static int find(struct req *r, struct db *db, const struct call *c, struct run *run)
{
	if (run_get(db, r->arena, c->arg[0].s, run))
		return 0;
	return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "There is no such run; the oldest are forgotten.");
}

static void write_step(struct req *r, struct out *o, struct stmt *s)
{
	out_object(o);
	out_kint(o, "seq", stmt_int(s, 0));
	out_kstr(o, "name", stmt_str(s, 1));
	out_kcstr(o, "given", visible(r->arena, stmt_str(s, 2), JOURNAL_SHOWN));
	out_kint(o, "began", stmt_int(s, 3));
	if (stmt_int(s, 4))
		out_kint(o, "ended", stmt_int(s, 4));
	if (stmt_str(s, 5).n)
		out_kstr(o, "code", stmt_str(s, 5));
	out_kcstr(o, "gave", visible(r->arena, stmt_str(s, 6), RESULT_SHOWN));
	out_end(o);
}

static int write_steps(struct req *r, struct db *db, struct out *o, const struct run *run, int64_t from)
{
	int row = 0;
	struct stmt *s = step_query(db, run->id, from, LIST_MOST);
	out_key(o, "journal");
	out_array(o);
	while (s && (row = stmt_row(s)) == 1)
		write_step(r, o, s);
	out_end(o);
	return s ? -row : r->fault.err;
}

static int show(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct run run;
	int err = find(r, db, c, &run);
	if (err)
		return err;
	out_object(o);
	write_run(r, db, o, &run);
	out_kint(o, "version", run.version);
	if (run.moment)
		out_kint(o, "moment", run.moment);
	if (*run.parent)
		out_kcstr(o, "parent", run.parent);
	if (*run.awaits)
		out_kcstr(o, decision_pending(db, run.awaits) ? "question" : "awaits", run.awaits);
	out_kint(o, "attempt", run.attempt);
	out_kint(o, "retries", run.retries);
	out_kcstr(o, "input", visible(r->arena, run.input, 4 * KIB));
	if (run.ended)
		out_kcstr(o, "result", visible(r->arena, run.result, 4 * KIB));
	err = write_steps(r, db, o, &run, MAX(0, run.steps - LIST_LIMIT));
	out_end(o);
	return err;
}

int op_run_show(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, show);
}

static int follow(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct run run;
	int err = find(r, db, c, &run);
	if (err)
		return err;
	out_object(o);
	write_run(r, db, o, &run);
	err = write_steps(r, db, o, &run, c->arg[1].present ? c->arg[1].i : 0);
	out_end(o);
	return err;
}

int op_run_follow(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, follow);
}

/* ---- the owner's hand ---- */

static int retry(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct run run;
	int err = find(r, db, c, &run);
	struct app_row *app = err ? NULL : app_row_by_id(db, r->arena, str_of(run.app_id));
	if (err)
		return err;
	if (!run.ended || !strcmp(run.state, "done"))
		return fail(r, ERR_CONFLICT, "The run is %s%s; run retry is for one that failed or was cancelled.", run.state,
			    strcmp(run.state, "queued") ? "" : " and goes on by itself when it is due");
	bool newest = c->arg[2].present && c->arg[2].b, errand = errand_is(&run);
	if (!app && !errand)
		return fail(r, ERR_CONFLICT, "The app is gone.");
	if (!newest && !errand && !version_package(db, r->arena, app->id, run.version))
		return fail(r, ERR_CONFLICT, "Version %lld of %s is not there any more; try it with newest.", (long long)run.version, app->name);
	out_null(o);
	return run_again(db, run.id, newest && app ? app->version : run.version, c->arg[1].present && c->arg[1].b);
}

int op_run_retry(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, retry);
}

static int cancel(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct run run;
	int err = find(r, db, c, &run);
	out_null(o);
	return err ? err : run_cancel(db, run.id);
}

int op_run_cancel(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, cancel);
}

/* ---- GET /_fazt/run/ID ---- */

/* Whoever started it may look; a stranger's is whoever's that has its address. */
static bool theirs(const struct req *r, const struct run *run)
{
	if (strcmp(run->app_id, r->app->id))
		return false;
	return !*run->principal || r->who.admin || (r->who.kind == WHO_IS_USER && !strcmp(run->principal, r->who.user_id));
}

static void page(struct req *r, const struct run *run)
{
	struct buf b = BUF_INIT;
	page_add(&b, "<p>{}</p>", run->ended ? "It has ended." : "It is not done yet.");
	page_add(&b, "<p>State: <b>{}</b></p>", *run->awaits && !run->ended ? "waiting for a decision or for other work" : run->state);
	if (*run->note)
		page_add(&b, "<p>{}</p>", shown_line(r, run->note, 200));
	page_add(&b, "<p><a href=\"{}\">Look again</a></p>", arena_cstr(r->arena, r->path));
	page_send(r, 200, r->app->title, &b);
}

static void json(struct req *r, const struct run *run)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	out_kcstr(&o, "run", run->id);
	out_kcstr(&o, "state", run->state);
	write_progress(r, &o, run);
	if (!strcmp(run->state, "done"))
		out_kraw(&o, "result", run->result);
	if (!strcmp(run->state, "failed"))
		out_kcstr(&o, "code", run->code);
	out_end(&o);
	res_set(r, 200, "application/json", buf_str(&b));
	page_headers(r);
	buf_release(&b);
}

int endpoint_run(struct req *r)
{
	static const char below[] = "/_fazt/run/";
	struct str id = {r->path.p + sizeof below - 1, r->path.n - (sizeof below - 1)};
	struct run run;
	struct db *db = db_borrow(r->node->store, &r->fault);
	bool found = db && run_get(db, r->arena, id, &run) && theirs(r, &run);
	db_return(db);
	if (!found)
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, NULL);
	if (req_wants_html(r))
		page(r, &run);
	else
		json(r, &run);
	return 0;
}
