/* app logs --follow: ask for what came behind the cursor and print it. On this node a watch on the logs says when there may be
 * more. */
#include <unistd.h>

#include "base/log.h"
#include "base/out.h"
#include "codec/json.h"
#include "door/follow.h"
#include "door/print.h"

#define LOOK_MS 1000 /* at least this often */
#define CURSOR 64

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
	bool written = follow_print(&b);
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

static int look(struct admin *a, void *arg, bool *more)
{
	char *cursor = arg;
	struct buf args = BUF_INIT, json = BUF_INIT;
	struct str lines, next;
	arguments(a, cursor, &args);
	int err = admin_op_json(a, "app", "follow", buf_str(&args), &json);
	if (!err && json_member(buf_str(&json), STR("lines"), &lines) && json_member(buf_str(&json), STR("cursor"), &next) && next.n > 2) {
		snprintf(cursor, CURSOR, "%.*s", (int)next.n - 2, next.p + 1);
		*more = print_lines(a, lines);
	}
	buf_release(&args);
	buf_release(&json);
	return err;
}

int admin_app_follow(struct admin *a)
{
	char cursor[CURSOR] = "";
	if (a->cmd.nwords != 3)
		return fail(&a->r, ERR_USAGE, "say which app: fazt-admin app logs APP --follow");
	int watch = log_watch(), err = follow(a, watch, LOOK_MS, look, cursor);
	if (watch >= 0)
		close(watch);
	return err;
}
