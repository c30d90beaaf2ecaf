/* app logs --follow: ask for what came behind the cursor, print it, wait until there may be more. On this node a watch on
 * the logs says when; elsewhere once a second. It ends with Ctrl-C, with the reader of its output, or with an error. */
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "base/out.h"
#include "codec/json.h"
#include "door/admin.h"
#include "door/print.h"

#define LOOK_MS 1000 /* at least this often */
#define REST_MS 50   /* at most this often */

static volatile sig_atomic_t stopped;

static void stop(int sig UNUSED)
{
	stopped = 1;
}

static void catch(void)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction s = {.sa_handler = stop};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], &s, NULL);
}

/* False: nobody reads any more. */
static bool wait_for_more(int watch)
{
	char events[4 * KIB];
	struct pollfd p[] = {{.fd = STDOUT_FILENO}, {.fd = watch, .events = POLLIN}};
	poll(p, 2, LOOK_MS);
	if (p[1].revents && poll(NULL, 0, REST_MS) == 0)
		while (read(watch, events, sizeof events) > 0)
			;
	return !(p[0].revents & (POLLERR | POLLHUP));
}

static bool print_lines(struct admin *a, struct str lines)
{
	struct json_lex l;
	struct str line;
	struct buf b = BUF_INIT;
	json_lex_init(&l, lines, JSON_DEPTH);
	json_next(&l);
	while (json_next_item(&l, &line)) {
		if (a->cmd.json)
			buf_addf(&b, "%.*s\n", STR_FMT(line));
		else
			print_line(&b, line);
	}
	bool written = fwrite(b.p ? b.p : "", 1, b.len, stdout) == b.len && !fflush(stdout);
	buf_release(&b);
	return written;
}

static void arguments(struct admin *a, const char *cursor, struct buf *b)
{
	static const char *const passed[] = {"level", "request"};
	struct out o = OUT(b);
	struct str limit = admin_option(&a->cmd, "limit");
	int64_t n;
	out_object(&o);
	out_kcstr(&o, "app", a->cmd.word[2]);
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		if (admin_option(&a->cmd, passed[i]).p)
			out_kstr(&o, passed[i], admin_option(&a->cmd, passed[i]));
	if (*cursor)
		out_kcstr(&o, "cursor", cursor);
	if (str_int(limit, &n))
		out_kint(&o, "limit", n);
	else if (limit.p)
		out_kstr(&o, "limit", limit); /* refused for what it is */
	out_end(&o);
}

/* One look; *reading becomes false when nobody reads what it printed. */
static int look(struct admin *a, char cursor[64], bool *reading)
{
	struct buf args = BUF_INIT, json = BUF_INIT;
	struct str lines, next;
	arguments(a, cursor, &args);
	int err = admin_op_json(a, "app", "follow", buf_str(&args), &json);
	if (!err && json_member(buf_str(&json), STR("lines"), &lines) && json_member(buf_str(&json), STR("cursor"), &next) && next.n > 2) {
		snprintf(cursor, 64, "%.*s", (int)next.n - 2, next.p + 1);
		*reading = print_lines(a, lines);
	}
	buf_release(&args);
	buf_release(&json);
	return err;
}

/* What one look allocates goes with it: this may run for days. */
int admin_app_follow(struct admin *a)
{
	char cursor[64] = "";
	bool reading = true;
	int err = 0;
	struct arena *whole = a->arena;
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which app: fazt-admin app logs APP --follow");
	catch();
	int watch = log_watch();
	do {
		a->arena = a->r.arena = arena_new();
		err = look(a, cursor, &reading);
		arena_free(a->arena);
		a->arena = a->r.arena = whole;
	} while (!err && reading && !stopped && wait_for_more(watch) && !stopped);
	if (watch >= 0)
		close(watch);
	return stopped ? 0 : err;
}
