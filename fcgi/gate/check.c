#include "gate/check.h"

#include "gate/pool.h"
#include "kernel/app.h"

static void take_files(struct app *a, const struct package *p, const char *folder)
{
	for (int i = 0; i < p->nfiles; i++) {
		struct str path = str_of(p->file[i].path);
		if (str_starts(path, folder) && str_ends(path, ".lua"))
			a->file[a->nfiles++] = (struct app_file){path, p->file[i].bytes};
	}
}

/* An app of one moment, under an id of its own. */
static struct app *app_of(const struct package *p)
{
	struct arena *arena = arena_new();
	struct app *a = NEW(arena, struct app);
	*a = (struct app){.refs = 1, .arena = arena, .manifest = p->manifest};
	id_new(a->id);
	snprintf(a->name, sizeof a->name, "%s", p->manifest->name);
	snprintf(a->title, sizeof a->title, "%s", p->manifest->title ? p->manifest->title : a->name);
	a->file = arena_alloc(arena, (size_t)(p->nfiles + 1) * sizeof *a->file);
	take_files(a, p, "api/");
	if (a->nfiles) /* migrations are compiled with it, and not run */
		take_files(a, p, "migrations/");
	return a;
}

static int loads(struct node *n, const struct package *p, struct fault *f)
{
	struct settings s;
	struct app *a = app_of(p);
	if (!a->nfiles) { /* public files only */
		app_release(a);
		return 0;
	}
	struct db *db = db_borrow(n->store, f);
	int err = db ? node_settings(n, db, a->arena, &s) : f->err;
	if (db)
		db_return(db);
	struct cell c = {0};
	if (!err)
		err = pool_apart(n, &s, a, NULL, &c, f);
	pool_apart_end(&c);
	app_release(a);
	return err;
}

void check_install(void)
{
	package_check = loads;
}
