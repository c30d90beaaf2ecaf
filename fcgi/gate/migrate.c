#include "gate/migrate.h"

#include "base/now.h"
#include "gate/gateway.h"
#include "gate/pool.h"
#include "gate/talk.h"
#include "kernel/migration.h"

struct migrator {
	struct node *node;
	struct app *app;
	struct cell cell;
	struct settings settings;
};

static void end(struct migrator *m)
{
	if (!m)
		return;
	pool_apart_end(&m->cell);
	app_release(m->app);
	free(m);
}

/* The files as an app of one moment; what they print goes to the log of the app whose rows they change. */
static struct app *app_of(const struct migration_files *files)
{
	struct arena *arena = arena_new();
	struct app *a = NEW(arena, struct app);
	*a = (struct app){.refs = 1, .arena = arena, .migrates = true, .nfiles = files->n};
	snprintf(a->id, sizeof a->id, "%s", files->app_id);
	snprintf(a->name, sizeof a->name, "%s", files->app_name);
	snprintf(a->title, sizeof a->title, "%s", files->app_name);
	a->file = arena_alloc(arena, (size_t)(files->n + 1) * sizeof *a->file);
	for (int i = 0; i < files->n; i++)
		a->file[i] = (struct app_file){str_of(files->path[i]), arena_str(arena, files->text[i])};
	return a;
}

static int begin(struct node *n, const struct migration_files *files, struct migrator **out, struct fault *f)
{
	struct migrator *m = xcalloc(1, sizeof *m);
	*m = (struct migrator){.node = n, .app = app_of(files)};
	struct db *db = db_borrow(n->store, f);
	int err = db ? node_settings(n, db, m->app->arena, &m->settings) : f->err;
	db_return(db);
	if (!err)
		err = pool_apart(n, &m->settings, m->app, NULL, &m->cell, f);
	if (err)
		end(m);
	*out = err ? NULL : m;
	return err;
}

static int talk(struct migrator *m, struct req *r)
{
	bool sound, stale;
	r->app = m->app;
	r->settings = m->settings;
	r->deadline = mono_ms() + m->settings.number[SETTING_DEADLINE];
	r->method = STR("POST");
	r->trigger = STR("migration");
	int err = talk_request(&m->cell, r, &sound, &stale);
	r->app = NULL;
	return err;
}

static int run(struct migrator *m, const char *path, const char *collection, struct str docs, struct buf *result, struct fault *f)
{
	struct arena *a = arena_new();
	struct req *r = NEW(a, struct req);
	req_init(r, m->node, a, DOOR_SHELL);
	r->path = str_of(path);
	r->query = str_of(collection);
	r->body = docs;
	int err = talk(m, r);
	if (err == ERR_BAD_PACKAGE)
		fault(f, err, "%s", fault_message(&r->fault));
	else if (err)
		err = fault(f, ERR_BAD_PACKAGE, "%s: %s", path, fault_message(&r->fault));
	else
		buf_addstr(result, buf_str(&r->res.body));
	req_release(r);
	arena_free(a);
	return err;
}

void migrate_install(void)
{
	static const struct migration_cells cells = {begin, run, end};
	migration_cells = &cells;
}
