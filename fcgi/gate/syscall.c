#include "gate/syscall.h"

#include "gate/charge.h"
#include "gate/flood.h"
#include "gate/trace.h"
#include "kernel/app.h"
#include "kernel/identity.h"
#include "kernel/journal.h"
#include "sys/sys.h"
#include "wire/frame.h"

static sys_fn *const handlers[SYSCALL_COUNT] = {
#define SYS(id, name, permission, effect, sig, returns, cost, result, doc) [SYSCALL_##id] = sys_##id,
#define LOCAL(id, name, sig, result, doc)
#include "sys/syscall.def"
#undef SYS
#undef LOCAL
};

/* What app.json asks for of this permission, and the app has not got: of "net", one host. */
static const char *withheld(const struct app *a, const char *permission)
{
	const struct manifest *m = a->manifest;
	size_t n = strlen(permission);
	for (int i = 0; m && i < m->npermissions; i++) {
		const char *p = m->permission[i];
		if (!strncmp(p, permission, n) && (!p[n] || p[n] == ':') && !app_granted(a, p))
			return p;
	}
	return NULL;
}

static int not_granted(struct req *r, const char *what, const char *permission)
{
	const char *asked = withheld(r->app, permission);
	if (asked)
		return fail(r, ERR_PERMISSION_DENIED, "%s needs the permission \"%s\", which this app was not granted. Its owner can: "
			    "fazt-admin app grant %s %s", what, asked, r->app->name, asked);
	return fail(r, ERR_PERMISSION_DENIED, "%s needs the permission \"%s\", which this app was not granted: app.json does not "
		    "ask for it.", what, permission);
}

static int check_permission(struct req *r, const struct syscall *row, const struct call *c)
{
	if (row->permission && !app_holds(r->app, row->permission))
		return not_granted(r, row->name, row->permission);
	if (c->as_app && !app_granted(r->app, "storage:app"))
		return not_granted(r, "as_app", "storage:app");
	return 0;
}

static int spend(struct req *r, const struct syscall *row)
{
	int64_t most = r->app->limit[BUDGET_CALLS];
	r->calls += row->cost;
	bool counted = r->journal && r->journal->run.id; /* its steps are, instead */
	if (r->calls > most && !counted)
		return fail(r, ERR_SYSCALL_LIMIT, "One request may make %lld calls (calls); this one made more. Ask for more at once, or in "
			    "several requests.", (long long)most);
	int err = charge_call(r);
	return !err && (row->effect == EFFECT_WRITE || row->effect == EFFECT_EXTERNAL) ? flood_charge(r) : err;
}

static int may_call(struct req *r, const struct syscall *row, const struct call *c)
{
	int err = row->effect == EFFECT_WRITE ? identity_still(r) : 0;
	if (err || (err = check_permission(r, row, c)) || (err = sig_complete(&row->sig, c, &r->fault)))
		return err;
	return spend(r, row);
}

static int call(struct req *r, const struct syscall *row, const struct call *c, struct out *o)
{
	r->spoke_as_app |= c->as_app;
	int err = may_call(r, row, c);
	bool ours = err || c->row != SYSCALL_run_drop; /* which fails with what the app says */
	if (err || (err = handlers[c->row](r, c, o)) || (err = fault_blind(&r->fault))) {
		r->refused = ours ? err : r->refused;
		return err;
	}
	if (c->as_app && row->effect != EFFECT_READ && !r->audited) { /* once a request says enough */
		r->audited = true;
		trace_audit(r, row->name, "as_app", 0);
	}
	return 0;
}

/* ---- as a step of a run ---- */

struct asked {
	const struct syscall *row;
	const struct call *c;
};

static int make_call(struct req *r, void *arg, struct out *o)
{
	const struct asked *a = arg;
	return call(r, a->row, a->c, o);
}

static const enum journal_kind kinds[] = {[EFFECT_READ] = JOURNAL_READ, [EFFECT_WRITE] = JOURNAL_WRITE, [EFFECT_EXTERNAL] = JOURNAL_EXTERNAL,
					  [EFFECT_SUSPEND] = JOURNAL_SUSPEND};

static int step(struct req *r, const struct syscall *row, const struct call *c, struct out *o)
{
	struct asked asked = {row, c};
	struct step s = {.name = row->name};
	struct buf args = BUF_INIT, shown = BUF_MAX(JOURNAL_SHOWN);
	struct out text = OUT(&shown);
	put_u8(&args, c->as_app);
	wire_put_args(&args, &row->sig, c);
	crypt_hash(s.args, args.p, args.len);
	buf_release(&args);
	sig_to_json(&row->sig, c, &text);
	s.shown = arena_str(r->arena, buf_str(&shown));
	buf_release(&shown);
	return journal_call(r, kinds[row->effect], &s, make_call, &asked, o);
}

static bool is_step(const struct req *r, const struct syscall *row)
{
	return r->journal && row->effect != EFFECT_PURE && row->effect != EFFECT_STEP;
}

/* What a call allocates goes with it: a request may make a thousand, each of which looks at hundreds of kilobytes. */
int sys_call(struct req *r, const struct call *c, struct out *o)
{
	const struct syscall *row = syscall_row(c->row);
	struct arena *whole = r->arena;
	if (!row || !handlers[c->row])
		return fail(r, ERR_BAD_REQUEST, "there is no such call");
	r->arena = arena_new();
	int err = is_step(r, row) ? step(r, row, c, o) : call(r, row, c, o);
	arena_free(r->arena);
	r->arena = whole;
	return err;
}
