#define _GNU_SOURCE /* memmem */

#include "gate/tests.h"

#include "base/log.h"
#include "base/now.h"
#include "codec/json.h"
#include "gate/ask.h"
#include "gate/gateway.h"
#include "gate/pool.h"
#include "gate/runner.h"
#include "gate/talk.h"
#include "kernel/app.h"
#include "kernel/mock.h"
#include "store/files.h"
#include "sys/test.h"

/* The test's cell and the app's cells are strangers to each other: a test is a request of an app that has the app's id and
 * grants, the grant "test" besides, and t/ among its files. */

#define LOG_LINES 200

/* ---- test.request ---- */

static int add_headers(struct req *q, struct str json, struct fault *f)
{
	struct json_lex l;
	struct str key, value;
	int err = 0;
	json_lex_init(&l, json, 2);
	if (!json.n || json_next(&l) != JSON_OBJECT)
		return 0;
	while (!err && json_next_member(&l, &key, &value)) {
		struct buf name = BUF_INIT, text = BUF_INIT;
		if (value.n < 2 || value.p[0] != '"')
			return fault(f, ERR_BAD_REQUEST, "headers are text");
		json_unescape(&name, key);
		json_unescape(&text, (struct str){value.p + 1, value.n - 2});
		if (ask_header(q, buf_str(&name), buf_str(&text)))
			err = fault(f, ERR_BAD_REQUEST, "%s", fault_message(&q->fault));
		buf_release(&name);
		buf_release(&text);
	}
	return err;
}

static void write_answer(struct out *o, const struct req *q)
{
	out_object(o);
	out_kint(o, "status", q->res.status);
	out_key(o, "headers");
	out_array(o);
	for (int i = 0; i < q->res.nheaders; i++) {
		out_array(o);
		out_str(o, q->res.header[i].name);
		out_str(o, q->res.header[i].value);
		out_end(o);
	}
	out_end(o);
	out_end(o);
	buf_addc(o->buf, '\n');
	if (q->res.body.len)
		buf_addstr(o->buf, buf_str(&q->res.body));
}

static int pipeline(struct req *r, const struct call *c, struct out *o)
{
	struct req q;
	struct arena *a = arena_new();
	req_init(&q, r->node, a, DOOR_SHELL);
	int err = ask(&q, &r->settings, r->app->name, c->arg[1].s, c->arg[2].s, c->arg[0].s);
	if (err)
		fail(r, ERR_BAD_REQUEST, "%s", fault_message(&q.fault));
	if (!err && c->arg[3].present)
		err = add_headers(&q, c->arg[3].s, &r->fault);
	if (!err) {
		q.body = c->arg[4].present ? c->arg[4].s : STR_NONE;
		req_run(&q);
		write_answer(o, &q);
	}
	req_release(&q);
	arena_free(a);
	return err;
}

/* ---- the app a test runs as ---- */

struct run {
	struct trial *trial;
	struct tests *tests;
	struct fault *fault;
	struct arena *arena;   /* of the whole run */
	struct settings settings;
	struct app *app;       /* as installed */
	struct app *testing;
	int nfiles;
	struct app_file *file; /* of tests */
	const struct app_file *now;
	struct watch watch;
	struct cell cell;
};

/* Files directly in t/; what lies deeper is theirs to use. */
static bool is_test(struct str path)
{
	return str_starts(path, "t/") && str_ends(path, ".lua") && !memchr(path.p + 2, '/', path.n - 2);
}

static int load_tests(struct run *w, struct db *db)
{
	struct file_row *list;
	int n = files_list(db, w->arena, w->app->package, "t/", &list), err = MAX(-n, 0);
	w->file = arena_alloc(w->arena, (size_t)(MAX(n, 0) + 1) * sizeof *w->file);
	for (int i = 0; !err && i < n; i++) {
		struct app_file *f = &w->file[w->nfiles];
		f->path = str_of(list[i].path);
		if (!is_test(f->path))
			continue;
		err = file_load(db, w->arena, w->app->package, list[i].path, &f->text);
		w->nfiles += !err;
	}
	return err;
}

/* One more file than the app has: the tests that run just now, so that a file which does not compile fails alone. */
static void make_testing(struct run *w)
{
	struct app *a = NEW(w->arena, struct app);
	int nfiles = w->app->nfiles, ngrants = w->app->ngrants;
	*a = *w->app;
	a->refs = 1; /* the run's own: it never gets to none */
	a->arena = w->arena;
	a->file = arena_alloc(w->arena, (size_t)(nfiles + 1) * sizeof *a->file);
	a->grant = arena_alloc(w->arena, (size_t)(ngrants + 1) * sizeof *a->grant);
	memcpy(a->file, w->app->file, (size_t)nfiles * sizeof *a->file);
	memcpy(a->grant, w->app->grant, (size_t)ngrants * sizeof *a->grant);
	a->nfiles = nfiles + 1;
	a->grant[a->ngrants++] = (struct grant){.permission = "test"};
	w->testing = a;
}

static int prepare(struct run *w)
{
	struct db *db = db_borrow(w->trial->node.store, w->fault);
	if (!db)
		return w->fault->err;
	w->app = app_by_id(&w->trial->node, db, str_of(w->trial->app_id));
	int err = w->app ? node_settings(&w->trial->node, db, w->arena, &w->settings) : fault(w->fault, ERR_NOT_FOUND, "no app is installed in the trial");
	if (!err)
		err = load_tests(w, db);
	if (!err)
		make_testing(w);
	db_return(db);
	return err;
}

/* ---- one test ---- */

static void add_line(void *arg, struct str line)
{
	struct buf *b = arg;
	buf_adds(b, b->len > 1 ? "," : "");
	buf_addstr(b, line);
}

static void tell(struct run *w, struct test *x)
{
	struct buf log = BUF_INIT;
	buf_addc(&log, '[');
	log_tail(w->app->id, LOG_LINES, NULL, add_line, &log, NULL);
	buf_addc(&log, ']');
	x->file = w->now->path.p;
	x->log = buf_str(&log);
	*(x->passed ? &w->tests->passed : &w->tests->failed) += 1;
	if (w->tests->each)
		w->tests->each(w->tests->arg, x);
	buf_release(&log);
}

static struct str said(const struct run *w, const struct fault *f)
{
	return w->watch.message.len ? buf_str(&w->watch.message) : str_of(fault_message(f));
}

/* A cell that has named its tests. A file that does not load is one test that failed. */
static bool loaded(struct run *w)
{
	struct fault f = {0};
	int64_t began = mono_ms();
	if (w->cell.app)
		return true;
	watch_release(&w->watch);
	w->watch.test = w->now->path.p;
	if (!pool_apart(&w->trial->node, &w->settings, w->testing, &w->watch, &w->cell, &f))
		return true;
	pool_apart_end(&w->cell);
	tell(w, &(struct test){.ms = mono_ms() - began, .message = said(w, &f), .trace = buf_str(&w->watch.trace)});
	return false;
}

static int run_request(struct run *w, int number, struct fault *f)
{
	struct req r;
	bool sound, stale;
	struct arena *a = arena_new();
	req_init(&r, &w->trial->node, a, DOOR_SHELL);
	r.trigger = STR("test");
	r.method = STR("GET");
	r.path = str_of(arena_printf(a, "/%d", number));
	r.settings = w->settings;
	r.app = w->testing;
	r.who.kind = WHO_IS_APP;
	r.deadline = mono_ms() + w->tests->deadline;
	int err = talk_request(&w->cell, &r, &sound, &stale);
	if (err == ERR_APP_TIMEOUT)
		fail(&r, err, "the test took longer than %lld seconds", (long long)(w->tests->deadline / 1000));
	else if (err && !r.fault.err)
		fail(&r, err, NULL);
	*f = r.fault;
	r.app = NULL;
	req_release(&r);
	arena_free(a);
	if (!sound)
		pool_apart_end(&w->cell);
	return err;
}

static int check_time(struct run *w)
{
	if (!w->tests->until || mono_ms() < w->tests->until)
		return 0;
	return fault(w->fault, ERR_BAD_PACKAGE, "its tests take too long: %d were run", w->tests->passed + w->tests->failed);
}

static int run_test(struct run *w, int number, struct str name)
{
	struct fault f = {0};
	int err = check_time(w);
	mock_forget(&w->trial->node);
	if (!err)
		err = trial_again(w->trial, w->fault);
	if (err || !loaded(w))
		return err;
	log_forget(w->app->id);
	buf_clear(&w->watch.message);
	buf_clear(&w->watch.trace);
	int64_t began = mono_ms();
	bool passed = !run_request(w, number, &f);
	struct test x = {.name = name, .passed = passed, .ms = mono_ms() - began};
	if (!passed) {
		x.message = said(w, &f);
		x.trace = buf_str(&w->watch.trace);
	}
	tell(w, &x);
	return 0;
}

/* ---- all of them ---- */

static bool wanted(const struct run *w, struct str name)
{
	struct str only = w->tests->only;
	char *whole = arena_printf(w->arena, "%s %.*s", w->now->path.p, STR_FMT(name));
	return !only.n || memmem(whole, strlen(whole), only.p, only.n);
}

static int run_file(struct run *w)
{
	struct json_lex l;
	struct str list, item;
	int err = 0;
	w->tests->files++;
	log_forget(w->app->id);
	if (!loaded(w))
		return 0;
	struct str ready = arena_str(w->arena, buf_str(&w->watch.ready)); /* a fresh cell says it again */
	if (!json_member(ready, STR("tests"), &list))
		return fault(w->fault, ERR_INTERNAL, NULL);
	json_lex_init(&l, list, 2);
	json_next(&l);
	for (int number = 1; !err && json_next_item(&l, &item); number++) {
		struct buf name = BUF_INIT;
		if (json_text(&name, item) && wanted(w, buf_str(&name)))
			err = run_test(w, number, buf_str(&name));
		buf_release(&name);
	}
	pool_apart_end(&w->cell);
	return err;
}

static int run_files(struct run *w)
{
	int err = 0;
	for (int i = 0; !err && i < w->nfiles; i++) {
		w->now = w->testing->file + w->app->nfiles;
		w->testing->file[w->app->nfiles] = w->file[i];
		err = run_file(w);
	}
	return err;
}

int tests_run(struct trial *t, struct tests *s, struct fault *f)
{
	struct run w = {.trial = t, .tests = s, .fault = f, .arena = arena_new(), .cell = {.to = -1, .from = -1}};
	s->deadline = s->deadline ? s->deadline : TESTS_MS;
	s->files = s->passed = s->failed = 0;
	test_pipeline = pipeline;
	test_run = runner_once;
	test_next = runner_next;
	int err = trial_keep(t, f);
	if (!err)
		err = prepare(&w);
	if (!err)
		err = run_files(&w);
	test_pipeline = NULL;
	test_run = NULL;
	mock_forget(&t->node);
	pool_apart_end(&w.cell);
	watch_release(&w.watch);
	app_release(w.app);
	arena_free(w.arena);
	return err;
}

void test_write(struct out *o, const struct test *x)
{
	out_object(o);
	out_kcstr(o, "file", x->file);
	out_kstr(o, "name", x->name);
	out_kbool(o, "passed", x->passed);
	out_kint(o, "ms", x->ms);
	out_kstr(o, "message", x->message);
	out_kstr(o, "trace", x->trace);
	out_kraw(o, "log", x->log);
	out_end(o);
}
