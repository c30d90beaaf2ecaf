/* app test and rls test: an app tried in a throw-away Fazt, told line by line. */
#include <jansson.h>

#include "base/out.h"
#include "base/visible.h"
#include "door/admin.h"
#include "door/door.h"
#include "gate/probe.h"
#include "gate/runner.h"
#include "gate/tests.h"
#include "kernel/folder.h"
#include "kernel/install.h"
#include "sys/consent.h"

/* ---- telling ---- */

struct telling {
	bool json;
	struct buf list;
	struct out out;
};

/* Lines of the app or test: not those of Lua itself and of what Fazt adds. */
static bool of_the_app(struct str line)
{
	return line.n && !str_starts(line, "stack traceback") && !str_starts(line, "[C]") && !str_starts(line, "fazt");
}

static void print_text(const char *indent, struct str text)
{
	struct buf b = BUF_INIT;
	while (text.n) {
		struct str line = str_trim(str_cut(text, '\n', &text));
		buf_adds(&b, indent);
		visible_add(&b, line, 2000);
		buf_addc(&b, '\n');
	}
	fwrite(b.p ? b.p : "", 1, b.len, stdout);
	buf_release(&b);
}

static void print_trace(struct str trace)
{
	while (trace.n) {
		struct str line = str_trim(str_cut(trace, '\n', &trace));
		if (of_the_app(line))
			print_text("      ", line);
	}
}

static void print_log(struct str log)
{
	json_t *line, *list = json_loadb(log.p, log.n, 0, NULL);
	size_t i;
	json_array_foreach(list, i, line) {
		struct str text = str_of(json_string_value(json_object_get(line, "text")));
		printf("    log, %s:\n", json_string_value(json_object_get(line, "level")));
		print_text("      ", text);
	}
	json_decref(list);
}

static void tell(void *arg, const struct test *x)
{
	struct telling *t = arg;
	if (t->json) {
		test_write(&t->out, x);
		return;
	}
	struct buf name = BUF_INIT;
	visible_add(&name, x->name.n ? x->name : STR("does not load"), 200);
	printf("%s %s  %s (%lld ms)\n", x->passed ? "✓" : "✗", x->file, name.p, (long long)x->ms);
	buf_release(&name);
	if (!x->passed) {
		print_text("    ", x->message);
		print_trace(x->trace);
		print_log(x->log);
	}
	fflush(stdout);
}

static void sum_up(struct telling *t, const struct tests *s)
{
	if (!t->json) {
		printf("%d passed, %d failed\n", s->passed, s->failed);
		return;
	}
	out_end(&t->out);
	out_kint(&t->out, "passed", s->passed);
	out_kint(&t->out, "failed", s->failed);
	out_end(&t->out);
	puts(t->list.p);
}

/* ---- app test ---- */

static int run_tests(struct admin *a, struct trial *t, const char *dir, struct tests *s)
{
	struct telling tell_to = {.json = a->cmd.json};
	tell_to.out = OUT(&tell_to.list);
	s->each = tell;
	s->arg = &tell_to;
	if (a->cmd.json) {
		out_object(&tell_to.out);
		out_key(&tell_to.out, "tests");
		out_array(&tell_to.out);
	}
	int err = tests_run(t, s, &a->r.fault);
	if (!err && !s->files)
		err = fail(&a->r, ERR_NOT_FOUND, "there are no tests: an app has them in %s/t/NAME.lua", dir);
	else if (!err && !s->passed && !s->failed)
		err = fail(&a->r, ERR_NOT_FOUND, "no test has a name like that");
	if (!err)
		sum_up(&tell_to, s);
	buf_release(&tell_to.list);
	return err;
}

static int try(struct admin *a, int control, struct package *p, struct tests *s)
{
	struct trial t;
	int err = trial_open(&t, control, NULL, &a->r.fault);
	if (!err)
		err = trial_install(&t, p, &a->r.fault);
	if (!err)
		err = run_tests(a, &t, a->cmd.word[2], s);
	trial_close(&t);
	return err;
}

/* --timeout SECONDS, as milliseconds. */
static int timeout(struct admin *a, int64_t otherwise, int64_t *ms)
{
	int64_t seconds = otherwise / 1000;
	struct str given = admin_option(&a->cmd, "timeout");
	if (given.p && (!str_int(given, &seconds) || seconds < 1 || seconds > 3600))
		return fail(&a->r, ERR_USAGE, "--timeout takes seconds, from 1 to 3600");
	*ms = seconds * 1000;
	return 0;
}

static int wishes(struct admin *a, struct tests *s)
{
	s->only = admin_option(&a->cmd, "only");
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say where the app is: fazt-admin app test DIR");
	return timeout(a, TESTS_MS, &s->deadline);
}

int admin_app_test(struct admin *a)
{
	struct tests s = {0};
	int control = zygote_fork(), err = wishes(a, &s);
	struct package *p = package_new();
	if (!err)
		err = folder_read(p, a->cmd.word[2], &a->r.fault);
	if (!err)
		err = package_finish(p, false, &a->r.fault);
	if (!err)
		err = try(a, control, p, &s);
	package_free(p);
	if (!err && s.failed) {
		a->reported = true;
		err = ERR_APP_ERROR;
	}
	return err;
}

/* ---- rls test ---- */

#define PROBE_MS 60000

static int installed(struct admin *a, struct package *p, char app_id[ID_LEN + 1])
{
	struct db *db = db_borrow(a->node.store, &a->r.fault);
	if (!db)
		return a->r.fault.err;
	struct app_row *app = app_row_by_name(db, a->arena, str_of(a->cmd.word[2]));
	int err = app ? package_stored(db, app->package, p) : fail(&a->r, ERR_NOT_FOUND, "there is no app %s", a->cmd.word[2]);
	snprintf(app_id, ID_LEN + 1, "%s", app ? app->id : "");
	db_return(db);
	return err;
}

static void print_report(struct admin *a, const struct probe_report *report)
{
	struct buf b = BUF_INIT;
	if (a->cmd.json)
		buf_addf(&b, "%s\n", report->json.p);
	else
		consent_trial(&b, buf_str(&report->json));
	fwrite(b.p, 1, b.len, stdout);
	buf_release(&b);
}

int admin_rls_test(struct admin *a)
{
	struct probe_report report = {0};
	struct package *p = package_new();
	char app_id[ID_LEN + 1];
	int64_t ms;
	int err = a->cmd.nwords == 3 ? timeout(a, PROBE_MS, &ms) : fail(&a->r, ERR_USAGE, "say which app: fazt-admin rls test APP");
	if (!err)
		err = installed(a, p, app_id);
	if (!err)
		err = probe_package(&a->node, p, app_id, ms, &report, &a->r.fault);
	if (!err) {
		print_report(a, &report);
		a->reported = report.findings;
		err = report.findings ? ERR_APP_ERROR : 0;
	}
	buf_release(&report.json);
	package_free(p);
	return err;
}

/* ---- tick ---- */

int admin_tick(struct admin *a)
{
	int64_t n = 0;
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	while (runner_once(&a->node))
		n++;
	out_object(&o);
	out_kint(&o, "runs", n);
	out_end(&o);
	if (a->cmd.json)
		puts(b.p);
	else
		printf("%lld %s\n", (long long)n, n == 1 ? "run went on" : "runs went on");
	buf_release(&b);
	return 0;
}
