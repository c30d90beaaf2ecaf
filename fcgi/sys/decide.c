/* What apps ask the owner, as the owner sees it, and the answers. Everything an app wrote is shown with its deceptive characters
 * written out; who asks is the kernel's own word. */
#include "sys/decide.h"

#include "base/now.h"
#include "base/visible.h"
#include "codec/diff.h"
#include "codec/json.h"
#include "kernel/app.h"
#include "kernel/install.h"
#include "store/run.h"
#include "sys/appinfo.h"
#include "sys/session.h"

#define DATA_SHOWN (512 * KIB)

/* The app that it is about, and who asks: by the names that the kernel knows. */
static void write_subject(struct out *o, const char *kind, const char *name, const char *title, const char *asks)
{
	out_kcstr(o, "kind", kind);
	out_kcstr(o, "name", name);
	out_kcstr(o, "title", title);
	out_kcstr(o, "asks", asks);
}

static int write_about(struct req *r, struct db *db, struct out *o, const struct decision *d, const struct app_row *asks)
{
	struct manifest *m = NULL;
	struct candidate *c = candidate_get(db, r->arena, str_of(d->id));
	struct app_row *app = *d->about ? app_row_by_id(db, r->arena, str_of(d->about)) : NULL;
	int err = c ? package_manifest(db, r->arena, c->package, &m) : 0;
	const char *kind = *d->app_id ? "proposal" : app ? "upgrade" : "candidate";
	if (!err)
		write_subject(o, kind, app ? app->name : c && *c->name ? c->name : m ? m->name : NULL, m ? shown_line(r, m->title, 80) : app ? app->title : NULL,
			      asks ? asks->name : NULL);
	return err;
}

static int write_head(struct req *r, struct db *db, struct out *o, const struct decision *d)
{
	struct app_row *asks = *d->app_id ? app_row_by_id(db, r->arena, str_of(d->app_id)) : NULL;
	int err = 0;
	out_kcstr(o, "id", d->id);
	if (!strcmp(d->kind, "package"))
		err = write_about(r, db, o, d, asks);
	else
		write_subject(o, "halt", asks ? asks->name : NULL, asks ? shown_line(r, asks->title, 80) : NULL, NULL);
	out_kcstr(o, "reason", *d->reason ? shown_line(r, d->reason, 1000) : NULL);
	out_kcstr(o, "state", d->state);
	out_kint(o, "count", d->count);
	out_kint(o, "created", d->asked);
	out_kraw(o, "expires", d->expires ? str_of(arena_printf(r->arena, "%lld", (long long)d->expires)) : STR("null"));
	return err;
}

static int write_all(struct req *r, struct db *db, struct out *o, bool pending)
{
	struct decision *list;
	int n = decision_rows(db, r->arena, pending, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		out_object(o);
		err = write_head(r, db, o, &list[i]);
		out_end(o);
	}
	return err;
}

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	out_array(o);
	int err = write_all(r, db, o, true);
	if (!err && c->arg[0].present && c->arg[0].b)
		err = write_all(r, db, o, false);
	out_end(o);
	return err;
}

int op_halt_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

int op_decision_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

/* ---- one ---- */

static int find(struct req *r, struct db *db, const struct call *c, struct decision *d)
{
	if (decision_get(db, r->arena, c->arg[0].s, d))
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
static void add_lines(struct buf *b, struct str text)
{
	for (bool first = true; text.n; first = false) {
		buf_adds(b, first ? "" : "\n");
		visible_add(b, str_cut(text, '\n', &text), DATA_SHOWN);
	}
}

static void show_lines(struct out *o, const char *key, struct str text)
{
	struct buf b = BUF_MAX(DATA_SHOWN);
	add_lines(&b, text);
	out_kstr(o, key, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
}

/* False: that is not all of it. */
static bool add_json(struct buf *b, struct str json)
{
	struct buf text = BUF_MAX(DATA_SHOWN);
	pretty(&text, json);
	add_lines(b, buf_str(&text));
	bool whole = !text.full && !b->full;
	buf_release(&text);
	return whole;
}

static void show_json(struct out *o, const char *key, struct str json)
{
	struct buf b = BUF_MAX(DATA_SHOWN);
	add_json(&b, json);
	out_kstr(o, key, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
}

bool decide_shows(struct str json)
{
	struct buf b = BUF_MAX(DATA_SHOWN);
	bool whole = add_json(&b, json);
	buf_release(&b);
	return whole;
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
		diff_text(&b, buf_str(&before), buf_str(&after), NULL);
		show_lines(o, "diff", buf_str(&b));
	}
	buf_release(&before);
	buf_release(&after);
	buf_release(&b);
}

static void write_question(struct out *o, const struct decision *d)
{
	show_json(o, "shown", d->data);
	show_diff(o, d->data);
	out_kraw(o, "data", d->data);
	if (!strcmp(d->kind, "halt") && decision_yes(d))
		out_kraw(o, "answer", d->answer);
}

/* A package that came to nothing is gone. */
static int write_proposal(struct req *r, struct db *db, struct out *o, const struct decision *d)
{
	struct candidate *c = candidate_get(db, r->arena, str_of(d->id));
	int err = 0;
	if (!c)
		return 0;
	out_kcstr(o, "source", c->source);
	out_key(o, "package");
	out_object(o);
	err = write_package(r, db, o, c);
	out_end(o);
	return err || strcmp(d->state, "pending") ? err : write_changes(r, db, o, c);
}

static int show(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct decision d;
	char hash[DECISION_SHOWN + 1];
	int err = find(r, db, c, &d);
	if (err)
		return err;
	decision_shown(&d, hash);
	out_object(o);
	err = write_head(r, db, o, &d);
	out_kint(o, "version", d.version);
	out_kcstr(o, "run", d.run_id);
	out_kcstr(o, "hash", hash);
	if (!err && !strcmp(d.kind, "package"))
		err = write_proposal(r, db, o, &d);
	else if (!err)
		write_question(o, &d);
	if (d.decided) {
		out_kcstr(o, "by", d.by);
		out_kstr(o, "note", str_of(visible(r->arena, str_of(d.note), 1000)));
		out_kint(o, "decided", d.decided);
	}
	out_end(o);
	return err;
}

int op_halt_show(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, show);
}

/* ---- the answer ---- */

bool decision_yes(const struct decision *d)
{
	return !strcmp(d->state, "approved") || !strcmp(d->state, "applied");
}

const char *decision_by(const struct req *r)
{
	return r->who.kind == WHO_IS_SHELL ? "owner" : r->who.name;
}

void write_answer(struct out *o, const struct decision *d, const char *name)
{
	out_object(o);
	out_kbool(o, "approved", decision_yes(d));
	out_kcstr(o, "by", !strcmp(d->state, "expired") ? "timeout" : d->by);
	out_kcstr(o, "note", d->note);
	if (!strcmp(name, "data") || decision_yes(d))
		out_kraw(o, name, d->answer.n ? d->answer : STR("null"));
	out_end(o);
}

/* What was seen is what is decided, for as many as were seen; the shell shows it in the same breath. */
static int same(struct req *r, struct decision *d, const struct arg *hash)
{
	if (!hash->present && r->who.kind == WHO_IS_SHELL)
		return 0;
	if (!hash->present)
		return fail(r, ERR_BAD_REQUEST, "Say the hash of what was shown (halt show).");
	return decision_seen(d, hash->s) ? 0 : fail(r, ERR_STALE, "The question is another one than was shown; look again.");
}

static int decide(struct req *r, struct db *db, const struct call *c, const char *state, struct str answer)
{
	struct decision d;
	int err = find(r, db, c, &d);
	bool pending = !err && !strcmp(d.state, "pending"), yes = !strcmp(state, "approved");
	if (err || (err = same(r, &d, &c->arg[1])))
		return err;
	if (pending && d.expires && d.expires <= now_ms())
		return fail(r, ERR_CONFLICT, "The time for an answer is over.");
	if (pending && yes && ((err = install_asker(r->node, db, d.app_id, "halt")) || (err = decision_rest(db, d.id, d.count))))
		return err;
	return decision_end(db, d.id, state, decision_by(r), c->arg[2].s, answer.n ? answer : d.data);
}

static int approve(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	out_null(o);
	return decide(r, db, c, "approved", c->arg[3].present ? c->arg[3].s : STR_NONE);
}

static int deny(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	out_null(o);
	return decide(r, db, c, "denied", STR_NONE);
}

/* What a package is decided under: its hash, and ERR_CONFLICT when there is nothing left to decide. */
static int package(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct decision d;
	int err = find(r, db, c, &d);
	if (err || strcmp(d.kind, "package"))
		return err;
	if (!(err = same(r, &d, &c->arg[1])) && strcmp(d.state, "pending"))
		err = fail(r, ERR_CONFLICT, "That has been decided already, or nobody waits for it any more.");
	struct candidate *of = err ? NULL : candidate_get(db, r->arena, str_of(d.id));
	if (of && (*of->for_app || *of->asked_by))
		err = changes_seen(r, db, of, &c->arg[6]);
	buf_adds(o->buf, d.what);
	return err;
}

int op_halt_approve(struct req *r, const struct call *c, struct out *o)
{
	struct buf hash = BUF_INIT;
	struct out found = OUT(&hash);
	int err = session_confirm(r, &c->arg[4]);
	if (!err && c->arg[3].present && (int64_t)c->arg[3].s.n > r->settings.number[SETTING_RUN_INPUT])
		err = fail(r, ERR_TOO_LARGE, "data may have %lld KB.", (long long)(r->settings.number[SETTING_RUN_INPUT] / KIB));
	if (!err)
		err = with_db(r, c, &found, package);
	if (!err)
		err = hash.len ? candidate_consent(r, c->arg[0].s, buf_str(&hash), &c->arg[5], c->arg[2].s, o) : in_transaction(r, c, o, approve);
	buf_release(&hash);
	return err;
}

int op_halt_deny(struct req *r, const struct call *c, struct out *o)
{
	int err = session_confirm(r, &c->arg[3]);
	return err ? err : in_transaction(r, c, o, deny);
}
