#include "store/token.h"

#define COLUMNS "SELECT name, app_id, created, expires, seen FROM tokens "

static void copy(char *to, size_t room, struct str s)
{
	snprintf(to, room, "%.*s", STR_FMT(s));
}

static void read_token(struct stmt *s, struct token *t)
{
	*t = (struct token){.created = stmt_int(s, 2), .expires = stmt_int(s, 3), .seen = stmt_int(s, 4)};
	copy(t->name, sizeof t->name, stmt_str(s, 0));
	copy(t->app_id, sizeof t->app_id, stmt_str(s, 1));
}

bool token_find(struct db *db, const unsigned char hash[HASH_LEN], struct token *t)
{
	struct stmt *s = db_query(db, COLUMNS "WHERE hash = ?", "b", hash, (size_t)HASH_LEN);
	bool found = s && stmt_row(s) == 1;
	if (found) {
		read_token(s, t);
		stmt_done(s);
	}
	return found;
}

int token_list(struct db *db, struct arena *a, struct token **list)
{
	int n = 0, row = 0;
	*list = arena_alloc(a, TOKENS_MAX * sizeof **list);
	struct stmt *s = db_query(db, COLUMNS "ORDER BY name", "");
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < TOKENS_MAX)
			read_token(s, &(*list)[n++]);
	return row < 0 ? row : n;
}

int token_add(struct db *db, const struct token *t, const unsigned char hash[HASH_LEN])
{
	if (db_int(db, 0, "SELECT count(*) FROM tokens", "") >= TOKENS_MAX)
		return db_fail(db, ERR_TOO_LARGE, "there are %d tokens; remove those that nobody uses", TOKENS_MAX);
	if (db_int(db, 0, "SELECT count(*) FROM tokens WHERE name = ?", "c", t->name))
		return db_fail(db, ERR_CONFLICT, "there is a token called %s; remove it first, or choose another name", t->name);
	db_touch(db);
	return db_run(db, "INSERT INTO tokens (hash, name, app_id, created, expires, seen) VALUES (?, ?, ?, ?, ?, 0)", "bccii", hash, (size_t)HASH_LEN,
		      t->name, t->app_id, t->created, t->expires);
}

int token_remove(struct db *db, struct str name)
{
	db_touch(db);
	int err = db_run(db, "DELETE FROM tokens WHERE name = ?", "s", name);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_NOT_FOUND, "there is no token of that name");
	return err;
}

int token_seen(struct db *db, const unsigned char hash[HASH_LEN], int64_t now)
{
	return db_run(db, "UPDATE tokens SET seen = ? WHERE hash = ?", "ib", now, hash, (size_t)HASH_LEN);
}
