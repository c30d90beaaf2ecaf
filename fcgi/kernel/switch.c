#include "kernel/switch.h"

#include "base/id.h"
#include "base/log.h"
#include "base/now.h"
#include "kernel/clock.h"
#include "kernel/grant.h"
#include "kernel/import.h"
#include "kernel/install.h"
#include "kernel/publish.h"
#include "store/dev.h"
#include "store/docs.h"

int switch_transact(struct node *n, struct arena *a, switch_work *work, void *arg, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	if (!db)
		return f->err;
	int err = db_begin(db);
	if (!err)
		err = work(n, db, a, arg);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

void switch_follow_up(struct node *n, const char *name)
{
	struct fault f = {0};
	struct db *db = db_borrow(n->store, &f);
	if (db && docs_backfill(db))
		log_event(LOG_WARN, "index.failed", "app", name, "message", f.message, NULL);
	if (db)
		db_return(db);
	publish_app(n, name, NULL);
}

/* ---- the app, and what it is granted ---- */

static int resting(struct db *db, struct arena *a, struct app_row *app, bool *revive)
{
	struct app_row *gone = app_row_removed(db, a, str_of(app->name));
	*revive = false;
	if (!gone)
		return 0;
	if (!strcmp(gone->origin, app->origin)) {
		*revive = !gone->purged;
		app->id = gone->purged ? app->id : gone->id;
		app->version = gone->purged ? 0 : gone->version;
		return 0;
	}
	int64_t days = (gone->changed + NAME_REST_MS - now_ms()) / 86400000;
	return days < 0 ? 0 : db_fail(db, ERR_CONFLICT, "the name %s belonged to a removed app and rests for %lld more days; choose another with --name",
				      app->name, (long long)days + 1);
}

static int taken(struct db *db, const struct app_row *there, const struct app_row *app)
{
	bool same = !strcmp(there->source, app->source);
	return db_fail(db, ERR_CONFLICT, "an app called %s is installed already; choose another name with --name, or upgrade it: fazt-admin app upgrade %s%s%s",
		       app->name, app->name, same ? "" : " --source ", same ? "" : app->source);
}

int switch_make_app(struct db *db, struct arena *a, struct app_row *app)
{
	bool revive;
	const struct app_row *there = app_row_by_name(db, a, str_of(app->name));
	if (there)
		return taken(db, there, app);
	char *id = arena_alloc(a, ID_LEN + 1);
	id_new(id);
	app->id = id;
	int err = resting(db, a, app, &revive);
	if (err)
		return err;
	return revive ? app_revive(db, app) : app_insert(db, app);
}

enum giving { NOT_GIVEN, GIVEN_WITH_ALL, GIVEN_BY_NAME };

static enum giving given(int n, const struct str *permission, struct str name)
{
	enum giving g = NOT_GIVEN;
	for (int i = 0; i < n; i++)
		g = str_eq(permission[i], name) ? GIVEN_BY_NAME : g == NOT_GIVEN && str_is(permission[i], "all") ? GIVEN_WITH_ALL : g;
	return g;
}

/* One about an app that is not there cannot be given: who named it is told, with "all" it is left out. */
static int give(struct db *db, struct arena *a, const struct app_row *app, const char *permission, enum giving how)
{
	const char *about = import_about(db, a, permission);
	if (about)
		return grant_add(db, app->id, permission, about);
	if (how != GIVEN_BY_NAME)
		return 0;
	return db_fail(db, ERR_CONFLICT, "\"%s\" cannot be granted: there is no such app here; leave it out, and grant it when there is", permission);
}

static int drop_grants(struct db *db, struct arena *a, const char *app_id, const struct manifest *m)
{
	struct grant *list;
	int n = grants_list(db, a, app_id, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++)
		if (!manifest_asks(m, str_of(list[i].permission)))
			err = grant_remove(db, app_id, list[i].permission);
	return err;
}

/* Low risk is consented to with the app, high risk by name. What was given stays; a low-risk permission that the version
 * before asked for too and that is gone was taken back on purpose. */
static int add_grants(struct db *db, struct arena *a, const struct app_row *app, const struct manifest *m, int n, const struct str *permission)
{
	struct manifest *before = NULL;
	int err = app->package ? package_manifest(db, a, app->package, &before) : 0;
	for (int i = 0; !err && i < m->npermissions; i++) {
		struct str name = str_of(m->permission[i]);
		bool fresh = !before || !manifest_asks(before, name);
		enum giving how = given(n, permission, name);
		if (how || (fresh && grant_row(name)->risk == RISK_LOW))
			err = give(db, a, app, m->permission[i], how);
	}
	return err;
}

int switch_to(struct node *n, struct db *db, struct arena *a, const struct switching *s)
{
	int64_t version;
	int err = drop_grants(db, a, s->app->id, s->manifest);
	if (!err)
		err = add_grants(db, a, s->app, s->manifest, s->npermissions, s->permission);
	if (!err)
		err = upgrade_rows(n, db, a, s->app, s->package, s->migration);
	s->app->title = s->manifest->title;
	if (!err)
		err = app_advance(db, s->app, s->package, s->commit, &version);
	if (!err)
		s->app->version = version;
	if (!err)
		err = dev_solved(db, s->app->id);
	if (!err)
		err = clock_declare(n, db, a, s->app->id, s->manifest);
	return err ? err : docs_declare(db, s->app->id, s->manifest->collection, s->manifest->ncollections);
}
