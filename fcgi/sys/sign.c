#include "base/now.h"
#include "codec/form.h"
#include "codec/path.h"
#include "kernel/app.h"
#include "kernel/attempt.h"
#include "kernel/cookie.h"
#include "kernel/identity.h"
#include "kernel/page.h"
#include "kernel/password.h"
#include "sys/endpoint.h"

/* Signing in by name and password at the dashboard's host, and signing out anywhere. Whatever is wrong with a name or
 * a password, the answer and the work are the same. */

/* ---- where to go on to ---- */

/* Is url, "ORIGIN/path…", a place of this app's own host? */
static bool is_at(const struct req *r, struct str url, const char *name)
{
	const char *origin = node_origin(&r->settings, r->arena, name);
	size_t n = strlen(origin);
	return str_starts(url, origin) && path_local(r->arena, (struct str){url.p + n, url.n - n});
}

static bool is_registered(struct req *r, struct str url)
{
	struct str rest, host;
	if (is_at(r, url, "os"))
		return true;
	str_cut(url, '/', &rest);
	str_cut(rest, '/', &host);
	struct str name = str_cut(host, '.', &rest);
	if (!text_label(name) || !is_at(r, url, arena_cstr(r->arena, name)))
		return false;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return false;
	struct app *app = app_by_name(r->node, db, name);
	db_return(db);
	app_release(app);
	return app != NULL;
}

/* The `next` of a form or query: a path of this host or an address of an app installed here; "/" without one. */
static int next_of(struct req *r, struct str text, const char **next)
{
	struct str s = form_get(r->arena, text, "next");
	*next = s.n ? arena_cstr(r->arena, s) : "/";
	if (!s.n || path_local(r->arena, s) || is_registered(r, s))
		return 0;
	return r->fault.err ? r->fault.err : fail(r, ERR_BAD_REQUEST, "The address to go on to is not one of this cloud.");
}

/* ---- in ---- */

static int sign_in_form(struct req *r, int status, const char *next, const char *name, const char *message)
{
	struct buf b = BUF_INIT;
	if (message)
		page_add(&b, "<p class=\"notice danger\" role=\"alert\">{}</p>\n", message);
	page_add(&b,
		 "<form method=\"post\" action=\"/_fazt/sign-in\">\n<input type=\"hidden\" name=\"next\" value=\"{}\">\n"
		 "<label class=\"label\"><span>Name or e-mail</span><input class=\"input\" type=\"text\" name=\"name\" value=\"{}\" "
		 "autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\" maxlength=\"64\" required {}></label>\n"
		 "<label class=\"label\"><span>Password</span><input class=\"input\" type=\"password\" name=\"password\" "
		 "autocomplete=\"current-password\" maxlength=\"1024\" required {}></label>\n"
		 "<button class=\"button wide\">Sign in</button>\n</form>\n",
		 next, name, *name ? "" : "autofocus", *name ? "autofocus" : "");
	page_send(r, status, "Sign in", &b);
	if (r->retry_after)
		res_headerf(r, "retry-after", "%lld", (long long)r->retry_after);
	return 0;
}

int endpoint_sign_in_page(struct req *r)
{
	const char *next;
	int err = next_of(r, r->query, &next);
	if (!err)
		err = cookie_allowed(r);
	if (err)
		return err;
	if (r->who.kind != WHO_IS_USER)
		return sign_in_form(r, 200, next, "", NULL);
	res_redirect(r, 303, next);
	page_headers(r);
	return 0;
}

/* Find out whether the password is right, at the same cost whoever it is. */
static int check(struct req *r, struct str name, struct str password, struct user *u, struct attempt *a)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	bool right = false, known = user_find(db, name, u);
	int err = r->fault.err ? r->fault.err : attempt_begin(r, db, name, known ? u->id : NULL, a);
	db_return(db);
	if (err)
		return err;
	err = password_check(r, known ? u->password : NULL, password, &right);
	if (err)
		attempt_undo(r, a);
	return err || right ? err : fail(r, ERR_UNAUTHORIZED, "The name or the password is wrong.");
}

/* What was true when the password was checked must still be: a reset in between wins. */
static int start(struct req *r, struct db *db, const struct user *u, const struct attempt *a, char token[SECRET_LEN + 1])
{
	struct user now;
	int err = db_begin(db);
	if (err)
		return err;
	if (!user_find(db, str_of(u->id), &now) || now.ver != u->ver || strcmp(now.password, u->password))
		err = db_fail(db, ERR_UNAUTHORIZED, "The name or the password is wrong.");
	if (!err)
		err = attempt_succeeded(db, a);
	if (!err)
		err = user_seen(db, u->id, now_ms());
	if (!err)
		err = identity_start(r, db, u->id, NULL, token);
	return err ? db_rollback(db) : db_commit(db);
}

static int sign_in(struct req *r, struct str name, struct str password, const char *next)
{
	struct user u;
	struct attempt a;
	char token[SECRET_LEN + 1];
	int err = check(r, name, password, &u, &a);
	if (err)
		return err;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	err = start(r, db, &u, &a, token);
	db_return(db);
	if (err)
		return err;
	res_redirect(r, 303, next);
	page_headers(r);
	identity_set_cookie(r, token);
	attempt_remember(r, u.id);
	return 0;
}

int endpoint_sign_in(struct req *r)
{
	struct str name = str_trim(form_get(r->arena, r->body, "name"));
	const char *next;
	int err = next_of(r, r->body, &next);
	if (!err)
		err = cookie_allowed(r);
	if (err)
		return err;
	if (name.n > USER_NAME_MAX)
		name.n = USER_NAME_MAX + 1; /* nobody's, and short enough to show */
	err = sign_in(r, name, form_get(r->arena, r->body, "password"), next);
	if ((err == ERR_UNAUTHORIZED || err == ERR_RATE_LIMITED) && req_wants_html(r))
		return sign_in_form(r, err_row(err)->http, next, arena_cstr(r->arena, name), fault_message(&r->fault));
	return err;
}

/* At an app's host: go to the dashboard and come back to next. */
int endpoint_sign_in_app(struct req *r)
{
	struct str next = form_get(r->arena, r->query, "next");
	int err = cookie_allowed(r);
	if (err)
		return err;
	if (!next.n)
		next = STR("/");
	if (!path_local(r->arena, next))
		return fail(r, ERR_BAD_REQUEST, "The address to go on to is not one of this app.");
	if (r->who.kind == WHO_IS_USER)
		res_redirect(r, 303, arena_cstr(r->arena, next));
	else
		identity_hand_over(r, next);
	page_headers(r);
	return 0;
}

/* ---- out ---- */

int endpoint_sign_out_page(struct req *r)
{
	struct buf b = BUF_INIT;
	char csrf[SECRET_LEN + 1];
	identity_csrf(r, csrf);
	if (r->who.kind != WHO_IS_USER)
		page_add(&b, "<p>Nobody is signed in here.</p>\n<a class=\"button wide\" href=\"/_fazt/sign-in\">"
			     "Sign in</a>\n");
	else
		page_add(&b, "<p>You are <b>{}</b> here.</p>\n<form method=\"post\" action=\"/_fazt/sign-out\">\n"
			     "<input type=\"hidden\" name=\"csrf\" value=\"{}\">\n", r->who.name, csrf);
	if (r->who.kind == WHO_IS_USER && r->os)
		page_add(&b, "<label class=\"check\"><input type=\"checkbox\" name=\"everywhere\" value=\"1\"> "
			     "On all my devices, and end every token</label>\n");
	if (r->who.kind == WHO_IS_USER)
		page_add(&b, "<button class=\"button wide\">Sign out</button>\n</form>\n");
	page_send(r, 200, "Sign out", &b);
	return 0;
}

int endpoint_sign_out(struct req *r)
{
	struct buf b = BUF_INIT;
	bool everywhere = r->os && form_get(r->arena, r->body, "everywhere").n;
	int err = r->who.via == VIA_COOKIE ? identity_end(r, everywhere) : 0;
	if (err)
		return err;
	page_add(&b, "<p>{}</p>\n<a class=\"button wide\" href=\"/_fazt/sign-in\">Sign in again</a>\n",
		 everywhere ? "You are signed out everywhere." : r->os ? "You are signed out, here and in your apps."
								       : "You are signed out of this app.");
	page_send(r, 200, "Signed out", &b);
	cookie_clear(r, r->os ? COOKIE_OS : COOKIE_APP);
	return 0;
}
