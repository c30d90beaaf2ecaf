#include "kernel/install.h"

#include <limits.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "base/now.h"
#include "codec/source.h"
#include "codec/version.h"
#include "kernel/app.h"
#include "kernel/builtin.h"
#include "kernel/clock.h"
#include "kernel/folder.h"
#include "kernel/grant.h"
#include "kernel/portable.h"
#include "kernel/repository.h"
#include "kernel/sentence.h"
#include "kernel/switch.h"
#include "kernel/upgrade.h"
#include "store/dev.h"
#include "store/decision.h"
#include "store/docs.h"
#include "store/files.h"
#include "store/snapshot.h"

/* ---- what an upgrade asks for ---- */

int package_manifest(struct db *db, struct arena *a, const char *package, struct manifest **m)
{
	struct str json;
	int err = file_load(db, a, package, "app.json", &json);
	return err ? err : manifest_parse(json, a, m, db_fault(db));
}

static bool is_older(const struct manifest *m, const struct manifest *than)
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
	if (is_older(m, before))
		return arena_printf(a, "It is older (%s) than the version that serves now (%s).", m->version, before->version);
	return manifest_wider(before, m, NULL, a);
}

/* ---- candidates ---- */

struct beginning {
	struct candidate row;
};

static int insert_candidate(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct beginning *b = arg;
	(void)n, (void)a;
	int err = candidates_reap(db, now_ms() - CANDIDATE_MS);
	return err ? err : candidate_insert(db, &b->row);
}

/* A path of this machine as one that means the same wherever the fetch runs. */
static int absolute(struct source *s, struct arena *a, struct str *text, struct fault *f)
{
	char path[PATH_MAX];
	if (!realpath(s->path, path))
		return fault(f, ERR_BAD_SOURCE, "there is no folder or repository %s", s->path);
	const char *builtin = builtin_name(a, path);
	*text = builtin ? str_of(arena_printf(a, "builtin:%s", builtin))
			: str_of(arena_printf(a, "%s%s%s", path, s->ref ? "@" : "", s->ref ? s->ref : ""));
	s->origin = arena_printf(a, builtin ? "builtin:%s" : "local:%s", builtin ? builtin : path);
	s->kind = builtin ? SOURCE_BUILTIN : s->kind;
	return 0;
}

int candidate_begin(struct node *n, struct str source, struct str name, struct str for_app, bool local, char *id, struct fault *f)
{
	struct source s;
	struct arena *a = arena_new();
	int err = source_parse(source, a, &s, f);
	if (!err && s.kind == SOURCE_LOCAL)
		err = local ? absolute(&s, a, &source, f)
			    : fault(f, ERR_BAD_SOURCE, "give an https address, such as https://host/owner/repo; folders work in the owner's shell only");
	if (!err && s.kind == SOURCE_BUILTIN && !local)
		err = fault(f, ERR_BAD_SOURCE, "apps that come with Fazt are installed by Fazt");
	if (!err && name.n)
		err = manifest_name(name, s.kind == SOURCE_BUILTIN, f);
	if (!err) {
		id_new(id);
		struct beginning b = {{.id = id, .source = arena_cstr(a, str_trim(source)), .origin = s.origin, .local = local,
				       .name = arena_cstr(a, name), .for_app = arena_cstr(a, for_app)}};
		err = switch_transact(n, a, insert_candidate, &b, f);
	}
	arena_free(a);
	return err;
}

/* ---- fetching ---- */

struct fetch {
	struct node *node;
	struct arena *arena;
	struct fault *fault;
	struct candidate *candidate;
	struct source source;
	struct package *package;
	struct str trial;
	struct migration *migration;
	const char *direct; /* name of the app that was upgraded without asking */
};

static int begin(struct fetch *w, const char *id)
{
	struct db *db = db_borrow(w->node->store, w->fault);
	if (!db)
		return w->fault->err;
	w->candidate = candidate_get(db, w->arena, str_of(id));
	db_return(db);
	if (!w->candidate)
		return fault(w->fault, ERR_NOT_FOUND, "there is no such candidate");
	if (strcmp(w->candidate->state, "fetching"))
		return fault(w->fault, ERR_CONFLICT, "that candidate was fetched already");
	w->source = (struct source){.kind = SOURCE_LOCAL, .origin = w->candidate->origin};
	return *w->candidate->asked_by ? 0 : source_parse(str_of(w->candidate->source), w->arena, &w->source, w->fault);
}

static int write_progress(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct fetch *w = arg;
	(void)n, (void)a;
	return candidate_progress(db, w->candidate->id, w->candidate->progress);
}

static int progress(void *arg, const char *text)
{
	struct fetch *w = arg;
	w->candidate->progress = text;
	return switch_transact(w->node, w->arena, write_progress, w, w->fault);
}

/* What an app proposes is here already. */
static int read_proposal(struct fetch *w)
{
	struct db *db = db_borrow(w->node->store, w->fault);
	int err = db ? package_stored(db, w->candidate->package, w->package) : w->fault->err;
	db_return(db);
	return err;
}

static int read_source(struct fetch *w)
{
	const struct source *s = &w->source;
	w->package = package_new();
	if (*w->candidate->asked_by)
		return read_proposal(w);
	if (s->kind == SOURCE_BUILTIN) {
		const char *folder = builtin_folder(w->arena, s->path);
		return folder ? folder_read(w->package, folder, w->fault)
			      : fault(w->fault, ERR_BAD_SOURCE, "no app %s comes with this Fazt", s->path);
	}
	if (s->kind == SOURCE_LOCAL && !w->candidate->local)
		return fault(w->fault, ERR_BAD_SOURCE, "folders work in the owner's shell only");
	if (s->kind == SOURCE_GIT)
		return repository_fetch(w->node, s, w->package, progress, w, w->fault);
	if (repository_is(s->path))
		return repository_read(s->path, s->ref, w->package, w->fault);
	if (s->ref)
		return fault(w->fault, ERR_BAD_SOURCE, "%s is no repository, so it has no \"%s\"", s->path, s->ref);
	return folder_read(w->package, s->path, w->fault);
}

/* A remote that goes back to an older version may do it to bring back a hole. Only the owner can want that, and says so by
 * naming another source than before: a tag or a commit of it. */
static int check_age(struct fetch *w)
{
	const struct candidate *c = w->candidate;
	const struct manifest *m = w->package->manifest;
	struct manifest *before;
	struct db *db = *c->for_app && w->source.kind == SOURCE_GIT ? db_borrow(w->node->store, w->fault) : NULL;
	if (!db)
		return w->fault->err;
	struct app_row *app = app_row_by_id(db, w->arena, str_of(c->for_app));
	bool back = app && !strcmp(app->source, c->source) && !package_manifest(db, w->arena, app->package, &before) && is_older(m, before);
	db_return(db);
	fault_clear(w->fault); /* what cannot be read is replaced */
	if (!back)
		return 0;
	return fault(w->fault, ERR_CONFLICT, "%s is older (%s) there than what serves (%s); if you want that, pin it: fazt-admin app upgrade %s --source %s@%s",
		     app->name, m->version, before->version, app->name, w->source.folder ? "SOURCE" : w->source.url, w->package->commit);
}

static int check_package(struct fetch *w)
{
	int err = package_finish(w->package, w->source.kind == SOURCE_BUILTIN, w->fault);
	if (!err)
		err = check_age(w);
	if (!err)
		err = progress(w, "Checking the code");
	if (!err && package_check)
		err = package_check(w->node, w->package, w->fault);
	return err;
}

/* An upgrade that asks for no more than what serves now is consented to already. */
static bool will_be_asked(struct fetch *w)
{
	const struct candidate *c = w->candidate;
	struct db *db = *c->for_app ? db_borrow(w->node->store, w->fault) : NULL;
	struct app_row *app = db ? app_row_by_id(db, w->arena, str_of(c->for_app)) : NULL;
	const char *origin = w->source.kind == SOURCE_LOCAL ? c->origin : w->source.origin;
	bool asked = !app || upgrade_reason(db, w->arena, app, origin, w->package->manifest);
	db_return(db);
	return asked;
}

static int write_trial(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct fetch *w = arg;
	(void)n, (void)a;
	return candidate_tried(db, w->candidate->id, w->trial);
}

/* What it shows is for whoever consents; that it could not be tried stands in nobody's way. */
static int try_package(struct fetch *w)
{
	struct buf report = BUF_INIT;
	struct fault own = {0};
	if (!package_try || !will_be_asked(w))
		return 0;
	int err = progress(w, "Trying it as several people");
	if (!err && package_try(w->node, w->package, &report, &own)) {
		log_event(LOG_WARN, "trial.failed", "candidate", w->candidate->id, "message", fault_message(&own), NULL);
	} else if (!err) {
		w->trial = buf_str(&report);
		err = switch_transact(w->node, w->arena, write_trial, w, w->fault);
	}
	buf_release(&report);
	return err;
}

int package_save(struct db *db, const struct package *p)
{
	bool fresh;
	int err = package_store(db, p->hash, p->nfiles, (int64_t)p->bytes, &fresh);
	for (int i = 0; !err && fresh && i < p->nfiles; i++)
		err = file_store(db, p->hash, p->file[i].path, p->file[i].bytes);
	return err;
}

/* From here on the candidate has its package, whatever becomes of it. */
static int keep_package(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct fetch *w = arg;
	struct candidate *c = w->candidate;
	(void)n, (void)a;
	if (w->source.kind != SOURCE_LOCAL)
		c->origin = w->source.origin;
	c->package = w->package->hash;
	int err = package_save(db, w->package);
	return err ? err : candidate_package(db, c->id, c->package, w->package->commit, c->origin);
}

struct keeping {
	struct candidate row;
	const struct package *package;
};

static int keep_ready(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct keeping *k = arg;
	(void)n, (void)a;
	int err = candidates_reap(db, now_ms() - CANDIDATE_MS);
	if (!err)
		err = candidate_insert(db, &k->row);
	if (!err)
		err = package_save(db, k->package);
	if (!err)
		err = candidate_package(db, k->row.id, k->package->hash, "", k->row.origin);
	return err ? err : candidate_ready(db, k->row.id, "");
}

int candidate_keep(struct node *n, const struct package *p, const char *source, const char *origin, struct str name, char *id, struct fault *f)
{
	struct arena *a = arena_new();
	int err = name.n ? manifest_name(name, false, f) : 0;
	id_new(id);
	struct keeping k = {{.id = id, .source = source, .origin = origin, .local = true, .name = name.n ? arena_cstr(a, name) : "", .for_app = ""}, p};
	if (!err)
		err = switch_transact(n, a, keep_ready, &k, f);
	arena_free(a);
	return err;
}

/* ---- an upgrade: rehearse, and switch where nobody need be asked ---- */

static int write_rehearsal(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct fetch *w = arg;
	(void)n, (void)a;
	return candidate_rehearsed(db, w->candidate->id, w->candidate->rehearsal);
}

static int upgraded_app(struct fetch *w, struct app_row **app)
{
	struct db *db = db_borrow(w->node->store, w->fault);
	if (!db)
		return w->fault->err;
	*app = app_row_by_id(db, w->arena, str_of(w->candidate->for_app));
	db_return(db);
	return *app ? 0 : fault(w->fault, ERR_CONFLICT, "the app was removed meanwhile");
}

static int rehearse(struct fetch *w)
{
	struct app_row *app;
	struct buf text = BUF_INIT;
	struct out o = OUT(&text);
	int err = upgraded_app(w, &app);
	if (err || !strcmp(app->package, w->candidate->package))
		return err;
	err = upgrade_rehearse(w->node, app, w->candidate->package, progress, w, &o, &w->migration, w->fault);
	w->candidate->rehearsal = arena_cstr(w->arena, buf_str(&text));
	buf_release(&text);
	return err ? err : switch_transact(w->node, w->arena, write_rehearsal, w, w->fault);
}

static int upgrade(struct fetch *w, struct db *db, struct app_row *app)
{
	const struct package *p = w->package;
	const struct candidate *c = w->candidate;
	const char *reason = upgrade_reason(db, w->arena, app, c->origin, p->manifest);
	int err = 0;
	if (*c->asked_by && app->version != c->base)
		return db_fail(db, ERR_STALE, "Another version of %s serves since; propose it for that one.", app->name);
	if (reason || *c->asked_by)
		return candidate_ready(db, c->id, reason ? reason : "");
	struct switching s = {.app = app, .manifest = p->manifest, .package = p->hash, .commit = p->commit, .migration = w->migration};
	if (strcmp(app->package, p->hash))
		err = switch_to(w->node, db, w->arena, &s);
	w->direct = app->name;
	return err ? err : candidate_installed(db, c->id, app->id);
}

static int settle(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct fetch *w = arg;
	const struct candidate *c = w->candidate;
	(void)n;
	const struct candidate *now = candidate_get(db, a, str_of(c->id));
	if (!now || strcmp(now->state, "fetching"))
		return db_fail(db, ERR_CONFLICT, now ? "another process was faster" : "it was thrown away meanwhile");
	if (!*c->for_app)
		return candidate_ready(db, c->id, "");
	struct app_row *app = app_row_by_id(db, a, str_of(c->for_app));
	return app ? upgrade(w, db, app) : db_fail(db, ERR_CONFLICT, "the app was removed meanwhile");
}

static int settle_once(void *arg)
{
	struct fetch *w = arg;
	return switch_transact(w->node, w->arena, settle, w, w->fault);
}

static int write_failure(struct node *n, struct db *db, struct arena *a, void *arg)
{
	struct fetch *w = arg;
	(void)n, (void)a;
	int err = candidate_failed(db, w->candidate->id, err_row(w->fault->err)->code, w->fault->message);
	return err || !*w->candidate->rehearsal ? err : candidate_rehearsed(db, w->candidate->id, w->candidate->rehearsal);
}

static void record_failure(struct fetch *w)
{
	struct fault second = {0};
	if (w->candidate && !strcmp(w->candidate->state, "fetching"))
		switch_transact(w->node, w->arena, write_failure, w, &second);
}

int install_fetch(struct node *n, const char *id, struct fault *f)
{
	struct fetch w = {.node = n, .arena = arena_new(), .fault = f};
	int err = begin(&w, id);
	if (!err)
		err = progress(&w, "Fetching");
	if (!err)
		err = read_source(&w);
	if (!err)
		err = check_package(&w);
	if (!err)
		err = try_package(&w);
	if (!err)
		err = switch_transact(n, w.arena, keep_package, &w, f);
	if (!err && *w.candidate->for_app)
		err = rehearse(&w);
	if (!err)
		err = upgrade_switch(w.migration, progress, &w, settle_once, &w, f);
	if (err)
		record_failure(&w);
	if (!err && w.direct)
		switch_follow_up(n, w.direct);
	migration_free(w.migration);
	package_free(w.package);
	arena_free(w.arena);
	return err;
}

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

/* A stored package, read back into memory. */
int package_stored(struct db *db, const char *hash, struct package *p)
{
	struct file_row *list;
	struct arena *a = arena_new();
	int n = files_list(db, a, hash, "", &list), err = MAX(-n, 0);
	for (int i = 0; !err && i < n; i++) {
		struct str bytes;
		err = file_load(db, a, hash, list[i].path, &bytes);
		if (!err)
			err = package_file(p, str_of(list[i].path), bytes, db_fault(db));
	}
	arena_free(a);
	return err ? err : package_finish(p, true, db_fault(db));
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
