#include "kernel/app.h"
#include "sys/sys.h"

/* users.*: the people of an app, as it may see them. A stranger sees nobody. */

static void write_person(struct out *o, const struct person *p, bool role)
{
	out_object(o);
	out_kcstr(o, "id", p->public_id);
	out_kcstr(o, "name", p->name);
	if (role)
		out_kcstr(o, "role", p->admin ? "admin" : "member");
	out_end(o);
}

static bool may_see(const struct req *r, const struct call *c)
{
	return r->who.kind == WHO_IS_USER || r->who.kind == WHO_IS_APP || c->as_app;
}

int sys_users_get(struct req *r, const struct call *c, struct out *o)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	struct person *p = may_see(r, c) ? app_person(r->node, db, r->app, c->arg[0].s, r->arena) : NULL;
	db_return(db);
	if (r->fault.err)
		return r->fault.err;
	if (p)
		write_person(o, p, false);
	else
		out_null(o);
	return 0;
}

int sys_users_list(struct req *r, const struct call *c, struct out *o)
{
	struct person *list = NULL;
	if (!may_see(r, c))
		return fail(r, ERR_UNAUTHORIZED, NULL);
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int n = app_people(r->node, db, r->app, r->arena, &list);
	db_return(db);
	if (n < 0)
		return -n;
	out_array(o);
	for (int i = 0; i < n; i++)
		write_person(o, &list[i], true);
	out_end(o);
	return 0;
}
