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
	buf_release(&r.asked);
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

/* ---- what no cell of ours says ---- */

static struct buf said; /* what a cell says, all at once; then it waits */

static void say(int in UNUSED, int out)
{
	send_buf(out, &said);
	pause();
}

static void say_and_go(int in UNUSED, int out)
{
	send_buf(out, &said);
}

static void put_frame(unsigned type, unsigned code, struct str payload)
{
	size_t at = frame_begin(&said, (enum frame_type)type, 0, code);
	buf_addstr(&said, payload);
	frame_end(&said, at);
}

static void put_text_frame(unsigned type, unsigned code, struct str text)
{
	size_t at = frame_begin(&said, (enum frame_type)type, 0, code);
	put_str(&said, text);
	put_str(&said, text);
	frame_end(&said, at);
}

static void refused(cell_fn *fn, int err, const char *what)
{
	bool sound;
	int got = talk(fn, err == ERR_APP_TIMEOUT ? 300 : 10000, STR(""), &sound);
	ok(got == err && !sound, "SB-02 %s: %s, and ends", what, err_row(got)->code);
	buf_clear(&said);
}

static void test_frames(void)
{
	static const unsigned not_ours[] = {0, FRAME_FILE, FRAME_START, FRAME_REQUEST, FRAME_REPLY, 5, 16, FRAME_READY, 23, 255};
	for (size_t i = 0; i < ARRAY_LEN(not_ours); i++) {
		put_frame(not_ours[i], 0, STR("x"));
		put_answer(&said);
		refused(say, ERR_APP_ERROR, "a frame of a type it may not send");
	}
	buf_add(&said, "\xff\xff\xff\xff\x12\0\0\0", 8);
	refused(say, ERR_APP_ERROR, "a frame of 4 GB");
	buf_add(&said, "\xff\xff\x10\0\x14\0\0\0half", 12);
	refused(say, ERR_APP_TIMEOUT, "half a frame, and silence");
	buf_add(&said, "\xff\xff\x10\0\x14\0\0\0half", 12);
	refused(say_and_go, ERR_APP_ERROR, "half a frame, and an end");
	buf_add(&said, "\x01", 1);
	refused(say, ERR_APP_TIMEOUT, "a byte");
	refused(say_and_go, ERR_APP_ERROR, "nothing");
}

static void test_bad_calls(void)
{
	static const unsigned rows[] = {SYSCALL_COUNT, 65535, SYSCALL_now, SYSCALL_tx};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		put_frame(FRAME_CALL, rows[i], STR(""));
		refused(say, ERR_APP_ERROR, "a call that is not in the table");
	}
	for (int row = 0; row < SYSCALL_COUNT; row++) {
		put_frame(FRAME_CALL, (unsigned)row, STR("\x01\xff\xff\xff\x7f garbage"));
		refused(say, ERR_APP_ERROR, "a call whose arguments are none");
	}
	put_frame(FRAME_CALL, SYSCALL_docs_get, STR("\x01\x02\0\0\0\xff\xfe\x01\x01\0\0\0a"));
	refused(say, ERR_APP_ERROR, "an argument that is not UTF-8");
	put_frame(FRAME_CALL, SYSCALL_docs_get, STR("\x01\x01\0\0\0a\x01\x01\0\0\0a and more"));
	refused(say, ERR_APP_ERROR, "an argument more");
}

static void test_bad_answers(void)
{
	put_frame(FRAME_RESPONSE, 0, STR(""));
	refused(say, ERR_BAD_RESPONSE, "an answer of nothing");
	put_frame(FRAME_RESPONSE, 0, STR("\xc8\0\x09"));
	refused(say, ERR_BAD_RESPONSE, "an answer of another kind");
	put_frame(FRAME_RESPONSE, 0, STR("\xc8\0\x01\0\0\0\0\0\0\0\0\xff\xff"));
	refused(say, ERR_BAD_RESPONSE, "an answer of 65535 headers that are not there");
	put_frame(FRAME_ERROR, 65535, STR("\xff\xff\xff"));
	put_answer(&said);
	refused(say, ERR_APP_ERROR, "an error that is none, and an answer");
	put_text_frame(FRAME_ERROR, ERR_COUNT, STR("x"));
	put_frame(FRAME_CALL, SYSCALL_docs_get, STR("x"));
	refused(say, ERR_BAD_PACKAGE, "a call behind an error"); /* what has no version is only tried */
	put_answer(&said);
	put_frame(FRAME_CALL, SYSCALL_docs_get, STR("x"));
	refused(say, 0, "a call behind an answer");
	static char much[FRAME_MAX];
	for (int i = 0; i < 9; i++)
		put_frame(FRAME_BODY, 0, (struct str){much, sizeof much});
	refused(say, ERR_RESPONSE_TOO_LARGE, "MEM-06 a body without an end");
}

/* Calls, and never an ear for what is answered: what is sent to it fills the pipe. */
static void call_only(int in UNUSED, int out)
{
	put_frame(FRAME_CALL, SYSCALL_docs_get, STR("\x01\x01\0\0\0a\x01\x01\0\0\0a"));
	for (;;)
		send_buf(out, &said);
}

int main(void)
{
	bool sound;
	signal(SIGPIPE, SIG_IGN);
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

	test_frames();
	test_bad_calls();
	test_bad_answers();
	refused(call_only, ERR_APP_TIMEOUT, "calls without an end, whose answers are not read");
	buf_release(&said);
	arena_free(a);
	return done_testing();
}
