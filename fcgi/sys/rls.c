/* rls why: which clause of the rules admits or denies a row to someone. */
#include "kernel/people.h"
#include "sys/rows.h"
#include "sys/sys.h"

struct asked {
	struct app *app;
	struct scope scope;
	const struct collection *collection;
	struct str id;
	const char *name; /* of who is asked about */
};

/* APP/COLLECTION/ID */
static int asked_row(struct req *r, struct db *db, struct str row, struct asked *a)
{
	struct str rest, app = str_cut(row, '/', &rest), collection = str_cut(rest, '/', &a->id);
	if (!a->id.n)
		return fail(r, ERR_USAGE, "Write the row as APP/COLLECTION/ID.");
	a->app = app_by_name(r->node, db, app);
	if (!a->app)
		return fail(r, ERR_NOT_FOUND, "There is no app %.*s.", STR_FMT(app));
	a->collection = app_collection(a->app, collection, r->arena);
	return a->collection ? 0 : fail(r, ERR_NOT_FOUND, "%.*s is not the name of a collection.", STR_FMT(collection));
}

static int asked_who(struct req *r, struct db *db, const struct arg *as, struct asked *a)
{
	struct user u;
	a->name = "A stranger";
	a->scope = scope_stranger(a->app->id);
	if (!as->present || str_is(as->s, "nobody"))
		return 0;
	if (!user_find_for(db, as->s, str_of(a->app->id), &u))
		return fail(r, ERR_NOT_FOUND, "There is nobody called %.*s.", STR_FMT(as->s));
	enum role role = people_role(a->app, &u);
	if (role == ROLE_NONE)
		return fail(r, ERR_DENIED, "%s may not open %s at all.", u.name, a->app->name);
	char *public_id = arena_alloc(r->arena, PUBLIC_ID_LEN + 1);
	app_public_id(r->node, a->app->id, u.id, public_id);
	a->name = arena_strdup(r->arena, u.name);
	a->scope = scope_person(a->app->id, public_id, role >= ROLE_ADMIN);
	return 0;
}

static int tell(struct req *r, struct db *db, const struct asked *a, enum verb v, const char *verb, struct out *o)
{
	bool yes;
	char *why = scope_why(db, &a->scope, a->collection, a->id, v, r->arena, &yes);
	if (!why)
		return r->fault.err;
	out_key(o, verb);
	out_object(o);
	out_kbool(o, "allowed", yes);
	out_kcstr(o, "why", arena_printf(r->arena, "%s may%s %s it: %s.", a->name, yes ? "" : " not", verb, why));
	out_end(o);
	return 0;
}

static int why(struct req *r, struct db *db, const struct call *c, struct asked *a, struct out *o)
{
	int err = asked_row(r, db, c->arg[0].s, a);
	if (!err)
		err = asked_who(r, db, &c->arg[1], a);
	if (err)
		return err;
	out_object(o);
	err = tell(r, db, a, VERB_READ, "read", o);
	if (!err)
		err = tell(r, db, a, VERB_CHANGE, "change", o);
	out_end(o);
	return err;
}

int op_rls_why(struct req *r, const struct call *c, struct out *o)
{
	struct asked a = {0};
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = why(r, db, c, &a, o);
	app_release(a.app);
	db_return(db);
	return err;
}
