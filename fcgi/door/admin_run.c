/* run follow: a run's steps as they end, and its state and progress as they change, until it is over. */
#include <jansson.h>

#include "base/out.h"
#include "door/follow.h"

#define LOOK_MS 300

struct following {
	json_int_t next;  /* the first step that was not printed */
	char *said;       /* the state as it was printed last */
	int err;          /* how the run ended */
};

static json_int_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

static void add_step(struct admin *a, struct buf *b, json_t *step)
{
	const char *code = text(step, "code");
	if (a->cmd.json) {
		char *line = json_dumps(step, JSON_COMPACT);
		buf_addf(b, "%s\n", line);
		free(line);
		return;
	}
	buf_addf(b, "%4lld  %s(%s)  %lld ms  %s%s%s\n", (long long)number(step, "seq") + 1, text(step, "name"), text(step, "given"),
		 (long long)(number(step, "ended") - number(step, "began")), code, *code ? ": " : "", text(step, "gave"));
}

/* One that waits is printed when it has ended. */
static void add_steps(struct admin *a, struct following *f, struct buf *b, const json_t *run)
{
	size_t i;
	json_t *step;
	json_array_foreach(json_object_get(run, "journal"), i, step) {
		if (!json_object_get(step, "ended"))
			break;
		add_step(a, b, step);
		f->next = number(step, "seq") + 1;
	}
}

static void add_progress(struct buf *b, const json_t *progress)
{
	if (json_number_value(json_object_get(progress, "total")) > 0)
		buf_addf(b, "  %g of %g", json_number_value(json_object_get(progress, "done")), json_number_value(json_object_get(progress, "total")));
	if (*text(progress, "text"))
		buf_addf(b, "  %s", text(progress, "text"));
}

static char *state_line(struct admin *a, const json_t *run)
{
	struct buf b = BUF_INIT;
	if (a->cmd.json)
		return json_dumps(run, JSON_COMPACT);
	buf_addf(&b, "%s %s: %s", text(run, "app"), text(run, "handler"), text(run, "state"));
	add_progress(&b, json_object_get(run, "progress"));
	if (*text(run, "error"))
		buf_addf(&b, "  %s", text(run, "error"));
	return buf_detach(&b, NULL);
}

static void add_state(struct admin *a, struct following *f, struct buf *b, json_t *run)
{
	json_object_del(run, "journal");
	char *line = state_line(a, run);
	if (!f->said || strcmp(f->said, line))
		buf_addf(b, "%s\n", line);
	free(f->said);
	f->said = line;
}

/* For scripts: whoever follows a run has its exit code. */
static int outcome(const json_t *run)
{
	int err = err_by_code(text(run, "code"));
	return !strcmp(text(run, "state"), "done") ? 0 : !strcmp(text(run, "state"), "failed") && err ? err : ERR_CONFLICT;
}

static int look(struct admin *a, void *arg, bool *more)
{
	struct following *f = arg;
	struct buf json = BUF_INIT, b = BUF_INIT;
	const char *args = arena_printf(a->arena, "{\"id\":%s,\"seq\":%lld}", admin_quote(a, str_of(a->cmd.word[2])), (long long)f->next);
	int err = admin_op_json(a, "run", "follow", str_of(args), &json);
	json_t *run = err ? NULL : json_loadb(json.p, json.len, 0, NULL);
	json_int_t before = f->next;
	if (run) {
		add_steps(a, f, &b, run);
		bool ended = json_object_get(run, "ended") && f->next == before; /* else there may be more steps */
		add_state(a, f, &b, run);
		f->err = ended ? outcome(run) : 0;
		*more = follow_print(&b) && !ended;
	}
	json_decref(run);
	buf_release(&json);
	buf_release(&b);
	return err;
}

int admin_run_follow(struct admin *a)
{
	int64_t from = 0;
	struct following f = {0};
	struct str seq = admin_option(&a->cmd, "seq");
	if (a->cmd.nwords != 3 || (seq.p && (!str_int(seq, &from) || from < 0)))
		return fail(&a->r, ERR_USAGE, "say which run: fazt-admin run follow ID [--seq N]");
	f.next = from;
	int err = admin_leftover(a);
	if (!err)
		err = follow(a, -1, LOOK_MS, look, &f);
	free(f.said);
	a->reported |= !err && f.err; /* its last line says why */
	return err ? err : f.err;
}
