#include "kernel/reading.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/text.h"
#include "codec/cron.h"

/* `cron` and `runs`: what an app does by itself. */

static int read_cron_name(struct reading *g, json_t *v, void *into)
{
	return reading_name(g, v, &((struct cron_entry *)into)->name);
}

static int read_schedule(struct reading *g, json_t *v, void *into)
{
	struct cron_entry *c = into;
	struct cron cron;
	struct fault f = {0};
	int err = reading_line(g, v, CRON_TEXT, &c->schedule);
	if (err)
		return err;
	if (cron_parse(str_of(c->schedule), &cron, &f))
		return reading_bad(g, "\"%s\": %s", reading_show(g, c->schedule), f.message);
	return 0;
}

static int read_tz(struct reading *g, json_t *v, void *into)
{
	struct cron_entry *c = into;
	struct zone zone;
	int err = reading_line(g, v, 100, &c->tz);
	if (!err && !zone_find(str_of(c->tz), &zone))
		return reading_bad(g, "there is no zone \"%s\"; write a name such as \"Europe/Lisbon\", \"UTC\" or \"+02:00\"", reading_show(g, c->tz));
	return err;
}

static int read_handler(struct reading *g, json_t *v, void *into)
{
	struct cron_entry *c = into;
	int err = reading_line(g, v, 200, &c->handler);
	if (!err && (!str_starts(str_of(c->handler), "api/") || !str_ends(str_of(c->handler), ".lua")))
		return reading_bad(g, "\"%s\" is not a handler; name a file such as \"api/job.lua\"", reading_show(g, c->handler));
	return err;
}

static int read_overlap(struct reading *g, json_t *v, void *into)
{
	static const char *const words[] = {[OVERLAP_SKIP] = "skip", [OVERLAP_QUEUE] = "queue", [OVERLAP_ALLOW] = "allow"};
	int at = 0, err = reading_choice(g, v, words, ARRAY_LEN(words), &at);
	((struct cron_entry *)into)->overlap = (enum overlap)at;
	return err;
}

static int read_catchup(struct reading *g, json_t *v, void *into)
{
	static const char *const words[] = {[CATCHUP_ONE] = "one", [CATCHUP_NONE] = "none", [CATCHUP_ALL] = "all"};
	int at = 0, err = reading_choice(g, v, words, ARRAY_LEN(words), &at);
	((struct cron_entry *)into)->catchup = (enum catchup)at;
	return err;
}

static int read_input(struct reading *g, json_t *v, void *into)
{
	char *json = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t n = json ? strlen(json) : 0;
	if (n && n <= MANIFEST_CRON_INPUT)
		((struct cron_entry *)into)->input = arena_strdup(g->arena, json);
	free(json);
	return n && n <= MANIFEST_CRON_INPUT ? 0 : reading_bad(g, "is larger than %u KB", MANIFEST_CRON_INPUT / KIB);
}

static int read_most(struct reading *g, json_t *v, void *into)
{
	json_int_t n;
	int err = reading_number(g, v, 1, JOB_MOST, &n);
	((struct cron_entry *)into)->most = (int)n;
	return err;
}

static int read_jitter(struct reading *g, json_t *v, void *into)
{
	json_int_t n;
	int err = reading_number(g, v, 0, MANIFEST_CRON_JITTER, &n);
	((struct cron_entry *)into)->jitter = 1000 * n;
	return err;
}

static int read_cron_entry(struct reading *g, json_t *v, void *into)
{
	static const struct key keys[] = {
		{"name", read_cron_name}, {"schedule", read_schedule}, {"tz", read_tz}, {"handler", read_handler},
		{"input", read_input}, {"overlap", read_overlap}, {"catchup", read_catchup}, {"most", read_most}, {"jitter", read_jitter},
		{NULL, NULL},
	};
	struct cron_entry *c = into;
	*c = (struct cron_entry){.most = MANIFEST_CRON_MOST, .jitter = -1};
	int err = reading_object(g, v, keys, c);
	if (!err && (!c->name || !c->schedule || !c->handler))
		return reading_bad(g, "needs name, schedule and handler");
	for (const struct cron_entry *other = g->m->cron; !err && other < c; other++)
		if (!strcmp(other->name, c->name))
			return reading_bad(g, "\"%s\" is there twice", c->name);
	return err;
}

int manifest_runs(struct reading *g, json_t *v, void *into UNUSED)
{
	static const char *const words[] = {[RUNS_FINISH] = "finish", [RUNS_FOLLOW] = "follow"};
	int at = 0, err = reading_choice(g, v, words, ARRAY_LEN(words), &at);
	g->m->runs = (enum at_upgrade)at;
	return err;
}

int manifest_cron(struct reading *g, json_t *v, void *into UNUSED)
{
	return reading_list(g, v, MANIFEST_CRON, sizeof(struct cron_entry), (void **)&g->m->cron, &g->m->ncron, read_cron_entry);
}
