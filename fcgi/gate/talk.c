#include "gate/talk.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include "base/crypt.h"
#include "base/now.h"
#include "base/out.h"
#include "base/visible.h"
#include "codec/json.h"
#include "gate/charge.h"
#include "gate/response.h"
#include "gate/syscall.h"
#include "gate/trace.h"
#include "kernel/cookie.h"
#include "kernel/identity.h"
#include "kernel/journal.h"
#include "sys/http.h"
#include "wire/frame.h"

/* The cell's ends of the pipes are in the hands of code we do not trust. So: never block past the deadline, never
 * hold more than one frame and what was read with it, and end the talk at the first byte that does not fit. */

#define READ_AHEAD (16 * KIB)
#define TELL_MAX ((size_t)PIPE_BUF) /* a pipe takes as much at once, or nothing */

enum talk { TALK_OK, TALK_TIMEOUT, TALK_GONE };

/* ---- bytes ---- */

/* Reads block, and writes wait: at the deadline the leash is dropped, the cell dies, and they return. */
static enum talk gone(const struct cell *c, int64_t deadline)
{
	return mono_ms() >= deadline || leash_spent(&c->leash) ? TALK_TIMEOUT : TALK_GONE;
}

static enum talk send_bytes(struct cell *c, struct str bytes, int64_t deadline)
{
	for (size_t at = 0; at < bytes.n;) {
		ssize_t n = write(c->to, bytes.p + at, bytes.n - at);
		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno == EAGAIN && !c->born && mono_ms() >= deadline)
			return TALK_TIMEOUT;
		else if (n < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = c->to, .events = POLLOUT}, 1, c->born ? -1 : (int)MAX(deadline - mono_ms(), (int64_t)0));
		else if (n == 0 || errno != EINTR)
			return gone(c, deadline);
	}
	return TALK_OK;
}

static enum talk send_all(struct cell *c, int64_t deadline)
{
	enum talk t = send_bytes(c, buf_str(&c->out), deadline);
	buf_clear(&c->out);
	return t;
}

static enum talk read_more(struct cell *c, int64_t deadline)
{
	ssize_t n;
	if (c->consumed) {
		memmove(c->in.p, c->in.p + c->consumed, c->in.len - c->consumed);
		c->in.len -= c->consumed;
		c->consumed = 0;
	}
	buf_reserve(&c->in, READ_AHEAD);
	if (!c->born && poll(&(struct pollfd){.fd = c->from, .events = POLLIN}, 1, (int)MAX(deadline - mono_ms(), (int64_t)0)) == 0)
		return TALK_TIMEOUT; /* no process there yet that could be killed */
	while ((n = read(c->from, c->in.p + c->in.len, c->in.cap - c->in.len - 1)) < 0 && errno == EINTR)
		;
	if (n <= 0)
		return gone(c, deadline);
	c->in.len += (size_t)n;
	return TALK_OK;
}

/* The next frame; its payload stays valid until the next call. The deadline is looked at for each: a cell that never
 * stops sending never makes us wait. */
static enum talk next_frame(struct cell *c, struct frame *f, int64_t deadline)
{
	if (mono_ms() >= deadline)
		return TALK_TIMEOUT;
	for (;;) {
		long n = 0;
		if (c->in.len > c->consumed)
			n = frame_parse((struct str){c->in.p + c->consumed, c->in.len - c->consumed}, f);
		if (n < 0)
			return TALK_GONE;
		if (n > 0) {
			c->consumed += (size_t)n;
			return TALK_OK;
		}
		enum talk t = read_more(c, deadline);
		if (t)
			return t;
	}
}

/* ---- the app's log ---- */

/* Is there room for one more line in this minute? The first one after a while without says how many are missing. */
static bool admit_line(struct cell *c)
{
	int64_t dropped;
	char text[160];
	if (!charge_line(c->meters, c->app, &dropped))
		return false;
	if (!dropped)
		return true;
	snprintf(text, sizeof text, "%lld lines were dropped: app.log allows %lld in a minute", (long long)dropped, (long long)c->app->limit[BUDGET_APP_LOG]);
	trace_app(c->app, NULL, "warn", str_of(text));
	return true;
}

static void log_frame(struct cell *c, const char *request, const struct frame *f, int *lines)
{
	static const char *const levels[] = {"info", "warn", "error"};
	struct wire w = {f->payload, false};
	struct str text = get_str(&w);
	if (++*lines <= FRAME_LOGS + 1 && !w.bad && !admit_line(c))
		return;
	if (*lines <= FRAME_LOGS && !w.bad)
		trace_app(c->app, request, levels[MIN(f->code, 2u)], text);
	else if (*lines == FRAME_LOGS + 1)
		trace_app(c->app, request, "warn", STR("further lines of this request are dropped"));
}

/* A package that is only tried has no users: whoever installs it is told what is wrong. */
static int not_loadable(const struct app *a, struct str message, struct fault *f)
{
	struct buf b = BUF_INIT;
	visible_add(&b, message, FAULT_MAX - 64);
	int err = fault(f, ERR_BAD_PACKAGE, "%s: %s", a->migrates ? "the rows cannot be migrated" : "the code does not load", b.p ? b.p : "");
	buf_release(&b);
	return err;
}

/* What went wrong in the app, where, and how it got there: into its log, and into the request if there is one. */
static void log_failure(struct cell *c, struct req *r, struct str message, struct str trace)
{
	struct buf b = BUF_INIT;
	buf_addstr(&b, message);
	if (trace.n) {
		buf_addc(&b, '\n');
		buf_addstr(&b, trace);
	}
	trace_app(c->app, r ? r->id : NULL, "error", buf_str(&b));
	if (r)
		r->trouble = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
}

/* An ERROR frame: its message for whoever asked, with its traceback for the app's log. That a caller asked for
 * something that is not there, or not theirs, is no failure of the app. */
static int error_frame(struct cell *c, struct req *r, const struct frame *f, struct fault *fault_out)
{
	struct wire w = {f->payload, false};
	struct str message = get_str(&w), trace = get_str(&w);
	int err = f->code > 0 && f->code < ERR_COUNT ? (int)f->code : ERR_APP_ERROR;
	if (w.bad)
		return fault(fault_out, ERR_APP_ERROR, NULL);
	if (r && r->journal && r->journal->left) { /* it left because it was told to */
		*fault_out = r->journal->why;
		return ERR_SUSPENDED;
	}
	if (r)
		r->raised = err != r->refused;
	if (err == ERR_SUSPENDED)
		return fault(fault_out, ERR_APP_ERROR, NULL);
	if (c->watch) {
		buf_clear(&c->watch->message);
		buf_clear(&c->watch->trace);
		buf_addstr(&c->watch->message, message);
		buf_addstr(&c->watch->trace, trace);
		return fault(fault_out, err, "%.*s", (int)MIN(message.n, (size_t)FAULT_MAX), message.n ? message.p : "");
	}
	if (!c->app->version)
		return not_loadable(c->app, message, fault_out);
	if (err_row(err)->http >= 500)
		log_failure(c, r, message, trace);
	/* What an uncaught error says may hold anything the app knew: only the codes an app raises on purpose
	 * carry their message out. */
	if (err == ERR_APP_ERROR)
		return fault(fault_out, err, "The app failed; its log says why.");
	return fault(fault_out, err, "%.*s", (int)MIN(message.n, (size_t)FAULT_MAX), message.n ? message.p : "");
}

/* ---- loading ---- */

static void put_files(struct cell *c)
{
	for (int i = 0; i < c->app->nfiles; i++) {
		size_t at = frame_begin(&c->out, FRAME_FILE, 0, 0);
		put_str(&c->out, c->app->file[i].path);
		put_str(&c->out, c->app->file[i].text);
		frame_end(&c->out, at);
	}
}

static void put_migrations(struct cell *c, struct out *o)
{
	out_key(o, "migrations");
	out_array(o);
	for (int i = 0; i < c->app->nfiles; i++)
		out_str(o, c->app->file[i].path);
	out_end(o);
}

static void put_start(struct cell *c, const struct settings *s)
{
	struct buf config = BUF_INIT;
	struct out o = OUT(&config);
	out_object(&o);
	out_key(&o, "app");
	out_object(&o);
	out_kcstr(&o, "id", c->app->id);
	out_kcstr(&o, "name", c->app->name);
	out_kcstr(&o, "title", c->app->title);
	out_end(&o);
	out_key(&o, "env");
	out_raw(&o, c->app->env.n ? c->app->env : STR("{}"));
	if (c->watch && c->watch->test)
		out_kcstr(&o, "test", c->watch->test);
	out_kint(&o, "heap", c->app->limit[BUDGET_HEAP]);
	out_kcstr(&o, "zone", s->text[SETTING_TIMEZONE]);
	if (c->app->migrates)
		put_migrations(c, &o);
	out_end(&o);
	size_t at = frame_begin(&c->out, FRAME_START, 0, 0);
	put_str(&c->out, buf_str(&config));
	frame_end(&c->out, at);
	crypt_wipe(config.p, config.cap); /* secrets among it */
	buf_release(&config);
}

static int broken(const struct cell *c, enum talk t, const char *doing, struct fault *f)
{
	if (t == TALK_TIMEOUT && leash_spent(&c->leash))
		return fault(f, ERR_APP_TIMEOUT, "The app took more than %lld ms of processor time (cpu) %s.", (long long)c->app->limit[BUDGET_CPU], doing);
	if (t == TALK_TIMEOUT)
		return fault(f, ERR_APP_TIMEOUT, "The app took too long %s.", doing);
	return fault(f, ERR_APP_ERROR, "The app's process ended %s.", doing);
}

static int note_ready(struct cell *c, const struct frame *f, struct fault *fault_out)
{
	struct wire w = {f->payload, false};
	struct str json = get_str(&w);
	if (w.bad || json_check(json, JSON_DEPTH, FRAME_MAX, NULL))
		return fault(fault_out, ERR_APP_ERROR, NULL);
	if (c->watch)
		buf_addstr(&c->watch->ready, json);
	return 0;
}

/* The first frame of all, from before the app was there: which process it is. */
static enum talk note_birth(struct cell *c, const struct frame *f)
{
	struct wire w = {f->payload, false};
	uint32_t pid = get_u32(&w);
	if (w.bad || c->born)
		return TALK_GONE;
	c->born = true;
	leash_know(&c->leash, (int)pid);
	return TALK_OK;
}

static int load(struct cell *c, const struct settings *s, int64_t deadline, struct fault *f)
{
	struct frame frame;
	int lines = 0;
	put_files(c);
	put_start(c, s);
	enum talk t = send_all(c, deadline);
	buf_release(&c->out); /* as large as the app's code */
	while (!t && !(t = next_frame(c, &frame, deadline))) {
		if (frame.type == FRAME_BORN || !c->born) {
			t = frame.type == FRAME_BORN ? note_birth(c, &frame) : TALK_GONE;
			continue;
		}
		if (frame.type == FRAME_READY)
			return note_ready(c, &frame, f);
		if (frame.type == FRAME_LOG)
			log_frame(c, NULL, &frame, &lines);
		else if (frame.type == FRAME_ERROR)
			return error_frame(c, NULL, &frame, f);
		else
			t = TALK_GONE;
	}
	return broken(c, t, "while it was loading", f);
}

int talk_load(struct cell *c, const struct settings *s, int64_t deadline, struct fault *f)
{
	leash_until(&c->leash, deadline, c->app->limit[BUDGET_CPU]);
	int err = load(c, s, deadline, f);
	leash_until(&c->leash, 0, 0);
	return err;
}

/* ---- one request ---- */

/* Headers that are the connection's or the kernel's business, not the app's. */
static bool kernel_header(struct req *r, struct str name)
{
	static const char *const hidden[] = {"connection", "keep-alive", "proxy", "te", "trailer", "transfer-encoding", "upgrade",
					     "proxy-authorization", "x-csrf-token", "x-real-ip", "x-forwarded-for", "forwarded"};
	if (str_is(name, "authorization"))
		return r->who.via == VIA_BEARER;
	for (size_t i = 0; i < ARRAY_LEN(hidden); i++)
		if (str_is(name, hidden[i]))
			return true;
	return false;
}

/* The client's cookies without the kernel's own. */
static struct str app_cookies(struct req *r, struct str cookies)
{
	struct buf b = BUF_INIT;
	while (cookies.n) {
		struct str value, pair = str_trim(str_cut(cookies, ';', &cookies));
		if (cookie_reserved(str_trim(str_cut(pair, '=', &value))))
			continue;
		buf_adds(&b, b.len ? "; " : "");
		buf_addstr(&b, pair);
	}
	struct str kept = b.len ? arena_str(r->arena, buf_str(&b)) : STR_NONE;
	buf_release(&b);
	return kept;
}

static struct str user_json(struct req *r)
{
	if (r->who.kind != WHO_IS_USER)
		return STR_NONE;
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	identity_user(r, &o);
	struct str json = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
	return json;
}

/* The address the app is known by: of the settings, since a Host header says what its sender likes. */
static struct wire_header host_header(struct str origin)
{
	return (struct wire_header){STR("host"), str_of(strstr(origin.p, "//") + 2)};
}

/* ERR_TOO_LARGE: a body and headers that are allowed one by one, and too much together. */
static int put_request(struct buf *b, struct req *r)
{
	struct journal *j = r->journal;
	if (j && j->request.n) { /* a run that goes on: what it was sent before, to the byte */
		size_t began = frame_begin(b, FRAME_REQUEST, 0, 0);
		buf_addstr(b, j->request);
		frame_end(b, began);
		return 0;
	}
	struct wire_request *w = NEW(r->arena, struct wire_request);
	*w = (struct wire_request){.method = r->method, .path = r->path, .query = r->query, .body = r->body,
				   .id = str_of(r->id), .trigger = r->trigger.n ? r->trigger : STR("http"), .user = user_json(r),
				   .origin = str_of(req_origin(r)),
				   .form = r->form, .files = r->files, .now = r->received, .moment = r->moment};
	crypt_random(w->seed, sizeof w->seed);
	w->header[w->nheaders++] = host_header(w->origin);
	for (int i = 0; i < r->nheaders && w->nheaders < (int)ARRAY_LEN(w->header); i++) {
		struct header h = r->header[i];
		if (str_is(h.name, "cookie"))
			h.value = app_cookies(r, h.value);
		if (h.value.p && !kernel_header(r, h.name)) {
			w->header[w->nheaders].name = h.name;
			w->header[w->nheaders++].value = h.value;
		}
	}
	size_t at = frame_begin(b, FRAME_REQUEST, 0, 0);
	wire_put_request(b, w);
	frame_end(b, at);
	struct str sent = {b->p + at + FRAME_HEAD, b->len - at - FRAME_HEAD};
	if (j && sent.n <= JOURNAL_REQUEST)
		j->request = arena_str(r->arena, sent);
	if (b->len <= FRAME_HEAD + FRAME_MAX)
		return 0;
	buf_clear(b);
	return fail(r, ERR_TOO_LARGE, "The request is too large for an app.");
}

/* In front of the result of what may have waited. */
static void put_moment(struct cell *c, const struct req *r, size_t at)
{
	struct buf b = BUF_INIT;
	put_i64(&b, r->journal ? r->journal->moment : r->received);
	memcpy(c->out.p + at, b.p, b.len);
	buf_release(&b);
}

/* Answer one CALL. False: the cell sent something no binding of ours sends. */
static bool answer_call(struct cell *c, struct req *r, const struct frame *f)
{
	struct call call = {0};
	const struct syscall *row = syscall_row((int)f->code);
	if (!row || row->local || c->app->migrates || !wire_get_args(f->payload, &row->sig, &call))
		return false;
	call.row = (int)f->code;
	call.as_app = f->flags & FRAME_AS_APP;
	fault_clear(&r->fault);
	size_t at = frame_begin(&c->out, FRAME_REPLY, 0, 0), body = c->out.len;
	c->out.max = body + FRAME_MAX - FRAME_HEAD;
	if (row->effect == EFFECT_SUSPEND)
		put_i64(&c->out, 0);
	struct out o = OUT(&c->out);
	int err = sys_call(r, &call, &o);
	if (row->effect == EFFECT_SUSPEND && !err)
		put_moment(c, r, body);
	if (!err && c->out.full)
		err = fail(r, ERR_TOO_LARGE, "the result of %s is larger than 1 MB; ask for less at once", row->name);
	c->out.max = 0;
	c->out.full = false;
	if (err) {
		c->out.len = at;
		at = frame_begin(&c->out, FRAME_REPLY, 0, (unsigned)err);
		buf_adds(&c->out, fault_message(&r->fault));
	}
	frame_end(&c->out, at);
	fault_clear(&r->fault);
	return true;
}

/* A response is the cell's last word: what it has sent behind it would be taken for its next request's. */
static int answer(struct cell *c, struct req *r, const struct frame *f, bool *sound)
{
	struct wire_response *w = NEW(r->arena, struct wire_response);
	bool whole = wire_get_response(f->payload, w);
	*sound = whole && c->consumed == c->in.len;
	return whole ? response_accept(r, w) : fail(r, ERR_BAD_RESPONSE, NULL);
}

/* Is this code that has run before, as far as here? */
static bool repeats(const struct req *r)
{
	return r->journal && r->journal->seq < r->journal->recorded;
}

/* The cell hears of the request, unless whoever gave us the cell has told it. */
static enum talk ask(struct cell *c, struct req *r)
{
	if (c->told) {
		c->told = false;
		return TALK_OK;
	}
	enum talk t = send_bytes(c, buf_str(&r->asked), r->deadline);
	if (r->asked.len > TELL_MAX)
		buf_release(&r->asked); /* a megabyte, perhaps */
	return t;
}

static int converse(struct cell *c, struct req *r, bool *sound, bool *stale)
{
	struct frame frame;
	bool spoke = false;
	int lines = 0;
	*sound = *stale = false;
	if (!r->asked.len && put_request(&r->asked, r)) {
		*sound = true; /* it has not heard of it */
		return r->fault.err;
	}
	enum talk t = ask(c, r);
	while (!t && !(t = next_frame(c, &frame, r->deadline))) {
		spoke = true;
		switch (frame.type) {
		case FRAME_CALL:
			t = answer_call(c, r, &frame) ? send_all(c, r->deadline) : TALK_GONE;
			break;
		case FRAME_LOG:
			if (!repeats(r))
				log_frame(c, r->id, &frame, &lines);
			break;
		case FRAME_BODY:
			if (r->res.body.len + frame.payload.n > RESPONSE_BODY_MAX)
				return fail(r, ERR_RESPONSE_TOO_LARGE, NULL);
			buf_addstr(&r->res.body, frame.payload);
			break;
		case FRAME_RESPONSE:
			return answer(c, r, &frame, sound);
		case FRAME_ERROR:
			*sound = frame.code != ERR_APP_MEMORY && c->consumed == c->in.len;
			return error_frame(c, r, &frame, &r->fault);
		default:
			t = TALK_GONE;
		}
	}
	*stale = t == TALK_GONE && !spoke && c->served > 0;
	int err = broken(c, t, "while it was answering", &r->fault);
	if (!*stale)
		trace_app(c->app, r->id, "error", str_of(r->fault.message));
	return err;
}

void talk_prepare(struct req *r)
{
	struct fault quiet = r->fault;
	if (r->body.n < TELL_MAX && put_request(&r->asked, r))
		r->fault = quiet; /* it will be said when there is a cell */
}

bool talk_tell(struct cell *c, const struct req *r)
{
	size_t n = r->asked.len;
	return n && n <= TELL_MAX && write(c->to, r->asked.p, n) == (ssize_t)n;
}

int talk_request(struct cell *c, struct req *r, bool *sound, bool *stale)
{
	leash_until(&c->leash, r->deadline, c->app->limit[BUDGET_CPU]);
	int err = converse(c, r, sound, stale);
	leash_until(&c->leash, 0, 0);
	http_forget(r);
	return err;
}
