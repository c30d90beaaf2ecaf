#include "config.h"

#include "gate/fetch.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/now.h"
#include "base/visible.h"
#include "kernel/fetch.h"
#include "wire/fds.h"
#include "wire/fetch.h"

/* The other end parses what strangers send, so it is trusted as little as a cell is: every frame is checked, and nobody
 * waits for it longer than the fetch may take. It knows the deadline as well and should be first to say so. */

#define GRACE_MS 100
#define READ_AHEAD (64 * KIB)

extern char **environ;

/* ---- a fetcher of one's own, for programs without a supervisor ---- */

static int start_own(void)
{
	posix_spawn_file_actions_t files;
	char *argv[] = {"faztd", "fetch", NULL};
	int pair[2];
	pid_t pid;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return FETCHER_OWN;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, pair[1], 3);
	int err = posix_spawn(&pid, "/proc/self/exe", &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	close(pair[1]);
	if (!err)
		return pair[0];
	close(pair[0]);
	return FETCHER_OWN;
}

static int control_of(struct node *n)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	pthread_mutex_lock(&lock);
	if (n->fetcher == FETCHER_OWN)
		n->fetcher = start_own();
	int control = n->fetcher;
	pthread_mutex_unlock(&lock);
	return control;
}

/* ---- bytes ---- */

static int lost(struct fetch *f)
{
	return fault(f->fault, ERR_UNAVAILABLE, "What fetches from other servers is busy or has just ended; try again in a moment.");
}

static int await(struct fetch *f, short events)
{
	struct pollfd p = {.fd = f->fd, .events = events};
	for (;;) {
		int64_t left = f->deadline + GRACE_MS - mono_ms();
		int n = left > 0 ? poll(&p, 1, (int)left) : 0;
		if (n > 0)
			return 0;
		if (n == 0)
			return fault(f->fault, ERR_TIMEOUT, NULL);
		if (errno != EINTR)
			return lost(f);
	}
}

static int send_all(struct fetch *f, struct buf *b)
{
	int err = 0;
	for (size_t at = 0; at < b->len && !err;) {
		ssize_t n = send(f->fd, b->p + at, b->len - at, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno == EAGAIN)
			err = await(f, POLLOUT);
		else if (n == 0 || errno != EINTR)
			err = lost(f);
	}
	buf_release(b);
	return err;
}

static int read_more(struct fetch *f)
{
	if (f->consumed) {
		memmove(f->in.p, f->in.p + f->consumed, f->in.len - f->consumed);
		f->in.len -= f->consumed;
		f->consumed = 0;
	}
	buf_reserve(&f->in, READ_AHEAD);
	for (;;) {
		int err = await(f, POLLIN);
		if (err)
			return err;
		ssize_t n = recv(f->fd, f->in.p + f->in.len, f->in.cap - f->in.len - 1, MSG_DONTWAIT);
		if (n > 0) {
			f->in.len += (size_t)n;
			return 0;
		}
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			return lost(f);
	}
}

static int next_frame(struct fetch *f, struct frame *frame)
{
	for (;;) {
		struct str rest = {f->in.p + f->consumed, f->in.len - f->consumed};
		long n = rest.n ? frame_parse(rest, frame) : 0;
		if (n > 0) {
			f->consumed += (size_t)n;
			return 0;
		}
		int err = n < 0 ? lost(f) : read_more(f);
		if (err)
			return err;
	}
}

/* ---- frames ---- */

static int ask(struct fetch *f)
{
	struct wire_fetch w = {.payer = str_of(f->payer), .method = f->method, .url = f->url, .body = f->body, .trust = f->trust,
			       .ms = f->deadline - mono_ms(), .most = f->most, .redirects = f->redirects, .nheaders = f->nheaders};
	struct buf b = BUF_INIT;
	if (f->nheaders > FETCH_HEADERS)
		return fault(f->fault, ERR_BAD_REQUEST, "a request has at most %d headers", FETCH_HEADERS);
	for (int i = 0; i < f->nheaders; i++)
		w.header[i] = (struct wire_header){f->header[i].name, f->header[i].value};
	size_t at = frame_begin(&b, FRAME_FETCH, 0, 0);
	wire_put_fetch(&b, &w);
	frame_end(&b, at);
	if (b.len <= FRAME_HEAD + FRAME_MAX)
		return send_all(f, &b);
	buf_release(&b);
	return fault(f->fault, ERR_TOO_LARGE, "a request with its headers has at most 1 MB");
}

/* The one question: may that be dialled? */
static int dial(struct fetch *f, const struct frame *frame)
{
	struct wire_dial w;
	struct fetch_pass p = {.way.to = STR_NONE};
	struct buf b = BUF_INIT;
	if (!wire_get_dial(frame->payload, &w))
		return lost(f);
	struct fetch_dial d = {arena_cstr(f->arena, w.scheme), arena_cstr(f->arena, w.host), (int)w.port};
	int err = f->pass(f->arg, &d, &p);
	if (err)
		return err;
	size_t at = frame_begin(&b, FRAME_PASS, 0, 0);
	wire_put_pass(&b, &(struct wire_pass){p.way.anywhere, p.way.to, {p.secret.name, p.secret.value}});
	frame_end(&b, at);
	return send_all(f, &b);
}

static int head(struct fetch *f, const struct frame *frame)
{
	struct wire_head w;
	if (!wire_get_head(frame->payload, &w))
		return lost(f);
	f->status = w.status;
	f->from = arena_str(f->arena, w.url);
	f->nanswer = w.nheaders;
	f->answer = arena_alloc(f->arena, sizeof *f->answer * (size_t)(w.nheaders + 1));
	for (int i = 0; i < w.nheaders; i++)
		f->answer[i] = (struct header){arena_str(f->arena, w.header[i].name), arena_str(f->arena, w.header[i].value)};
	return 0;
}

/* What a server or the way to it did wrong is the owner's to know: told to an app, it would be a map of the network. */
static int end(struct fetch *f, const struct frame *frame)
{
	struct wire_end w;
	int err = (int)frame->code;
	if (!wire_get_end(frame->payload, &w) || err >= ERR_COUNT || w.sent < 0 || w.received < 0)
		return lost(f);
	f->ended = true;
	f->sent = w.sent;
	f->received = w.received;
	if (!err)
		return 0;
	const char *why = f->why = visible(f->arena, w.why, 300);
	if (err_row(err)->http != 502 && err_row(err)->http != 504)
		return fault(f->fault, err, "%s", why);
	log_event(LOG_WARN, "fetch.failed", "payer", f->payer, "url", visible(f->arena, f->url, 300), "message", why, NULL);
	return fault(f->fault, err, NULL);
}

/* ---- the client ---- */

static int begin(struct fetch *f)
{
	int pair[2], control = control_of(f->node);
	if (control < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return lost(f);
	f->fd = pair[0];
	int err = fds_send(control, "f", 1, &pair[1], 1, false) ? lost(f) : 0;
	close(pair[1]);
	return err ? err : ask(f);
}

static int client_open(struct fetch *f)
{
	struct frame frame;
	int err = begin(f);
	while (!err && !f->status && !(err = next_frame(f, &frame))) {
		switch (frame.type) {
		case FRAME_DIAL: err = dial(f, &frame); break;
		case FRAME_ANSWER: err = head(f, &frame); break;
		case FRAME_END: err = end(f, &frame); return err ? err : lost(f);
		default: err = lost(f);
		}
	}
	return err;
}

static int client_next(struct fetch *f, struct str *piece)
{
	struct frame frame;
	int err = next_frame(f, &frame);
	if (err)
		return -err;
	if (frame.type == FRAME_DATA && frame.payload.n) {
		*piece = frame.payload;
		f->received += (int64_t)piece->n; /* until the end says what it was */
		return 1;
	}
	return frame.type == FRAME_END ? -end(f, &frame) : -lost(f);
}

/* Given up: the other end says what it cost so far, but is not waited for. Why it was given up stays what the fault says. */
static void settle(struct fetch *f)
{
	struct frame frame;
	struct fault why = *f->fault;
	int64_t deadline = f->deadline;
	shutdown(f->fd, SHUT_WR);
	f->deadline = MIN(deadline, mono_ms());
	while (!f->ended && !next_frame(f, &frame))
		if (frame.type == FRAME_END)
			end(f, &frame), f->ended = true;
	*f->fault = why;
	f->deadline = deadline;
}

static void client_close(struct fetch *f)
{
	if (f->fd >= 0 && !f->ended)
		settle(f);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->ended = true;
	f->consumed = 0;
	buf_release(&f->in);
}

void fetch_install(struct node *n, int control)
{
	static const struct fetch_client client = {client_open, client_next, client_close};
#ifdef HAVE_CURL
	fetch_client = &client;
	n->fetcher = control;
#else
	(void)n, (void)control, (void)client;
#endif
}
