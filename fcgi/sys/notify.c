/* notify: a table of an app's Lua becomes a notification. */
#include "kernel/notify.h"

#include "codec/json.h"
#include "sys/sys.h"

static struct str unescaped(struct req *r, struct str raw)
{
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	struct str s = b.len ? arena_str(r->arena, buf_str(&b)) : STR("");
	buf_release(&b);
	return s;
}

static bool is_text(struct str raw)
{
	return raw.n >= 2 && raw.p[0] == '"';
}

static struct str text(struct req *r, struct str raw)
{
	return unescaped(r, (struct str){raw.p + 1, raw.n - 2});
}

/* A list of texts, or one with commas. */
static int tags(struct req *r, struct str raw, struct str *all)
{
	struct json_lex l;
	struct str item;
	struct buf b = BUF_INIT;
	int err = 0;
	if (is_text(raw)) {
		*all = text(r, raw);
		return 0;
	}
	json_lex_init(&l, raw, JSON_DEPTH);
	if (json_next(&l) != JSON_ARRAY)
		return fail(r, ERR_BAD_REQUEST, "tags is a list of texts");
	while (!err && json_next_item(&l, &item))
		if (is_text(item))
			buf_addf(&b, "%s%.*s", b.len ? "," : "", STR_FMT(text(r, item)));
		else
			err = fail(r, ERR_BAD_REQUEST, "tags is a list of texts");
	*all = b.len ? arena_str(r->arena, buf_str(&b)) : STR("");
	buf_release(&b);
	return err;
}

static int priority(struct req *r, struct str raw, int *n)
{
	int64_t v;
	if (str_ends(raw, ".0"))
		raw.n -= 2;
	if (!str_int(raw, &v) || v < 1 || v > 5)
		return fail(r, ERR_BAD_REQUEST, "priority is a number from 1 to 5");
	*n = (int)v;
	return 0;
}

static int member(struct req *r, struct str key, struct str value, struct notification *n)
{
	const struct {
		const char *name;
		struct str *at;
	} texts[] = {{"title", &n->title}, {"body", &n->body}, {"click", &n->click}, {"topic", &n->label}};
	if (str_is(value, "null"))
		return 0;
	if (json_key_is(key, STR("tags")))
		return tags(r, value, &n->tags);
	if (json_key_is(key, STR("priority")))
		return priority(r, value, &n->priority);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (json_key_is(key, str_of(texts[i].name))) {
			if (!is_text(value))
				return fail(r, ERR_BAD_REQUEST, "%s is a text", texts[i].name);
			*texts[i].at = text(r, value);
			return 0;
		}
	return fail(r, ERR_BAD_REQUEST, "a notification has title, body, priority, tags, click and topic");
}

static int read(struct req *r, struct str json, struct notification *n)
{
	struct json_lex l;
	struct str key, value;
	int err = 0;
	*n = (struct notification){STR(""), STR(""), STR(""), STR(""), STR(""), 0};
	json_lex_init(&l, json, JSON_DEPTH);
	if (json_next(&l) != JSON_OBJECT)
		return fail(r, ERR_BAD_REQUEST, "notify takes a table: fazt.notify{ title = \"…\" }");
	while (!err && json_next_member(&l, &key, &value))
		err = member(r, key, value, n);
	return err;
}

static int send(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct notification n;
	struct message m;
	int err = read(r, c->arg[0].s, &n);
	if (!err)
		err = notify_app(r, db, r->app, &n, &m);
	if (err)
		return err;
	out_object(o);
	out_kcstr(o, "id", m.id);
	out_kstr(o, "topic", m.topic);
	out_kint(o, "at", m.due);
	out_end(o);
	return 0;
}

int sys_notify(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction_of_app(r, c, o, send);
}
