#include "kernel/candidate.h"

#include <limits.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/now.h"
#include "base/out.h"
#include "base/visible.h"
#include "codec/source.h"
#include "kernel/builtin.h"
#include "kernel/folder.h"
#include "kernel/repository.h"
#include "kernel/switch.h"
#include "kernel/upgrade.h"

/* ---- making one ---- */

static int insert_candidate(struct node *n, struct db *db, struct arena *a, void *row)
{
	(void)n, (void)a;
	int err = candidates_reap(db, now_ms() - CANDIDATE_MS);
	return err ? err : candidate_insert(db, row);
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
		struct candidate row = {.id = id, .source = arena_cstr(a, str_trim(source)), .origin = s.origin, .local = local,
					.name = arena_cstr(a, name), .for_app = arena_cstr(a, for_app)};
		err = switch_transact(n, a, insert_candidate, &row, f);
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
	bool troubled;      /* the rehearsal says with what */
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
	bool back = app && !strcmp(app->source, c->source) && !package_manifest(db, w->arena, app->package, &before) && upgrade_goes_back(m, before);
	db_return(db);
	fault_clear(w->fault); /* what cannot be read is replaced */
	if (!back)
		return 0;
	return fault(w->fault, ERR_CONFLICT, "%s is older (%s) there than what serves (%s); if you want that, pin it: fazt-admin app upgrade %s --source %s@%s",
		     app->name, m->version, before->version, app->name, w->source.folder ? "SOURCE" : w->source.url, w->package->commit);
}

/* What an app proposes for another one runs over that one's code and rows, and by how it fails it would tell of them. The owner
 * hears of that; the app waits for an answer, as if nothing had failed. */
static int for_owner(struct fetch *w, int err)
{
	struct buf text = BUF_INIT;
	struct out o = OUT(&text);
	struct candidate *c = w->candidate;
	if (!err || !*c->asked_by || !*c->for_app || !strcmp(c->asked_by, c->for_app))
		return err;
	out_object(&o);
	out_kcstr(&o, "trouble", visible(w->arena, str_of(fault_message(w->fault)), FAULT_MAX));
	out_end(&o);
	c->rehearsal = arena_cstr(w->arena, buf_str(&text));
	w->troubled = true;
	buf_release(&text);
	fault_clear(w->fault);
	return 0;
}

static int check_package(struct fetch *w)
{
	int err = package_finish(w->package, w->source.kind == SOURCE_BUILTIN, w->fault);
	if (!err)
		err = check_age(w);
	if (!err)
		err = progress(w, "Checking the code");
	if (!err && package_check)
		err = for_owner(w, package_check(w->node, w->package, w->fault));
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
	if (w->troubled || !package_try || !will_be_asked(w))
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
	int err = insert_candidate(n, db, a, &k->row);
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

static int rehearse_on(struct fetch *w, const struct app_row *app)
{
	struct buf text = BUF_INIT;
	struct out o = OUT(&text);
	int err = upgrade_rehearse(w->node, app, w->candidate->package, progress, w, &o, &w->migration, w->fault);
	w->candidate->rehearsal = arena_cstr(w->arena, buf_str(&text));
	buf_release(&text);
	return err;
}

static int rehearse(struct fetch *w)
{
	struct app_row *app;
	int err = upgraded_app(w, &app);
	if (err || !strcmp(app->package, w->candidate->package))
		return err;
	if (!w->troubled)
		err = for_owner(w, rehearse_on(w, app));
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

int candidate_fetch(struct node *n, const char *id, struct fault *f)
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
