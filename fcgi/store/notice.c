#include "store/notice.h"

#include "base/id.h"
#include "base/now.h"
#include "codec/calendar.h"
#include "store/message.h"
#include "store/setting.h"

static const struct {
	const char *kind;
	int priority;
	const char *push;
} kinds[] = {
#define NOTICE(name, kind, priority, push) {kind, priority, push},
#include "store/notice.def"
#undef NOTICE
};

/* ---- on their devices ---- */

static int send_title(struct db *db, struct arena *a, enum notice_kind kind, const char *title)
{
	struct settings s;
	int err = settings_load(db, a, &s);
	if (err)
		return err;
	char *rest = arena_printf(a, "{\"click\":\"%s/\"}", settings_origin(&s, a, "os"));
	int64_t due = message_due(&s, kinds[kind].priority, now_ms());
	struct message m = {.topic = STR(TOPIC_KERNEL), .due = due, .expires = due + s.number[SETTING_PUSH_HOURS] * HOUR_MS, .title = str_of(title),
			    .message = STR("Your dashboard says more."), .tags = STR(""), .rest = str_of(rest), .priority = kinds[kind].priority,
			    .file_name = STR(""), .file_type = STR("")};
	return message_add(db, &m);
}

/* Who reads it learns that there is something, and of which app; to do anything about it they have to be the owner. */
static int push(struct db *db, enum notice_kind kind, const char *app_id)
{
	char text[200], title[220];
	struct arena *a = arena_new();
	const char *name = *app_id ? db_text(db, a, "SELECT name FROM apps WHERE id = ?", "c", app_id) : NULL;
	struct str after, before = str_cut(str_of(kinds[kind].push), '%', &after);
	snprintf(text, sizeof text, "%.*s%s%s", STR_FMT(before), after.p ? name ? name : "an app" : "", after.p ? after.p + 1 : "");
	snprintf(title, sizeof title, "Fazt: %s", text);
	int err = send_title(db, a, kind, title);
	arena_free(a);
	return err;
}

/* ---- on the dashboard ---- */

/* It is back after a while without it, or it goes on and the owner was told (created) and looked long ago. */
static bool is_news(struct db *db, enum notice_kind kind, const char *app_id, const char *topic, int64_t now)
{
	return db_int(db, 0, "SELECT min(max(seen, changed) + ?, max(seen, created) + ?) FROM notices WHERE kind = ? AND app_id = ? AND topic = ?", "iiccc",
		      (int64_t)NOTICE_AGAIN_MS, (int64_t)NOTICE_STILL_MS, kinds[kind].kind, app_id, topic) < now;
}

static int insert(struct db *db, enum notice_kind kind, const char *app_id, const char *topic, const char *title, const char *body)
{
	char id[ID_LEN + 1];
	int64_t now = now_ms(), news = is_news(db, kind, app_id, topic, now);
	id_new(id);
	int err = db_run(db,
			 "INSERT INTO notices (id, kind, app_id, topic, title, body, times, created, changed, seen) "
			 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, 0) ON CONFLICT (kind, app_id, topic) DO UPDATE SET "
			 "title = excluded.title, body = excluded.body, times = times + 1, seen = iif(?9, 0, seen), created = iif(?9, excluded.created, created), "
			 "changed = excluded.changed", "cccccciii", id, kinds[kind].kind, app_id, topic, title, body, now, now, news);
	if (!err)
		err = db_run(db, "DELETE FROM notices WHERE id IN (SELECT id FROM notices ORDER BY changed DESC LIMIT 10 OFFSET ?)", "i",
			     (int64_t)NOTICE_ROWS);
	return err || !news || !kinds[kind].priority ? err : push(db, kind, app_id);
}

int notice_add(struct db *db, enum notice_kind kind, const char *app_id, const char *topic, const char *title, const char *body)
{
	bool own = !db_in_transaction(db);
	int err = own ? db_begin(db) : 0;
	if (err)
		return err;
	err = insert(db, kind, app_id, topic, title, body);
	return !own ? err : err ? db_rollback(db) : db_commit(db);
}

int notice_over(struct db *db, enum notice_kind kind, const char *app_id)
{
	return db_run(db, "DELETE FROM notices WHERE kind = ? AND app_id = ?", "cc", kinds[kind].kind, app_id);
}

static struct notice read_notice(struct stmt *s, struct arena *a)
{
	return (struct notice){.id = stmt_dup(s, 0, a), .kind = stmt_dup(s, 1, a), .app_id = stmt_dup(s, 2, a), .topic = stmt_dup(s, 3, a),
			       .title = stmt_dup(s, 4, a), .body = stmt_dup(s, 5, a), .times = stmt_int(s, 6), .created = stmt_int(s, 7),
			       .changed = stmt_int(s, 8), .seen = stmt_int(s, 9), .app = stmt_dup(s, 10, a)};
}

int notice_list(struct db *db, struct arena *a, struct notice **list)
{
	static const char all[] = "SELECT n.id, n.kind, n.app_id, n.topic, n.title, n.body, n.times, n.created, n.changed, n.seen, a.name "
				  "FROM notices n LEFT JOIN apps a ON a.id = n.app_id AND a.state <> 'removed' ORDER BY n.changed DESC, n.id DESC LIMIT ?";
	int n = 0, row = 0;
	*list = arena_alloc(a, NOTICE_ROWS * sizeof **list);
	struct stmt *s = db_query(db, all, "i", (int64_t)NOTICE_ROWS);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		(*list)[n++] = read_notice(s, a);
	return row < 0 ? row : n;
}

int64_t notice_unseen(struct db *db)
{
	return db_int(db, 0, "SELECT count(*) FROM notices WHERE seen = 0", "");
}

static int found(struct db *db, int err, struct str id)
{
	if (err || !id.n || db_changes(db))
		return err;
	return db_fail(db, ERR_NOT_FOUND, "There is no such notice; fazt-admin notice list shows those there are.");
}

int notice_seen(struct db *db, struct str id)
{
	int64_t now = now_ms();
	int err = id.n ? db_run(db, "UPDATE notices SET seen = ? WHERE id = ?", "is", now, id) :
			 db_run(db, "UPDATE notices SET seen = ? WHERE seen = 0", "i", now);
	return found(db, err, id);
}

int notice_clear(struct db *db, struct str id)
{
	int err = id.n ? db_run(db, "DELETE FROM notices WHERE id = ?", "s", id) : db_run(db, "DELETE FROM notices", "");
	return found(db, err, id);
}
