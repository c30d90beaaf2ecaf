#include "store/decision.h"

#include "base/now.h"
#include "store/apps.h"
#include "store/notice.h"
#include "store/run.h"

#define COLUMNS(json)                                                                                                       \
	"SELECT id, kind, app_id, run_id, about, reason, state, by, note, what, " json ", version, base, asked, expires, decided, " \
	"(SELECT count(*) FROM runs r WHERE r.awaits = d.id AND r.awaits <> '' AND r.ended = 0) FROM decisions d "
#define INTO "INSERT INTO decisions (id, kind, app_id, version, run_id, about, base, reason, data, what, asked, expires, state, by, note, answer, decided) "
#define ROWS 500

static void read_decision(struct stmt *s, struct arena *a, struct decision *d)
{
	const char **texts[] = {&d->id, &d->kind, &d->app_id, &d->run_id, &d->about, &d->reason, &d->state, &d->by, &d->note, &d->what};
	struct str *json[] = {&d->data, &d->answer};
	int64_t *numbers[] = {&d->version, &d->base, &d->asked, &d->expires, &d->decided, &d->count};
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

static void hash_end(struct hashing *hashing, char out[DECISION_HASH + 1])
{
	unsigned char hash[HASH_LEN];
	crypt_hash_end(hashing, hash);
	crypt_hex(out, hash, sizeof hash);
}

static void what(const struct decision *d, char out[DECISION_HASH + 1])
{
	struct hashing hashing;
	crypt_hash_init(&hashing);
	hash_part(&hashing, str_of(d->app_id));
	hash_part(&hashing, (struct str){(const char *)&d->version, sizeof d->version});
	hash_part(&hashing, str_of(d->reason));
	hash_part(&hashing, d->data);
	hash_end(&hashing, out);
}

static bool is_package(const struct decision *d)
{
	return !strcmp(d->kind, "package");
}

static void identity(const struct decision *d, char out[DECISION_HASH + 1])
{
	struct hashing hashing;
	crypt_hash_init(&hashing);
	hash_part(&hashing, str_of(d->id));
	hash_part(&hashing, str_of(d->what));
	hash_end(&hashing, out);
}

void decision_shown(const struct decision *d, char out[DECISION_SHOWN + 1])
{
	char hash[DECISION_HASH + 1];
	identity(d, hash);
	if (is_package(d))
		snprintf(out, DECISION_SHOWN + 1, "%s", d->what);
	else
		snprintf(out, DECISION_SHOWN + 1, "%s.%lld", hash, (long long)d->count);
}

bool decision_seen(struct decision *d, struct str shown)
{
	char now[DECISION_HASH + 1];
	struct str count, hash = str_cut(shown, '.', &count);
	int64_t n;
	if (is_package(d))
		return str_is(shown, d->what);
	identity(d, now);
	if (!str_is(hash, now) || !str_int(count, &n) || n < 0)
		return false;
	d->count = n;
	return true;
}

/* ---- asking ---- */

int decision_room(struct db *db, const char *app_id, bool package)
{
	static const char all[] = "SELECT (SELECT count(*) FROM decisions WHERE app_id = ?1 AND state = 'pending') + "
				  "(SELECT count(*) FROM candidates WHERE asked_by = ?1 AND state = 'fetching')";
	static const char packages[] = "SELECT count(*) FROM candidates WHERE asked_by = ? AND state IN ('fetching', 'ready')";
	if (package && db_int(db, 0, packages, "c", app_id) >= PROPOSALS_APP)
		return db_fail(db, ERR_RATE_LIMITED, "%d proposals of this app wait for the owner already.", PROPOSALS_APP);
	if (db_int(db, 0, all, "c", app_id) >= DECISIONS_APP)
		return db_fail(db, ERR_RATE_LIMITED, "%d questions of this app wait for the owner already.", DECISIONS_APP);
	return 0;
}

/* The owner hears that an app asks, and of what it asks nothing: that is shown where they decide. */
static int tell(struct db *db, const char *app_id)
{
	char title[200];
	struct arena *a = arena_new();
	const char *name = *app_id ? db_text(db, a, "SELECT name FROM apps WHERE id = ?", "c", app_id) : NULL;
	snprintf(title, sizeof title, "%s waits for your answer", name ? name : "");
	int err = name ? notice_add(db, NOTICE_ASKS, app_id, "", title, "What it asks stands among what waits for you; in the shell: fazt-admin decision list") : 0;
	arena_free(a);
	return err;
}

/* The owner has answered: unless there is more of this app, they need not be reminded, and the next question is news. */
static int told(struct db *db, const char *id)
{
	struct arena *a = arena_new();
	const char *app_id = db_text(db, a, "SELECT app_id FROM decisions d WHERE id = ? AND app_id <> '' AND NOT EXISTS (SELECT 1 FROM decisions o WHERE "
				     "o.app_id = d.app_id AND o.state = 'pending')", "c", id);
	int err = app_id ? notice_over(db, NOTICE_ASKS, app_id) : 0;
	arena_free(a);
	return err;
}

static int join_question(struct db *db, const char *id, const struct decision *d)
{
	return db_run(db, "UPDATE decisions SET expires = iif(?1 = 0 OR expires = 0, 0, max(expires, ?1)) WHERE id = ?2", "ic", d->expires, id);
}

static int new_question(struct db *db, const struct decision *d, const char *hash, const char *id)
{
	int err = decision_room(db, d->app_id, false);
	return err ? err : db_run(db, INTO "VALUES (?, 'halt', ?, ?, ?, '', 0, ?, ?, ?, ?, ?, 'pending', '', '', 'null', 0)", "cciccscii", id,
				  d->app_id, d->version, d->run_id, d->reason, d->data, hash, now_ms(), d->expires);
}

int decision_ask(struct db *db, const struct decision *d, char id[ID_LEN + 1])
{
	char hash[DECISION_HASH + 1];
	struct arena *a = arena_new();
	what(d, hash);
	const char *there = db_text(db, a, "SELECT id FROM decisions WHERE app_id = ? AND state = 'pending' AND what = ?", "cc", d->app_id,
				    hash);
	id_new(id);
	if (there)
		snprintf(id, ID_LEN + 1, "%s", there);
	int err = there ? join_question(db, id, d) : new_question(db, d, hash, id);
	if (!err && !there)
		err = tell(db, d->app_id);
	arena_free(a);
	return err;
}

int decision_package(struct db *db, const char *id, const char *reason)
{
	int err = db_run(db, INTO "SELECT c.id, 'package', c.asked_by, 0, c.run_id, c.for_app, ifnull(a.version, 0), iif(c.words = '', ?, c.words), "
			 "'null', c.package, ?, c.expires, 'pending', '', '', 'null', 0 FROM candidates c LEFT JOIN apps a ON a.id = c.for_app "
			 "WHERE c.id = ?", "cic", reason, now_ms(), id);
	struct arena *a = arena_new();
	const char *asks = err ? NULL : db_text(db, a, "SELECT app_id FROM decisions WHERE id = ?", "c", id);
	if (asks)
		err = tell(db, asks);
	arena_free(a);
	return err;
}

/* ---- reading ---- */

bool decision_get(struct db *db, struct arena *a, struct str id, struct decision *d)
{
	struct stmt *s = db_query(db, COLUMNS("data, answer") "WHERE id = ?", "s", id);
	bool found = s && stmt_row(s) == 1;
	if (found) {
		read_decision(s, a, d);
		stmt_done(s);
	}
	return found;
}

int decision_rows(struct db *db, struct arena *a, bool pending, struct decision **list)
{
	int n = 0, row = 0;
	*list = arena_alloc(a, ROWS * sizeof **list);
	struct stmt *s = db_query(db, COLUMNS("'null', 'null'") "WHERE (state = 'pending') = ? ORDER BY id DESC LIMIT ?", "ii", (int64_t)pending, (int64_t)ROWS);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < ROWS)
			read_decision(s, a, &(*list)[n++]);
	return row < 0 ? row : n;
}

/* ---- deciding ---- */

static bool is_yes(const char *state)
{
	return !strcmp(state, "approved") || !strcmp(state, "applied");
}

int decision_end(struct db *db, const char *id, const char *state, const char *by, struct str note, struct str answer)
{
	int err = db_run(db, "UPDATE decisions SET state = ?, by = ?, note = ?, answer = ?, decided = ? WHERE id = ? AND state = 'pending'",
			 "ccssic", state, by, note.n ? note : STR(""), answer.n ? answer : STR("null"), now_ms(), id);
	if (!err && !db_changes(db))
		return db_fail(db, ERR_CONFLICT, "That has been decided already, or nobody waits for it any more.");
	if (!err)
		err = run_wake(db, id);
	if (!err && *by)
		err = told(db, id);
	return err || is_yes(state) ? err : candidate_drop(db, id);
}

/* A segment of theirs that is under way just now may know of the answer to come: it loses its run, which looks again. */
int decision_rest(struct db *db, const char *id, int64_t count)
{
	static const char move[] = "UPDATE runs SET awaits = ?1, claim = claim + 1, state = iif(state = 'running', 'waiting', state) WHERE id IN (SELECT r.id "
				   "FROM runs r JOIN steps s ON s.run_id = r.id AND s.ended = 0 WHERE r.awaits = ?2 AND r.awaits <> '' AND r.ended = 0 "
				   "ORDER BY s.began, r.id LIMIT -1 OFFSET ?3)";
	static const char copy[] = INTO "SELECT ?1, kind, app_id, version, (SELECT min(id) FROM runs WHERE awaits = ?1 AND awaits <> ''), about, base, reason, "
				   "data, what, ?2, expires, 'pending', '', '', 'null', 0 FROM decisions WHERE id = ?3";
	char rest[ID_LEN + 1];
	id_new(rest);
	int err = db_run(db, move, "cci", rest, id, count);
	if (err || !db_changes(db))
		return err;
	err = db_run(db, "UPDATE steps SET result = CAST(?1 AS BLOB) WHERE ended = 0 AND run_id IN (SELECT id FROM runs WHERE awaits = ?1 AND awaits <> '')",
		     "c", rest);
	return err ? err : db_run(db, copy, "cic", rest, now_ms(), id);
}

bool decision_pending(struct db *db, const char *id)
{
	return db_int(db, 0, "SELECT 1 FROM decisions WHERE id = ? AND state = 'pending'", "c", id) != 0;
}

int decision_applied(struct db *db, const char *id, const char *answer)
{
	return db_run(db, "UPDATE decisions SET state = 'applied', answer = ifnull(?, answer) WHERE id = ? AND state = 'approved'", "cc", answer, id);
}

/* The last run that waits for something the owner decides on; it may be on its way to be shown only. */
int decision_leave(struct db *db, const char *run_id, const char *state)
{
	struct arena *a = arena_new();
	const char *id = db_text(db, a, "SELECT r.awaits FROM runs r WHERE r.id = ? AND r.ended = 0 AND r.awaits <> '' AND "
				 "NOT EXISTS (SELECT 1 FROM runs o WHERE o.awaits = r.awaits AND o.awaits <> '' AND o.ended = 0 AND o.id <> r.id)", "c", run_id);
	int err = !id ? 0 : decision_pending(db, id) ? decision_end(db, id, state, "", STR_NONE, STR_NONE) : candidate_drop(db, id);
	arena_free(a);
	return err;
}

/* What has become pointless, one after the other: few they are. */
static int end_all(struct db *db, const char *which, const char *app_id, int64_t version)
{
	struct arena *a = arena_new();
	int err = 0;
	for (const char *id; !err && (id = db_text(db, a, which, "ci", app_id, version));)
		err = decision_end(db, id, "stale", "", STR_NONE, STR_NONE);
	arena_free(a);
	return err;
}

int decision_moved(struct db *db, const char *app_id, int64_t version)
{
	return end_all(db, "SELECT id FROM decisions WHERE about = ? AND about <> '' AND state = 'pending' AND base <> ? LIMIT 1", app_id, version);
}

int decision_void_app(struct db *db, const char *app_id)
{
	int err = end_all(db, "SELECT id FROM decisions WHERE state = 'pending' AND (app_id = ?1 OR (about = ?1 AND about <> '')) AND ?2 = 0 LIMIT 1",
			  app_id, 0);
	return err ? err : notice_over(db, NOTICE_ASKS, app_id);
}

int decision_anew(struct db *db)
{
	return db_run(db, "UPDATE decisions SET state = 'pending', by = '', note = '', answer = 'null', decided = 0 WHERE kind = 'halt' AND "
		      "state IN ('approved', 'applied', 'denied') AND id IN (SELECT r.awaits FROM runs r JOIN steps s ON s.run_id = r.id AND "
		      "s.ended = 0 WHERE r.ended = 0)", "");
}

int decision_forget(struct db *db, const char *app_id, const char *run_id)
{
	return db_run(db, "DELETE FROM decisions WHERE app_id = ? AND run_id = ? AND state <> 'pending' AND NOT EXISTS (SELECT 1 FROM runs r WHERE "
		      "r.awaits = decisions.id AND r.awaits <> '' AND r.ended = 0)", "cc", app_id, run_id);
}

int decision_prune(struct db *db, int64_t before)
{
	return db_run(db, "DELETE FROM decisions WHERE state <> 'pending' AND decided < ? AND run_id NOT IN (SELECT id FROM runs)", "i", before);
}
