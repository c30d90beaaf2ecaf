/* What apps ask the owner, as the owner sees it, and the answers. Everything an app wrote is shown with its deceptive characters
 * written out; who asks is the kernel's own word. */
#include "sys/decide.h"

#include "base/now.h"
#include "base/visible.h"
#include "codec/diff.h"
#include "codec/json.h"
#include "kernel/app.h"
#include "store/run.h"
#include "sys/appinfo.h"
#include "sys/session.h"

#define DATA_SHOWN (128 * KIB)

static void write_head(struct req *r, struct out *o, const struct halt *h, const struct app_row *app)
{
	out_kcstr(o, "id", h->id);
	out_kcstr(o, "kind", "halt");
	out_kcstr(o, "name", app ? app->name : NULL);
	out_kcstr(o, "title", app ? shown_line(r, app->title, 80) : NULL);
	out_kcstr(o, "reason", shown_line(r, h->reason, 1000));
	out_kcstr(o, "state", h->state);
	out_kint(o, "count", h->count);
	out_kint(o, "created", h->asked);
	if (h->expires)
		out_kint(o, "expires", h->expires);
}

int write_halts(struct req *r, struct db *db, struct out *o, bool pending)
{
	struct halt *list;
	int n = halt_rows(db, r->arena, pending, &list);
	for (int i = 0; i < n; i++) {
		out_object(o);
		write_head(r, o, &list[i], app_row_by_id(db, r->arena, str_of(list[i].app_id)));
		out_end(o);
	}
	return MAX(-n, 0);
}

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	out_array(o);
	int err = write_halts(r, db, o, true);
	if (!err && c->arg[0].present && c->arg[0].b)
		err = write_halts(r, db, o, false);
	out_end(o);
	return err;
}

int op_halt_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

/* ---- one ---- */

static int find(struct req *r, struct db *db, const struct call *c, struct halt *h)
{
	if (halt_get(db, r->arena, c->arg[0].s, h))
		return 0;
	return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "There is no such question.");
}

/* JSON, a value a line, for people. */
static void pretty(struct buf *b, struct str json)
{
	bool inside = false, escaped = false;
	int depth = 0;
	for (size_t i = 0; i < json.n; i++) {
		char c = json.p[i];
		bool open = !inside && (c == '{' || c == '['), close = !inside && (c == '}' || c == ']');
		bool empty = i + 1 < json.n && open && (json.p[i + 1] == '}' || json.p[i + 1] == ']');
		depth += open - close;
		if (close && i && json.p[i - 1] != '{' && json.p[i - 1] != '[')
			buf_addf(b, "\n%*s", 2 * depth, "");
		buf_addc(b, c);
		if ((open && !empty) || (!inside && c == ','))
			buf_addf(b, "\n%*s", 2 * depth, "");
		if (!inside && c == ':')
			buf_addc(b, ' ');
		if (c == '"' && !escaped)
			inside = !inside;
		escaped = inside && c == '\\' && !escaped;
	}
}

/* Line by line, for line ends are the only control characters that may act. */
static void show_lines(struct out *o, const char *key, struct str text)
{
	struct buf b = BUF_MAX(DATA_SHOWN);
	while (text.n) {
		struct str rest, line = str_cut(text, '\n', &rest);
		buf_adds(&b, b.len ? "\n" : "");
		visible_add(&b, line, 4 * KIB);
		text = rest;
	}
	out_kstr(o, key, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
}

static void show_json(struct out *o, const char *key, struct str json)
{
	struct buf b = BUF_INIT;
	pretty(&b, json);
	show_lines(o, key, buf_str(&b));
	buf_release(&b);
}

static bool text_member(struct str data, const char *name, struct buf *b)
{
	struct str raw;
	if (!data.n || data.p[0] != '{' || !json_member(data, str_of(name), &raw) || raw.n < 2 || raw.p[0] != '"')
		return false;
	json_unescape(b, (struct str){raw.p + 1, raw.n - 2});
	return true;
}

/* data = { before = text, after = text, … } is about a change. */
static void show_diff(struct out *o, struct str data)
{
	struct buf before = BUF_INIT, after = BUF_INIT, b = BUF_INIT;
	if (text_member(data, "before", &before) && text_member(data, "after", &after)) {
		diff_text(&b, buf_str(&before), buf_str(&after));
		show_lines(o, "diff", buf_str(&b));
	}
	buf_release(&before);
	buf_release(&after);
	buf_release(&b);
}

static int show(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct halt h;
	char hash[HALT_HASH + 1];
	int err = find(r, db, c, &h);
	if (err)
		return err;
	halt_shown(&h, hash);
	out_object(o);
	write_head(r, o, &h, app_row_by_id(db, r->arena, str_of(h.app_id)));
	out_kint(o, "version", h.version);
	out_kcstr(o, "run", h.run_id);
	show_json(o, "shown", h.data);
	show_diff(o, h.data);
	out_kraw(o, "data", h.data);
	out_kcstr(o, "hash", hash);
	if (h.decided) {
		out_kcstr(o, "by", h.by);
		out_kstr(o, "note", str_of(visible(r->arena, str_of(h.note), 1000)));
		out_kint(o, "decided", h.decided);
	}
	out_end(o);
	return 0;
}

int op_halt_show(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, show);
}

/* ---- the answer ---- */

/* What was seen is what is decided; the shell shows it in the same breath. */
static int same(struct req *r, const struct halt *h, const struct arg *hash)
{
	char now[HALT_HASH + 1];
	halt_shown(h, now);
	if (!hash->present && r->who.kind == WHO_IS_SHELL)
		return 0;
	if (!hash->present)
		return fail(r, ERR_BAD_REQUEST, "Say the hash of what was shown (halt show).");
	return str_is(hash->s, now) ? 0 : fail(r, ERR_STALE, "The question is another one than was shown; look again.");
}

/* Is there still somebody who may act on a yes? */
static int alive(struct req *r, struct db *db, const struct halt *h)
{
	struct app *app = app_by_id(r->node, db, str_of(h->app_id));
	bool may = app && app->state == APP_ENABLED && app_granted(app, "halt");
	app_release(app);
	return may ? 0 : fail(r, ERR_CONFLICT, "The app is gone, switched off, or may not ask any more: nothing comes of an answer.");
}

static int decide(struct req *r, struct db *db, const struct call *c, const char *state, const struct arg *note, const struct arg *data)
{
	struct halt h;
	int err = find(r, db, c, &h);
	if (err || (err = same(r, &h, &c->arg[1])))
		return err;
	if (!strcmp(state, "approved") && !strcmp(h.state, "pending") && (err = alive(r, db, &h)))
		return err;
	if (h.expires && h.expires <= now_ms() && !strcmp(h.state, "pending"))
		return fail(r, ERR_CONFLICT, "The time for an answer is over.");
	return halt_decide(db, h.id, state, r->who.kind == WHO_IS_SHELL ? "owner" : r->who.name, note->s, data && data->present ? data->s : h.data);
}

static int approve(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	out_null(o);
	return decide(r, db, c, "approved", &c->arg[2], &c->arg[3]);
}

static int deny(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	out_null(o);
	return decide(r, db, c, "denied", &c->arg[2], NULL);
}

int op_halt_approve(struct req *r, const struct call *c, struct out *o)
{
	int err = session_confirm(r, &c->arg[4]);
	if (!err && c->arg[3].present && (int64_t)c->arg[3].s.n > r->settings.number[SETTING_RUN_INPUT])
		err = fail(r, ERR_TOO_LARGE, "data may have %lld KB.", (long long)(r->settings.number[SETTING_RUN_INPUT] / KIB));
	return err ? err : in_transaction(r, c, o, approve);
}

int op_halt_deny(struct req *r, const struct call *c, struct out *o)
{
	int err = session_confirm(r, &c->arg[3]);
	return err ? err : in_transaction(r, c, o, deny);
}
