#include "gate/rehearse.h"

#include "base/now.h"
#include "base/visible.h"
#include "gate/tests.h"
#include "kernel/install.h"
#include "kernel/portable.h"
#include "kernel/upgrade.h"

#define FAILED 10 /* tests that are told of */

/* Rows of the app's people come along, and the people do not: in the trial their rows belong to nobody, so that a test's
 * own users meet none of them, whatever they are called. */

struct rehearsal {
	struct node *node;
	const struct app_row *app;
	struct trial trial;
	struct tests tests;
	struct copy_count copied;
	struct fault *fault;
	progress_fn *progress;
	void *arg;
	int64_t clock;       /* now_shifted() outside of it */
	char why[FAULT_MAX]; /* the first test that failed */
	struct buf failed;   /* the first FAILED, as members of a JSON list */
	int nfailed;
};

static bool has_tests(const struct package *p)
{
	for (int i = 0; i < p->nfiles; i++)
		if (str_starts(str_of(p->file[i].path), "t/") && str_ends(str_of(p->file[i].path), ".lua"))
			return true;
	return false;
}

static int apply(struct migration *m, struct fault *f)
{
	struct db *db = db_borrow(m->node->store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	if (!err)
		err = migration_apply(m, db);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

/* What the rows here have not been through, the copy has not either. */
static int migrate(struct rehearsal *r, const char *package)
{
	struct migration *m;
	struct db *db = db_borrow(r->node->store, r->fault);
	int err = db ? migration_plan(r->node, db, r->app, package, &m) : r->fault->err;
	db_return(db);
	if (err || !m)
		return err;
	m->node = &r->trial.node;
	m->files.app_id = r->trial.app_id;
	err = migration_compute(m, NULL, NULL, r->fault);
	if (!err)
		err = apply(m, r->fault);
	migration_free(m);
	return err;
}

/* That it cannot be told ends nothing here; the next step will say so. What is told is of our time, not of the test's. */
static void tell(struct rehearsal *r)
{
	char text[80];
	struct fault kept = *r->fault;
	int64_t shifted = now_shifted();
	now_shift(r->clock);
	snprintf(text, sizeof text, "Running the app's tests on a copy of its rows: %d done", r->tests.passed + r->tests.failed);
	r->progress(r->arg, text);
	*r->fault = kept;
	now_shift(shifted);
}

static void keep(struct rehearsal *r, const struct test *x)
{
	struct out o = OUT(&r->failed);
	if (r->failed.len)
		buf_addc(&r->failed, ',');
	out_object(&o);
	out_kcstr(&o, "file", x->file);
	out_kstr(&o, "name", x->name);
	out_kstr(&o, "message", x->message);
	out_end(&o);
}

static void note(void *arg, const struct test *x)
{
	struct rehearsal *r = arg;
	struct arena *a = arena_new();
	if (!x->passed && !*r->why)
		snprintf(r->why, sizeof r->why, "%s%s%s: %s", x->file, x->name.n ? ", " : "", visible(a, x->name, 100), visible(a, x->message, FAULT_MAX));
	if (!x->passed && r->nfailed++ < FAILED)
		keep(r, x);
	arena_free(a);
	tell(r);
}

static int run_tests(struct rehearsal *r)
{
	int err = trial_bound(&r->trial, r->fault);
	if (!err)
		err = trial_keep(&r->trial, r->fault);
	if (!err)
		err = tests_run(&r->trial, &r->tests, r->fault);
	if (err || !r->tests.failed)
		return err;
	return fault(r->fault, ERR_BAD_PACKAGE, "%d of its %d tests fail on a copy of the rows; %s", r->tests.failed, r->tests.failed + r->tests.passed,
		     r->why);
}

static int rehearse_in(struct rehearsal *r, const struct package *p)
{
	static const struct copy_bounds bounds = {REHEARSE_ROWS, REHEARSE_FILE, REHEARSE_FILES};
	struct portable_people nobody = {0};
	tell(r);
	int err = trial_beside(&r->trial, r->node, r->fault);
	if (!err)
		err = trial_install(&r->trial, p, r->fault);
	if (!err)
		err = portable_copy(r->node, r->app->id, &r->trial.node, r->trial.app_id, &nobody, &bounds, &r->copied, r->fault);
	if (!err)
		err = migrate(r, p->hash);
	if (!err)
		err = run_tests(r);
	trial_close(&r->trial);
	return err;
}

static int load(struct node *n, const char *hash, struct package *p, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	int err = db ? package_stored(db, hash, p) : f->err;
	db_return(db);
	return err;
}

/* "failed": [{file, name, message}], how it stands in a candidate that failed. */
static void write_failed(struct out *o, const struct rehearsal *r)
{
	struct buf list = BUF_INIT;
	buf_addf(&list, "[%.*s]", (int)r->failed.len, r->failed.len ? r->failed.p : "");
	out_kraw(o, "failed", buf_str(&list));
	buf_release(&list);
}

static int rehearse(struct node *n, const struct app_row *app, const char *package, progress_fn *progress, void *arg, struct out *o,
		    struct fault *f)
{
	struct rehearsal *r = xcalloc(1, sizeof *r);
	struct package *p = package_new();
	*r = (struct rehearsal){.node = n, .app = app, .fault = f, .progress = progress, .arg = arg, .clock = now_shifted()};
	r->tests = (struct tests){.each = note, .arg = r, .deadline = REHEARSE_TEST, .until = mono_ms() + REHEARSE_MS};
	int err = load(n, package, p, f);
	if (!err && has_tests(p)) {
		err = rehearse_in(r, p);
		out_kint(o, "tests", r->tests.passed);
		out_kint(o, "copied", r->copied.docs);
		out_kint(o, "left_out", r->copied.left_out);
		out_kint(o, "files", r->copied.files);
		out_kint(o, "files_left_out", r->copied.files_left_out);
		write_failed(o, r);
	}
	buf_release(&r->failed);
	package_free(p);
	free(r);
	return err;
}

void rehearse_install(void)
{
	upgrade_test = rehearse;
}
