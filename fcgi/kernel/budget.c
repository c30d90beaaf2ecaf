#include "kernel/budget.h"

#include "store/limit.h"

static const struct budget_row rows[BUDGET_COUNT] = {
#define BUDGET(name, key, span, unit, least, most, otherwise, doc) {key, unit, doc, SETTING_##name, SPAN_##span},
#include "kernel/budget.def"
#undef BUDGET
};

_Static_assert(BUDGET_COUNT <= 32, "a bit for each");

const struct budget_row *budget_row(enum budget b)
{
	return &rows[b];
}

int budget_find(struct str key)
{
	for (int i = 0; i < BUDGET_COUNT; i++)
		if (str_is(key, rows[i].key))
			return i;
	return -1;
}

const char *span_name(enum span s)
{
	static const char *const names[] = {"request", "once", "stored", "minute", "day"};
	return names[s];
}

int64_t span_ms(enum span s)
{
	static const int64_t ms[] = {[SPAN_MINUTE] = 60 * 1000, [SPAN_DAY] = 24 * 60 * 60 * 1000};
	return ms[s];
}

void budget_usual(const struct settings *s, int64_t limit[BUDGET_COUNT])
{
	for (int i = 0; i < BUDGET_COUNT; i++)
		limit[i] = s->number[rows[i].setting];
}

struct limits {
	int64_t *limit;
	uint32_t own;
};

static void take(void *arg, struct str name, int64_t value)
{
	struct limits *l = arg;
	int i = budget_find(name);
	if (i < 0)
		return;
	l->limit[i] = value;
	l->own |= 1u << i;
}

int budget_load(struct db *db, const char *app_id, const struct settings *s, int64_t limit[BUDGET_COUNT], uint32_t *own)
{
	struct limits l = {.limit = limit};
	budget_usual(s, limit);
	int err = limit_each(db, app_id, take, &l);
	*own = l.own;
	return err;
}

static int unknown(struct db *db, struct str key)
{
	char word[64];
	snprintf(word, sizeof word, "%.*s", STR_FMT(key));
	int best = 0;
	for (int i = 1; i < BUDGET_COUNT; i++)
		if (text_distance(word, rows[i].key) < text_distance(word, rows[best].key))
			best = i;
	return db_fail(db, ERR_NOT_FOUND, "There is no limit \"%s\". Did you mean \"%s\"? fazt-admin app usage APP shows them all.", word, rows[best].key);
}

int budget_set(struct db *db, const char *app_id, struct str key, struct str value)
{
	int64_t number = 0;
	int i = budget_find(key);
	if (i < 0)
		return unknown(db, key);
	if (str_is(value, "default"))
		return limit_clear(db, app_id, rows[i].key);
	int err = setting_check(db, rows[i].setting, value);
	if (!err && str_int(value, &number))
		err = limit_set(db, app_id, rows[i].key, number);
	return err;
}
