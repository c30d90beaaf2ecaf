#include "store/notice.h"

#include "base/now.h"
#include "home.h"
#include "store/run.h"
#include "store/setting.h"
#include "tap.h"

static struct notice *list;

static int all(struct db *db, struct arena *a)
{
	int n = notice_list(db, a, &list);
	ok(n >= 0, "%d notices are read", n);
	return n;
}

static void wait_ms(int64_t ms)
{
	now_shift(now_shifted() + ms);
}

static void one_row(struct db *db, struct arena *a)
{
	ok(!notice_add(db, NOTICE_LIMIT, "a1", "app.cpu", "first", "text"), "a notice");
	wait_ms(10);
	ok(!notice_add(db, NOTICE_LIMIT, "a1", "app.cpu", "again", "other"), "the same again");
	is_int(all(db, a), 1, "… is one row");
	ok(list[0].times == 2 && !list[0].seen && list[0].changed > list[0].created, "which counts");
	is_str(list[0].title, "again", "with what was said last");
	is_str(list[0].body, "other", "… in full");
	ok(!list[0].app, "an app that is not installed has no name");
	notice_add(db, NOTICE_LIMIT, "a2", "app.cpu", "x", "");
	notice_add(db, NOTICE_LIMIT, "a1", "app.log", "x", "");
	notice_add(db, NOTICE_SUSPENDED, "a1", "app.cpu", "x", "");
	is_int(all(db, a), 4, "another app, topic or kind is another");
	is_int(notice_unseen(db), 4, "none was seen");
}

static void seen(struct db *db, struct arena *a)
{
	all(db, a);
	struct str id = str_of(list[0].id);
	ok(!notice_seen(db, id), "one is seen");
	is_int(notice_unseen(db), 3, "… and three are left");
	is_int(notice_seen(db, STR("nonsense")), ERR_NOT_FOUND, "one there is not");
	ok(!notice_seen(db, STR("")) && !notice_seen(db, STR("")), "all, and all again");
	is_int(notice_unseen(db), 0, "none is left");
	wait_ms(NOTICE_AGAIN_MS / 2);
	notice_add(db, NOTICE_LIMIT, "a2", "app.cpu", "soon", "");
	is_int(notice_unseen(db), 0, "soon after it was seen the same is no news");
	wait_ms(NOTICE_AGAIN_MS * 2);
	notice_add(db, NOTICE_LIMIT, "a2", "app.cpu", "late", "");
	is_int(notice_unseen(db), 1, "later it is");
	all(db, a);
	is_str(list[0].title, "late", "the newest comes first");
}

/* Trouble that does not end. */
static void goes_on(struct db *db, struct arena *a)
{
	int64_t news = 0;
	notice_seen(db, STR(""));
	for (int half_hours = 0; half_hours < 3 * 48; half_hours++) {
		ok(!notice_add(db, NOTICE_MAIL_SERVER, "", "", "no mail", ""), "it is so every half an hour");
		news += notice_unseen(db);
		notice_seen(db, STR(""));
		wait_ms(NOTICE_AGAIN_MS / 2);
	}
	is_int(news, 3, "for three days, and is news once a day");
	all(db, a);
	is_int(list[0].times, 3 * 48, "and one row");
}

static void together(struct db *db, struct arena *a)
{
	int before = all(db, a);
	ok(!db_begin(db), "a transaction");
	notice_add(db, NOTICE_BACKUP, "", "", "never", "");
	db_rollback(db);
	is_int(all(db, a), before, "that was taken back has told nobody");
	ok(!db_begin(db), "another");
	notice_add(db, NOTICE_BACKUP, "", "", "told", "");
	ok(!db_commit(db), "… that is committed");
	is_int(all(db, a), before + 1, "has");
}

static void cleared(struct db *db, struct arena *a)
{
	int before = all(db, a);
	struct str id = str_of(list[0].id);
	ok(!notice_clear(db, id), "one is cleared");
	is_int(notice_clear(db, id), ERR_NOT_FOUND, "… once");
	is_int(all(db, a), before - 1, "and no other");
	ok(!notice_clear(db, STR("")), "all are");
	is_int(all(db, a), 0, "and none is left");
}

static void flood(struct db *db, struct arena *a)
{
	char topic[32];
	int err = 0;
	for (int i = 0; i < NOTICE_ROWS + 50 && !err; i++) {
		snprintf(topic, sizeof topic, "t%d", i);
		wait_ms(1);
		err = notice_add(db, NOTICE_BACKUP, "", topic, topic, "");
	}
	ok(!err, "many notices");
	is_int(all(db, a), NOTICE_ROWS, "a few hundred are kept");
	is_str(list[0].topic, topic, "the newest");
	is_str(list[NOTICE_ROWS - 1].topic, "t50", "without the oldest");
}

/* A server of push.upstream that takes nothing. */
static void upstream_full(struct db *db)
{
	static const char fill[] =
		"WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO runs (id, app_id, principal, parent, handler, key, "
		"state, awaits, note, code, error, job, input, result, version, priority, retries, backoff, due, claim, attempt, steps, bytes, created, ended, "
		"moment, done, total) SELECT printf('x%d', i), ?, 'app', '', ?, '', 'queued', '', '', '', '', '', '{}', '', 0, 2, 12, 1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0 FROM n";
	db_begin(db);
	int err = setting_set(db, STR("push.upstream"), STR("https://ntfy.example.org/phone"));
	if (!err)
		err = notice_add(db, NOTICE_BACKUP, "", "one", "one", "");
	ok(!err, "a notice that is sent on");
	int64_t waiting = run_under_way(db, RUN_KERNEL, INT64_MAX), told = db_int(db, 0, "SELECT count(*) FROM messages", "");
	is_int(waiting, 1, "is waited for");
	ok(!db_run(db, fill, "cc", RUN_KERNEL, RUN_UPSTREAM), "too many are");
	ok(!notice_add(db, NOTICE_BACKUP, "", "two", "two", ""), "the owner is told all the same");
	is_int(db_int(db, 0, "SELECT count(*) FROM messages", ""), told + 1, "on their devices too");
	is_int(run_under_way(db, RUN_KERNEL, INT64_MAX), waiting + 20000, "it is sent on no more");
	db_rollback(db);
}

int main(void)
{
	struct fault f = {0};
	struct store *s = home_make();
	struct arena *a = arena_new();
	struct db *db = db_borrow(s, &f);
	one_row(db, a);
	seen(db, a);
	goes_on(db, a);
	together(db, a);
	cleared(db, a);
	upstream_full(db);
	flood(db, a);
	db_return(db);
	arena_free(a);
	home_remove(s);
	return done_testing();
}
