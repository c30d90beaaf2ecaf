#include "base/now.h"
#include "codec/form.h"
#include "codec/path.h"
#include "kernel/cookie.h"
#include "kernel/identity.h"
#include "kernel/page.h"
#include "kernel/people.h"
#include "sys/endpoint.h"

/* The hand-over of kernel/identity.h. The code is bound to the app, to the dashboard's session, and through the
 * challenge to the browser that asked, so a code that leaks, or one that an attacker sends to somebody, opens nothing. */

#define HANDOVER_MS (60 * 1000)

/* The code for this person at that app, or the reason why not. */
static int issue(struct req *r, struct db *db, struct app *app, struct code *c, char secret[SECRET_LEN + 1])
{
	struct user u;
	if (!app || !user_find_for(db, str_of(r->who.user_id), str_of(app->id), &u) || people_role(app, &u) == ROLE_NONE)
		return db_fail(db, ERR_NOT_FOUND, "No app lives at this address.");
	memcpy(c->user_id, u.id, sizeof c->user_id);
	memcpy(c->app_id, app->id, sizeof c->app_id);
	memcpy(c->session, r->who.session, sizeof c->session);
	int err = db_begin(db);
	if (!err)
		err = code_create(db, c, secret);
	return err ? db_rollback(db) : db_commit(db);
}

/* Only a person who follows a link or a redirect: not a frame, an image or a script of some page. */
static bool is_document(const struct req *r)
{
	struct str dest = req_header(r, "sec-fetch-dest");
	return !dest.p || str_is(dest, "document");
}

int endpoint_hand_over(struct req *r)
{
	struct str name = form_get(r->arena, r->query, "app"), next = form_get(r->arena, r->query, "next");
	struct str host = form_get(r->arena, r->query, "host");
	struct code c = {.kind = CODE_HANDOVER, .next = arena_cstr(r->arena, next), .expires = now_ms() + HANDOVER_MS};
	char secret[SECRET_LEN + 1];
	if (crypt_unb64url(c.challenge, sizeof c.challenge, form_get(r->arena, r->query, "challenge")) != HASH_LEN ||
	    !path_local(r->arena, next) || next.n > NEXT_BYTES || !is_document(r))
		return fail(r, ERR_BAD_REQUEST, "Open the app again; this is not a way into one.");
	if (r->who.via != VIA_COOKIE)
		return identity_demand(r);

	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	struct app *app = host.p ? app_by_host(r->node, db, host) : app_by_name(r->node, db, name);
	int err = issue(r, db, app, &c, secret);
	db_return(db);
	if (!err) {
		const char *origin = host.p ? node_host_origin(&r->settings, r->arena, arena_cstr(r->arena, host))
					    : node_origin(&r->settings, r->arena, app->name);
		res_redirect(r, 303, arena_printf(r->arena, "%s/_fazt/enter?code=%s", origin, secret));
		page_headers(r);
	}
	app_release(app);
	return err;
}

/* Does this browser hold the nonce of the challenge? */
static bool is_same_browser(const struct req *r, const struct code *c)
{
	unsigned char hash[HASH_LEN];
	struct str nonce = cookie_get(r, COOKIE_NONCE);
	crypt_hash(hash, nonce.n ? nonce.p : "", nonce.n);
	return nonce.n == SECRET_LEN && crypt_equal(hash, c->challenge, HASH_LEN);
}

/* Whatever does not fit, the code is spent. */
static int enter(struct req *r, struct db *db, struct str secret, struct code *c, char token[SECRET_LEN + 1])
{
	int err = db_begin(db);
	if (!err)
		err = code_take(db, r->arena, CODE_HANDOVER, secret, now_ms(), c);
	if (err)
		return db_rollback(db);
	if (strcmp(c->app_id, r->app->id) || !is_same_browser(r, c))
		return (err = db_commit(db)) ? err : db_fail(db, ERR_BAD_REQUEST, "This sign-in was begun in another browser.");
	err = identity_start(r, db, c->user_id, c->session, token);
	return err ? db_rollback(db) : db_commit(db);
}

/* Back and forward, or two tabs: the person is in already, or begins again by hand, so that nothing can go round. */
static int too_late(struct req *r)
{
	struct buf b = BUF_INIT;
	if (r->who.kind == WHO_IS_USER) {
		res_redirect(r, 303, "/");
		page_headers(r);
		return 0;
	}
	page_add(&b, "<p>{}</p>\n<a class=\"button wide\" href=\"/_fazt/sign-in\">Try again</a>\n",
		 "This sign-in took too long, or was begun in another browser.");
	page_send(r, 400, "Not signed in", &b);
	return 0;
}

int endpoint_enter(struct req *r)
{
	struct code c;
	char token[SECRET_LEN + 1];
	int err = cookie_allowed(r);
	if (err)
		return err;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	err = enter(r, db, form_get(r->arena, r->query, "code"), &c, token);
	db_return(db);
	if (err == ERR_NOT_FOUND || err == ERR_BAD_REQUEST)
		return too_late(r);
	if (err)
		return err;
	res_redirect(r, 303, c.next);
	page_headers(r);
	identity_set_cookie(r, token);
	cookie_clear(r, COOKIE_NONCE);
	return 0;
}
