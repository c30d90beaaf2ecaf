#include "store/session.h"

#include "base/now.h"
#include "kernel/attempt.h"
#include "kernel/identity.h"
#include "kernel/password.h"
#include "sys/session.h"
#include "sys/sys.h"

#define FRESH_MS (10 * 60 * 1000ll) /* so soon after signing in nobody has to say the present password */

/* The session this request came with. */
struct mine {
	struct user user;
	bool fresh;
};

static bool find_mine(struct req *r, struct db *db, struct mine *m)
{
	struct session s;
	*m = (struct mine){0};
	if (r->who.via != VIA_COOKIE || !session_find(db, r->who.session, now_ms(), &s, &m->user))
		return false;
	m->fresh = s.created > now_ms() - FRESH_MS && s.created < now_ms() + FRESH_MS;
	return true;
}

int op_session_show(struct req *r, const struct call *c UNUSED, struct out *o)
{
	char csrf[SECRET_LEN + 1];
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	struct mine mine;
	int64_t sessions = session_count(db, r->who.user_id, now_ms());
	find_mine(r, db, &mine);
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
	out_kbool(o, "password", mine.user.password[0] != 0); /* there is one */
	out_kbool(o, "fresh", mine.fresh);
	out_kcstr(o, "csrf", csrf);
	out_end(o);
	return 0;
}

/* Whose sessions: in the shell, the owner's. */
static const char *person(struct req *r, struct db *db)
{
	struct user u;
	if (r->who.kind != WHO_IS_SHELL)
		return r->who.user_id;
	return user_owner(db, &u) ? NULL : arena_strdup(r->arena, u.id);
}

static bool is_mine(const struct req *r, const struct session_row *s)
{
	return r->who.via == VIA_COOKIE && !memcmp(s->hash, r->who.session, HASH_LEN);
}

static void write_session(struct req *r, struct out *o, const struct session_row *s)
{
	out_object(o);
	out_kcstr(o, "id", s->id);
	out_kcstr(o, "device", s->device);
	out_kint(o, "created", s->created);
	out_kint(o, "seen", s->seen);
	out_kint(o, "expires", s->expires);
	out_kbool(o, "here", is_mine(r, s));
	out_end(o);
}

static int list(struct req *r, struct db *db, const struct call *c UNUSED, struct out *o)
{
	struct session_row *row;
	const char *whose = person(r, db);
	int n = whose ? session_list(db, r->arena, whose, now_ms(), &row) : -r->fault.err;
	out_array(o);
	for (int i = 0; i < n; i++)
		write_session(r, o, &row[i]);
	out_end(o);
	return MAX(-n, 0);
}

int op_session_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

static int end_one(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct session_row *row;
	const char *whose = person(r, db);
	int n = whose ? session_list(db, r->arena, whose, now_ms(), &row) : -r->fault.err;
	out_null(o);
	for (int i = 0; i < n; i++)
		if (str_is(c->arg[1].s, row[i].id))
			return session_end(db, row[i].hash);
	return n < 0 ? -n : fail(r, ERR_NOT_FOUND, "There is no such session; it may have ended already. See: session list");
}

int op_session_end(struct req *r, const struct call *c, struct out *o)
{
	if (c->arg[1].present)
		return in_transaction(r, c, o, end_one);
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

/* ---- a new password ---- */

struct change {
	struct mine mine;
	struct attempt attempt;
	char hash[PASSWORD_HASH_LEN];
};

/* Every try is charged as one at the door is. */
static int begin(struct req *r, const struct arg *present, struct change *c)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	int err = 0;
	if (!db)
		return r->fault.err;
	if (!find_mine(r, db, &c->mine))
		err = fail(r, ERR_BAD_REQUEST, "Nobody is signed in here; `user reset` lets a person choose a new password.");
	else if (!present->present && !c->mine.fresh)
		err = fail(r, ERR_DENIED, "Say your present password too. If you have none, sign in with a new link first.");
	else
		err = attempt_begin(r, db, str_of(c->mine.user.name), c->mine.user.id, &c->attempt);
	db_return(db);
	return err;
}

static int check(struct req *r, const struct arg *present, struct change *c)
{
	bool right = true;
	int err = begin(r, present, c);
	if (err)
		return err;
	if (present->present)
		err = password_check(r, c->mine.user.password, present->s, &right);
	if (err)
		attempt_undo(r, &c->attempt);
	return err || right ? err : fail(r, ERR_DENIED, "Your present password is another one.");
}

static int charge_off(struct req *r, const struct attempt *a)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	int err = db ? db_begin(db) : r->fault.err;
	if (db && !err)
		err = attempt_succeeded(db, a) ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}

static int is_fresh(struct req *r)
{
	struct mine mine;
	struct db *db = db_borrow(r->node->store, &r->fault);
	bool found = db && find_mine(r, db, &mine);
	db_return(db);
	if (found && mine.fresh)
		return 0;
	return r->fault.err ? r->fault.err : fail(r, ERR_DENIED, "Say your password too, or sign in again first: this needs somebody who was here just now.");
}

int session_confirm(struct req *r, const struct arg *present)
{
	struct change c = {0};
	if (r->who.kind == WHO_IS_SHELL)
		return 0;
	if (!present->present)
		return is_fresh(r);
	int err = check(r, present, &c);
	return err ? err : charge_off(r, &c.attempt);
}

/* What was true when the password was checked must still be. */
static int set(struct req *r, struct db *db, const struct change *c)
{
	struct mine now;
	const struct user *u = &c->mine.user;
	int err = db_begin(db);
	if (err)
		return err;
	if (!find_mine(r, db, &now) || now.user.ver != u->ver || strcmp(now.user.password, u->password))
		err = db_fail(db, ERR_CONFLICT, "Your account was changed meanwhile; reload the page and try again.");
	if (!err)
		err = user_set_password(db, u->id, c->hash);
	if (!err)
		err = user_revoke(db, u->id, r->who.session, false);
	if (!err)
		err = attempt_succeeded(db, &c->attempt);
	return err ? db_rollback(db) : db_commit(db);
}

int op_session_password(struct req *r, const struct call *call, struct out *o)
{
	struct change c = {0};
	int err = password_fit(r, call->arg[0].s);
	if (!err)
		err = check(r, &call->arg[1], &c);
	if (err)
		return err;
	err = password_hash(r, call->arg[0].s, c.hash);
	if (err)
		attempt_undo(r, &c.attempt);
	struct db *db = err ? NULL : db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	err = set(r, db, &c);
	db_return(db);
	if (!err)
		out_null(o);
	return err;
}
