#include "kernel/upstream.h"

#include "base/now.h"
#include "base/visible.h"
#include "codec/json.h"
#include "codec/ntfy.h"
#include "kernel/fetch.h"
#include "store/message.h"
#include "store/notice.h"

#define MARGIN_MS 500
#define SAID_MAX 200

/* ---- the message, as ntfy takes it ---- */

/* What clients get is what publishers send, but for two names. */
static void write_rest(struct out *o, struct str rest)
{
	static const struct { const char *path, *name; } parts[] = {
		{"click", "click"}, {"icon", "icon"}, {"actions", "actions"}, {"attachment.url", "attach"}, {"attachment.name", "filename"}};
	struct str raw;
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (json_path(rest, str_of(parts[i].path), &raw))
			out_kraw(o, parts[i].name, raw);
	if (json_member(rest, STR("content_type"), &raw))
		out_kbool(o, "markdown", true);
}

static struct str write_message(struct arena *a, const struct message *m, struct str topic)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	out_kstr(&o, "topic", topic);
	if (m->title.n)
		out_kstr(&o, "title", m->title);
	out_kstr(&o, "message", m->message);
	if (m->priority)
		out_kint(&o, "priority", m->priority);
	if (m->tags.n)
		ntfy_write_tags(&o, m->tags);
	write_rest(&o, m->rest);
	out_end(&o);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* The message of this errand, to that topic; STR_NONE: it is gone. */
static struct str find_message(struct req *r, struct str topic)
{
	struct message m;
	struct str raw = STR(""), body = STR_NONE;
	struct db *db = db_borrow(r->node->store, &r->fault);
	json_member(r->journal->run.input, STR("message"), &raw);
	struct stmt *s = db ? message_get(db, raw.n > 2 ? (struct str){raw.p + 1, raw.n - 2} : STR("")) : NULL;
	if (s) {
		message_read(s, &m);
		body = write_message(r->arena, &m, topic);
		stmt_done(s);
	}
	db_return(db);
	return body;
}

/* ---- to the server ---- */

static int pass(void *arg, const struct fetch_dial *d, struct fetch_pass *p)
{
	struct req *r = arg;
	const char *token = r->settings.text[SETTING_PUSH_UPSTREAM_TOKEN];
	int err = way_find(&r->settings, d->host, d->port, &p->way, &r->fault);
	if (!err && strcmp(d->scheme, "https") && !p->way.anywhere)
		err = fail(r, ERR_BLOCKED_ADDRESS, "push.upstream is an https address");
	if (*token)
		p->secret = (struct header){STR("authorization"), str_of(arena_printf(r->arena, "Bearer %s", token))};
	return err;
}

static int post(struct req *r, struct str url, struct str body, struct fetch *f)
{
	static const struct header headers[] = {{STR("content-type"), STR("application/json")}, {STR(UPSTREAM_HOPS), STR("1")}};
	*f = (struct fetch){.node = r->node, .arena = r->arena, .fault = &r->fault, .payer = "push", .method = STR("POST"), .url = url, .nheaders = 2,
			    .header = headers, .body = body, .trust = fetch_trust(r->node, &r->settings, r->arena),
			    .deadline = MIN(r->deadline, mono_ms() + FETCH_MS) - MARGIN_MS, .most = 64 * KIB, .pass = pass, .arg = r};
	int err = fetch_open(f);
	fetch_close(f);
	return err;
}

/* https://ntfy.example.org/TOPIC: the server's own address takes JSON. */
static struct str topic_of(struct str *url)
{
	size_t n = url->n;
	while (n && url->p[n - 1] != '/')
		n--;
	struct str topic = {url->p + n, url->n - n};
	url->n = n;
	return topic;
}

static int stalled(struct req *r, const char *why)
{
	const struct run *run = &r->journal->run;
	errand_stalled(r, ERRAND_UPSTREAM, NULL, now_ms() + (run->backoff << MIN(run->attempt, (int64_t)6)), NOTICE_UPSTREAM, "Notifications are not sent on",
		       arena_printf(r->arena, "The server of push.upstream: %s. What waits is tried again until it expires.", why));
	return fail(r, r->fault.err ? r->fault.err : ERR_FETCH_FAILED, "The server of push.upstream: %s", why);
}

int upstream_deliver(struct req *r)
{
	struct fetch f = {0};
	struct str url = str_of(r->settings.text[SETTING_PUSH_UPSTREAM]), topic = topic_of(&url), body = find_message(r, topic);
	if (r->fault.err || !body.p || !topic.n || r->node->trial)
		return r->fault.err;
	int err = post(r, url, body, &f);
	if (err == ERR_UNAVAILABLE || err == ERR_RATE_LIMITED)
		return err;
	if (err)
		return stalled(r, visible(r->arena, str_of(f.why ? f.why : fault_message(&r->fault)), SAID_MAX));
	return f.status >= 200 && f.status < 300 ? 0 : stalled(r, arena_printf(r->arena, "it answers %d", f.status));
}

int upstream_lost(struct req *r, struct db *db)
{
	return notice_add(db, NOTICE_UPSTREAM, "", "", "A notification was not sent on", r->journal->run.error);
}
