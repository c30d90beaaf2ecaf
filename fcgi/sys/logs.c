/* app logs: the lines of an app's log, from their end or from a cursor on. A cursor is a place in the log (base/log) as
 * text. It carries no authority, so that one that was made up gives lines of this very log, or none. */
#include "base/log.h"
#include "codec/json.h"
#include "sys/appinfo.h"

#define LOG_LINES 100

static const char *const levels[] = {"info", "warn", "error"};

struct listing {
	struct out *out;
	int level; /* the least, as its place among levels */
	struct str request;
};

static int level_of(struct str word)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (str_is(word, levels[i]))
			return (int)i;
	return -1;
}

static struct str member(struct str line, const char *name)
{
	struct str raw;
	if (!json_member(line, str_of(name), &raw) || raw.n < 2 || raw.p[0] != '"')
		return STR_NONE;
	return (struct str){raw.p + 1, raw.n - 2}; /* levels and ids have nothing to unescape */
}

static bool whole(struct str line)
{
	struct fault ignored = {0};
	return !json_check(line, JSON_DEPTH, LOG_LINE, &ignored);
}

static bool wanted(void *arg, struct str line)
{
	const struct listing *l = arg;
	if (!l->level && !l->request.n)
		return true;
	if (!whole(line))
		return false;
	return level_of(member(line, "level")) >= l->level && (!l->request.n || str_eq(member(line, "request"), l->request));
}

static void write_line(void *arg, struct str line)
{
	struct listing *l = arg;
	if (whole(line))
		out_raw(l->out, line);
	else
		out_str(l->out, line); /* cut at LOG_LINE */
}

static void write_wanted(void *arg, struct str line)
{
	if (wanted(arg, line))
		write_line(arg, line);
}

static int listing_of(struct req *r, const struct arg *level, const struct arg *request, struct out *o, struct listing *l)
{
	*l = (struct listing){.out = o, .level = level->present ? level_of(level->s) : 0, .request = request->present ? request->s : STR_NONE};
	return l->level < 0 ? fail(r, ERR_BAD_REQUEST, "level is info, warn or error") : 0;
}

static int limit_of(struct req *r, const struct arg *a, int *limit)
{
	*limit = LOG_LINES;
	if (a->present && (a->i < 1 || a->i > 1000))
		return fail(r, ERR_BAD_REQUEST, "limit is a number from 1 to 1000");
	if (a->present)
		*limit = (int)a->i;
	return 0;
}

static int logs(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct listing l;
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int limit, err = app ? limit_of(r, &c->arg[1], &limit) : r->fault.err;
	if (err || (err = listing_of(r, &c->arg[2], &c->arg[3], o, &l)))
		return err;
	out_array(o);
	log_tail(app->id, limit, wanted, write_line, &l, NULL);
	out_end(o);
	return 0;
}

int op_app_logs(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, logs);
}

static int place_of(struct req *r, struct str cursor, struct log_place *place)
{
	int64_t file;
	struct str at, head = str_cut(cursor, '.', &at);
	if (!str_int(head, &file) || !str_int(at, &place->at) || file < 0 || place->at < 0)
		return fail(r, ERR_BAD_CURSOR, "cursor is what app.follow gave with the lines before");
	place->file = (uint64_t)file;
	return 0;
}

static int follow(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct listing l;
	struct log_place place = {0};
	bool on = c->arg[1].present;
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int limit, err = app ? limit_of(r, &c->arg[2], &limit) : r->fault.err;
	if (err || (err = listing_of(r, &c->arg[3], &c->arg[4], o, &l)) || (on && (err = place_of(r, c->arg[1].s, &place))))
		return err;
	out_object(o);
	out_key(o, "lines");
	out_array(o);
	if (on)
		log_follow(app->id, &place, write_wanted, &l);
	else
		log_tail(app->id, limit, wanted, write_line, &l, &place);
	out_end(o);
	out_kcstr(o, "cursor", arena_printf(r->arena, "%lld.%lld", (long long)place.file, (long long)place.at));
	out_end(o);
	return 0;
}

int op_app_follow(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, follow);
}
