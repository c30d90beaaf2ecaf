/* rls why: which clause of the rules admits or denies a row to someone, in its own app or read by another one. */
#include "kernel/import.h"
#include "sys/rows.h"
#include "sys/sys.h"

struct asked {
	struct app *app, *reader; /* reader: NULL for the app itself */
	struct scope scope;
	const struct collection *collection;
	struct str id;
	const char *name; /* of who is asked about */
	const char *refusal; /* why the reader gets nothing at all, or NULL */
};

static struct app *app_asked(struct req *r, struct db *db, struct str name)
{
	struct app *a = app_by_name(r->node, db, name);
	if (!a)
		fail(r, ERR_NOT_FOUND, "There is no app %.*s.", STR_FMT(name));
	return a;
}

/* READER/APP/COLLECTION: where a link of the chain is missing, that is the answer. */
static void asked_import(struct req *r, struct db *db, struct str imported, struct asked *a)
{
	struct fault why = {0};
	struct app *other = import_find(r->node, db, a->reader, imported, &why);
	if (!other)
		a->refusal = arena_strdup(r->arena, fault_message(&why));
	app_release(other);
}

/* APP/COLLECTION/ID or READER/APP/COLLECTION/ID */
static int asked_row(struct req *r, struct db *db, struct str row, struct asked *a)
{
	struct str part[4] = {{0}};
	int n = 0;
	for (struct str rest = row; rest.p && n < 4; n++)
		part[n] = n < 3 ? str_cut(rest, '/', &rest) : rest;
	bool imported = n == 4;
	const struct str *at = part + imported;
	if (n < 3 || !at[2].n)
		return fail(r, ERR_USAGE, "Write the row as APP/COLLECTION/ID, or as READER/APP/COLLECTION/ID.");
	if ((imported && !(a->reader = app_asked(r, db, part[0]))) || !(a->app = app_asked(r, db, at[0])))
		return r->fault.err;
	a->id = at[2];
	a->collection = app_collection(a->app, at[1], r->arena);
	if (!a->collection)
		return fail(r, ERR_NOT_FOUND, "%.*s is not the name of a collection.", STR_FMT(at[1]));
	if (imported)
		asked_import(r, db, (struct str){at[0].p, at[0].n + 1 + at[1].n}, a);
	return 0;
}

/* Whoever may not open an app sees nothing of it through another one. */
static int not_admitted(struct req *r, struct asked *a)
{
	if (!a->reader)
		return fail(r, ERR_DENIED, "%s may not open %s at all.", a->name, a->app->name);
	if (a->app->manifest->visibility != VISIBLE_ANYONE && !a->refusal)
		a->refusal = arena_printf(r->arena, "they may not open %s at all", a->app->name);
	return 0;
}

static int asked_who(struct req *r, struct db *db, const struct arg *as, struct asked *a)
{
	struct user u;
	enum role role;
	bool stranger = !as->present || str_is(as->s, "nobody");
	if (!stranger && !user_find(db, as->s, &u))
		return fail(r, ERR_NOT_FOUND, "There is nobody called %.*s.", STR_FMT(as->s));
	a->name = stranger ? "A stranger" : arena_strdup(r->arena, u.name);
	a->scope = rows_scope_of(r, db, a->app, stranger ? STR_NONE : str_of(u.id), &role);
	if (stranger && !a->reader)
		a->scope = scope_stranger(a->app->id); /* as the rule reads, whoever may open the app */
	else if (role == ROLE_NONE)
		return not_admitted(r, a);
	return 0;
}

static int tell(struct req *r, struct db *db, const struct asked *a, enum verb v, const char *verb, struct out *o)
{
	bool yes = false;
	const char *why = a->reader && v != VERB_READ ? "the rows of another app can only be read" : a->refusal;
	if (!why)
		why = scope_why(db, &a->scope, a->collection, a->id, v, r->arena, &yes);
	if (!why)
		return r->fault.err;
	out_key(o, verb);
	out_object(o);
	out_kbool(o, "allowed", yes);
	out_kcstr(o, "why", arena_printf(r->arena, "%s may%s %s it%s%s: %s%s", a->name, yes ? "" : " not", verb, a->reader ? " in " : "",
					   a->reader ? a->reader->name : "", why, str_ends(str_of(why), ".") ? "" : "."));
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
	app_release(a.reader);
	db_return(db);
	return err;
}
