#include "store/apps.h"

#include "base/now.h"
#include "store/decision.h"
#include "store/files.h"
#include "store/job.h"
#include "store/limit.h"
#include "store/run.h"
#include "store/snapshot.h"
#include "store/topic.h"

#define APP_COLUMNS                                                                                                          \
	"SELECT a.id, a.name, a.title, a.source, a.origin, a.state, a.version, a.rev, a.created, a.changed, a.purged, v.package, v.commit_id, " \
	"v.installed, a.paused, a.suspended, (SELECT count(*) FROM applied WHERE app_id = a.id) FROM apps a LEFT JOIN versions v ON v.app_id = a.id AND v.version = a.version "

static void read_app(struct stmt *s, struct arena *a, struct app_row *r)
{
	*r = (struct app_row){
		.id = stmt_dup(s, 0, a), .name = stmt_dup(s, 1, a), .title = stmt_dup(s, 2, a), .source = stmt_dup(s, 3, a),
		.origin = stmt_dup(s, 4, a), .state = stmt_dup(s, 5, a), .version = stmt_int(s, 6), .rev = stmt_int(s, 7),
		.created = stmt_int(s, 8), .changed = stmt_int(s, 9), .purged = stmt_int(s, 10) != 0, .package = stmt_dup(s, 11, a),
		.commit = stmt_dup(s, 12, a), .installed = stmt_int(s, 13), .paused = stmt_int(s, 14),
		.suspended = stmt_int(s, 15), .migrated = stmt_int(s, 16),
	};
}

static struct app_row *one_app(struct db *db, struct arena *a, const char *sql, struct str key)
{
	struct app_row *r = NULL;
	struct stmt *s = db_query(db, sql, "s", key);
	if (s && stmt_row(s) > 0) {
		r = NEW(a, struct app_row);
		read_app(s, a, r);
		stmt_done(s);
	}
	return r;
}

struct app_row *app_row_by_name(struct db *db, struct arena *a, struct str name)
{
	return one_app(db, a, APP_COLUMNS "WHERE a.name = ? AND a.state <> 'removed'", name);
}

struct app_row *app_row_by_id(struct db *db, struct arena *a, struct str id)
{
	return one_app(db, a, APP_COLUMNS "WHERE a.id = ? AND a.state <> 'removed'", id);
}

struct app_row *app_row_removed(struct db *db, struct arena *a, struct str name)
{
	return one_app(db, a, APP_COLUMNS "WHERE a.name = ? AND a.state = 'removed' ORDER BY a.changed DESC LIMIT 1", name);
}

int app_rows(struct db *db, struct arena *a, struct app_row **list)
{
	int n = 0, row = 0;
	int64_t most = db_int(db, 0, "SELECT count(*) FROM apps WHERE state <> 'removed'", "");
	*list = arena_alloc(a, (size_t)(most + 1) * sizeof **list);
	struct stmt *s = db_query(db, APP_COLUMNS "WHERE a.state <> 'removed' ORDER BY a.name", "");
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < most)
			read_app(s, a, &(*list)[n++]);
	return row < 0 ? row : n;
}

int64_t app_rev(struct db *db, const char *id)
{
	return db_int(db, 0, "SELECT rev FROM apps WHERE id = ? AND state <> 'removed'", "c", id);
}

/* ---- changes ---- */

int app_changed(struct db *db, const char *id)
{
	db_touch(db);
	return db_run(db, "UPDATE apps SET rev = rev + 1, changed = ? WHERE id = ?", "ic", now_ms(), id);
}

int app_insert(struct db *db, const struct app_row *app)
{
	db_touch(db);
	return db_run(db,
		      "INSERT INTO apps (id, name, title, source, origin, state, version, rev, purged, created, changed)"
		      " VALUES (?, ?, ?, ?, ?, 'enabled', 0, 1, 0, ?6, ?6)", "ccccci", app->id, app->name, app->title, app->source, app->origin, now_ms());
}

int app_revive(struct db *db, const struct app_row *app)
{
	int err = db_run(db, "UPDATE apps SET state = 'enabled', title = ?, source = ?, origin = ? WHERE id = ?", "cccc", app->title, app->source,
			 app->origin, app->id);
	return err ? err : app_changed(db, app->id);
}

int app_source(struct db *db, const char *id, const char *source, const char *origin)
{
	int err = db_run(db, "UPDATE apps SET source = ?, origin = ? WHERE id = ?", "ccc", source, origin, id);
	return err ? err : app_changed(db, id);
}

#define UNUSED_VERSIONS "versions WHERE app_id = ?1 AND version NOT IN (?2, ?3) AND version NOT IN (SELECT version FROM runs WHERE app_id = ?1 " \
	"AND ended = 0) AND version NOT IN (SELECT DISTINCT version FROM runs WHERE app_id = ?1 AND state = 'failed' ORDER BY version DESC LIMIT 4)"

/* Keep the version that serves, the one before it, those that runs are on, and a few that failed runs may be tried again on. */
static int drop_old(struct db *db, struct arena *a, const char *id, int64_t current, int64_t previous)
{
	static const char unused[] = "SELECT version FROM " UNUSED_VERSIONS " LIMIT 1";
	int err = 0;
	for (int64_t version; !err && (version = db_int(db, 0, unused, "cii", id, current, previous));) {
		const char *package = version_package(db, a, id, version);
		err = db_run(db, "DELETE FROM versions WHERE app_id = ? AND version = ?", "ci", id, version);
		if (!err && package)
			err = package_sweep(db, package);
	}
	return err;
}

int app_advance(struct db *db, const struct app_row *app, const char *package, const char *commit, int64_t *version)
{
	struct arena *a = arena_new();
	*version = 1 + db_int(db, app->version, "SELECT coalesce(max(version), 0) FROM versions WHERE app_id = ?", "c", app->id);
	*version = MAX(*version, app->version + 1);
	int err = db_run(db, "INSERT INTO versions (app_id, version, package, commit_id, installed) VALUES (?, ?, ?, ?, ?)", "cicci",
			 app->id, *version, package, commit, now_ms());
	if (!err)
		err = app_point(db, app->id, *version, app->title);
	if (!err)
		err = drop_old(db, a, app->id, *version, app->version);
	arena_free(a);
	return err;
}

int64_t app_previous(struct db *db, const char *id, int64_t version)
{
	return db_int(db, 0, "SELECT coalesce(max(version), 0) FROM versions WHERE app_id = ? AND version < ? AND installed > 0", "ci", id, version);
}

/* A version that was taken back stays while runs need it; nobody goes back to it. */
int app_point(struct db *db, const char *id, int64_t version, const char *title)
{
	int err = db_run(db, "UPDATE apps SET version = ?, title = ?, paused = 0, suspended = 0, suspension = 0 WHERE id = ?", "icc", version, title, id);
	if (!err)
		err = db_run(db, "UPDATE versions SET installed = 0 WHERE app_id = ? AND version > ?", "ci", id, version);
	if (!err)
		err = decision_moved(db, id, version);
	if (!err)
		err = run_release(db, id);
	return err ? err : app_changed(db, id);
}

int app_pause(struct db *db, const char *id, int64_t until)
{
	int err = db_run(db, "UPDATE apps SET paused = ? WHERE id = ?", "ic", until, id);
	return err ? err : app_changed(db, id);
}

int app_state(struct db *db, const char *id, const char *state)
{
	int err = db_run(db, "UPDATE apps SET state = ?, suspended = 0, suspension = 0 WHERE id = ?", "cc", state, id);
	if (!err)
		err = run_release(db, id);
	if (!err)
		err = job_settle(db, id);
	return err ? err : app_changed(db, id);
}

int64_t app_suspended(struct db *db, const char *id)
{
	return db_int(db, 0, "SELECT suspended FROM apps WHERE id = ?", "c", id);
}

int app_suspend(struct db *db, const char *id, int64_t *until)
{
	int64_t now = now_ms();
	int64_t before = app_suspended(db, id);
	int64_t span = db_int(db, 0, "SELECT suspension FROM apps WHERE id = ?", "c", id);
	*until = 0;
	if (before > now)
		return 0;
	span = span && now - before < 10 * SUSPENSION_MS ? MIN(2 * span, (int64_t)SUSPENSION_MAX_MS) : SUSPENSION_MS;
	*until = now + span;
	int err = db_run(db, "UPDATE apps SET suspended = ?, suspension = ? WHERE id = ?", "iic", *until, span, id);
	return err ? err : app_changed(db, id);
}

/* What was or was to become a version of this app. */
static int drop_candidates(struct db *db, struct arena *a, const char *id)
{
	struct candidate *list;
	int n = candidate_rows(db, a, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++)
		if (!strcmp(list[i].for_app, id))
			err = candidate_delete(db, list[i].id, "stale");
	return err;
}

int app_forget(struct db *db, const char *id, bool purged)
{
	struct arena *a = arena_new();
	int err = drop_candidates(db, a, id);
	if (!err)
		err = run_forget(db, id, purged);
	if (!err)
		err = job_forget(db, id, purged);
	if (!err)
		err = db_run(db, "DELETE FROM grants WHERE app_id = ?", "c", id);
	if (!err)
		err = db_run(db, "DELETE FROM env WHERE app_id = ?", "c", id);
	if (!err)
		err = db_run(db, "DELETE FROM hosts WHERE app_id = ?", "c", id);
	if (!err)
		err = db_run(db, "DELETE FROM tokens WHERE app_id = ?", "c", id);
	if (!err)
		err = limit_clear(db, id, NULL);
	if (!err)
		err = topic_forget(db, id);
	if (!err)
		err = db_run(db, "UPDATE apps SET state = 'removed', purged = ? WHERE id = ?", "ic", (int64_t)purged, id);
	if (!err)
		err = drop_old(db, a, id, -1, -1);
	if (!err)
		err = snapshot_drop(db, id);
	if (!err && purged)
		err = applied_clear(db, id);
	if (!err)
		err = app_changed(db, id);
	arena_free(a);
	return err;
}

const char *version_package(struct db *db, struct arena *a, const char *id, int64_t version)
{
	return db_text(db, a, "SELECT package FROM versions WHERE app_id = ? AND version = ?", "ci", id, version);
}

/* ---- grants ---- */

int grants_list(struct db *db, struct arena *a, const char *app_id, struct grant **list)
{
	int n = 0, row = 0;
	int64_t most = db_int(db, 0, "SELECT count(*) FROM grants WHERE app_id = ?", "c", app_id);
	*list = arena_alloc(a, (size_t)(most + 1) * sizeof **list);
	struct stmt *s = db_query(db, "SELECT permission, about FROM grants WHERE app_id = ? ORDER BY permission", "c", app_id);
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < most)
			(*list)[n++] = (struct grant){stmt_dup(s, 0, a), stmt_dup(s, 1, a)};
	return row < 0 ? row : n;
}

int grant_add(struct db *db, const char *app_id, const char *permission, const char *about)
{
	int err = db_run(db, "INSERT INTO grants (app_id, permission, granted, about) VALUES (?, ?, ?, ?) "
			 "ON CONFLICT (app_id, permission) DO UPDATE SET about = excluded.about",
			 "ccic", app_id, permission, now_ms(), about);
	if (!err)
		err = job_settle(db, app_id);
	return err ? err : app_changed(db, app_id);
}

int grant_remove(struct db *db, const char *app_id, const char *permission)
{
	int err = db_run(db, "DELETE FROM grants WHERE app_id = ? AND permission = ?", "cc", app_id, permission);
	if (!err)
		err = job_settle(db, app_id);
	return err ? err : app_changed(db, app_id);
}

int64_t app_usage(struct db *db, const char *app_id, enum usage what)
{
	static const char *const texts[] = {"SELECT bytes FROM usage WHERE app_id = ?", "SELECT rows FROM usage WHERE app_id = ?",
					    "SELECT files FROM usage WHERE app_id = ?"};
	return db_int(db, 0, texts[what], "c", app_id);
}

/* ---- data migrations ---- */

struct stmt *applied_query(struct db *db, const char *app_id)
{
	return db_query(db, "SELECT name FROM applied WHERE app_id = ? ORDER BY name", "c", app_id);
}

bool applied_is(struct db *db, const char *app_id, const char *name)
{
	return db_int(db, 0, "SELECT 1 FROM applied WHERE app_id = ? AND name = ?", "cc", app_id, name) != 0;
}

int applied_add(struct db *db, const char *app_id, const char *name)
{
	return db_run(db, "INSERT INTO applied (app_id, name, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", "cci", app_id, name, now_ms());
}

int applied_clear(struct db *db, const char *app_id)
{
	return db_run(db, "DELETE FROM applied WHERE app_id = ?", "c", app_id);
}

/* ---- candidates ---- */

#define CANDIDATE_COLUMNS                                                                                                    \
	"SELECT id, state, progress, source, origin, name, for_app, package, commit_id, reason, code, error, local, created, changed, rehearsal, trial, "   \
	"asked_by, run_id, words, base, expires FROM candidates "

static void read_candidate(struct stmt *s, struct arena *a, struct candidate *c)
{
	*c = (struct candidate){
		.id = stmt_dup(s, 0, a), .state = stmt_dup(s, 1, a), .progress = stmt_dup(s, 2, a), .source = stmt_dup(s, 3, a),
		.origin = stmt_dup(s, 4, a), .name = stmt_dup(s, 5, a), .for_app = stmt_dup(s, 6, a), .package = stmt_dup(s, 7, a),
		.commit = stmt_dup(s, 8, a), .reason = stmt_dup(s, 9, a), .code = stmt_dup(s, 10, a), .error = stmt_dup(s, 11, a),
		.local = stmt_int(s, 12) != 0, .created = stmt_int(s, 13), .changed = stmt_int(s, 14), .rehearsal = stmt_dup(s, 15, a),
		.trial = stmt_dup(s, 16, a), .asked_by = stmt_dup(s, 17, a), .run_id = stmt_dup(s, 18, a), .words = stmt_dup(s, 19, a),
		.base = stmt_int(s, 20), .expires = stmt_int(s, 21),
	};
}

struct candidate *candidate_get(struct db *db, struct arena *a, struct str id)
{
	struct candidate *c = NULL;
	struct stmt *s = db_query(db, CANDIDATE_COLUMNS "WHERE id = ?", "s", id);
	if (s && stmt_row(s) > 0) {
		c = NEW(a, struct candidate);
		read_candidate(s, a, c);
		stmt_done(s);
	}
	return c;
}

int candidate_rows(struct db *db, struct arena *a, struct candidate **list)
{
	int n = 0, row = 0;
	int64_t most = db_int(db, 0, "SELECT count(*) FROM candidates", "");
	*list = arena_alloc(a, (size_t)(most + 1) * sizeof **list);
	struct stmt *s = db_query(db, CANDIDATE_COLUMNS "ORDER BY id", "");
	if (!s)
		return -db_fault(db)->err;
	while ((row = stmt_row(s)) > 0)
		if (n < most)
			read_candidate(s, a, &(*list)[n++]);
	return row < 0 ? row : n;
}

/* Each holds a package, and not everyone who may fetch one decides what becomes of it. What apps propose takes no room from what
 * the owner fetches. */
static int candidates_bound(struct db *db, const char *for_app, bool proposed)
{
	int64_t all = db_int(db, 0, "SELECT count(*) FROM candidates WHERE state IN ('fetching', 'ready') AND (asked_by <> '') = ?", "i", (int64_t)proposed);
	int64_t own = db_int(db, 0, "SELECT count(*) FROM candidates WHERE state IN ('fetching', 'ready') AND for_app <> '' AND for_app = ? AND "
			     "(asked_by <> '') = ?", "ci", for_app, (int64_t)proposed);
	if (all < CANDIDATES_MAX && own < CANDIDATES_APP)
		return 0;
	return db_fail(db, ERR_TOO_LARGE, "%lld packages wait already; decide about them, or throw them away with: fazt-admin app discard ID",
		       (long long)(own < CANDIDATES_APP ? all : own));
}

static const char *or_none(const char *text)
{
	return text ? text : "";
}

int candidate_insert(struct db *db, const struct candidate *c)
{
	int err = candidates_bound(db, c->for_app, *or_none(c->asked_by));
	if (err)
		return err;
	return db_run(db,
		      "INSERT INTO candidates (id, state, progress, source, origin, local, name, for_app, package, commit_id, reason, code, error,"
		      " created, changed, asked_by, run_id, words, base, expires) VALUES (?, 'fetching', '', ?, ?, ?, ?, ?, '', '', '', '', '', ?7, ?7, ?, ?, ?, ?, ?)",
		      "ccciccicccii", c->id, c->source, c->origin, (int64_t)c->local, c->name, c->for_app, now_ms(), or_none(c->asked_by), or_none(c->run_id),
		      or_none(c->words), c->base, c->expires);
}

char *candidate_same(struct db *db, struct arena *a, const struct candidate *c)
{
	char *id = db_text(db, a, "SELECT id FROM candidates WHERE asked_by = ? AND for_app = ? AND name = ? AND package = ? AND base = ? AND words = ? "
			   "AND state IN ('fetching', 'ready')", "ccccic", c->asked_by, c->for_app, c->name, c->package, c->base, c->words);
	if (id && (db_run(db, "UPDATE candidates SET expires = max(expires, ?) WHERE id = ?", "ic", c->expires, id) ||
		   db_run(db, "UPDATE decisions SET expires = max(expires, ?) WHERE id = ?", "ic", c->expires, id)))
		return NULL;
	return id;
}

int candidate_progress(struct db *db, const char *id, const char *progress)
{
	return db_run(db, "UPDATE candidates SET progress = ?, changed = ? WHERE id = ?", "cic", progress, now_ms(), id);
}

int candidate_tried(struct db *db, const char *id, struct str trial)
{
	return db_run(db, "UPDATE candidates SET trial = ?, changed = ? WHERE id = ?", "sic", trial, now_ms(), id);
}

int candidate_package(struct db *db, const char *id, const char *package, const char *commit, const char *origin)
{
	int err = db_run(db, "UPDATE candidates SET package = ?, commit_id = ?, origin = ?, changed = ? WHERE id = ?", "cccic", package, commit, origin,
			 now_ms(), id);
	return err || db_changes(db) ? err : db_fail(db, ERR_CONFLICT, "it was thrown away meanwhile");
}

int candidate_rehearsed(struct db *db, const char *id, const char *rehearsal)
{
	return db_run(db, "UPDATE candidates SET rehearsal = ?, changed = ? WHERE id = ?", "cic", rehearsal, now_ms(), id);
}

int candidate_ready(struct db *db, const char *id, const char *reason)
{
	int err = db_run(db, "UPDATE candidates SET state = 'ready', progress = '', reason = ?, changed = ? WHERE id = ?", "cic", reason, now_ms(), id);
	return err ? err : decision_package(db, id, reason);
}

int candidate_installed(struct db *db, const char *id, const char *app_id)
{
	return db_run(db, "UPDATE candidates SET state = 'installed', reason = '', for_app = ?, changed = ? WHERE id = ?", "cic", app_id, now_ms(), id);
}

static int forget_candidate(struct db *db, const char *id, bool installed)
{
	struct arena *a = arena_new();
	const char *package = db_text(db, a, "SELECT package FROM candidates WHERE id = ? AND (state <> 'installed' OR ?)", "ci", id, (int64_t)installed);
	int err = package ? db_run(db, "DELETE FROM candidates WHERE id = ?", "c", id) : 0;
	if (!err && package && *package)
		err = package_sweep(db, package);
	if (!err && package)
		err = run_wake(db, id);
	arena_free(a);
	return err;
}

/* What an app proposed and came to nothing is there for it to hear of: without its package, and the last few only. */
static int forget_failures(struct db *db, const char *id)
{
	static const char old[] = "SELECT id FROM candidates WHERE state = 'failed' AND asked_by = ? ORDER BY id DESC LIMIT 1 OFFSET ?";
	struct arena *a = arena_new();
	struct candidate *c = candidate_get(db, a, str_of(id));
	bool proposed = c && *c->asked_by;
	int err = proposed ? db_run(db, "UPDATE candidates SET package = '' WHERE id = ?", "c", id) : 0;
	if (!err && proposed)
		err = package_sweep(db, c->package);
	for (const char *one; !err && proposed && (one = db_text(db, a, old, "ci", c->asked_by, (int64_t)CANDIDATES_FAILED));)
		err = forget_candidate(db, one, false);
	arena_free(a);
	return err;
}

int candidate_failed(struct db *db, const char *id, const char *code, const char *error)
{
	int err = db_run(db, "UPDATE candidates SET state = 'failed', progress = '', code = ?, error = ?, changed = ? WHERE id = ? AND state = 'fetching'",
			 "ccic", code, error, now_ms(), id);
	if (!err && db_changes(db))
		err = forget_failures(db, id);
	return err ? err : run_wake(db, id);
}

int candidate_drop(struct db *db, const char *id)
{
	return forget_candidate(db, id, false);
}

int candidate_delete(struct db *db, const char *id, const char *end)
{
	int err = decision_pending(db, id) ? decision_end(db, id, end, "", STR_NONE, STR_NONE) : 0;
	return err ? err : forget_candidate(db, id, true);
}

int candidates_reap(struct db *db, int64_t before)
{
	struct arena *a = arena_new();
	struct candidate *list;
	int n = candidate_rows(db, a, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++)
		if (list[i].changed < before && !(*list[i].asked_by && !strcmp(list[i].state, "ready")))
			err = candidate_delete(db, list[i].id, "expired");
	arena_free(a);
	return err;
}
