#include "store/session.h"

#include "base/now.h"
#include "kernel/identity.h"
#include "sys/sys.h"

int op_session_show(struct req *r, const struct call *c UNUSED, struct out *o)
{
	char csrf[SECRET_LEN + 1];
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int64_t sessions = session_count(db, r->who.user_id, now_ms());
	db_return(db);
	identity_csrf(r, csrf);
	out_object(o);
	out_key(o, "user");
	out_object(o);
	out_kcstr(o, "name", r->who.name);
	out_kcstr(o, "role", r->who.owner ? "owner" : r->who.admin ? "admin" : "member");
	out_kbool(o, "owner", r->who.owner);
	out_end(o);
	out_kint(o, "sessions", sessions);
	out_kcstr(o, "csrf", csrf);
	out_end(o);
	return 0;
}

int op_session_end(struct req *r, const struct call *c, struct out *o)
{
	bool everywhere = c->arg[0].present && c->arg[0].b;
	if (r->who.kind != WHO_IS_USER)
		return fail(r, ERR_BAD_REQUEST, "Nobody is signed in here; `user reset` signs a person out everywhere.");
	int err = identity_end(r, everywhere);
	if (err)
		return err;
	out_object(o);
	out_kbool(o, "everywhere", everywhere);
	out_end(o);
	return 0;
}
