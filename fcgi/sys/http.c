/* fazt.http: what an app asks, checked, made into a struct fetch and answered. Whether a host may be dialled is decided
 * anew for every connection, with the grants of that moment. */
#include "kernel/fetch.h"

#include <unistd.h>

#include "base/crypt.h"
#include "base/now.h"
#include "codec/json.h"
#include "codec/mime.h"
#include "codec/moment.h"
#include "kernel/app.h"
#include "kernel/journal.h"
#include "sys/http.h"
#include "sys/intake.h"
#include "sys/options.h"
#include "sys/sys.h"

#define BODY_MOST MIB           /* of an answer that is handed over whole */
#define FILE_MOST (1ll << 40)   /* of one that becomes a file or is read as it comes: the quota, or the day's bytes, are nearer */
#define STREAMS 4               /* answers one request may have open */
#define WAIT_MOST 60000         /* of what another server asks for */
#define MARGIN_MS 200           /* before the request's own deadline, so that the app can still answer */
#define HOPS 4                  /* apps that call each other in a row */
#define HOPS_HEADER "fazt-hops"
#define RETRIES 5
#define PAUSE_MS 250            /* before the second attempt; twice as long before each further one */
#define HEADER_BYTES (16 * KIB)

struct sending {
	struct req *r;
	struct fetch f;
	struct options opts;
	struct arena *arena; /* as long as the fetch */
	struct str secret;
	bool dialled;    /* the first connection was asked for */
	int nheaders;
	struct header header[FETCH_HEADERS_MOST];
	struct buf body;
};

/* ---- the request ---- */

/* RFC 9110 §9.1: any token in capitals, but not those that turn a connection into something else. */
static bool method_valid(struct str m)
{
	for (size_t i = 0; i < m.n; i++)
		if (!(m.p[i] >= 'A' && m.p[i] <= 'Z') && !(m.p[i] == '-' && i))
			return false;
	return m.n && m.n <= 20 && !str_is(m, "CONNECT") && !str_is(m, "TRACE");
}

static bool name_valid(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c))))
			return false;
	}
	return s.n && s.n <= 100;
}

static bool value_valid(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < ' ' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return true;
}

/* Headers that say where a request goes, how long it is or who passed it on: the connection's business. */
static bool kernel_header(struct str name)
{
	static const char *const names[] = {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade",
					    "expect", "accept-encoding", "forwarded", "http2-settings"};
	static const char *const families[] = {"proxy-", "fazt-", "x-forwarded-", "sec-"};
	char lower[128];
	snprintf(lower, sizeof lower, "%.*s", STR_FMT(name));
	for (char *c = lower; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcmp(lower, names[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (str_starts(str_of(lower), families[i]))
			return true;
	return false;
}

static void add_header(struct sending *s, struct str name, struct str value)
{
	s->header[s->nheaders++] = (struct header){name, value};
}

static struct str unescaped(struct req *r, struct str raw)
{
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	struct str text = arena_str(r->arena, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
	return text;
}

static int header(struct sending *s, struct str key, struct str raw, size_t *bytes)
{
	struct req *r = s->r;
	struct str name = unescaped(r, key);
	if (raw.n < 2 || raw.p[0] != '"')
		return fail(r, ERR_BAD_REQUEST, "the value of a header is a text");
	struct str value = unescaped(r, (struct str){raw.p + 1, raw.n - 2});
	*bytes += name.n + value.n;
	if (!name_valid(name) || !value_valid(value))
		return fail(r, ERR_BAD_REQUEST, "a header has a name of letters, digits and hyphens, and a value on one line");
	if (kernel_header(name))
		return fail(r, ERR_BAD_REQUEST, "the header %.*s is not the app's to set; leave it out", STR_FMT(name));
	if (s->nheaders >= FETCH_HEADERS_MOST - 3 || *bytes > HEADER_BYTES)
		return fail(r, ERR_TOO_LARGE, "a request has at most %d headers, together %u KB", FETCH_HEADERS_MOST - 3, HEADER_BYTES / KIB);
	add_header(s, name, value);
	return 0;
}

static int read_headers(struct sending *s, const struct arg *a)
{
	struct json_lex l;
	struct str key, value;
	size_t bytes = 0;
	int err = 0;
	json_lex_init(&l, a->s, JSON_DEPTH);
	if (!a->present || json_next(&l) != JSON_OBJECT)
		return 0;
	while (!err && json_next_member(&l, &key, &value))
		err = header(s, key, value, &bytes);
	return err;
}

static bool has_header(const struct sending *s, const char *name)
{
	for (int i = 0; i < s->nheaders; i++)
		if (str_ieq(s->header[i].name, name))
			return true;
	return false;
}

/* In a run the same request may be sent twice, when the worker was lost in between: by this the other server knows it
 * (draft-ietf-httpapi-idempotency-key-header). */
static void name_once(struct sending *s)
{
	if (s->r->once[0] && !has_header(s, "idempotency-key"))
		add_header(s, STR("Idempotency-Key"), str_of(arena_printf(s->r->arena, "\"%s\"", s->r->once)));
}

/* A request that came from an app of some Fazt says how many there were before it. */
static int count_hops(struct sending *s)
{
	int64_t hops = 0;
	struct str told = req_header(s->r, HOPS_HEADER);
	if (told.p && (!str_int(told, &hops) || hops < 0))
		hops = HOPS;
	if (hops >= HOPS)
		return fail(s->r, ERR_LOOP, "This request came through %d apps already; they seem to call each other in a circle.", HOPS);
	add_header(s, STR(HOPS_HEADER), str_of(arena_printf(s->r->arena, "%lld", (long long)hops + 1)));
	return 0;
}

/* ---- may it be dialled? ---- */

static int reaches(struct sending *s, const struct app *a, const struct fetch_dial *d)
{
	bool plain = !strcmp(d->scheme, "http"), usual = d->port == (plain ? 80 : 443);
	if (a && a->state == APP_ENABLED && app_reaches(a, d->scheme, d->host, d->port))
		return 0;
	return fail(s->r, ERR_PERMISSION_DENIED, usual ? "This app may not exchange data with %s; it needs the permission \"net:%s%s\"."
						       : "This app may not exchange data with %s; it needs the permission \"net:%s%s:%d\".",
		    d->host, plain ? "http://" : "", d->host, d->port);
}

static bool for_host(const struct app_secret *secret, const struct fetch_dial *d)
{
	struct str host = str_of(secret->host), port;
	int64_t number = 443;
	host = str_cut(host, ':', &port);
	return !strcmp(d->scheme, "https") && str_is(host, d->host) && (!port.p || str_int(port, &number)) && number == d->port;
}

/* A secret goes to its own host and nowhere else, wherever a redirect leads. */
static int add_secret(struct sending *s, const struct app *a, const struct fetch_dial *d, struct fetch_pass *p)
{
	const struct app_secret *secret = s->opts.secret.p ? app_secret(a, s->opts.secret) : NULL;
	bool first = !s->dialled;
	s->dialled = true;
	if (!s->opts.secret.p)
		return 0;
	if (!secret)
		return fail(s->r, ERR_BAD_REQUEST, "there is no secret %.*s: it is a name of `env` in app.json with a `host`, and the owner sets it with app env set",
			    STR_FMT(s->opts.secret));
	if (for_host(secret, d))
		p->secret = (struct header){arena_str(s->r->arena, secret->header), arena_str(s->r->arena, secret->value)};
	else if (first)
		return fail(s->r, ERR_BAD_REQUEST, "the secret %s is for https://%s alone", secret->name, secret->host);
	return 0;
}

static int decide(struct sending *s, struct db *db, const struct fetch_dial *d, struct fetch_pass *p)
{
	struct req *r = s->r;
	struct settings *now = NEW(r->arena, struct settings);
	int err = node_settings(r->node, db, r->arena, now);
	if (!err)
		err = way_find(now, d->host, d->port, &p->way, &r->fault);
	struct app *a = err ? NULL : app_by_id(r->node, db, str_of(r->app->id));
	if (!err)
		err = reaches(s, a, d);
	if (!err)
		err = add_secret(s, a, d, p);
	app_release(a);
	return err;
}

static int pass(void *arg, const struct fetch_dial *d, struct fetch_pass *p)
{
	struct sending *s = arg;
	struct db *db = db_borrow(s->r->node->store, &s->r->fault);
	if (!db)
		return s->r->fault.err;
	int err = decide(s, db, d, p);
	db_return(db);
	return err;
}

/* ---- the answer ---- */

static void write_headers(struct out *o, const struct fetch *f)
{
	struct buf b = BUF_INIT;
	out_key(o, "headers");
	out_object(o);
	for (int i = 0; i < f->nanswer; i++) {
		bool before = false;
		for (int k = 0; k < i && !before; k++)
			before = str_eq(f->answer[k].name, f->answer[i].name);
		if (before)
			continue;
		buf_clear(&b);
		for (int k = i; k < f->nanswer; k++)
			if (str_eq(f->answer[k].name, f->answer[i].name))
				buf_addf(&b, "%s%.*s", k > i ? ", " : "", STR_FMT(f->answer[k].value));
		out_keystr(o, f->answer[i].name);
		out_str(o, b.len ? buf_str(&b) : STR(""));
	}
	out_end(o);
	buf_release(&b);
}

static void write_file(struct out *o, const struct upload *u)
{
	out_key(o, "file");
	out_object(o);
	out_kstr(o, "name", u->name);
	out_kstr(o, "type", u->type);
	out_kint(o, "size", u->received);
	out_kcstr(o, "upload", u->id);
	out_end(o);
}

/* A line that says what is known, and the bytes: RETURNS_FILE. */
static void write_answer(struct out *o, const struct fetch *f, const struct upload *file, int64_t stream, struct str body)
{
	out_raw(o, STR(""));
	struct out line = OUT(o->buf);
	out_object(&line);
	out_kint(&line, "status", f->status);
	out_kstr(&line, "url", f->from);
	write_headers(&line, f);
	if (file)
		write_file(&line, file);
	if (stream)
		out_kint(&line, "stream", stream);
	out_end(&line);
	buf_addc(o->buf, '\n');
	buf_addstr(o->buf, body);
}

static int take_whole(struct sending *s, struct out *o)
{
	struct str piece;
	int n;
	while ((n = fetch_next(&s->f, &piece)) > 0 && !s->body.full)
		buf_addstr(&s->body, piece);
	if (s->body.full)
		return fail(s->r, ERR_RESPONSE_TOO_LARGE, "The answer is larger than %u KB.", BODY_MOST / KIB);
	if (!n)
		write_answer(o, &s->f, NULL, 0, s->body.len ? buf_str(&s->body) : STR(""));
	return -n;
}

/* Chunk by chunk into an upload, which the app can keep with blob.put. */
static int take_file(struct sending *s, struct out *o)
{
	struct intake in;
	struct str piece, type = fetch_header(&s->f, "content-type");
	int n = 0, err = intake_open(&in, s->r);
	if (!err)
		err = intake_begin(&in, s->opts.file, type.n ? type : mime_of(s->opts.file));
	while (!err && (n = fetch_next(&s->f, &piece)) > 0)
		err = intake_add(&in, piece.p, piece.n);
	if (!err && !(err = -n))
		err = intake_end(&in, true);
	if (!err)
		write_answer(o, &s->f, &in.u, 0, STR(""));
	else if (in.r && in.there)
		intake_drop(&in, &in.u);
	s->r->uploads |= !err;
	intake_close(&in);
	return err;
}

static bool succeeded(const struct sending *s)
{
	return s->f.status >= 200 && s->f.status < 300;
}

/* ---- an answer that is read as it comes ---- */

struct stream {
	struct stream *next;
	int64_t id;
	struct arena *arena; /* this one lies in it, too */
	struct fetch f;
};

static void stream_end(struct stream **at)
{
	struct stream *gone = *at;
	*at = gone->next;
	fetch_close(&gone->f);
	arena_free(gone->arena);
}

void http_forget(struct req *r)
{
	while (r->streams)
		stream_end(&r->streams);
}

static struct stream **stream_find(struct req *r, int64_t id)
{
	struct stream **at = &r->streams;
	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* A run that goes on has no connection of before. */
static int check_place(struct req *r)
{
	if (!r->journal || !r->journal->run.id || r->journal->inside)
		return 0;
	return fail(r, ERR_BAD_REQUEST, "In a run an answer is read as it comes inside fazt.step, whose result is kept; or let it become a file.");
}

/* The fetch is the stream's from now on. */
static int take_stream(struct sending *s, struct out *o)
{
	struct stream *t = NEW(s->arena, struct stream);
	*t = (struct stream){.next = s->r->streams, .id = ++s->r->opened, .arena = s->arena, .f = s->f};
	s->r->streams = t;
	s->arena = NULL;
	s->f.opened = false;
	write_answer(o, &t->f, NULL, t->id, STR(""));
	return 0;
}

int sys_http_read(struct req *r, const struct call *c, struct out *o)
{
	struct stream **at = stream_find(r, c->arg[0].i);
	struct str piece = STR("");
	int err = check_place(r);
	if (err)
		return err;
	if (!*at)
		return fail(r, ERR_BAD_REQUEST, "No answer of that number is open: it was read to its end, was closed, or failed.");
	int n = fetch_next(&(*at)->f, &piece);
	out_raw(o, STR(""));
	if (n > 0)
		buf_addstr(o->buf, piece);
	else
		stream_end(at);
	return n < 0 ? -n : 0;
}

int sys_http_close(struct req *r, const struct call *c, struct out *o)
{
	struct stream **at = stream_find(r, c->arg[0].i);
	out_null(o);
	if (*at)
		stream_end(at);
	return 0;
}

/* ---- once more? ---- */

static bool repeatable(const struct sending *s)
{
	static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"};
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (str_is(s->f.method, methods[i]))
			return true;
	return has_header(s, "idempotency-key");
}

static bool passing(int err, int status)
{
	if (err)
		return err == ERR_FETCH_FAILED || err == ERR_TIMEOUT || err == ERR_UNAVAILABLE;
	return status == 429 || status == 502 || status == 503 || status == 504;
}

/* RFC 9110 §10.2.3: seconds, or a date. -1: it says nothing that can be understood. */
static int64_t asked_pause(const struct sending *s)
{
	struct str asked = fetch_header(&s->f, "retry-after");
	int64_t seconds, date;
	if (asked.p && str_int(asked, &seconds) && seconds >= 0)
		return MIN(seconds, WAIT_MOST / 1000) * 1000;
	if (asked.p && moment_http(asked, &date))
		return MAX(MIN(date - now_ms(), (int64_t)WAIT_MOST), 0);
	return -1;
}

/* How long to wait before attempt n + 1, in ms: what the server asks for, or a pause that grows and is not the same for
 * everybody. -1: there is no time for it, or no sense in it. */
static int64_t pause_before(const struct sending *s, int attempt, int err, int64_t deadline)
{
	unsigned char dice;
	int64_t ms;
	if (attempt >= s->opts.retries || !repeatable(s) || !passing(err, s->f.status))
		return -1;
	crypt_random(&dice, 1);
	ms = ((int64_t)PAUSE_MS << attempt) * (192 + dice / 2) / 256;
	if (!err)
		ms = MAX(ms, asked_pause(s));
	return mono_ms() + ms < deadline ? ms : -1;
}

/* ---- the call ---- */

static int attempt(struct sending *s)
{
	s->dialled = false;
	s->f.status = s->f.nanswer = 0;
	s->f.ended = false;
	s->f.sent = s->f.received = 0;
	fault_clear(&s->r->fault);
	return fetch_open(&s->f);
}

static int open_patiently(struct sending *s)
{
	for (int n = 0;; n++) {
		int err = attempt(s);
		int64_t ms = pause_before(s, n, err, s->f.deadline);
		if (ms < 0)
			return err;
		fetch_close(&s->f);
		usleep((useconds_t)ms * 1000);
	}
}

static int64_t deadline(const struct sending *s)
{
	int64_t ms = s->opts.timeout > 0 ? s->opts.timeout * 1000 : FETCH_MS;
	return MIN(mono_ms() + MIN(ms, (int64_t)FETCH_MS), s->r->deadline - MARGIN_MS);
}

static int prepare(struct sending *s, const struct call *c, const char *options)
{
	struct req *r = s->r;
	int err;
	if (!method_valid(c->arg[0].s))
		return fail(r, ERR_BAD_REQUEST, "a method is a word in capitals, such as GET or POST");
	if ((err = read_headers(s, &c->arg[2])) || (err = options_read(r, &c->arg[3], options, &s->opts)) || (err = count_hops(s)))
		return err;
	if (s->opts.retries > RETRIES)
		return fail(r, ERR_BAD_REQUEST, "retries is at most %d", RETRIES);
	name_once(s);
	s->f = (struct fetch){.node = r->node, .arena = s->arena, .fault = &r->fault, .payer = r->app->id,
			      .budget = r->app->limit[BUDGET_APP_EGRESS], .method = c->arg[0].s, .url = arena_str(s->arena, c->arg[1].s),
			      .nheaders = s->nheaders, .header = s->header, .body = c->arg[4].present ? c->arg[4].s : STR_NONE,
			      .trust = fetch_trust(r->node, &r->settings, s->arena), .redirects = (int)s->opts.redirects, .deadline = deadline(s),
			      .most = BODY_MOST, .pass = pass, .arg = s};
	return s->f.deadline > mono_ms() ? 0 : fail(r, ERR_TIMEOUT, "No time is left in this request to ask another server.");
}

static struct sending *begin(struct req *r, struct arena *a)
{
	struct sending *s = NEW(r->arena, struct sending);
	*s = (struct sending){.r = r, .arena = a, .f.fd = -1, .body = BUF_MAX(BODY_MOST)};
	return s;
}

static void end(struct sending *s)
{
	fetch_close(&s->f);
	buf_release(&s->body);
}

int sys_http_send(struct req *r, const struct call *c, struct out *o)
{
	struct sending *s = begin(r, r->arena);
	int err = prepare(s, c, "secret, timeout, redirects, retries, file");
	s->f.most = s->opts.file.p ? FILE_MOST : BODY_MOST;
	if (!err)
		err = open_patiently(s);
	if (!err)
		err = s->opts.file.p && succeeded(s) ? take_file(s, o) : take_whole(s, o);
	end(s);
	return err;
}

int sys_http_open(struct req *r, const struct call *c, struct out *o)
{
	int err = check_place(r), n = 0;
	for (const struct stream *t = r->streams; t; t = t->next)
		n++;
	if (!err && n == STREAMS)
		err = fail(r, ERR_RATE_LIMITED, "A request reads at most %d answers at once; let one come to its end first.", STREAMS);
	if (err)
		return err;
	struct sending *s = begin(r, arena_new());
	err = prepare(s, c, "secret, timeout, redirects, retries");
	s->f.most = FILE_MOST;
	if (!err)
		err = open_patiently(s);
	if (!err)
		err = succeeded(s) ? take_stream(s, o) : take_whole(s, o);
	end(s);
	arena_free(s->arena);
	return err;
}
