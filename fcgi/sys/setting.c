#include "kernel/clock.h"
#include "sys/session.h"
#include "sys/sys.h"

static void write_value(const struct settings *s, int i, struct out *o)
{
	switch (setting_row(i)->type) {
	case 'i':
		out_int(o, s->number[i]);
		return;
	case 'b':
		out_bool(o, s->number[i] != 0);
		return;
	case 'p': /* whether there is one, and nothing of it */
		out_cstr(o, *s->text[i] ? "(set)" : "");
		return;
	default:
		out_cstr(o, s->text[i]);
	}
}

static void write_setting(const struct settings *s, int i, struct out *o)
{
	out_object(o);
	out_kcstr(o, "key", setting_row(i)->key);
	out_key(o, "value");
	write_value(s, i, o);
	out_kcstr(o, "unit", setting_row(i)->unit);
	out_kcstr(o, "default", setting_row(i)->otherwise);
	out_kcstr(o, "meaning", setting_row(i)->doc);
	out_end(o);
}

static int no_such(struct req *r, struct str key)
{
	const char *near = NULL;
	int best = 4;
	char *word = arena_cstr(r->arena, key);
	for (int i = 0; i < SETTING_COUNT; i++) {
		int d = text_distance(word, setting_row(i)->key);
		if (d < best)
			best = d, near = setting_row(i)->key;
	}
	if (near)
		return fail(r, ERR_NOT_FOUND, "there is no setting \"%s\"; did you mean \"%s\"?", word, near);
	return fail(r, ERR_NOT_FOUND, "there is no setting \"%s\"", word);
}

int op_setting_get(struct req *r, const struct call *c, struct out *o)
{
	if (!c->arg[0].present) {
		out_array(o);
		for (int i = 0; i < SETTING_COUNT; i++)
			write_setting(&r->settings, i, o);
		out_end(o);
		return 0;
	}
	int i = setting_find(c->arg[0].s);
	if (i < 0)
		return no_such(r, c->arg[0].s);
	write_value(&r->settings, i, o);
	return 0;
}

/* The setting that a call is about, where whoever calls may change it. */
static int find(struct req *r, struct str key, const struct arg *present, int *i)
{
	*i = setting_find(key);
	if (*i < 0)
		return no_such(r, key);
	enum setting_who who = setting_row(*i)->who;
	if (who == SET_BY_SHELL && r->who.kind != WHO_IS_SHELL)
		return fail(r, ERR_DENIED, "This setting is changed in the owner's shell on the server only: fazt-admin setting set %s VALUE", setting_row(*i)->key);
	return who == SET_BY_FRESH ? session_confirm(r, present) : 0;
}

static int set(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	int err = setting_set(db, c->arg[0].s, c->arg[1].s);
	return err || setting_find(c->arg[0].s) != SETTING_TIMEZONE ? err : clock_rezone(db, r->arena, arena_cstr(r->arena, c->arg[1].s));
}

int op_setting_set(struct req *r, const struct call *c, struct out *o)
{
	int i, err = find(r, c->arg[0].s, &c->arg[2], &i);
	return err ? err : in_transaction(r, c, o, set);
}

static int reset(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	int i = setting_find(c->arg[0].s), err = setting_reset(db, (enum setting)i);
	return err || i != SETTING_TIMEZONE ? err : clock_rezone(db, r->arena, setting_row(i)->otherwise);
}

int op_setting_reset(struct req *r, const struct call *c, struct out *o)
{
	int i, err = find(r, c->arg[0].s, &c->arg[1], &i);
	return err ? err : in_transaction(r, c, o, reset);
}
