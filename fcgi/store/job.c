#include "store/job.h"

#include "base/now.h"

/* Invariant: a job whose app is off or lacks the permission, or that is paused, has no due. */

#define COLUMNS "app_id, name, schedule, zone, handler, held, run, input, overlap, catchup, most, delay, next, due, last, missed"
#define PRUNE 100

static void read_job(struct stmt *s, struct arena *a, struct job *j)
{
	const char **texts[] = {&j->app_id, &j->name, &j->schedule, &j->zone, &j->handler, &j->held, &j->run};
	int64_t *numbers[] = {&j->overlap, &j->catchup, &j->most, &j->delay, &j->next, &j->due, &j->last, &j->missed};
	int col = 0;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		*texts[i] = stmt_dup(s, col++, a);
	j->input = arena_str(a, stmt_str(s, col++));
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++, col++)
		*numbers[i] = stmt_null(s, col) ? JOB_NEVER : stmt_int(s, col);
}

/* ---- the jobs of an app ---- */

/* Until job_keep says otherwise they are not there any more. */
int job_begin(struct db *db, const char *app_id)
{
	return db_run(db, "UPDATE jobs SET handler = '' WHERE app_id = ?", "c", app_id);
}

int job_keep(struct db *db, const struct job *j)
{
	return db_run(db,
		      "INSERT INTO jobs (" COLUMNS ") VALUES (?, ?, ?, ?, ?, '', '', ?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT (app_id, name) DO UPDATE SET "
		      "handler = excluded.handler, input = excluded.input, overlap = excluded.overlap, catchup = excluded.catchup, most = excluded.most, "
		      "next = iif(schedule = excluded.schedule AND zone = excluded.zone, next, excluded.next), "
		      "due = iif(due IS NULL, NULL, iif(schedule = excluded.schedule AND zone = excluded.zone, next + excluded.delay, excluded.due)), "
		      "delay = excluded.delay, schedule = excluded.schedule, zone = excluded.zone",
		      "cccccsiiiiii", j->app_id, j->name, j->schedule, j->zone, j->handler, j->input, j->overlap, j->catchup, j->most, j->delay, j->next,
		      j->due);
}

int job_rest(struct db *db, const char *app_id)
{
	int err = db_run(db, "DELETE FROM jobs WHERE app_id = ? AND handler = ''", "c", app_id);
	return err ? err : job_settle(db, app_id);
}

static const char *held(struct db *db, const char *app_id)
{
	if (!db_int(db, 0, "SELECT 1 FROM apps WHERE id = ? AND state = 'enabled'", "c", app_id))
		return HELD_DISABLED;
	if (!db_int(db, 0, "SELECT 1 FROM grants WHERE app_id = ? AND permission = 'schedule'", "c", app_id))
		return HELD_PERMISSION;
	return NULL;
}

int job_settle(struct db *db, const char *app_id)
{
	const char *why = held(db, app_id);
	db_ring(db);
	if (why)
		return db_run(db, "UPDATE jobs SET held = ?2, due = NULL WHERE app_id = ?1 AND held NOT IN ('paused', 'disabled', 'permission')", "cc", app_id, why);
	return db_run(db, "UPDATE jobs SET due = ?2 WHERE app_id = ?1 AND held IN ('disabled', 'permission', 'suspended')", "ci", app_id, now_ms());
}

int job_pause(struct db *db, const char *app_id, const char *name, bool pause)
{
	if (pause)
		return db_run(db, "UPDATE jobs SET held = 'paused', due = NULL WHERE app_id = ? AND name = ?", "cc", app_id, name);
	int err = held(db, app_id) ? db_run(db, "UPDATE jobs SET held = ? WHERE app_id = ? AND name = ? AND held = 'paused'", "ccc", held(db, app_id), app_id, name)
				   : db_run(db, "UPDATE jobs SET due = ? WHERE app_id = ? AND name = ? AND held = 'paused'", "icc", now_ms(), app_id, name);
	db_ring(db);
	return err;
}

int job_forget(struct db *db, const char *app_id, bool purged)
{
	int err = db_run(db, "DELETE FROM jobs WHERE app_id = ?", "c", app_id);
	return err || !purged ? err : db_run(db, "DELETE FROM firings WHERE app_id = ?", "c", app_id);
}

/* ---- looking ---- */

bool job_get(struct db *db, struct arena *a, const char *app_id, struct str name, struct job *j)
{
	struct stmt *s = db_query(db, "SELECT " COLUMNS " FROM jobs WHERE app_id = ? AND name = ?", "cs", app_id, name);
	bool found = s && stmt_row(s) == 1;
	if (found) {
		read_job(s, a, j);
		stmt_done(s);
	}
	return found;
}

int job_rows(struct db *db, struct arena *a, const char *app_id, struct job **list)
{
	int n = 0, row = 0;
	int64_t most = db_int(db, 0, "SELECT count(*) FROM jobs WHERE ?1 IS NULL OR app_id = ?1", "c", app_id);
	*list = arena_alloc(a, (size_t)(most + 1) * sizeof **list);
	struct stmt *s = db_query(db, "SELECT " COLUMNS " FROM jobs WHERE ?1 IS NULL OR app_id = ?1 ORDER BY next, app_id, name", "c", app_id);
	while (s && n < most && (row = stmt_row(s)) == 1)
		read_job(s, a, &(*list)[n++]);
	if (s && row == 1)
		stmt_done(s);
	return !s ? -db_fault(db)->err : row < 0 ? row : n;
}

const char *job_state(struct db *db, struct arena *a, const struct job *j)
{
	return *j->run ? db_text(db, a, "SELECT state FROM runs WHERE id = ?", "c", j->run) : NULL;
}

bool job_runs(struct db *db, const struct job *j)
{
	return *j->run && db_int(db, 0, "SELECT 1 FROM runs WHERE id = ? AND ended = 0", "c", j->run);
}

/* ---- moving ---- */

int64_t job_next(struct db *db)
{
	return db_int(db, JOB_NEVER, "SELECT due FROM jobs WHERE due IS NOT NULL ORDER BY due LIMIT 1", "");
}

int job_claim(struct db *db, struct arena *a, int64_t now, struct job *j)
{
	struct stmt *s = db_query(db, "UPDATE jobs SET due = NULL WHERE (app_id, name) = (SELECT app_id, name FROM jobs WHERE due <= ? ORDER BY due LIMIT 1) "
				  "RETURNING " COLUMNS, "i", now);
	int row = s ? stmt_row(s) : -db_fault(db)->err;
	if (row <= 0)
		return row;
	read_job(s, a, j);
	stmt_done(s);
	return 1;
}

int job_put(struct db *db, const struct job *j)
{
	int err = db_run(db, "UPDATE jobs SET held = ?, next = ?, last = ?, run = ? WHERE app_id = ? AND name = ?", "ciiccc", j->held, j->next, j->last, j->run,
			 j->app_id, j->name);
	return err || j->due == JOB_NEVER ? err : db_run(db, "UPDATE jobs SET due = ? WHERE app_id = ? AND name = ?", "icc", j->due, j->app_id, j->name);
}

int job_ended(struct db *db, const char *run_id)
{
	return db_run(db, "UPDATE jobs SET due = ? WHERE run = ? AND run <> '' AND held = 'overlap'", "ic", now_ms(), run_id);
}

/* ---- the ledger ---- */

static int add(struct db *db, const struct job *j, const struct firing *f)
{
	char id[ID_LEN + 1];
	id_new(id);
	return db_run(db, "INSERT INTO firings (id, app_id, job, due, until, times, at, run_id, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", "ccciiiicc",
		      id, j->app_id, j->name, f->due, f->until, f->times, now_ms(), f->run, f->reason);
}

int firing_add(struct db *db, const struct job *j, int64_t moment, const char *run_id, const char *reason)
{
	return add(db, j, &(struct firing){.due = moment, .until = moment, .times = 1, .run = run_id, .reason = reason});
}

int firing_missed(struct db *db, const struct job *j, int64_t from, int64_t until, int64_t times, const char *reason)
{
	int err = db_run(db, "UPDATE jobs SET missed = missed + ? WHERE app_id = ? AND name = ?", "icc", times, j->app_id, j->name);
	if (!err)
		err = db_run(db, "UPDATE firings SET until = ?, times = times + ?, at = ? WHERE id = (SELECT id FROM firings WHERE app_id = ? AND job = ? "
			     "ORDER BY id DESC LIMIT 1) AND run_id = '' AND reason = ?", "iiiccc", until, times, now_ms(), j->app_id, j->name, reason);
	if (err || db_changes(db))
		return err;
	return add(db, j, &(struct firing){.due = from, .until = until, .times = times, .run = "", .reason = reason});
}

int firing_rows(struct db *db, struct arena *a, const char *app_id, const char *job, int64_t limit, struct firing **list)
{
	int n = 0, row = 0;
	*list = arena_alloc(a, (size_t)(limit + 1) * sizeof **list);
	struct stmt *s = db_query(db, "SELECT f.app_id, f.job, f.run_id, f.reason, r.state, f.due, f.until, f.times, f.at FROM firings f "
				  "LEFT JOIN runs r ON r.id = f.run_id AND f.run_id <> '' WHERE (?1 IS NULL OR f.app_id = ?1) AND (?2 IS NULL OR f.job = ?2) "
				  "ORDER BY f.id DESC LIMIT ?3", "cci", app_id, job, limit);
	while (s && n < limit && (row = stmt_row(s)) == 1)
		(*list)[n++] = (struct firing){.app_id = stmt_dup(s, 0, a), .job = stmt_dup(s, 1, a), .run = stmt_dup(s, 2, a), .reason = stmt_dup(s, 3, a),
					       .state = stmt_dup(s, 4, a), .due = stmt_int(s, 5), .until = stmt_int(s, 6), .times = stmt_int(s, 7),
					       .at = stmt_int(s, 8)};
	if (s && row == 1)
		stmt_done(s);
	return !s ? -db_fault(db)->err : row < 0 ? row : n;
}

int firing_prune(struct db *db, int64_t before, int64_t keep)
{
	int err = db_run(db, "DELETE FROM firings WHERE id IN (SELECT id FROM firings WHERE at < ?1 UNION SELECT id FROM (SELECT id, row_number() OVER "
			 "(PARTITION BY app_id ORDER BY id DESC) AS nth FROM firings) WHERE nth > ?2 LIMIT ?3)", "iii", before, keep, (int64_t)PRUNE);
	return err ? -err : (int)db_changes(db);
}
