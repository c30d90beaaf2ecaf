#include "store/halt.h"

#include "base/now.h"
#include "store/run.h"

#define COLUMNS                                                                                                             \
	"SELECT id, app_id, run_id, reason, state, by, note, what, data, answer, version, asked, count, ifnull(expires, 0), " \
	"decided FROM halts "
#define ROWS 500

static void read_halt(struct stmt *s, struct arena *a, struct halt *h)
{
	const char **texts[] = {&h->id, &h->app_id, &h->run_id, &h->reason, &h->state, &h->by, &h->note, &h->what};
	struct str *json[] = {&h->data, &h->answer};
	int64_t *numbers[] = {&h->version, &h->asked, &h->count, &h->expires, &h->decided};
	int col = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = stmt_dup(s, col++, a);
	for (size_t i = 0; i < ARRAY_LEN(json); i++)
		*json[i] = arena_str(a, stmt_str(s, col++));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		*numbers[i] = stmt_int(s, col++);
}

/* Each part with its length, so that no two questions have the same text. */
static void hash_part(struct hashing *h, struct str s)
{
	uint64_t n = s.n;
	crypt_hash_add(h, &n, sizeof n);
	crypt_hash_add(h, s.n ? s.p : "", s.n);
}

static void hash_end(struct hashing *hashing, char out[HALT_HASH + 1])
{
	unsigned char hash[HASH_LEN];
	crypt_hash_end(hashing, hash);
	crypt_hex(out, hash, sizeof hash);
}

static void what(const struct halt *h, char out[HALT_HASH + 1])
{
	struct hashing hashing;
	crypt_hash_init(&hashing);
	hash_part(&hashing, str_of(h->app_id));
	hash_part(&hashing, (struct str){(const char *)&h->version, sizeof h->version});
	hash_part(&hashing, str_of(h->reason));
	hash_part(&hashing, h->data);
	hash_end(&hashing, out);
}

void halt_shown(const struct halt *h, char out[HALT_HASH + 1])
{
	struct hashing hashing;
	crypt_hash_init(&hashing);
	hash_part(&hashing, str_of(h->id));
	hash_part(&hashing, str_of(h->what));
	hash_part(&hashing, (struct str){(const char *)&h->count, sizeof h->count});
	hash_end(&hashing, out);
}

static int join_question(struct db *db, const char *id, const struct halt *h)
{
	return db_run(db, "UPDATE halts SET count = count + 1, expires = iif(?1 = 0 OR expires IS NULL, NULL, max(expires, ?1)) WHERE id = ?2", "ic",
		      h->expires, id);
}

static int new_question(struct db *db, const struct halt *h, const char *hash, const char *id)
{
	if (db_int(db, 0, "SELECT count(*) FROM halts WHERE app_id = ? AND state = 'pending'", "c", h->app_id) >= HALTS_APP)
		return db_fail(db, ERR_RATE_LIMITED, "%d questions of this app wait for the owner already.", HALTS_APP);
	return db_run(db, "INSERT INTO halts (id, app_id, version, run_id, reason, data, what, asked, count, expires, state, by, note, answer, decided) "
		      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, nullif(?, 0), 'pending', '', '', 'null', 0)", "cciccscii", id, h->app_id, h->version,
		      h->run_id, h->reason, h->data, hash, now_ms(), h->expires);
}

int halt_ask(struct db *db, const struct halt *h, char id[ID_LEN + 1])
{
	char hash[HALT_HASH + 1];
	struct arena *a = arena_new();
	what(h, hash);
	const char *there = db_text(db, a, "SELECT id FROM halts WHERE app_id = ? AND state = 'pending' AND what = ?", "cc", h->app_id, hash);
	id_new(id);
	if (there)
		snprintf(id, ID_LEN + 1, "%s", there);
	int err = there ? join_question(db, id, h) : new_question(db, h, hash, id);
	arena_free(a);
	return err;
}

bool halt_get(struct db *db, struct arena *a, struct str id, struct halt *h)
{
	struct stmt *s = db_query(db, COLUMNS "WHERE id = ?", "s", id);
	bool found = s && stmt_row(s) == 1;
	if (found) {
		read_halt(s, a, h);
		stmt_done(s);
	}
	return found;
}

int halt_rows(struct db *db, struct arena *a, bool pending, struct halt **list)
{
	int n = 0, row = 0;
	*list = arena_alloc(a, ROWS * sizeof **list);
	struct stmt *s = db_query(db, COLUMNS "WHERE (state = 'pending') = ? ORDER BY id DESC LIMIT ?", "ii", (int64_t)pending, (int64_t)ROWS);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < ROWS)
			read_halt(s, a, &(*list)[n++]);
	return row < 0 ? row : n;
}

int halt_decide(struct db *db, const char *id, const char *state, const char *by, struct str note, struct str answer)
{
	int err = db_run(db, "UPDATE halts SET state = ?, by = ?, note = ?, answer = ?, decided = ? WHERE id = ? AND state = 'pending'", "ccssic", state, by,
			 note.n ? note : STR(""), answer.n ? answer : STR("null"), now_ms(), id);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_CONFLICT, "That has been decided already, or nobody waits for it any more.");
	return err ? err : run_wake(db, id);
}

int halt_leave(struct db *db, const char *run_id, const char *state)
{
	return db_run(db, "UPDATE halts SET count = count - 1, state = iif(count > 1, state, ?3), decided = iif(count > 1, 0, ?1) "
		      "WHERE id = (SELECT awaits FROM runs WHERE id = ?2 AND ended = 0) AND state = 'pending'", "icc", now_ms(), run_id, state);
}

int halt_void_app(struct db *db, const char *app_id)
{
	return db_run(db, "UPDATE halts SET state = 'void', decided = ? WHERE app_id = ? AND state = 'pending'", "ic", now_ms(), app_id);
}

int halt_anew(struct db *db)
{
	return db_run(db, "UPDATE halts SET state = 'pending', by = '', note = '', answer = 'null', decided = 0 WHERE state IN ('approved', 'denied') AND "
		      "id IN (SELECT awaits FROM runs WHERE ended = 0)", "");
}
