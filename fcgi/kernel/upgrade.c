#include "kernel/upgrade.h"

#include <time.h>

#include "base/now.h"
#include "codec/version.h"
#include "kernel/grant.h"
#include "kernel/package.h"
#include "kernel/portable.h"
#include "kernel/sentence.h"
#include "store/snapshot.h"

#define PAUSE_MS 30000           /* pushed on while it goes on; whoever is killed leaves no longer one */
#define TRIES 30                 /* with the app paused: the requests that were under way end within its deadline */
#define TRY_MS 500
#define SNAPSHOT_CHEAP (8 * MIB) /* of rows: kept before every upgrade, not only before one that migrates */

upgrade_test_fn *upgrade_test;

/* ---- what it asks for ---- */

bool upgrade_goes_back(const struct manifest *m, const struct manifest *than)
{
	return than->version && m->version && version_compare(str_of(m->version), str_of(than->version)) < 0;
}

const char *upgrade_reason(struct db *db, struct arena *a, const struct app_row *app, const char *origin, const struct manifest *m)
{
	struct manifest *before;
	if (package_manifest(db, a, app->package, &before))
		return "The version that serves now cannot be read.";
	if (strcmp(app->origin, origin))
		return "It comes from another place than the version that serves now.";
	for (int i = 0; i < m->npermissions; i++)
		if (!manifest_asks(before, str_of(m->permission[i])))
			return grant_sentence(str_of(m->permission[i]), a);
	if (upgrade_goes_back(m, before))
		return arena_printf(a, "It is older (%s) than the version that serves now (%s).", m->version, before->version);
	return manifest_wider(before, m, NULL, a);
}

/* ---- rehearsing ---- */

static int plan(struct node *n, const struct app_row *app, const char *package, struct migration **m, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	*m = NULL;
	int err = db ? migration_plan(n, db, app, package, m) : f->err;
	db_return(db);
	return err;
}

static void write_migrations(struct out *o, const struct migration *m)
{
	out_key(o, "migrations");
	out_array(o);
	for (int i = 0; m && i < m->files.n; i++)
		out_cstr(o, m->files.path[i] + strlen(MIGRATION_FOLDER));
	out_end(o);
	out_kint(o, "rows", m ? m->rows : 0);
	out_kint(o, "changed", m ? m->changed : 0);
}

int upgrade_rehearse(struct node *n, const struct app_row *app, const char *package, progress_fn *progress, void *arg, struct out *o,
		     struct migration **m, struct fault *f)
{
	int err = plan(n, app, package, m, f);
	if (!err && *m)
		err = migration_compute(*m, progress, arg, f);
	out_object(o);
	write_migrations(o, *m);
	if (!err && upgrade_test)
		err = upgrade_test(n, app, package, progress, arg, o, f);
	out_end(o);
	return err;
}

int upgrade_compute(struct node *n, const struct app_row *app, const char *package, struct migration **m, struct fault *f)
{
	int err = plan(n, app, package, m, f);
	return err || !*m ? err : migration_compute(*m, NULL, NULL, f);
}

/* ---- switching ---- */

struct pausing {
	struct migration *m;
	progress_fn *progress;
	void *arg;
	struct fault *fault;
};

static int pause_until(struct pausing *p, int64_t until, struct fault *f)
{
	struct db *db = db_borrow(p->m->node->store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	if (!err)
		err = app_pause(db, p->m->files.app_id, until);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

static int go_on(void *arg, const char *text)
{
	struct pausing *p = arg;
	int err = p->progress ? p->progress(p->arg, text) : 0;
	return err ? err : pause_until(p, now_ms() + PAUSE_MS, p->fault);
}

static int again(struct pausing *p, switch_fn *transaction, void *arg)
{
	int err = pause_until(p, now_ms() + PAUSE_MS, p->fault);
	for (int tries = 0; !err && tries < TRIES; tries++) {
		fault_clear(p->fault);
		err = migration_compute(p->m, go_on, p, p->fault);
		if (!err && ((err = transaction(arg)) != ERR_STALE || !p->m->moved))
			break;
		if (err == ERR_STALE && tries < TRIES - 1)
			err = 0;
		nanosleep(&(struct timespec){.tv_nsec = TRY_MS * 1000000l}, NULL);
	}
	return err;
}

int upgrade_switch(struct migration *m, progress_fn *progress, void *parg, switch_fn *transaction, void *arg, struct fault *f)
{
	struct pausing p = {m, progress, parg, f};
	struct fault ignored = {0};
	int err = transaction(arg);
	if (err != ERR_STALE || !m || !m->moved)
		return err;
	err = again(&p, transaction, arg);
	if (err)
		pause_until(&p, 0, &ignored);
	return err;
}

/* ---- in the transaction ---- */

static bool worth_keeping(struct db *db, const struct app_row *app, const struct migration *m)
{
	return app->version && app->package && (m || app_usage(db, app->id, USAGE_BYTES) <= (int64_t)SNAPSHOT_CHEAP);
}

int upgrade_rows(struct node *n, struct db *db, struct arena *a, const struct app_row *app, const char *package, struct migration *m)
{
	int err = app->package ? migration_current(n, db, app, package, m) : 0;
	if (!err)
		err = snapshot_drop(db, app->id);
	if (!err && worth_keeping(db, app, m))
		err = portable_snapshot(n, db, app);
	if (!err && m)
		err = migration_apply(m, db);
	return err ? err : migration_done(db, a, app->id, package);
}
