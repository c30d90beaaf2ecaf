#include "base/now.h"
#include "kernel/app.h"
#include "kernel/token.h"
#include "store/session.h"
#include "sys/sys.h"

/* The owner's verbs about people. Links are built from the settings alone, so no Host header can bend them. */

#define HOUR_MS (60 * 60 * 1000ll)

static const struct {
	const char *path;
	int64_t life;
} link_kinds[] = {
	[CODE_LOGIN] = {"login", HOUR_MS},
	[CODE_INVITE] = {"invite", 7 * 24 * HOUR_MS},
	[CODE_RESET] = {"reset", 24 * HOUR_MS},
};

static int find_for(struct db *db, struct str name, const char *app_id, struct user *u)
{
	if (user_find_for(db, name, str_of(app_id), u))
		return 0;
	return db_fault(db)->err ? db_fault(db)->err : db_fail(db, ERR_NOT_FOUND, "There is no account called %.*s.", STR_FMT(name));
}

static int find(struct db *db, struct str name, struct user *u)
{
	return find_for(db, name, "", u);
}

static void write_user(struct out *o, const struct user *u)
{
	out_kcstr(o, "name", u->name);
	out_kcstr(o, "role", role_name(u->role));
	out_kcstr(o, "mail", u->mail[0] ? u->mail : NULL);
	out_kbool(o, "pending", !u->password[0] && !u->seen); /* nobody came in by it yet */
}

static int make_link(struct req *r, struct db *db, const struct user *u, struct code *c, char **link)
{
	char secret[SECRET_LEN + 1];
	c->expires = now_ms() + link_kinds[c->kind].life;
	memcpy(c->user_id, u->id, sizeof c->user_id);
	int err = code_create(db, c, secret);
	*link = arena_printf(r->arena, "%s/_fazt/%s?code=%s", node_origin(&r->settings, r->arena, "os"),
			     link_kinds[c->kind].path, secret);
	return err;
}

static int write_link(struct req *r, struct db *db, struct out *o, const struct user *u, enum code_kind kind)
{
	struct code c = {.kind = kind};
	char *link;
	int err = make_link(r, db, u, &c, &link);
	if (err)
		return err;
	out_object(o);
	write_user(o, u);
	out_kcstr(o, "link", link);
	out_kint(o, "expires", c.expires);
	out_end(o);
	return 0;
}

int op_user_list(struct req *r, const struct call *c UNUSED, struct out *o)
{
	struct user *list;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int n = user_list(db, r->arena, STR(""), &list);
	db_return(db);
	if (n < 0)
		return -n;
	out_array(o);
	for (int i = 0; i < n; i++) {
		out_object(o);
		write_user(o, &list[i]);
		out_kint(o, "created", list[i].created);
		out_key(o, "seen");
		if (list[i].seen)
			out_int(o, list[i].seen);
		else
			out_null(o);
		out_end(o);
	}
	out_end(o);
	return 0;
}

/* A role that can be given: nobody becomes an owner this way. */
static int role_of(struct db *db, const struct arg *a, bool of_app, enum role *role)
{
	int found = a->present ? role_by_name(a->s) : ROLE_MEMBER;
	*role = (enum role)found;
	if (found == ROLE_MEMBER || found == ROLE_ADMIN || (found == ROLE_NONE && of_app))
		return 0;
	return db_fail(db, ERR_BAD_REQUEST, of_app ? "A role in an app is admin, member or none." : "A role is member or admin.");
}

static int add(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct user u;
	enum role role;
	int err = role_of(db, &c->arg[1], false, &role);
	if (!err)
		err = user_create(db, c->arg[0].s, role, &u);
	return err ? err : write_link(r, db, o, &u, CODE_INVITE);
}

int op_user_add(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, add);
}

static int invite(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct user u;
	int err = find(db, c->arg[0].s, &u);
	if (!err && u.password[0])
		err = db_fail(db, ERR_CONFLICT, "%s has chosen a password already; `user reset` lets them choose a new one.", u.name);
	return err ? err : write_link(r, db, o, &u, CODE_INVITE);
}

int op_user_invite(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, invite);
}

static int find_app(struct req *r, struct db *db, struct str name, struct app **app)
{
	*app = app_by_name(r->node, db, name);
	if (!*app)
		*app = app_by_id(r->node, db, name);
	return *app ? 0 : db_fail(db, ERR_NOT_FOUND, "There is no app called %.*s.", STR_FMT(name));
}

static int set_app_role(struct req *r, struct db *db, const struct user *u, struct str name, enum role role)
{
	struct app *app;
	int err = find_app(r, db, name, &app);
	if (!err)
		err = user_set_app_role(db, u->id, str_of(app->id), (int)role);
	app_release(app);
	return err;
}

static int set_role(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct user u;
	enum role role;
	bool of_app = c->arg[2].present;
	int err = find(db, c->arg[0].s, &u);
	if (!err)
		err = role_of(db, &c->arg[1], of_app, &role);
	if (!err && u.role == ROLE_OWNER)
		err = db_fail(db, ERR_DENIED, "The owner is an admin everywhere; that cannot change.");
	if (!err)
		err = of_app ? set_app_role(r, db, &u, c->arg[2].s, role) : user_set_role(db, u.id, role);
	if (err)
		return err;
	if (!of_app)
		u.role = role;
	out_object(o);
	write_user(o, &u);
	if (of_app) {
		out_kstr(o, "app", c->arg[2].s);
		out_kcstr(o, "app_role", role_name(role));
	}
	out_end(o);
	return 0;
}

int op_user_role(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, set_role);
}

static int reset(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct user u;
	int err = find(db, c->arg[0].s, &u);
	if (!err)
		err = user_revoke(db, u.id, NULL, true);
	u.password[0] = 0;
	return err ? err : write_link(r, db, o, &u, CODE_RESET);
}

int op_user_reset(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, reset);
}

static int set_mail(struct req *r UNUSED, struct db *db, const struct call *c, struct out *o)
{
	struct user u;
	int err = find(db, c->arg[0].s, &u);
	if (!err)
		err = user_set_mail(db, u.id, c->arg[1].present ? c->arg[1].s : STR(""));
	if (!err)
		err = find(db, c->arg[0].s, &u);
	if (err)
		return err;
	out_object(o);
	write_user(o, &u);
	out_end(o);
	return 0;
}

int op_user_mail(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, set_mail);
}

static int remove_user(struct req *r UNUSED, struct db *db, const struct call *c, struct out *o)
{
	struct user u;
	int err = find(db, c->arg[0].s, &u);
	if (!err && u.role == ROLE_OWNER)
		err = db_fail(db, ERR_DENIED, "The owner cannot be removed.");
	if (!err)
		err = user_remove(db, u.id);
	if (err)
		return err;
	out_object(o);
	out_kcstr(o, "removed", u.name);
	out_end(o);
	return 0;
}

int op_user_remove(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, remove_user);
}

static int ttl_of(struct req *r, const struct arg *a, int64_t *ttl)
{
	*ttl = a->present ? a->i : TOKEN_TTL;
	if (*ttl >= 1 && *ttl <= TOKEN_TTL_MAX)
		return 0;
	return fail(r, ERR_BAD_REQUEST, "A token lasts 1 to %d seconds.", TOKEN_TTL_MAX);
}

static int write_token(struct req *r, struct db *db, const struct app *app, struct str name, int64_t ttl, struct out *o)
{
	struct user u;
	struct buf token = BUF_INIT;
	int err = find_for(db, name, app->id, &u);
	if (!err && people_role(app, &u) == ROLE_NONE)
		err = db_fail(db, ERR_DENIED, "%s may not use %s; allow it with: user role %s member --app %s", u.name, app->name,
			      u.name, app->name);
	if (err)
		return err;
	token_issue(r, app, &u, ttl, &token);
	out_str(o, buf_str(&token));
	buf_release(&token);
	return 0;
}

int op_user_token(struct req *r, const struct call *c, struct out *o)
{
	struct app *app = NULL;
	int64_t ttl;
	int err = ttl_of(r, &c->arg[2], &ttl);
	struct db *db = err ? NULL : db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	err = find_app(r, db, c->arg[1].s, &app);
	if (!err)
		err = write_token(r, db, app, c->arg[0].s, ttl, o);
	app_release(app);
	db_return(db);
	return err;
}

static int login(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct user u;
	struct code code = {.kind = CODE_LOGIN};
	char *link;
	int err = c->arg[0].present ? find(db, c->arg[0].s, &u) : user_owner(db, &u);
	if (!err)
		err = make_link(r, db, &u, &code, &link);
	if (!err)
		out_cstr(o, link);
	return err;
}

int op_login_link(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, login);
}
