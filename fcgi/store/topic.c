#include "store/topic.h"

#include "base/now.h"
#include "store/message.h"

#define HOUR 3600000

bool topic_there(struct db *db, struct str name)
{
	return db_int(db, 0, "SELECT 1 FROM topics WHERE name = ?", "s", name);
}

int topic_list(struct db *db, struct arena *a, struct topic **list)
{
	static const char sql[] = "SELECT t.name, t.app_id, t.label, t.created, (SELECT count(*) FROM messages m WHERE m.topic = t.name),"
				  " (SELECT max(m.due) FROM messages m WHERE m.topic = t.name) FROM topics t ORDER BY t.name";
	int n = 0, row = 0;
	*list = arena_alloc(a, TOPICS_MAX * sizeof **list);
	struct stmt *s = db_query(db, sql, "");
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < TOPICS_MAX)
			(*list)[n++] = (struct topic){stmt_dup(s, 0, a), stmt_dup(s, 1, a), stmt_dup(s, 2, a),
						      stmt_int(s, 3), stmt_int(s, 4), stmt_int(s, 5)};
	return row < 0 ? row : n;
}

static int add(struct db *db, struct str name, const char *app_id, struct str label)
{
	if (db_int(db, 0, "SELECT count(*) FROM topics", "") >= TOPICS_MAX)
		return db_fail(db, ERR_TOO_LARGE, "there are %d topics; remove those that nobody uses", TOPICS_MAX);
	return db_run(db, "INSERT INTO topics (name, app_id, label, created) VALUES (?, ?, ?, ?)", "scsi", name, app_id, label, now_ms());
}

int topic_add(struct db *db, struct str name)
{
	if (topic_there(db, name))
		return db_fail(db, ERR_CONFLICT, "there is a topic of that name; fazt-admin topic list says whose");
	return add(db, name, "", STR(""));
}

int topic_remove(struct db *db, struct str name)
{
	int err = db_run(db, "DELETE FROM topics WHERE name = ?", "s", name);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_NOT_FOUND, "there is no topic of that name; fazt-admin topic list shows those there are");
	if (!err)
		err = message_clear(db, name);
	return err ? err : db_run(db, "DELETE FROM topic_access WHERE topic = ?", "s", name);
}

/* The app's own name, and the label behind it; where that is somebody else's, with something random. */
static const char *free_name(struct db *db, struct arena *a, const char *app_name, struct str label)
{
	unsigned char bytes[4];
	char random[8];
	const char *name = arena_printf(a, "%s%s%.*s", app_name, label.n ? "-" : "", STR_FMT(label));
	if (!topic_there(db, str_of(name)) && strlen(name) <= TOPIC_LEN)
		return name;
	crypt_random(bytes, sizeof bytes);
	crypt_base32(random, bytes, sizeof bytes);
	return arena_printf(a, "%.50s-%s", name, random);
}

int topic_of_app(struct db *db, struct arena *a, const char *app_id, const char *app_name, struct str label, const char **name)
{
	*name = db_text(db, a, "SELECT name FROM topics WHERE app_id = ? AND label = ?", "cs", app_id, label);
	if (*name || db_fault(db)->err)
		return db_fault(db)->err;
	if (db_int(db, 0, "SELECT count(*) FROM topics WHERE app_id = ?", "c", app_id) >= TOPICS_APP)
		return db_fail(db, ERR_TOO_LARGE, "an app may have %d topics", TOPICS_APP);
	*name = free_name(db, a, app_name, label);
	return add(db, str_of(*name), app_id, label);
}

int topic_forget(struct db *db, const char *app_id)
{
	struct arena *a = arena_new();
	char *name;
	int err = 0;
	while (!err && (name = db_text(db, a, "SELECT name FROM topics WHERE app_id = ?", "c", app_id)))
		err = topic_remove(db, str_of(name));
	arena_free(a);
	return err ? err : db_run(db, "DELETE FROM messages_sent WHERE sender = ?", "c", app_id);
}

/* ---- tokens ---- */

#define TOKEN_COLUMNS "SELECT name, created, seen FROM topic_tokens "

static void read_token(struct stmt *s, struct topic_token *t)
{
	*t = (struct topic_token){.created = stmt_int(s, 1), .seen = stmt_int(s, 2)};
	snprintf(t->name, sizeof t->name, "%.*s", STR_FMT(stmt_str(s, 0)));
}

bool topic_token_find(struct db *db, const unsigned char hash[HASH_LEN], struct topic_token *t)
{
	struct stmt *s = db_query(db, TOKEN_COLUMNS "WHERE hash = ?", "b", hash, (size_t)HASH_LEN);
	bool found = s && stmt_row(s) == 1;
	if (found) {
		read_token(s, t);
		stmt_done(s);
	}
	return found;
}

int topic_may(struct db *db, const char *token, struct str topic)
{
	if (!topic_there(db, topic))
		return 0;
	int64_t own = db_int(db, 0, "SELECT may FROM topic_access WHERE token = ? AND topic = ?", "cs", token, topic);
	int64_t all = db_int(db, 0, "SELECT may FROM topic_access WHERE token = ? AND topic = '*'", "c", token);
	return (int)(own | all) & (str_is(topic, TOPIC_KERNEL) ? ~TOPIC_WRITE : ~0);
}

int topic_token_list(struct db *db, struct arena *a, struct topic_token **list)
{
	int n = 0, row = 0;
	*list = arena_alloc(a, TOPIC_TOKENS * sizeof **list);
	struct stmt *s = db_query(db, TOKEN_COLUMNS "ORDER BY name", "");
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < TOPIC_TOKENS)
			read_token(s, &(*list)[n++]);
	return row < 0 ? row : n;
}

int topic_token_add(struct db *db, const struct topic_token *t, const unsigned char hash[HASH_LEN])
{
	if (db_int(db, 0, "SELECT count(*) FROM topic_tokens", "") >= TOPIC_TOKENS)
		return db_fail(db, ERR_TOO_LARGE, "there are %d tokens for topics; remove those that nobody uses", TOPIC_TOKENS);
	if (db_int(db, 0, "SELECT 1 FROM topic_tokens WHERE name = ?", "c", t->name))
		return db_fail(db, ERR_CONFLICT, "there is a token called %s; remove it first, or choose another name", t->name);
	return db_run(db, "INSERT INTO topic_tokens (hash, name, created, seen) VALUES (?, ?, ?, 0)", "bci", hash, (size_t)HASH_LEN, t->name, t->created);
}

int topic_token_remove(struct db *db, struct str name)
{
	int err = db_run(db, "DELETE FROM topic_tokens WHERE name = ?", "s", name);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_NOT_FOUND, "there is no token of that name");
	return err ? err : db_run(db, "DELETE FROM topic_access WHERE token = ?", "s", name);
}

int topic_token_seen(struct db *db, const char *token, int64_t now)
{
	return db_run(db, "UPDATE topic_tokens SET seen = ? WHERE name = ?", "ic", now / HOUR * HOUR, token);
}

int topic_allow(struct db *db, const char *token, struct str topic, int may)
{
	static const char sql[] = "INSERT INTO topic_access (token, topic, may) VALUES (?, ?, ?) ON CONFLICT (token, topic) DO UPDATE SET may = may | excluded.may";
	if (!str_is(topic, "*") && !topic_there(db, topic))
		return db_fail(db, ERR_NOT_FOUND, "there is no topic \"%.*s\"; make it first: fazt-admin topic add", STR_FMT(topic));
	if (may & TOPIC_WRITE && str_is(topic, TOPIC_KERNEL))
		return db_fail(db, ERR_BAD_REQUEST, "only Fazt itself writes to %s; let the token read it, or name another topic", TOPIC_KERNEL);
	if (db_int(db, 0, "SELECT count(*) FROM topic_access WHERE token = ?", "c", token) >= TOPIC_ACCESS)
		return db_fail(db, ERR_TOO_LARGE, "a token names at most %d topics; \"*\" is every one", TOPIC_ACCESS);
	return db_run(db, sql, "csi", token, topic, (int64_t)may);
}

int topic_access_list(struct db *db, struct arena *a, const char *token, struct topic_access **list)
{
	int n = 0, row = 0;
	*list = arena_alloc(a, TOPIC_ACCESS * sizeof **list);
	struct stmt *s = db_query(db, "SELECT topic, may FROM topic_access WHERE token = ? ORDER BY topic", "c", token);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < TOPIC_ACCESS)
			(*list)[n++] = (struct topic_access){stmt_dup(s, 0, a), (int)stmt_int(s, 1)};
	return row < 0 ? row : n;
}
