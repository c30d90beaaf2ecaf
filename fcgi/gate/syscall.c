#include "gate/syscall.h"

#include "gate/flood.h"
#include "gate/trace.h"
#include "kernel/app.h"
#include "kernel/identity.h"
#include "sys/sys.h"

static sys_fn *const handlers[SYSCALL_COUNT] = {
#define SYS(id, name, permission, effect, sig, returns, cost, result, doc) [SYSCALL_##id] = sys_##id,
#define LOCAL(id, name, sig, result, doc)
#include "sys/syscall.def"
#undef SYS
#undef LOCAL
};

static int check_permission(struct req *r, const struct syscall *row, const struct call *c)
{
	if (row->permission && !app_granted(r->app, row->permission))
		return fail(r, ERR_PERMISSION_DENIED, "%s needs the permission \"%s\", which this app was not granted.",
			    row->name, row->permission);
	if (c->as_app && !app_granted(r->app, "storage:app"))
		return fail(r, ERR_PERMISSION_DENIED, "as_app needs the permission \"storage:app\", which this app was not granted.");
	return 0;
}

static int spend(struct req *r, const struct syscall *row)
{
	r->calls += row->cost;
	if (r->calls > r->settings.number[SETTING_CALLS])
		return fail(r, ERR_SYSCALL_LIMIT, "One request may make %lld calls; this one made more.",
			    (long long)r->settings.number[SETTING_CALLS]);
	return row->effect == EFFECT_WRITE ? flood_charge(r) : 0;
}

static int call(struct req *r, const struct syscall *row, const struct call *c, struct out *o)
{
	int err;
	r->spoke_as_app |= c->as_app;
	if (row->effect == EFFECT_WRITE && (err = identity_still(r)))
		return err;
	if ((err = check_permission(r, row, c)) || (err = sig_complete(&row->sig, c, &r->fault)) || (err = spend(r, row)) ||
	    (err = handlers[c->row](r, c, o)))
		return err;
	if (c->as_app && row->effect != EFFECT_READ && !r->audited) { /* once a request says enough */
		r->audited = true;
		trace_audit(r, row->name, "as_app", 0);
	}
	return 0;
}

/* What a call allocates goes with it: a request may make a thousand, each of which looks at hundreds of kilobytes. */
int sys_call(struct req *r, const struct call *c, struct out *o)
{
	const struct syscall *row = syscall_row(c->row);
	struct arena *whole = r->arena;
	if (!row || !handlers[c->row])
		return fail(r, ERR_BAD_REQUEST, "there is no such call");
	r->arena = arena_new();
	int err = call(r, row, c, o);
	arena_free(r->arena);
	r->arena = whole;
	return err;
}
