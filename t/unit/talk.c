/* The worker's side of a conversation with a cell that does not keep to the protocol. */
#define _GNU_SOURCE /* F_SETSIG, pipe2 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/now.h"
#include "gate/gateway.h"
#include "gate/talk.h"
#include "tap.h"
#include "wire/frame.h"
#include "wire/syscall.h"

static struct node node;
static struct app app = {.name = "test"};
static struct req r;
static struct cell cell;
static struct arena *a;

typedef void cell_fn(int in, int out); /* what the cell does, in a process of its own */

static pid_t play(cell_fn *fn)
{
	int to[2], from[2], leash[2];
	if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC) || pipe2(leash, O_CLOEXEC))
		die("pipe");
	pid_t pid = fork();
	if (!pid) {
		close(to[1]);
		close(from[0]);
		close(leash[1]);
		if (fcntl(leash[0], F_SETOWN, getpid()) || fcntl(leash[0], F_SETSIG, SIGKILL) || fcntl(leash[0], F_SETFL, O_ASYNC))
			die("leash");
		fn(to[0], from[1]);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	close(leash[0]);
	cell = (struct cell){.app = &app, .to = to[1], .from = from[0], .busy = true};
	leash_take(&cell.leash, leash[1]);
	return pid;
}

static void begin(int ms, struct str body)
{
	arena_reset(a);
	req_init(&r, &node, a, DOOR_SHELL);
	r.app = &app;
	settings_default(&r.settings);
	budget_usual(&r.settings, app.limit);
	r.settings.text[SETTING_SCHEME] = "http";
	r.settings.text[SETTING_DOMAIN] = "localhost";
	r.settings.number[SETTING_PORT] = 80;
	r.method = STR("POST");
	r.path = STR("/");
	r.body = body;
	r.deadline = mono_ms() + ms;
}

static int talk(cell_fn *fn, int ms, struct str body, bool *sound)
{
	bool stale;
	pid_t pid = play(fn);
	struct pollfd heard = {.fd = cell.from, .events = POLLIN};
	if (!ms)
		poll(&heard, 1, 5000); /* what it says lies there before the deadline is over */
	begin(ms, body);
	int err = talk_request(&cell, &r, sound, &stale);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(cell.to);
	close(cell.from);
	leash_drop(&cell.leash);
	buf_release(&cell.in);
	buf_release(&cell.out);
	buf_release(&r.res.body);
	return err;
}

static void send_buf(int fd, struct buf *b)
{
	for (size_t at = 0; at < b->len;) {
		ssize_t n = write(fd, b->p + at, b->len - at);
		if (n <= 0)
			_exit(0);
		at += (size_t)n;
	}
}

static void put_frames(struct buf *b, int n)
{
	while (n--) {
		size_t at = frame_begin(b, FRAME_LOG, 0, 0);
		put_str(b, STR("x"));
		frame_end(b, at);
	}
}

static void flood(int in UNUSED, int out)
{
	struct buf b = BUF_INIT;
	put_frames(&b, 20000);
	for (;;)
		send_buf(out, &b);
}

static void put_answer(struct buf *b)
{
	struct wire_response w = {.status = 200, .kind = BODY_BYTES, .type = STR("text/plain"), .body = STR("hello")};
	size_t at = frame_begin(b, FRAME_RESPONSE, 0, 0);
	wire_put_response(b, &w);
	frame_end(b, at);
}

static void answer(int in, int out)
{
	char c;
	struct buf b = BUF_INIT;
	put_answer(&b);
	if (read(in, &c, 1) == 1)
		send_buf(out, &b);
	pause();
}

/* Before it is asked, so that it need not be waited for. */
static void answer_soon(int in UNUSED, int out)
{
	struct buf b = BUF_INIT;
	put_answer(&b);
	send_buf(out, &b);
	pause();
}

/* The second answer would be the next person's. */
static void answer_twice(int in UNUSED, int out)
{
	struct buf b = BUF_INIT;
	put_answer(&b);
	put_answer(&b);
	send_buf(out, &b);
	pause();
}

int main(void)
{
	bool sound;
	a = arena_new();
	syscall_init();

	is_int(talk(answer, 200, STR(""), &sound), 0, "a cell that answers");
	ok(sound && r.res.status == 200, "may serve again");

	int64_t began = mono_ms();
	is_int(talk(flood, 200, STR(""), &sound), ERR_APP_TIMEOUT, "a cell that never stops talking is out of time");
	ok(!sound && mono_ms() - began < 2000, "and ends, in time");
	is_int(talk(answer_soon, 0, STR(""), &sound), ERR_APP_TIMEOUT, "an answer is too late although it need not be waited for");
	ok(!sound, "and was the cell's last");

	is_int(talk(answer_twice, 200, STR(""), &sound), 0, "a cell that answers more than was asked");
	ok(!sound, "has answered for the last time");

	struct buf body = BUF_INIT;
	buf_reserve(&body, FRAME_MAX);
	memset(body.p, 'x', FRAME_MAX);
	is_int(talk(answer, 200, (struct str){body.p, FRAME_MAX}, &sound), ERR_TOO_LARGE, "a request that does not fit a frame is refused");
	ok(sound, "and costs no cell");
	buf_release(&body);
	arena_free(a);
	return done_testing();
}
