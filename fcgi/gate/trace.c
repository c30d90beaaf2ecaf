#include "gate/trace.h"

#include "base/log.h"
#include "base/now.h"
#include "base/out.h"
#include "store/audit.h"

#define TEXT_MAX (4 * KIB) /* of one line of an app */

static void write_down(const char *log, struct buf *b, struct out *o)
{
	out_end(o);
	if (!b->full)
		log_line(log, buf_str(b));
	buf_release(b);
}

void trace_app(const struct app *a, const char *request, const char *level, struct str text)
{
	char at[25];
	if (!a->version)
		return; /* a package that is only tried */
	struct buf b = BUF_MAX(LOG_LINE);
	struct out o = OUT(&b);
	out_object(&o);
	out_kcstr(&o, "at", now_iso(now_ms(), at));
	out_kcstr(&o, "level", level);
	if (request)
		out_kcstr(&o, "request", request);
	out_kstr(&o, "text", (struct str){text.p, MIN(text.n, (size_t)TEXT_MAX)});
	write_down(a->id, &b, &o);
}

/* One line a request; never the query, which may hold what only the app should know. */
void trace_request(const struct req *r)
{
	char at[25];
	if (r->silent)
		return;
	struct buf b = BUF_MAX(LOG_LINE);
	struct out o = OUT(&b);
	out_object(&o);
	out_kcstr(&o, "at", now_iso(r->received, at));
	out_kcstr(&o, "event", "request");
	out_kcstr(&o, "request", r->id);
	out_kcstr(&o, "app", r->app ? r->app->name : r->os ? "os" : NULL);
	out_kcstr(&o, "user", r->who.user_id[0] ? r->who.user_id : NULL);
	out_kstr(&o, "method", (struct str){r->method.p, MIN(r->method.n, (size_t)16)});
	out_kstr(&o, "path", (struct str){r->path.p, MIN(r->path.n, (size_t)200)});
	out_kint(&o, "status", r->res.status);
	out_kint(&o, "ms", now_ms() - r->received);
	if (r->calls)
		out_kint(&o, "calls", r->calls);
	if (r->fault.err) {
		out_kcstr(&o, "error", err_row(r->fault.err)->code);
		out_kcstr(&o, "message", fault_message(&r->fault));
	}
	write_down("fazt", &b, &o);
}

void trace_audit(struct req *r, const char *action, const char *target, int err)
{
	struct fault ignored = {0};
	struct db *db = db_borrow(r->node->store, &ignored);
	const char *actor = r->who.kind == WHO_IS_SHELL ? "shell" : r->who.kind == WHO_IS_TOKEN ? arena_printf(r->arena, "token %s", r->who.name) : r->who.user_id;
	struct audit a = {.actor = actor, .app_id = r->app ? r->app->id : "",
			  .action = action, .target = target, .err = err};
	if (db) {
		audit_add(db, &a);
		db_return(db);
	}
}
