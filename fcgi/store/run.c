#include "store/run.h"

#include "base/now.h"
#include "base/out.h"
#include "store/decision.h"
#include "store/job.h"
#include "store/usage.h"

/* A run is one row of its app, and its journal counts in the app's bytes: under its quota when it grows. */

#define COLUMNS                                                                                                             \
	"id, app_id, principal, parent, handler, key, state, awaits, note, code, error, job, input, request, result, version, "     \
	"priority, retries, backoff, due, claim, attempt, steps, bytes, created, ended, moment, done, total"
#define ROW_BYTES 200 /* what a run and a step cost besides what is in them */
#define PRUNE 100

static void read_run(struct stmt *s, struct arena *a, struct run *r)
{
	const char **texts[] = {&r->id, &r->app_id, &r->principal, &r->parent, &r->handler, &r->key, &r->state, &r->awaits, &r->note,
				&r->code, &r->error, &r->job};
	struct str *bytes[] = {&r->input, &r->request, &r->result};
	int64_t *numbers[] = {&r->version, &r->priority, &r->retries, &r->backoff, &r->due, &r->claim, &r->attempt, &r->steps,
			      &r->bytes, &r->created, &r->ended, &r->moment};
	int col = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = stmt_dup(s, col++, a);
	for (size_t i = 0; i < ARRAY_LEN(bytes); i++, col++)
		*bytes[i] = stmt_null(s, col) ? STR_NONE : arena_str(a, stmt_str(s, col));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++, col++)
		*numbers[i] = stmt_null(s, col) ? RUN_NEVER : stmt_int(s, col);
	r->done = stmt_num(s, col);
	r->total = stmt_num(s, col + 1);
}

/* Nothing was changed: the claim is another's, or the run is over. */
static int claimed(struct db *db, int err)
{
	return err || db_changes(db) ? err : db_fail(db, ERR_STALE, "The run has gone on elsewhere.");
}

/* ---- beginning ---- */

static bool same_key(struct db *db, const struct run *r, char id[ID_LEN + 1])
{
	struct stmt *s = *r->key ? db_query(db, "SELECT id FROM runs WHERE app_id = ? AND principal = ? AND key = ? AND ended = 0", "ccc",
					    r->app_id, r->principal, r->key) : NULL;
	bool found = s && stmt_row(s) == 1;
	if (found) {
		snprintf(id, ID_LEN + 1, "%.*s", STR_FMT(stmt_str(s, 0)));
		stmt_done(s);
	}
	return found;
}

int64_t run_under_way(struct db *db, const char *app_id, int64_t most)
{
	return db_int(db, 0, "SELECT count(*) FROM (SELECT 1 FROM runs WHERE app_id = ? AND ended = 0 LIMIT ?)", "ci", app_id, most);
}

int64_t run_depth(struct db *db, const char *id, int64_t most)
{
	return db_int(db, 0, "WITH RECURSIVE up (id, n) AS (SELECT ?1, 1 UNION ALL SELECT p.id, up.n + 1 FROM up JOIN runs r ON r.id = up.id "
		      "JOIN runs p ON p.id = r.parent WHERE p.ended = 0 AND up.n < ?2) SELECT max(n) FROM up", "ci", id, most);
}

/* One that works just now will ask again before it waits, whatever it awaited last. */
int64_t run_line(struct db *db, const char *id, const char *last, int64_t most)
{
	return db_int(db, most, "WITH RECURSIVE line (id, n) AS (SELECT ?1, 1 UNION ALL SELECT r.awaits, line.n + 1 FROM line JOIN runs r ON r.id = line.id "
		      "WHERE r.state = 'waiting' AND r.awaits <> '' AND line.id <> ?2 AND line.n < ?3) SELECT iif(max(id = ?2), 0, max(n)) FROM line", "cci",
		      id, last, most);
}

int run_insert(struct db *db, const struct scope *sc, const struct run *r, int64_t most, char id[ID_LEN + 1])
{
	int64_t bytes = ROW_BYTES + (int64_t)(r->input.n + r->request.n);
	if (same_key(db, r, id))
		return 0;
	if (run_under_way(db, r->app_id, most) >= most)
		return db_fail(db, ERR_RATE_LIMITED, "The app has %lld runs under way, which is the most it may.", (long long)most);
	snprintf(id, ID_LEN + 1, "%s", r->id);
	db_ring(db);
	int err = db_run(db,
			 "INSERT INTO runs (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, '', '', '', '', ?, ?, ?, '', ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, 0, ?, 0, 0)",
			 "ccccccccsbiiiiiiiii", r->id, r->app_id, r->principal, r->parent, r->handler, r->key, r->state, r->job ? r->job : "", r->input, (const void *)r->request.p,
			 r->request.n, r->version, r->priority, r->retries, r->backoff, r->due, r->claim, bytes, now_ms(), r->moment);
	return err ? err : usage_add(db, sc, bytes, 1);
}

int run_errand(struct db *db, const struct scope *sc, const struct run *run, int64_t most, char id[ID_LEN + 1])
{
	char fresh[ID_LEN + 1];
	struct run r = *run;
	id_new(fresh);
	r.id = fresh;
	r.principal = r.principal ? r.principal : "app";
	r.parent = r.parent ? r.parent : "";
	r.key = "";
	r.state = "queued";
	r.priority = RUN_FOREGROUND - 1;
	return run_insert(db, sc, &r, most, id);
}

bool run_get(struct db *db, struct arena *a, struct str id, struct run *run)
{
	struct stmt *s = db_query(db, "SELECT " COLUMNS " FROM runs WHERE id = ?", "s", id);
	bool found = s && stmt_row(s) == 1;
	if (found) {
		read_run(s, a, run);
		stmt_done(s);
	}
	return found;
}

struct stmt *run_query(struct db *db, const char *app_id, const char *state, int64_t limit)
{
	return db_query(db, "SELECT id FROM runs WHERE (?1 IS NULL OR app_id = ?1) AND (?2 IS NULL OR state = ?2) ORDER BY id DESC LIMIT ?3", "cci",
			app_id, state, limit);
}

/* ---- moving ---- */

/* Of the apps from this one on the first with something due, and the most that matters of it: 1, 0 or -ERR_*. It goes from app to app,
 * whatever each has asleep. */
static int next_turn(struct db *db, struct arena *a, int64_t now, const char *but, const char *from, int64_t least, const char **app, int64_t *priority)
{
	static const char turn[] =
		"WITH RECURSIVE apps (id) AS (SELECT min(app_id) FROM runs WHERE due IS NOT NULL AND app_id >= ?1 UNION ALL "
		"SELECT (SELECT min(app_id) FROM runs WHERE due IS NOT NULL AND app_id > apps.id) FROM apps WHERE id IS NOT NULL) "
		"SELECT apps.id, p.column1 FROM apps CROSS JOIN (VALUES (5), (4), (3), (2), (1)) p WHERE apps.id <> ?2 AND p.column1 >= ?3 AND "
		"EXISTS (SELECT 1 FROM runs WHERE app_id = apps.id AND priority = p.column1 AND due <= ?4) LIMIT 1";
	struct stmt *s = db_query(db, turn, "ccii", from, but, least, now);
	int row = s ? stmt_row(s) : -db_fault(db)->err;
	if (row <= 0)
		return row;
	*app = stmt_dup(s, 0, a);
	*priority = stmt_int(s, 1);
	stmt_done(s);
	return 1;
}

int run_claim(struct db *db, struct arena *a, int64_t now, int64_t until, const char *but, const char *after, int64_t least, struct run *run)
{
	const char *app;
	int64_t priority;
	int got = *after ? next_turn(db, a, now, but, arena_printf(a, "%s~", after), least, &app, &priority) : 0;
	if (!got)
		got = next_turn(db, a, now, but, "", least, &app, &priority);
	if (got <= 0)
		return got;
	struct stmt *s = db_query(db, "UPDATE runs SET state = 'running', claim = claim + 1, attempt = attempt + (state = 'running'), due = ?1 WHERE id = (SELECT id FROM runs WHERE app_id = ?2 "
				  "AND priority = ?3 AND due <= ?4 ORDER BY due LIMIT 1) RETURNING " COLUMNS, "icii", until, app, priority, now);
	int row = s ? stmt_row(s) : -db_fault(db)->err;
	if (row <= 0)
		return row;
	read_run(s, a, run);
	stmt_done(s);
	return 1;
}

int64_t run_next(struct db *db, const char *but, int64_t least)
{
	int64_t next = RUN_NEVER;
	for (int64_t priority = RUN_PRIORITIES; priority >= least; priority--)
		next = MIN(next, db_int(db, RUN_NEVER, "SELECT due FROM runs WHERE priority = ? AND due IS NOT NULL AND app_id <> ? ORDER BY due LIMIT 1",
					"ic", priority, but));
	return next;
}

int run_renew(struct db *db, const char *id, int64_t claim, int64_t until)
{
	return claimed(db, db_run(db, "UPDATE runs SET due = ? WHERE id = ? AND claim = ? AND state = 'running'", "ici", until, id, claim));
}

int run_hand_over(struct db *db, const char *id, int64_t claim)
{
	db_ring(db);
	return claimed(db, db_run(db, "UPDATE runs SET due = ?, attempt = attempt - 1 WHERE id = ? AND claim = ? AND state = 'running'", "ici", now_ms(), id,
				  claim));
}

int run_wrote(struct db *db, const struct scope *sc, const char *id, int64_t claim, int64_t steps, int64_t bytes, struct str request)
{
	int64_t more = bytes + (int64_t)request.n;
	int err = claimed(db, db_run(db, "UPDATE runs SET steps = ?, attempt = 0, bytes = bytes + ?, request = ifnull(request, ?) WHERE id = ? AND claim = ? "
				     "AND state = 'running'", "iibci", steps, more, (const void *)request.p, request.n, id, claim));
	return err ? err : usage_add(db, sc, more, 0);
}

int64_t run_bytes(struct db *db, const char *id)
{
	return db_int(db, 0, "SELECT bytes FROM runs WHERE id = ?", "c", id);
}

static int set_due(struct db *db, const char *id, int64_t due)
{
	return due == RUN_NEVER ? db_run(db, "UPDATE runs SET due = NULL WHERE id = ?", "c", id)
				: db_run(db, "UPDATE runs SET due = ? WHERE id = ?", "ic", due, id);
}

int run_park(struct db *db, const char *id, int64_t claim, int64_t due, const char *awaits)
{
	int err = claimed(db, db_run(db, "UPDATE runs SET state = 'waiting', attempt = 0, code = '', error = '', awaits = ? WHERE id = ? AND claim = ? "
				     "AND state = 'running'", "cci", awaits, id, claim));
	db_ring(db); /* perhaps earlier than whatever they wait for */
	return err ? err : set_due(db, id, due);
}

int run_postpone(struct db *db, const char *id, int64_t claim, int64_t due, int64_t attempt, int why, const char *error)
{
	return claimed(db, db_run(db, "UPDATE runs SET state = 'queued', due = ?, attempt = ?, code = ?, error = ? WHERE id = ? AND claim = ? "
				  "AND state = 'running'", "iiccci", due, attempt, why ? err_row(why)->code : "", error, id, claim));
}

int run_hold(struct db *db, const char *id)
{
	return db_run(db, "UPDATE runs SET state = 'held', due = NULL, code = '', error = '' WHERE id = ? AND "
		      "EXISTS (SELECT 1 FROM apps WHERE id = runs.app_id AND state = 'disabled')", "c", id);
}

int run_defer(struct db *db, const char *handler, const char *app_id, int64_t until)
{
	return db_run(db, "UPDATE runs SET due = ?3 WHERE handler = ?1 AND (?2 IS NULL OR app_id = ?2) AND state = 'queued' AND due < ?3", "cci", handler,
		      app_id, until);
}

int run_put_off(struct db *db, const char *app_id, int64_t until, int why)
{
	return db_run(db, "UPDATE runs SET due = ?, code = ? WHERE app_id = ? AND due <= ? AND state IN ('queued', 'waiting')", "icci", until,
		      err_row(why)->code, app_id, now_ms());
}

int run_wake(struct db *db, const char *awaited)
{
	db_ring(db);
	return db_run(db, "UPDATE runs SET due = ? WHERE awaits = ? AND awaits <> '' AND state = 'waiting'", "ic", now_ms(), awaited);
}

static int ended(struct db *db, const char *id)
{
	int err = db_run(db, "DELETE FROM events WHERE run_id = ?", "c", id);
	if (!err)
		err = job_ended(db, id);
	return err ? err : run_wake(db, id);
}

int run_end(struct db *db, const char *id, int64_t claim, const char *state, struct str result, int why, const char *error)
{
	int err = decision_leave(db, id, "stale");
	if (!err)
		err = claimed(db, db_run(db, "UPDATE runs SET state = ?, due = NULL, awaits = '', ended = ?, result = ?, code = ?, error = ? "
				     "WHERE id = ? AND claim = ? AND state = 'running'", "cisccci", state, now_ms(),
				     result.n ? result : STR("null"), why ? err_row(why)->code : "", error, id, claim));
	return err ? err : ended(db, id);
}

int run_move(struct db *db, const char *id, int64_t claim, int64_t version)
{
	return claimed(db, db_run(db, "UPDATE runs SET version = ? WHERE id = ? AND claim = ? AND state = 'running'", "ici", version, id, claim));
}

int run_progress(struct db *db, const char *id, double done, double total, struct str note)
{
	return db_run(db, "UPDATE runs SET done = ?, total = ?, note = ? WHERE id = ?", "ddsc", done, total, note, id);
}

/* ---- the owner's, and the app's, hand ---- */

static int cancel_one(struct db *db, const char *id)
{
	int err = decision_leave(db, id, "stale");
	if (!err)
		err = db_run(db, "UPDATE runs SET state = 'cancelled', claim = claim + 1, due = NULL, awaits = '', ended = ? WHERE id = ? AND ended = 0",
			 "ic", now_ms(), id);
	return err || !db_changes(db) ? err : ended(db, id);
}

/* Those under way of what a run started, and those started: their number, or -ERR_*. */
static int below(struct db *db, struct arena *a, const char *id, const char ***list)
{
	static const char sql[] = "WITH RECURSIVE below (id) AS (SELECT id FROM runs WHERE parent = ?1 AND parent <> '' UNION "
				  "SELECT r.id FROM below b JOIN runs r ON r.parent = b.id AND r.parent <> '') "
				  "SELECT r.id FROM below b JOIN runs r ON r.id = b.id WHERE r.ended = 0";
	struct stmt *s = db_query(db, sql, "c", id);
	int n = 0, room = 0, row = s ? 0 : -db_fault(db)->err;
	while (s && (row = stmt_row(s)) == 1) {
		if (n == room)
			*list = xrealloc(*list, (size_t)(room = 2 * room + 64) * sizeof **list);
		(*list)[n++] = stmt_dup(s, 0, a);
	}
	return row < 0 ? row : n;
}

/* What a run started ends with it. */
int run_cancel(struct db *db, const char *id)
{
	struct arena *a = arena_new();
	const char **list = NULL;
	int n = below(db, a, id, &list), err = n < 0 ? -n : cancel_one(db, id);
	for (int i = 0; !err && i < n; i++)
		err = cancel_one(db, list[i]);
	free(list);
	arena_free(a);
	return err;
}

/* The run and its app have so many bytes more. */
static int weigh(struct db *db, const struct scope *sc, const char *run_id, int64_t bytes)
{
	int err = db_run(db, "UPDATE runs SET bytes = bytes + ? WHERE id = ?", "ic", bytes, run_id);
	return err ? err : usage_add(db, sc, bytes, 0);
}

/* Its journal is shorter now: so many steps, so many bytes with all else. */
static int shorter(struct db *db, const struct run *r, int64_t steps, int64_t bytes)
{
	struct scope sc = scope_stranger(r->app_id);
	int err = db_run(db, "UPDATE runs SET steps = ? WHERE id = ?", "ic", steps, r->id);
	return err ? err : weigh(db, &sc, r->id, bytes - r->bytes);
}

/* The journal, and what the cell was sent, unless that is all there is of it: a request that halted. */
static int forget_steps(struct db *db, const char *id)
{
	struct arena *a = arena_new();
	struct run r;
	int err = db_run(db, "DELETE FROM steps WHERE run_id = ?", "c", id);
	if (!err)
		err = db_run(db, "UPDATE runs SET request = iif(handler = '', request, NULL) WHERE id = ?", "c", id);
	if (!err && run_get(db, a, str_of(id), &r))
		err = shorter(db, &r, 0, ROW_BYTES + (int64_t)(r.input.n + r.request.n));
	arena_free(a);
	return err;
}

/* A step that waited and then failed is in the journal as one that failed: it is made again, with what was asked for it. */
static int forget_failure(struct db *db, const char *id)
{
	struct arena *a = arena_new();
	struct run r;
	struct step last;
	int err = 0;
	if (run_get(db, a, str_of(id), &r) && r.steps && step_get(db, a, id, r.steps - 1, &last) && last.ended && last.err) {
		err = db_run(db, "DELETE FROM steps WHERE run_id = ? AND seq = ?", "ci", id, last.seq);
		if (!err)
			err = shorter(db, &r, r.steps - 1, r.bytes - step_bytes(&last));
	}
	arena_free(a);
	return err;
}

int run_again(struct db *db, const char *id, int64_t version, bool start)
{
	static const char other[] = "SELECT 1 FROM runs r JOIN runs o ON o.app_id = r.app_id AND o.principal = r.principal AND o.key = r.key AND "
				    "o.ended = 0 WHERE r.id = ? AND r.key <> ''";
	if (db_int(db, 0, other, "c", id))
		return db_fail(db, ERR_CONFLICT, "Another run with the same key is under way.");
	int err = db_run(db, "UPDATE runs SET state = 'queued', due = ?, version = ?, attempt = 0, code = '', error = '', ended = 0, result = '' "
			 "WHERE id = ? AND ended > 0", "iic", now_ms(), version, id);
	db_ring(db);
	return err ? err : start ? forget_steps(db, id) : forget_failure(db, id);
}

int run_release(struct db *db, const char *app_id)
{
	db_ring(db);
	int err = db_run(db, "UPDATE runs SET state = 'queued', due = ? WHERE app_id = ? AND ended = 0 AND state = 'held'", "ic", now_ms(), app_id);
	if (err)
		return err;
	return db_run(db, "UPDATE runs SET due = ? WHERE app_id = ? AND due > ? AND state IN ('queued', 'waiting') AND code = ?", "icic", now_ms(), app_id,
		      now_ms(), err_row(ERR_APP_SUSPENDED)->code);
}

static int forget_rows(struct db *db, const char *app_id)
{
	int err = db_run(db, "DELETE FROM steps WHERE run_id IN (SELECT id FROM runs WHERE app_id = ?)", "c", app_id);
	if (!err)
		err = db_run(db, "DELETE FROM runs WHERE app_id = ?", "c", app_id);
	return err ? err : db_run(db, "DELETE FROM decisions WHERE app_id = ?", "c", app_id);
}

int run_forget(struct db *db, const char *app_id, bool purged)
{
	int err = db_run(db, "DELETE FROM events WHERE run_id IN (SELECT id FROM runs WHERE app_id = ? AND ended = 0)", "c", app_id);
	if (!err)
		err = db_run(db, "UPDATE runs SET state = 'cancelled', claim = claim + 1, due = NULL, awaits = '', ended = ? WHERE app_id = ? AND ended = 0",
			     "ic", now_ms(), app_id);
	if (!err)
		err = decision_void_app(db, app_id);
	return err || !purged ? err : forget_rows(db, app_id);
}

static int drop(struct db *db, struct arena *a, const char *id)
{
	struct run r;
	struct scope sc;
	if (!run_get(db, a, str_of(id), &r))
		return db_fault(db)->err;
	sc = scope_stranger(r.app_id);
	int err = usage_add(db, &sc, -r.bytes, -1);
	if (!err)
		err = db_run(db, "DELETE FROM steps WHERE run_id = ?", "c", id);
	if (!err)
		err = decision_forget(db, r.app_id, id);
	return err ? err : db_run(db, "DELETE FROM runs WHERE id = ?", "c", id);
}

int run_prune(struct db *db, int64_t before, int64_t keep)
{
	static const char old[] =
		"WITH RECURSIVE apps (id) AS (SELECT min(app_id) FROM runs UNION ALL SELECT (SELECT min(app_id) FROM runs WHERE app_id > apps.id) FROM apps "
		"WHERE id IS NOT NULL) SELECT r.id FROM apps a JOIN runs r ON r.app_id = a.id AND r.ended > 0 AND r.ended < ?1 UNION ALL "
		"SELECT r.id FROM apps a JOIN runs r ON r.app_id = a.id AND r.ended > 0 AND (r.ended, r.id) <= "
		"(SELECT ended, id FROM runs WHERE app_id = a.id AND ended > 0 ORDER BY ended DESC, id DESC LIMIT 1 OFFSET ?2) LIMIT ?3";
	struct arena *a = arena_new();
	const char *id[PRUNE];
	int n = 0, row, err = 0;
	struct stmt *s = db_query(db, old, "iii", before, keep, (int64_t)PRUNE);
	while (s && (row = stmt_row(s)) == 1)
		id[n++] = stmt_dup(s, 0, a);
	err = db_fault(db)->err ? db_fault(db)->err : decision_prune(db, before);
	for (int i = 0; !err && i < n; i++)
		err = drop(db, a, id[i]);
	arena_free(a);
	return err ? -err : n;
}

/* ---- steps ---- */

bool step_get(struct db *db, struct arena *a, const char *run_id, int64_t seq, struct step *st)
{
	struct stmt *s = db_query(db, "SELECT name, args, shown, began, ended, code, result FROM steps WHERE run_id = ? AND seq = ?", "ci", run_id, seq);
	if (!s || stmt_row(s) != 1)
		return false;
	*st = (struct step){.seq = seq, .name = stmt_dup(s, 0, a), .shown = arena_str(a, stmt_str(s, 2)), .began = stmt_int(s, 3),
			    .ended = stmt_int(s, 4), .err = err_by_code(arena_cstr(a, stmt_str(s, 5))), .result = arena_str(a, stmt_str(s, 6))};
	memcpy(st->args, stmt_str(s, 1).p, MIN(stmt_str(s, 1).n, sizeof st->args));
	stmt_done(s);
	return true;
}

int64_t step_bytes(const struct step *s)
{
	return ROW_BYTES + (int64_t)(s->shown.n + s->result.n);
}

int step_put(struct db *db, const char *run_id, const struct step *s)
{
	struct str result = s->result.n ? s->result : STR("");
	return db_run(db, "INSERT INTO steps (run_id, seq, name, args, shown, began, ended, code, result) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
		      "ON CONFLICT (run_id, seq) DO UPDATE SET ended = excluded.ended, code = excluded.code, result = excluded.result "
		      "WHERE ended = 0", "cicbsiicb", run_id, s->seq, s->name, (const void *)s->args, sizeof s->args, s->shown, s->began, s->ended,
		      s->err ? err_row(s->err)->code : "", (const void *)result.p, result.n);
}

struct stmt *step_query(struct db *db, const char *run_id, int64_t from, int64_t limit)
{
	return db_query(db, "SELECT seq, name, shown, began, ended, code, result FROM steps WHERE run_id = ? AND seq >= ? ORDER BY seq LIMIT ?", "cii", run_id,
			from, limit);
}

/* ---- events ---- */

static int check_room(struct db *db, const char *run_id, struct str data)
{
	if (db_int(db, 0, "SELECT count(*) FROM events WHERE run_id = ?", "c", run_id) >= RUN_EVENTS)
		return db_fail(db, ERR_RATE_LIMITED, "%d signals wait for that run already.", RUN_EVENTS);
	if (db_int(db, 0, "SELECT sum(length(CAST(data AS BLOB))) FROM events WHERE run_id = ?", "c", run_id) + (int64_t)data.n > (int64_t)RUN_EVENTS_BYTES)
		return db_fail(db, ERR_RATE_LIMITED, "Signals with %u KB wait for that run already.", RUN_EVENTS_BYTES / KIB);
	return 0;
}

int event_add(struct db *db, const struct scope *sc, const char *run_id, struct str name, struct str data)
{
	char id[ID_LEN + 1];
	int err = check_room(db, run_id, data);
	id_new(id);
	if (!err)
		err = db_run(db, "INSERT INTO events (id, run_id, name, data, at) VALUES (?, ?, ?, ?, ?)", "ccssi", id, run_id, name, data, now_ms());
	if (!err)
		err = weigh(db, sc, run_id, ROW_BYTES + (int64_t)data.n);
	db_ring(db);
	return err ? err : db_run(db, "UPDATE runs SET due = ? WHERE id = ? AND state = 'waiting'", "ic", now_ms(), run_id);
}

int event_take(struct db *db, const struct scope *sc, const char *run_id, struct str names, struct buf *b)
{
	struct stmt *s = db_query(db, "DELETE FROM events WHERE id = (SELECT id FROM events WHERE run_id = ? AND "
				  "instr(?, '\"' || name || '\"') > 0 ORDER BY id LIMIT 1) RETURNING name, data", "cs", run_id, names);
	struct out o = OUT(b);
	int row = s ? stmt_row(s) : -db_fault(db)->err;
	if (row <= 0)
		return -row;
	out_object(&o);
	out_kstr(&o, "event", stmt_str(s, 0));
	out_kraw(&o, "data", stmt_str(s, 1));
	out_end(&o);
	int64_t bytes = ROW_BYTES + (int64_t)stmt_str(s, 1).n;
	stmt_done(s);
	return weigh(db, sc, run_id, -bytes);
}
