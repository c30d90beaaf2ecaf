#include "kernel/mock.h"

#include "codec/json.h"

#define SENT_MOST 1000 /* requests one test is answered */
#define PIECE (64 * KIB)

struct sent {
	struct sent *next;
	struct str method, url, body;
	int nheaders;
	struct header *header;
	const char *rule; /* of the answers; NULL: there was none */
};

struct mock {
	struct arena *arena;
	struct str answers;
	int nsent;
	struct sent *first, **last, **since; /* since: sent after the answers were said */
};

static struct mock *mock_of(struct node *n)
{
	struct arena *a = n->mock ? NULL : arena_new();
	if (!a)
		return n->mock;
	n->mock = NEW(a, struct mock);
	*n->mock = (struct mock){.arena = a, .last = &n->mock->first, .since = &n->mock->first};
	return n->mock;
}

void mock_answers(struct node *n, struct str json)
{
	struct mock *m = mock_of(n);
	m->answers = arena_str(m->arena, json);
	m->since = m->last;
}

void mock_forget(struct node *n)
{
	if (n->mock)
		arena_free(n->mock->arena);
	n->mock = NULL;
}

/* ---- what was asked ---- */

static struct sent *note(struct mock *m, const struct fetch *f, const struct fetch_pass *p)
{
	struct sent *s = NEW(m->arena, struct sent);
	*s = (struct sent){.method = arena_str(m->arena, f->method), .url = arena_str(m->arena, f->url), .body = arena_str(m->arena, f->body),
			   .header = arena_alloc(m->arena, sizeof *s->header * (size_t)(f->nheaders + 1))};
	for (int i = 0; i < f->nheaders; i++)
		s->header[s->nheaders++] = (struct header){arena_str(m->arena, f->header[i].name), arena_str(m->arena, f->header[i].value)};
	if (p->secret.name.n)
		s->header[s->nheaders++] = (struct header){arena_str(m->arena, p->secret.name), arena_str(m->arena, p->secret.value)};
	*m->last = s;
	m->last = &s->next;
	m->nsent++;
	return s;
}

static void write_headers(struct out *o, const struct sent *s)
{
	out_key(o, "headers");
	out_object(o);
	for (int i = 0; i < s->nheaders; i++) {
		char lower[128];
		snprintf(lower, sizeof lower, "%.*s", STR_FMT(s->header[i].name));
		for (char *c = lower; *c; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
		out_kstr(o, lower, s->header[i].value);
	}
	out_end(o);
}

void mock_sent(const struct node *n, struct out *o)
{
	out_array(o);
	for (const struct sent *s = n->mock ? n->mock->first : NULL; s; s = s->next) {
		out_object(o);
		out_kstr(o, "method", s->method);
		out_kstr(o, "url", s->url);
		write_headers(o, s);
		out_kstr(o, "body", text_utf8(s->body) ? s->body : STR(""));
		out_kbool(o, "answered", s->rule != NULL);
		out_end(o);
	}
	out_end(o);
}

/* ---- what comes of it ---- */

/* An address as whoever dials would read it, for the ones that tests use. */
static bool target(struct fetch *f, struct fetch_dial *d)
{
	struct str rest = f->url, port = STR_NONE;
	bool tls = str_starts(rest, "https://");
	if (!tls && !str_starts(rest, "http://"))
		return false;
	size_t skip = tls ? 8 : 7, n = 0;
	int64_t number = tls ? 443 : 80;
	rest = (struct str){rest.p + skip, rest.n - skip};
	while (n < rest.n && !strchr("/?#", rest.p[n]))
		n++;
	struct str host = str_cut((struct str){rest.p, n}, ':', &port);
	char *lower = arena_cstr(f->arena, host);
	for (char *c = lower; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	if (!host.n || (port.p && (!str_int(port, &number) || number < 1 || number > 65535)))
		return false;
	*d = (struct fetch_dial){tls ? "https" : "http", lower, (int)number};
	return true;
}

/* The rule for what is asked: its list of answers. */
static const char *find(struct mock *m, const struct fetch *f, struct str *list)
{
	const char *rule = arena_printf(m->arena, "%.*s %.*s", STR_FMT(f->method), STR_FMT(f->url));
	if (json_member(m->answers, str_of(rule), list))
		return rule;
	struct str any = str_cut(str_of(rule), '?', list);
	return json_member(m->answers, any, list) ? arena_cstr(m->arena, any) : NULL;
}

/* The next of the list; the last one again when there are no more. */
static struct str choose(const struct mock *m, const char *rule, struct str list)
{
	struct json_lex l;
	struct str item, chosen = STR("{}");
	int asked = 0;
	for (const struct sent *s = *m->since; s; s = s->next)
		asked += s->rule && !strcmp(s->rule, rule);
	json_lex_init(&l, list, JSON_DEPTH);
	json_next(&l);
	for (int i = 0; i <= asked && json_next_item(&l, &item); i++)
		chosen = item;
	return chosen;
}

static struct str text_of(struct fetch *f, struct str object, const char *name)
{
	struct buf b = BUF_INIT;
	struct str value;
	struct str text = json_member(object, str_of(name), &value) && json_text(&b, value) ? arena_str(f->arena, b.len ? buf_str(&b) : STR("")) : STR_NONE;
	buf_release(&b);
	return text;
}

static void take_headers(struct fetch *f, struct str answer)
{
	struct json_lex l;
	struct str object, key, value;
	f->answer = arena_alloc(f->arena, sizeof *f->answer * FETCH_HEADERS_MOST);
	if (!json_member(answer, STR("headers"), &object))
		return;
	json_lex_init(&l, object, JSON_DEPTH);
	json_next(&l);
	while (f->nanswer < FETCH_HEADERS_MOST && json_next_member(&l, &key, &value)) {
		struct buf b = BUF_INIT;
		json_unescape(&b, key);
		struct str name = arena_str(f->arena, b.len ? buf_str(&b) : STR(""));
		buf_release(&b);
		f->answer[f->nanswer++] = (struct header){name, text_of(f, object, name.p)};
	}
}

static int take_answer(struct fetch *f, struct str answer)
{
	struct str number, fails = text_of(f, answer, "fails"), body = text_of(f, answer, "body");
	int64_t status = 200;
	if (fails.p) {
		int err = err_by_code(fails.p);
		return fault(f->fault, err ? err : ERR_FETCH_FAILED, NULL);
	}
	if (json_member(answer, STR("status"), &number))
		str_int(number, &status);
	f->status = (int)status;
	f->from = f->url;
	take_headers(f, answer);
	buf_addstr(&f->in, body);
	f->received = (int64_t)body.n;
	return 0;
}

static int mock_open(struct fetch *f)
{
	struct mock *m = f->node->mock;
	struct fetch_dial d;
	struct fetch_pass p = {.way.to = STR_NONE};
	struct str list;
	if (!target(f, &d))
		return fault(f->fault, ERR_BAD_REQUEST, "that is not an address; write https://host/path");
	int err = f->pass(f->arg, &d, &p);
	if (err)
		return err;
	if (m->nsent == SENT_MOST)
		return fault(f->fault, ERR_RATE_LIMITED, "A test answers at most %d requests.", SENT_MOST);
	struct sent *s = note(m, f, &p);
	const char *rule = find(m, f, &list);
	if (!rule)
		return fault(f->fault, ERR_UNAVAILABLE, "The test does not say what %.*s %.*s answers: t.server { [\"%.*s %.*s\"] = { json = … } }",
			     STR_FMT(f->method), STR_FMT(f->url), STR_FMT(f->method), STR_FMT(f->url));
	err = take_answer(f, choose(m, rule, list));
	s->rule = rule;
	return err;
}

static int mock_next(struct fetch *f, struct str *piece)
{
	size_t n = MIN(f->in.len - f->consumed, PIECE);
	if ((int64_t)f->in.len > f->most)
		return -fault(f->fault, ERR_RESPONSE_TOO_LARGE, "The answer is larger than %lld KB.", (long long)(f->most / KIB));
	f->ended = !n;
	*piece = (struct str){f->in.p + f->consumed, n};
	f->consumed += n;
	return n > 0;
}

static void mock_close(struct fetch *f)
{
	f->ended = true;
	f->consumed = 0;
	buf_release(&f->in);
}

const struct fetch_client mock_client = {mock_open, mock_next, mock_close};
