#include "config.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/now.h"
#include "worker.h"
#include "cell/zygote.h"
#include "wire/spawn.h"
#include "wire/syscall.h"

static int control;
static pid_t zygote;
static struct answer answer;

void zygote_start(void)
{
	int pair[2];
	syscall_init();
	signal(SIGPIPE, SIG_IGN);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		die("no socketpair");
	fflush(stdout);
	if (!(zygote = fork())) {
		close(pair[0]);
		zygote_run(pair[1]);
	}
	close(pair[1]);
	control = pair[0];
}

void zygote_stop(void)
{
	close(control);
	waitpid(zygote, NULL, 0);
}

struct cell cell_new(size_t heap)
{
	struct cell c = {0};
	if (zygote_spawn(control, &(struct spawn){.heap = heap}, &c.to, &c.from, &c.leash))
		die("no cell");
	return c;
}

void cell_free(struct cell *c)
{
	close(c->to);
	close(c->from);
	close(c->leash);
	buf_release(&c->in);
}

struct str test_file(const char *path)
{
	static struct buf b;
	char name[4096], part[4096];
	snprintf(name, sizeof name, FAZT_SRCDIR "/%s", path);
	FILE *f = fopen(name, "rb");
	if (!f)
		die("cannot read %s", name);
	buf_clear(&b);
	for (size_t n; (n = fread(part, 1, sizeof part, f));)
		buf_add(&b, part, n);
	fclose(f);
	return buf_str(&b);
}

static void send_all(struct cell *c, const struct buf *b)
{
	for (size_t sent = 0; sent < b->len;) {
		ssize_t n = write(c->to, b->p + sent, b->len - sent);
		if (n <= 0)
			return; /* the answer will say that it is gone */
		sent += (size_t)n;
	}
}

static void send_frame(struct cell *c, enum frame_type type, unsigned code, struct str payload)
{
	struct buf b = BUF_INIT;
	size_t began = frame_begin(&b, type, 0, code);
	buf_addstr(&b, payload);
	frame_end(&b, began);
	send_all(c, &b);
	buf_release(&b);
}

void cell_send(struct cell *c, enum frame_type type, struct str payload)
{
	send_frame(c, type, 0, payload);
}

void cell_file(struct cell *c, const char *path, struct str text)
{
	struct buf b = BUF_INIT;
	put_str(&b, str_of(path));
	put_str(&b, text);
	cell_send(c, FRAME_FILE, buf_str(&b));
	buf_release(&b);
}

/* 1 a frame, 0 the cell is gone, -1 time is up */
static int receive(struct cell *c, struct frame *f, int64_t deadline)
{
	memmove(c->in.p ? c->in.p : "", c->in.p ? c->in.p + c->taken : "", c->in.len - c->taken);
	c->in.len -= c->taken;
	c->taken = 0;
	for (;;) {
		long n = frame_parse(buf_str(&c->in), f);
		if (n < 0)
			die("the cell sent what is not a frame");
		if (n > 0) {
			c->taken = (size_t)n;
			return 1;
		}
		struct pollfd p = {.fd = c->from, .events = POLLIN};
		int64_t left = deadline - mono_ms();
		if (poll(&p, 1, left < 0 ? 0 : (int)left) <= 0)
			return -1;
		buf_reserve(&c->in, 64 * KIB);
		ssize_t got = read(c->from, c->in.p + c->in.len, 64 * KIB);
		if (got <= 0)
			return 0;
		c->in.len += (size_t)got;
	}
}

static void answer_call(struct cell *c, const struct frame *f, answer_fn *fn)
{
	struct call call = {.row = (int)f->code, .as_app = f->flags & FRAME_AS_APP};
	struct buf result = BUF_INIT;
	const struct syscall *row = syscall_row(call.row);
	if (!row || !wire_get_args(f->payload, &row->sig, &call))
		die("the cell made a call that does not parse");
	int err = fn ? fn(&call, &result) : 0;
	send_frame(c, FRAME_REPLY, (unsigned)err, buf_str(&result));
	buf_release(&result);
}

static struct answer *finish(const struct frame *f)
{
	struct wire w = {.left = f->payload};
	answer.type = f->type;
	answer.code = (int)f->code;
	if (f->type == FRAME_RESPONSE) {
		if (!wire_get_response(f->payload, &answer.r))
			die("a response that does not parse");
		buf_addstr(&answer.body, answer.r.body);
	} else {
		answer.message = get_str(&w);
		answer.traceback = get_str(&w);
	}
	return &answer;
}

static struct answer *wait_answer(struct cell *c, answer_fn *fn, int timeout_ms)
{
	int64_t deadline = mono_ms() + timeout_ms;
	struct frame f;
	buf_clear(&answer.body);
	buf_clear(&answer.log);
	answer.message = answer.traceback = STR_NONE;
	for (;;) {
		int got = receive(c, &f, deadline);
		if (got <= 0) {
			answer.type = got ? (enum frame_type)-1 : 0;
			return &answer;
		}
		if (f.type == FRAME_CALL) {
			answer_call(c, &f, fn);
		} else if (f.type == FRAME_LOG) {
			struct wire w = {.left = f.payload};
			struct str line = get_str(&w);
			if (w.bad || w.left.n)
				die("a LOG frame that does not parse");
			buf_addf(&answer.log, "%u:%.*s\n", f.code, STR_FMT(line));
		} else if (f.type == FRAME_BODY) {
			buf_addstr(&answer.body, f.payload);
		} else if (f.type != FRAME_BORN) {
			return finish(&f);
		}
	}
}

struct answer *cell_load(struct cell *c, const char *config)
{
	struct buf b = BUF_INIT;
	put_str(&b, str_of(config));
	cell_send(c, FRAME_START, buf_str(&b));
	buf_release(&b);
	return wait_answer(c, NULL, CELL_PATIENCE_MS);
}

struct answer *cell_request(struct cell *c, const struct wire_request *r, answer_fn *fn, int timeout_ms)
{
	struct buf b = BUF_INIT;
	wire_put_request(&b, r);
	cell_send(c, FRAME_REQUEST, buf_str(&b));
	buf_release(&b);
	return wait_answer(c, fn, timeout_ms);
}

struct answer *cell_get(struct cell *c, const char *path)
{
	static struct wire_request r;
	struct str p = str_of(path), query;
	r = (struct wire_request){.method = STR("GET"), .body = STR(""), .id = STR("req1"), .trigger = STR("http"),
				  .now = 1700000000123};
	r.path = str_cut(p, '?', &query);
	r.query = query;
	return cell_request(c, &r, NULL, CELL_PATIENCE_MS);
}
