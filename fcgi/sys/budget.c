/* app usage and app limit: what an app may use, and what of it is used. */
#include "kernel/meter.h"
#include "store/run.h"
#include "sys/appinfo.h"

/* -1: nothing adds it up. */
static int64_t used(struct req *r, struct db *db, const struct app *a, enum budget b)
{
	switch (b) {
	case BUDGET_APP_BYTES:
		return app_usage(db, a->id, USAGE_BYTES);
	case BUDGET_APP_ROWS:
		return app_usage(db, a->id, USAGE_ROWS);
	case BUDGET_APP_FILES:
		return app_usage(db, a->id, USAGE_FILES);
	case BUDGET_APP_RUNS:
		return run_under_way(db, a->id, a->limit[b]);
	default:
		if (!span_ms(budget_row(b)->span))
			return -1;
		return (int64_t)(meter_share(meter_of(r->node->meters, a->id), b) * (double)a->limit[b]);
	}
}

static void write_budget(struct out *o, const struct app *a, enum budget b, int64_t n)
{
	const struct budget_row *row = budget_row(b);
	out_object(o);
	out_kcstr(o, "name", row->key);
	out_key(o, "used");
	n < 0 ? out_null(o) : out_int(o, n);
	out_kint(o, "limit", a->limit[b]);
	out_key(o, "percent");
	n < 0 || !a->limit[b] ? out_null(o) : out_int(o, (int64_t)(100.0 * (double)n / (double)a->limit[b]));
	out_kcstr(o, "span", span_name(row->span));
	out_kcstr(o, "unit", *row->unit ? row->unit : NULL);
	out_kbool(o, "own", a->own_limits >> b & 1);
	out_kcstr(o, "meaning", row->doc);
	out_end(o);
}

static struct app *named(struct req *r, struct db *db, struct str name)
{
	struct app_row *row = app_named(r, db, name);
	return row ? app_by_id(r->node, db, str_of(row->id)) : NULL;
}

static int usage(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct app *a = named(r, db, c->arg[0].s);
	if (!a)
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, NULL);
	out_array(o);
	for (int b = 0; b < BUDGET_COUNT; b++)
		write_budget(o, a, (enum budget)b, used(r, db, a, (enum budget)b));
	out_end(o);
	app_release(a);
	return 0;
}

int op_app_usage(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, usage);
}

static int limit(struct req *r, struct db *db, const struct call *c, struct out *o UNUSED)
{
	struct app_row *app = app_named(r, db, c->arg[0].s);
	int err = app ? budget_set(db, app->id, c->arg[1].s, c->arg[2].s) : r->fault.err;
	if (!err)
		meter_reset(meter_of(r->node->meters, app->id), (enum budget)budget_find(c->arg[1].s));
	return err;
}

int op_app_limit(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, limit);
}
