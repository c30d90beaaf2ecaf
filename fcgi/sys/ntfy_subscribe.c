#include "base/now.h"
#include "codec/ntfy.h"
#include "sys/ntfy_ask.h"

#define PAGE_ROWS 500     /* of one answer; what follows is asked for with since=ID */
#define SEEN_ROWS (MESSAGE_TOPICS * MESSAGE_ROWS) /* that a filter may pass over */
#define PAGE_BYTES MIB
#define RETRY_SECONDS 30

struct filter {
	struct str id, message, title, tags;
	int priorities; /* a bit each */
};

struct subscription {
	struct str topic[MESSAGE_TOPICS];
	int ntopics;
	bool poll, scheduled, nothing;
	struct message_since since;
	struct filter filter;
};

static int read_filter(struct ask *k, struct filter *f)
{
	struct str rest = ask_line(k, "x-priority,priority,prio,p");
	*f = (struct filter){ask_line(k, "x-id,id"), ask_line(k, "x-message,message,m"), ask_line(k, "x-title,title,t"), ntfy_tags(k->r->arena, ask_line(k, "x-tags,tags,tag,ta")), 0};
	while (rest.n) {
		int p = ntfy_priority(str_cut(rest, ',', &rest));
		if (p < 1)
			return ask_refuse(k, NTFY_E_PRIORITY);
		f->priorities |= 1 << p;
	}
	return 0;
}

static int read_since(struct ask *k, struct subscription *s)
{
	struct str text = ask_line(k, "x-since,since,si");
	int64_t at;
	enum ntfy_since since = text.n ? ntfy_since(text, now_ms(), &at) : s->poll ? NTFY_ALL : NTFY_NONE;
	s->nothing = since == NTFY_NONE;
	s->since = (struct message_since){.latest = since == NTFY_LATEST, .due = since == NTFY_TIME ? at : 0, .id = since == NTFY_ID ? text : STR_NONE};
	return since == NTFY_BAD ? ask_refuse(k, NTFY_E_SINCE) : 0;
}

static int read_topics(struct ask *k, struct subscription *s)
{
	for (struct str rest = k->topic; rest.n;) {
		if (s->ntopics == MESSAGE_TOPICS)
			return ask_refuse_why(k, NTFY_E_INVALID, "at most 16 topics at once");
		s->topic[s->ntopics++] = str_cut(rest, ',', &rest);
	}
	return 0;
}

/* Who may not read does not get its query read either: each of these names is looked for in all of it. */
static int read_subscription(struct ask *k, struct db *db, struct subscription *s)
{
	int err = read_topics(k, s);
	if (err || (err = ask_may_read(k, db)))
		return err;
	s->poll = ntfy_bool(ask_line(k, "x-poll,poll,po"), false);
	s->scheduled = ntfy_bool(ask_line(k, "x-scheduled,scheduled,sched"), false);
	err = read_since(k, s);
	return err ? err : read_filter(k, &s->filter);
}

static bool has_tag(struct str tags, struct str tag)
{
	while (tags.n)
		if (str_eq(str_cut(tags, ',', &tags), tag))
			return true;
	return false;
}

static bool passes(const struct filter *f, const struct message *m)
{
	if ((f->id.n && !str_is(f->id, m->id)) || (f->message.n && !str_eq(f->message, m->message)) || (f->title.n && !str_eq(f->title, m->title)))
		return false;
	for (struct str tags = f->tags; tags.n;)
		if (!has_tag(m->tags, str_cut(tags, ',', &tags)))
			return false;
	return !f->priorities || f->priorities >> (m->priority ? m->priority : 3) & 1;
}

enum format { JSON, SSE, RAW };

static void write_raw(struct buf *b, struct str message)
{
	for (size_t i = 0; i < message.n; i++)
		buf_addc(b, message.p[i] == '\n' ? ' ' : message.p[i]);
	buf_addc(b, '\n');
}

static void write_event(struct buf *b, struct arena *a, enum format format, const struct message *m)
{
	struct out o = OUT(b);
	if (format == RAW) {
		write_raw(b, m->message);
		return;
	}
	if (format == SSE)
		buf_adds(b, "data: ");
	ask_message(&o, a, m);
	buf_adds(b, format == SSE ? "\n\n" : "\n");
}

static void write_open(struct ask *k, struct buf *b, enum format format)
{
	struct message m = {0};
	struct out o = OUT(b);
	message_id(m.id);
	if (format == RAW) {
		buf_adds(b, "\n");
		return;
	}
	if (format == SSE)
		buf_addf(b, "retry: %d\nevent: open\ndata: ", RETRY_SECONDS * 1000);
	out_object(&o);
	out_kcstr(&o, "id", m.id);
	out_kint(&o, "time", now_ms() / 1000);
	out_kcstr(&o, "event", "open");
	out_kstr(&o, "topic", k->topic);
	out_end(&o);
	buf_adds(b, format == SSE ? "\n\n" : "\n");
}

static int write_all(struct ask *k, struct db *db, const struct subscription *s, enum format format, struct buf *b)
{
	int row = 0, n = 0;
	struct message m;
	struct stmt *rows = message_query(db, s->topic, s->ntopics, &s->since, s->scheduled, now_ms(), SEEN_ROWS);
	if (!rows)
		return k->r->fault.err;
	while (b->len < PAGE_BYTES && n < PAGE_ROWS && (row = stmt_row(rows)) > 0) {
		message_read(rows, &m);
		if (passes(&s->filter, &m))
			write_event(b, k->r->arena, format, &m), n++;
	}
	stmt_done(rows);
	return row < 0 ? -row : 0;
}

static int subscribe(struct ask *k, enum format format, const char *type)
{
	struct subscription s = {0};
	struct buf b = BUF_INIT;
	struct db *db = db_borrow(k->r->node->store, &k->r->fault);
	if (!db)
		return k->r->fault.err;
	int err = read_subscription(k, db, &s);
	if (!err && !s.poll)
		write_open(k, &b, format);
	if (!err && !s.nothing)
		err = write_all(k, db, &s, format, &b);
	db_return(db);
	if (!err)
		res_set(k->r, 200, type, buf_str(&b));
	buf_release(&b);
	return err;
}

int ntfy_subscribe_json(struct ask *k)
{
	return subscribe(k, JSON, "application/x-ndjson; charset=utf-8");
}

int ntfy_subscribe_sse(struct ask *k)
{
	return subscribe(k, SSE, "text/event-stream; charset=utf-8");
}

int ntfy_subscribe_raw(struct ask *k)
{
	return subscribe(k, RAW, "text/plain; charset=utf-8");
}
