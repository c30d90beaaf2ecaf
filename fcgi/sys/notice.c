/* notice: what the owner should know. */
#include "store/notice.h"

#include "sys/appinfo.h"
#include "sys/notice.h"

static void write_notice(struct req *r, struct out *o, const struct notice *n)
{
	out_object(o);
	out_kcstr(o, "id", n->id);
	out_kcstr(o, "kind", n->kind);
	out_kcstr(o, "app", n->app);
	out_kint(o, "at", n->changed);
	out_kint(o, "times", n->times);
	out_kbool(o, "seen", n->seen != 0);
	out_kcstr(o, "title", shown_line(r, n->title, SHOWN_BYTES));
	out_kcstr(o, "body", shown_line(r, n->body, 2 * SHOWN_BYTES));
	out_end(o);
}

int write_notices(struct req *r, struct db *db, struct out *o, bool unseen)
{
	struct notice *list;
	int n = notice_list(db, r->arena, &list);
	out_array(o);
	for (int i = 0; i < n; i++)
		if (!unseen || !list[i].seen)
			write_notice(r, o, &list[i]);
	out_end(o);
	return MAX(-n, 0);
}

static int list(struct req *r, struct db *db, const struct call *c UNUSED, struct out *o)
{
	return write_notices(r, db, o, false);
}

static int seen(struct req *r UNUSED, struct db *db, const struct call *c, struct out *o UNUSED)
{
	return notice_seen(db, c->arg[0].s);
}

static int clear(struct req *r UNUSED, struct db *db, const struct call *c, struct out *o UNUSED)
{
	return notice_clear(db, c->arg[0].s);
}

/* One that is new each time, or it would ring once in an hour. */
static int test(struct req *r UNUSED, struct db *db, const struct call *c UNUSED, struct out *o UNUSED)
{
	int err = notice_over(db, NOTICE_TEST, "");
	return err ? err : notice_add(db, NOTICE_TEST, "", "", "This is a test", "You asked for it. It rings on every device that reads your notices.");
}

int op_notice_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

int op_notice_seen(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, seen);
}

int op_notice_clear(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, clear);
}

int op_notice_test(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, test);
}
