#include "kernel/install.h"

#include "base/log.h"
#include "base/now.h"
#include "kernel/app.h"
#include "kernel/builtin.h"
#include "kernel/clock.h"
#include "kernel/folder.h"
#include "kernel/portable.h"
#include "kernel/switch.h"
#include "kernel/upgrade.h"
#include "store/dev.h"
#include "store/decision.h"
#include "store/docs.h"
#include "store/snapshot.h"

/* ---- consent ---- */

struct consenting {
	struct node *node;
	struct arena *arena;
	struct fault *fault;
	const struct consent *given;
	char *app_id;
	const char *name;
	struct migration *migration;
};

int install_asker(struct node *n, struct db *db, const char *app_id, const char *permission)
{
	struct app *app = app_by_id(n, db, str_of(app_id));
	bool may = app && app->state == APP_ENABLED && app_granted(app, permission);
	app_release(app);
	return may ? 0 : db_fail(db, ERR_CONFLICT, "The app that asks is gone, switched off, or may not ask any more: nothing comes of an answer.");
}

/* Its time is not over, and whoever asked may ask. */
static int still_asked(struct node *n, struct db *db, const struct candidate *c)
{
	if (c->expires && c->expires <= now_ms())
		return db_fail(db, ERR_CONFLICT, "The time for an answer is over.");
	return *c->asked_by ? install_asker(n, db, c->asked_by, PROPOSE) : 0;
}

static int consent_to(struct db *db, struct arena *a, struct consenting *q, const struct candidate *c)
{
	struct manifest *m;
	const struct consent *given = q->given;
	int err = package_manifest(db, a, c->package, &m);
	if (!err)
		err = still_asked(q->node, db, c);
	if (!err)
		err = decision_end(db, c->id, "approved", given->by, given->note, STR_NONE);
	if (err)
		return err;
	struct app_row *app = *c->for_app ? app_row_by_id(db, a, str_of(c->for_app)) : NEW(a, struct app_row);
	if (!app)
		return db_fail(db, ERR_CONFLICT, "the app was removed meanwhile");
	if (!*c->for_app) {
		*app = (struct app_row){.name = *c->name ? c->name : m->name, .title = m->title, .source = c->source, .origin = c->origin};
		err = switch_make_app(db, a, app);
	} else if (strcmp(app->origin, c->origin)) {
		err = app_source(db, app->id, c->source, c->origin);
	}
	struct switching s = {app, m, c->package, c->commit, given->npermissions, given->permission, q->migration};
	if (!err)
		err = switch_to(q->node, db, a, &s);
	if (!err && given->rows)
		err = given->rows(given->arg, db, app->id);
	if (!err)
		err = decision_applied(db, c->id, arena_printf(a, "%lld", (long long)app->version));
	if (!err)
		err = candidate_installed(db, c->id, app->id);
	snprintf(q->app_id, ID_LEN + 1, "%s", app->id);
	q->name = app->name;
	return err;
}

static int consent(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct consenting *q = arg;
	struct candidate *c = candidate_get(db, a, q->given->id);
	(void)n;
	if (!c)
		return db_fail(db, ERR_NOT_FOUND, "there is no such candidate; it may have been discarded");
	bool ready = !strcmp(c->state, "ready"), installed = !strcmp(c->state, "installed");
	if (!ready && !installed)
		return db_fail(db, ERR_STALE, "the package is not ready to be installed; look at it again");
	if (!str_is(q->given->hash, c->package))
		return db_fail(db, ERR_STALE, "the package is not the one that was shown; look at it again");
	if (ready)
		return consent_to(db, a, q, c);
	snprintf(q->app_id, ID_LEN + 1, "%s", c->for_app);
	return 0;
}

/* The rows that the candidate would take over: those of the app it upgrades, or of a removed one that returns. */
static int rows_of(struct consenting *q, struct candidate **candidate, struct app_row **app)
{
	struct manifest *m;
	struct db *db = db_borrow(q->node->store, q->fault);
	*app = NULL;
	if (!db)
		return q->fault->err;
	struct candidate *c = *candidate = candidate_get(db, q->arena, q->given->id);
	bool ready = c && !strcmp(c->state, "ready") && str_is(q->given->hash, c->package);
	if (ready && *c->for_app)
		*app = app_row_by_id(db, q->arena, str_of(c->for_app));
	else if (ready && !package_manifest(db, q->arena, c->package, &m))
		*app = app_row_removed(db, q->arena, str_of(*c->name ? c->name : m->name));
	if (*app && !*c->for_app && ((*app)->purged || strcmp((*app)->origin, c->origin)))
		*app = NULL;
	db_return(db);
	return q->fault->err;
}

static int consent_once(void *arg)
{
	struct consenting *q = arg;
	return switch_transact(q->node, q->arena, consent, q, q->fault);
}

int install_consent(struct node *n, const struct consent *given, char *app_id, struct fault *f)
{
	struct consenting q = {n, arena_new(), f, given, app_id, NULL, NULL};
	struct candidate *c;
	struct app_row *app;
	int err = rows_of(&q, &c, &app);
	if (!err && app)
		err = upgrade_compute(n, app, c->package, &q.migration, f);
	if (!err)
		err = upgrade_switch(q.migration, NULL, NULL, consent_once, &q, f);
	if (!err && q.name)
		switch_follow_up(n, q.name);
	migration_free(q.migration);
	arena_free(q.arena);
	return err;
}

/* ---- a package that was pushed ---- */

/* What came from there for this app before, waiting or consented to, is older than what arrives now. */
static int drop_earlier(struct db *db, struct arena *a, const struct arrival *w, const struct app_row *app)
{
	struct candidate *list;
	int n = candidate_rows(db, a, &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++)
		if (!strcmp(list[i].origin, w->origin) && strcmp(list[i].state, "fetching") &&
		    (!strcmp(list[i].name, w->app) || (app && !strcmp(list[i].for_app, app->id))))
			err = candidate_delete(db, list[i].id, "stale");
	return err;
}

static int become_candidate(struct db *db, struct arrival *w, const struct app_row *app)
{
	const struct package *p = w->package;
	id_new(w->candidate);
	struct candidate c = {.id = w->candidate, .source = w->source, .origin = w->origin, .local = w->local,
			      .name = app ? "" : w->app, .for_app = app ? app->id : ""};
	int err = candidates_reap(db, now_ms() - CANDIDATE_MS);
	if (!err)
		err = candidate_insert(db, &c);
	if (!err)
		err = candidate_package(db, c.id, p->hash, p->commit, w->origin);
	return err ? err : candidate_ready(db, c.id, app && w->reason ? w->reason : "");
}

static bool has_migrations(const struct package *p)
{
	for (int i = 0; i < p->nfiles; i++)
		if (str_starts(str_of(p->file[i].path), "migrations/"))
			return true;
	return false;
}

static int arrive(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct arrival *w = arg;
	const struct package *p = w->package;
	struct app_row *app = app_row_by_name(db, a, str_of(w->app));
	struct switching s = {.app = app, .manifest = p->manifest, .package = p->hash, .commit = p->commit};
	int err = drop_earlier(db, a, w, app);
	bool same = app && !strcmp(app->package, p->hash);
	w->reason = same ? NULL : app ? upgrade_reason(db, a, app, w->origin, p->manifest) : "It is not installed yet.";
	if (!err && same)
		err = dev_solved(db, app->id);
	if (!err && !same)
		err = package_save(db, p);
	if (!err && !same && (w->reason || has_migrations(p)))
		return become_candidate(db, w, app);
	if (!err && !same)
		err = switch_to(n, db, a, &s);
	if (!err && !(app = app_row_by_name(db, a, str_of(w->app))))
		err = db_fault(db)->err;
	w->version = err ? 0 : app->version;
	return err;
}

static int look_at_version(struct node *n, struct arrival *w, struct arena *a, struct fault *f)
{
	struct db *db = db_borrow(n->store, f);
	struct app_row *app = db ? app_row_by_name(db, a, str_of(w->app)) : NULL;
	w->version = app ? app->version : 0;
	if (db)
		db_return(db);
	return f->err;
}

/* It asks for nothing, but its rows come along: the way of every consent. */
static int switch_with_rows(struct node *n, struct arrival *w, struct arena *a, struct fault *f)
{
	char app_id[ID_LEN + 1];
	struct consent c = {.id = str_of(w->candidate), .hash = str_of(w->package->hash), .by = "fazt"};
	int err = install_consent(n, &c, app_id, f);
	w->candidate[0] = 0;
	return err ? err : look_at_version(n, w, a, f);
}

int install_arrival(struct node *n, struct arrival *w, struct arena *a, struct fault *f)
{
	int err = switch_transact(n, a, arrive, w, f);
	if (!err && !w->reason && *w->candidate)
		return switch_with_rows(n, w, a, f);
	if (!err && !w->reason)
		switch_follow_up(n, w->app);
	return err;
}

/* ---- packages that need no consent: built-in apps, and what is only tried ---- */

/* What migrates rows goes the way of all upgrades. */
static int needs_nothing(struct node *n, struct db *db, const struct app_row *app, const char *package)
{
	struct migration *m;
	int err = migration_plan(n, db, app, package, &m);
	bool pending = m != NULL;
	migration_free(m);
	return err || !pending ? err : db_fail(db, ERR_CONFLICT, "the new version changes rows; run: fazt-admin app upgrade %s", app->name);
}

struct bringing {
	const struct package *package;
	const char *origin;
	char *app_id;
};

static int bring(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct bringing *b = arg;
	const struct package *p = b->package;
	struct app_row *app = app_row_by_name(db, a, str_of(p->manifest->name));
	struct str all = STR("all");
	struct switching s = {app, p->manifest, p->hash, "", 1, &all, NULL};
	if (app && strcmp(app->origin, b->origin))
		return db_fail(db, ERR_CONFLICT, "another app is called %s", app->name);
	int err = app && !strcmp(app->package, p->hash) ? 0 : package_save(db, p);
	if (!err && app)
		err = needs_nothing(n, db, app, p->hash);
	if (!err && !app) {
		s.app = app = NEW(a, struct app_row);
		*app = (struct app_row){.name = p->manifest->name, .title = p->manifest->title, .source = b->origin, .origin = b->origin};
		err = switch_make_app(db, a, app);
	}
	if (!err && (!app->package || strcmp(app->package, p->hash)))
		err = switch_to(n, db, a, &s);
	snprintf(b->app_id, ID_LEN + 1, "%s", app && app->id ? app->id : "");
	return err;
}

int install_package(struct node *n, const struct package *p, const char *origin, char *app_id, struct fault *f)
{
	struct arena *a = arena_new();
	struct bringing b = {p, origin, app_id};
	int err = package_check ? package_check(n, p, f) : 0;
	if (!err)
		err = switch_transact(n, a, bring, &b, f);
	if (!err)
		switch_follow_up(n, p->manifest->name);
	arena_free(a);
	return err;
}

int install_builtin(struct node *n, const char *name, struct fault *f)
{
	struct arena *a = arena_new();
	struct package *p = package_new();
	char app_id[ID_LEN + 1];
	const char *folder = builtin_folder(a, name);
	int err = folder ? folder_read(p, folder, f) : fault(f, ERR_BAD_SOURCE, "no app %s comes with this Fazt", name);
	if (!err)
		err = package_finish(p, true, f);
	if (!err)
		err = install_package(n, p, arena_printf(a, "builtin:%s", p->manifest->name), app_id, f);
	package_free(p);
	arena_free(a);
	return err;
}

/* ---- back, and away ---- */

struct change {
	struct str name;
	bool purge; /* or, rolling back, the rows as they were */
};

/* Declared while there are no rows: neither version's are held against the indexes of the other. */
static int restore_rows(struct db *db, const struct app_row *app, int64_t version, const struct manifest *m)
{
	struct snapshot s;
	if (!snapshot_get(db, app->id, &s) || s.version != version)
		return db_fail(db, ERR_CONFLICT, "no rows were kept of the version before; leave out --data to take back the code alone");
	int err = copy_clear(db, app->id);
	if (!err)
		err = docs_declare(db, app->id, m->collection, m->ncollections);
	if (!err)
		err = portable_restore(db, app->id);
	return err ? err : snapshot_drop(db, app->id);
}

/* Where the code went back alone, its rows may follow later. */
static int64_t version_before(struct db *db, const struct app_row *app, bool data)
{
	struct snapshot s;
	int64_t version = app_previous(db, app->id, app->version);
	return !version && data && snapshot_get(db, app->id, &s) && s.version == app->version ? app->version : version;
}

static int roll_back(struct node *n, struct db *db, struct arena *a, void *arg)
{
	const struct change *c = arg;
	struct app_row *app = app_row_by_name(db, a, c->name);
	struct manifest *m;
	if (!app)
		return db_fail(db, ERR_NOT_FOUND, "there is no app of that name");
	int64_t version = version_before(db, app, c->purge);
	if (!version)
		return db_fail(db, ERR_CONFLICT, "there is no version of %s before this one", app->name);
	int err = package_manifest(db, a, version_package(db, a, app->id, version), &m);
	if (!err && c->purge)
		err = restore_rows(db, app, version, m);
	if (!err)
		err = app_point(db, app->id, version, m->title);
	if (!err)
		err = clock_declare(n, db, a, app->id, m);
	return err || c->purge ? err : docs_declare(db, app->id, m->collection, m->ncollections);
}

/* A removed app's data can still be purged, by its name. */
static int remove_app(struct node *n, struct db *db, struct arena *a, void *arg)
{
	const struct change *c = arg;
	struct app_row *app = app_row_by_name(db, a, c->name);
	(void)n;
	if (!app && c->purge)
		app = app_row_removed(db, a, c->name);
	if (!app)
		return db_fail(db, ERR_NOT_FOUND, "there is no app of that name");
	int err = app_forget(db, app->id, c->purge || app->purged);
	if (err || !c->purge)
		return err;
	log_forget(app->id); /* what it wrote down about people is data too */
	return docs_purge(db, app->id);
}

static int change(struct node *n, switch_work *work, struct change c, struct fault *f)
{
	struct arena *a = arena_new();
	int err = switch_transact(n, a, work, &c, f);
	if (!err)
		switch_follow_up(n, arena_cstr(a, c.name));
	arena_free(a);
	return err;
}

int install_rollback(struct node *n, struct str name, bool data, struct fault *f)
{
	return change(n, roll_back, (struct change){name, data}, f);
}

int install_remove(struct node *n, struct str name, bool purge, struct fault *f)
{
	return change(n, remove_app, (struct change){name, purge}, f);
}
