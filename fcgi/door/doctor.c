#include "door/doctor.h"

#include <jansson.h>
#include <stdarg.h>

#include "base/log.h"
#include "base/out.h"
#include "door/door.h"

enum { NEEDS_NONE, NEEDS_DB };
#define MENDS_YES(id) mend_##id
#define MENDS_NO(id) NULL

static const struct check {
	const char *id;
	int needs;
	doctor_fn *look, *mend;
	const char *meaning, *remedy;
} checks[] = {
#define CHECK(id, needs, mends, meaning, remedy) {#id, NEEDS_##needs, look_##id, MENDS_##mends(id), meaning, remedy},
#include "door/doctor.def"
#undef CHECK
};

static void add(struct doctor *d, const char *level, const char *fmt, va_list ap)
{
	char text[2 * FAULT_MAX];
	vsnprintf(text, sizeof text, fmt, ap);
	if (d->quiet)
		return;
	out_object(d->out);
	out_kcstr(d->out, "level", level);
	out_kcstr(d->out, "what", text);
	out_end(d->out);
}

void doctor_found(struct doctor *d, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(d, "problem", fmt, ap);
	va_end(ap);
	d->here++;
}

void doctor_note(struct doctor *d, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	add(d, "note", fmt, ap);
	va_end(ap);
}

/* A check that cannot look has found something. */
static void look(struct doctor *d, const struct check *c)
{
	d->here = 0;
	if (c->look(d)) {
		doctor_found(d, "it cannot be looked at: %s", fault_message(&d->a->r.fault));
		fault_clear(&d->a->r.fault);
	}
}

static bool mend(struct doctor *d, const struct check *c)
{
	if (c->mend(d))
		fault_clear(&d->a->r.fault);
	d->quiet = true;
	look(d, c);
	d->quiet = false;
	return !d->here;
}

static void run_check(struct doctor *d, const struct check *c, bool repair)
{
	out_object(d->out);
	out_kcstr(d->out, "check", c->id);
	out_key(d->out, "found");
	out_array(d->out);
	look(d, c);
	out_end(d->out);
	bool broken = d->here > 0, mended = broken && repair && c->mend && mend(d, c);
	d->mended += mended;
	d->problems += broken && !mended;
	out_kcstr(d->out, "state", !broken ? "ok" : mended ? "mended" : "problem");
	if (broken) {
		out_kcstr(d->out, "meaning", c->meaning);
		out_kcstr(d->out, "remedy", c->remedy);
		out_kbool(d->out, "repairable", c->mend != NULL);
	}
	out_end(d->out);
}

/* As far as there is a database: a home without one is looked at all the same. As the workers see it, so from here on root is the
 * owner: root itself could open anything, and what it made would be in their way. */
static void open_node(struct doctor *d)
{
	struct fault *f = &d->a->r.fault;
	if (become_owner(d->home))
		die("doctor: cannot become the owner of %s", d->home);
	log_open(d->home);
	d->opened = !node_open(&d->a->node, d->home, STORE_SERVE, f) && !admin_owner(d->a);
	d->why = *f;
	fault_clear(f);
}

static void examine(struct doctor *d, bool repair)
{
	out_object(d->out);
	out_kcstr(d->out, "home", d->home);
	out_key(d->out, "checks");
	out_array(d->out);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		if (!strcmp(checks[i].id, "database"))
			open_node(d);
		if (checks[i].needs == NEEDS_NONE || d->opened)
			run_check(d, &checks[i], repair);
	}
	out_end(d->out);
	out_key(d->out, "versions");
	doctor_versions(d->out);
	out_kint(d->out, "problems", d->problems);
	out_kint(d->out, "mended", d->mended);
	out_end(d->out);
}

/* ---- for a person ---- */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void print_check(const json_t *c)
{
	const json_t *list = json_object_get(c, "found"), *one;
	const char *state = text(c, "state");
	size_t i;
	printf("%-11s %s\n", text(c, "check"), strcmp(state, "ok") || !json_array_size(list) ? state : "ok, but");
	if (*text(c, "meaning"))
		printf("            %s\n", text(c, "meaning"));
	json_array_foreach((json_t *)list, i, one)
		printf("            - %s\n", text(one, "what"));
	if (!strcmp(state, "problem"))
		printf("            > %s%s\n", json_is_true(json_object_get(c, "repairable")) ? "--repair mends it, or: " : "", text(c, "remedy"));
}

static void print_text(struct str json)
{
	json_t *all = json_loadb(json.p, json.n, 0, NULL), *c, *v;
	const char *name, *before = "";
	size_t i;
	json_array_foreach(json_object_get(all, "checks"), i, c)
		print_check(c);
	json_object_foreach(json_object_get(all, "versions"), name, v) {
		printf("%s%s %s", before, name, json_string_value(v) ? json_string_value(v) : "-");
		before = ", ";
	}
	long long problems = json_integer_value(json_object_get(all, "problems")), mended = json_integer_value(json_object_get(all, "mended"));
	printf("\n%lld problem%s", problems, problems == 1 ? "" : "s");
	printf(mended ? ", %lld mended\n" : "\n", mended);
	json_decref(all);
}

/* What is found is the answer; an error is only for the exit code. */
int admin_doctor(struct admin *a)
{
	struct buf json = BUF_INIT;
	struct out o = OUT(&json);
	struct doctor d = {.a = a, .home = a->cmd.home, .out = &o};
	bool repair = admin_flag(&a->cmd, "repair");
	if (a->cmd.nwords != 1)
		return fail(&a->r, ERR_USAGE, "the doctor looks at everything: fazt-admin doctor [--repair]");
	int err = admin_leftover(a);
	if (err)
		return err;
	examine(&d, repair && !a->cmd.dry_run);
	if (a->cmd.json)
		puts(json.p);
	else
		print_text(buf_str(&json));
	buf_release(&json);
	a->reported = d.problems > 0;
	return !d.problems ? 0 : d.opened ? ERR_INTERNAL : ERR_CORRUPT;
}

/* ---- for the manual ---- */

void doctor_manual(struct buf *b, void (*row)(struct buf *b, const char *id, const char *text))
{
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		struct buf words = BUF_INIT;
		buf_addf(&words, "%s %s%s", checks[i].meaning, checks[i].mend ? "Repairable. " : "", checks[i].remedy);
		row(b, checks[i].id, words.p);
		buf_release(&words);
	}
}
