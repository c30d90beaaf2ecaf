#include "sys/dev.h"

#include "base/embed.h"
#include "base/now.h"
#include "kernel/page.h"
#include "sys/appinfo.h"
#include "sys/endpoint.h"

/* The script is no file of the kernel's pages: only the owner of an app in development gets it. */
EMBED(dev_script, "fcgi/sys/dev.js");

#define LEASE_SECONDS (LEASE_MOST_MS / 1000)
#define PROBLEM_BYTES (4 * KIB)

/* ---- app lease ---- */

static int lease(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app_row *app = app_named(r, db, c->arg[0].s);
	struct str problem = c->arg[2].present ? c->arg[2].s : STR("");
	problem.n = MIN(problem.n, (size_t)PROBLEM_BYTES);
	if (!app)
		return r->fault.err;
	if (c->arg[1].i < 0 || c->arg[1].i > LEASE_SECONDS)
		return fail(r, ERR_BAD_REQUEST, "a lease has 0 (it ends) to %d seconds", LEASE_SECONDS);
	out_object(o);
	out_kint(o, "version", app->version);
	out_end(o);
	if (!c->arg[1].i)
		return dev_end(db, app->id);
	return dev_lease(db, app->id, now_ms() + c->arg[1].i * 1000, problem);
}

int op_app_lease(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, lease);
}

/* ---- what the owner's browser asks ---- */

const struct dev_row *dev_of(struct req *r)
{
	struct fault ignored = {0};
	if (!r->app || r->os || !r->who.owner || r->who.via != VIA_COOKIE)
		return NULL;
	struct db *db = db_borrow(r->node->store, &ignored);
	const struct dev_row *d = db ? dev_get(db, r->arena, r->app->id, now_ms()) : NULL;
	if (db)
		db_return(db);
	return d;
}

int endpoint_dev(struct req *r)
{
	const struct dev_row *d = dev_of(r);
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	if (!d)
		return fail(r, ERR_NOT_FOUND, NULL);
	out_object(&o);
	out_kint(&o, "version", r->app->version);
	out_kcstr(&o, "problem", *d->problem ? d->problem : NULL);
	out_end(&o);
	res_set(r, 200, "application/json", buf_str(&b));
	page_headers(r);
	buf_release(&b);
	r->silent = true;
	return 0;
}

int endpoint_dev_script(struct req *r)
{
	if (!dev_of(r))
		return fail(r, ERR_NOT_FOUND, NULL);
	res_set(r, 200, "text/javascript; charset=utf-8", EMBEDDED(dev_script));
	page_headers(r);
	return 0;
}
