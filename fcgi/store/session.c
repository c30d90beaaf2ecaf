#include "store/session.h"

#include "base/now.h"

/* Hashes are BLAKE2b of the token's text: 256 random bits need no slow hash. */

#define REAP_EACH 20 /* rows removed in passing, so that no one request pays for many */

static void copy_hash(unsigned char out[HASH_LEN], struct str s)
{
	memset(out, 0, HASH_LEN);
	if (s.n == HASH_LEN)
		memcpy(out, s.p, HASH_LEN);
}

static void copy_id(char out[ID_LEN + 1], struct str s)
{
	size_t n = MIN(s.n, (size_t)ID_LEN);
	memcpy(out, n ? s.p : "", n);
	out[n] = 0;
}

static int reap(struct db *db, int64_t now)
{
	int err = db_run(db, "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE expires <= ? LIMIT ?)", "ii",
			 now, (int64_t)REAP_EACH);
	if (err)
		return err;
	return db_run(db, "DELETE FROM codes WHERE hash IN (SELECT hash FROM codes WHERE expires <= ? LIMIT ?)", "ii", now,
		      (int64_t)REAP_EACH);
}

/* A client may begin as many as it likes: the last used are kept. */
static int end_oldest(struct db *db, const struct session *s)
{
	static const char of_app[] = "DELETE FROM sessions WHERE hash IN (SELECT hash FROM sessions WHERE parent = ? AND app_id = ? "
				     "ORDER BY seen DESC LIMIT -1 OFFSET ?)";
	static const char of_person[] = "WITH old AS (SELECT hash FROM sessions WHERE user_id = ? AND app_id = '' ORDER BY seen DESC LIMIT -1 OFFSET ?) "
					"DELETE FROM sessions WHERE hash IN old OR parent IN old";
	int err = *s->app_id ? db_run(db, of_app, "bci", s->parent, (size_t)HASH_LEN, s->app_id, (int64_t)SESSIONS_OF_APP - 1)
			     : db_run(db, of_person, "ci", s->user_id, (int64_t)SESSIONS_OF_PERSON - 1);
	if (!err && db_changes(db))
		db_touch(db);
	return err;
}

int session_create(struct db *db, const struct session *s, int64_t now)
{
	int err = reap(db, now);
	if (!err)
		err = end_oldest(db, s);
	if (!err) /* none lasts longer than one that begins now: it was made before the clock was set back */
		err = db_run(db, "UPDATE sessions SET expires = ?1 WHERE expires > ?1", "i", s->expires);
	if (err)
		return err;
	return db_run(db,
		      "INSERT INTO sessions (hash, user_id, app_id, parent, created, seen, expires, device) "
		      "VALUES (?, ?, ?, iif(? = '', NULL, ?), ?, ?, ?, ?)",
		      "bcccbiiic", s->hash, (size_t)HASH_LEN, s->user_id, s->app_id, s->app_id, s->parent, (size_t)HASH_LEN, now,
		      now, s->expires, s->device ? s->device : "");
}

bool session_find(struct db *db, const unsigned char hash[HASH_LEN], int64_t now, struct session *s, struct user *u)
{
	struct stmt *st = db_query(
		db, "SELECT user_id, app_id, parent, created, seen, expires FROM sessions WHERE hash = ? AND expires > ?", "bi",
		hash, (size_t)HASH_LEN, now);
	if (!st || stmt_row(st) != 1)
		return false;
	memcpy(s->hash, hash, HASH_LEN);
	copy_id(s->user_id, stmt_str(st, 0));
	copy_id(s->app_id, stmt_str(st, 1));
	copy_hash(s->parent, stmt_str(st, 2));
	s->created = stmt_int(st, 3);
	s->seen = stmt_int(st, 4);
	s->expires = stmt_int(st, 5);
	stmt_done(st);
	return user_find_for(db, str_of(s->user_id), str_of(s->app_id), u);
}

int session_refresh(struct db *db, const unsigned char hash[HASH_LEN], int64_t now, int64_t expires)
{
	return db_run(db, "UPDATE sessions SET seen = ?, expires = ? WHERE hash = ?", "iib", now, expires, hash,
		      (size_t)HASH_LEN);
}

int session_end(struct db *db, const unsigned char hash[HASH_LEN])
{
	db_touch(db);
	int err = db_run(db, "DELETE FROM codes WHERE session = ?", "b", hash, (size_t)HASH_LEN);
	if (err)
		return err;
	return db_run(db, "DELETE FROM sessions WHERE hash = ? OR parent = ?", "bb", hash, (size_t)HASH_LEN, hash,
		      (size_t)HASH_LEN);
}

int session_list(struct db *db, struct arena *a, const char *user_id, int64_t now, struct session_row **list)
{
	static const char all[] = "SELECT s.hash, s.device, s.created, "
				  "max(s.seen, coalesce((SELECT max(c.seen) FROM sessions c WHERE c.parent = s.hash), 0)) AS last, s.expires FROM sessions s WHERE s.user_id = ? AND s.app_id = '' AND s.expires > ? ORDER BY last DESC, s.created DESC LIMIT ?";
	int n = 0, row = 0;
	*list = arena_alloc(a, SESSIONS_SHOWN * sizeof **list);
	struct stmt *s = db_query(db, all, "cii", user_id, now, (int64_t)SESSIONS_SHOWN);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0) {
		struct session_row *one = &(*list)[n++];
		copy_hash(one->hash, stmt_str(s, 0));
		crypt_hex(one->id, one->hash, SESSION_ID / 2);
		one->device = stmt_dup(s, 1, a);
		one->created = stmt_int(s, 2);
		one->seen = stmt_int(s, 3);
		one->expires = stmt_int(s, 4);
	}
	return row < 0 ? row : n;
}

int64_t session_count(struct db *db, const char *user_id, int64_t now)
{
	return db_int(db, 0, "SELECT count(*) FROM sessions WHERE user_id = ? AND app_id = '' AND expires > ?", "ci", user_id,
		      now);
}

static void code_hash(unsigned char hash[HASH_LEN], struct str secret)
{
	crypt_hash(hash, secret.n ? secret.p : "", secret.n);
}

int code_create(struct db *db, const struct code *c, char secret[SECRET_LEN + 1])
{
	unsigned char hash[HASH_LEN];
	bool handover = c->kind == CODE_HANDOVER;
	int err = reap(db, now_ms());
	id_secret(secret);
	code_hash(hash, str_of(secret));
	if (!err && (c->kind == CODE_INVITE || c->kind == CODE_RESET))
		err = db_run(db, "DELETE FROM codes WHERE user_id = ? AND kind IN (?, ?)", "cii", c->user_id,
			     (int64_t)CODE_INVITE, (int64_t)CODE_RESET);
	if (!err && handover)
		err = db_run(db, "DELETE FROM codes WHERE hash IN (SELECT hash FROM codes WHERE user_id = ? AND kind = ? "
			     "ORDER BY expires DESC LIMIT -1 OFFSET ?)", "cii", c->user_id, (int64_t)CODE_HANDOVER, (int64_t)CODES_OF_PERSON - 1);
	if (err)
		return err;
	if (!handover)
		return db_run(db, "INSERT INTO codes (hash, kind, user_id, app_id, expires) VALUES (?, ?, ?, '', ?)", "bici", hash,
			      (size_t)HASH_LEN, (int64_t)c->kind, c->user_id, c->expires);
	return db_run(db,
		      "INSERT INTO codes (hash, kind, user_id, app_id, session, challenge, next, expires) "
		      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		      "biccbbci", hash, (size_t)HASH_LEN, (int64_t)c->kind, c->user_id, c->app_id, c->session, (size_t)HASH_LEN,
		      c->challenge, (size_t)HASH_LEN, c->next, c->expires);
}

bool code_peek(struct db *db, enum code_kind kind, struct str secret, int64_t now, struct user *u)
{
	unsigned char hash[HASH_LEN];
	char id[ID_LEN + 1];
	code_hash(hash, secret);
	struct stmt *s = db_query(db, "SELECT user_id FROM codes WHERE hash = ? AND kind = ? AND expires > ? AND expires <= ?", "biii", hash,
				  (size_t)HASH_LEN, (int64_t)kind, now, now + CODE_MOST_MS);
	if (!s || stmt_row(s) != 1)
		return false;
	copy_id(id, stmt_str(s, 0));
	stmt_done(s);
	return user_find(db, str_of(id), u);
}

int code_take(struct db *db, struct arena *a, enum code_kind kind, struct str secret, int64_t now, struct code *c)
{
	unsigned char hash[HASH_LEN];
	code_hash(hash, secret);
	struct stmt *s = db_query(db,
				  "DELETE FROM codes WHERE hash = ? AND kind = ? AND expires > ? AND expires <= ? "
				  "RETURNING user_id, app_id, session, challenge, next, expires",
				  "biii", hash, (size_t)HASH_LEN, (int64_t)kind, now, now + CODE_MOST_MS);
	if (!s)
		return db_fault(db)->err;
	int row = stmt_row(s);
	if (row < 0)
		return -row;
	if (!row)
		return db_fail(db, ERR_NOT_FOUND, "This link was used already, or its time is over.");
	c->kind = kind;
	copy_id(c->user_id, stmt_str(s, 0));
	copy_id(c->app_id, stmt_str(s, 1));
	copy_hash(c->session, stmt_str(s, 2));
	copy_hash(c->challenge, stmt_str(s, 3));
	c->next = stmt_dup(s, 4, a);
	c->expires = stmt_int(s, 5);
	stmt_done(s);
	return 0;
}
