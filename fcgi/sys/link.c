#include "base/now.h"
#include "codec/form.h"
#include "kernel/cookie.h"
#include "kernel/identity.h"
#include "kernel/page.h"
#include "kernel/password.h"
#include "sys/endpoint.h"

/* One-time links: they sign in at once, or let their owner choose a password first. Opening one shows what it is;
 * only the form behind it takes the code. */

static const struct link {
	const char *path;
	enum code_kind kind;
	bool password; /* one has to be chosen */
	const char *title, *text, *button;
} links[] = {
	{"/_fazt/login", CODE_LOGIN, false, "Welcome back", "This link signs you in once, as", "Sign in"},
	{"/_fazt/invite", CODE_INVITE, true, "You are invited",
	 "Choose a password, and this cloud is open to you. Your name here is", "Join"},
	{"/_fazt/reset", CODE_RESET, true, "A new password",
	 "Choose a new password. Your name here is", "Set the password"},
};

static const struct link *link_of(const struct req *r)
{
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (str_is(r->path, links[i].path))
			return &links[i];
	die("no such link: %.*s", STR_FMT(r->path));
}

static int peek(struct req *r, const struct link *l, struct str secret, struct user *u)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	bool good = code_peek(db, l->kind, secret, now_ms(), u);
	db_return(db);
	if (good || r->fault.err)
		return r->fault.err;
	return fail(r, ERR_NOT_FOUND, "This link was used already, or its time is over. Ask for a new one.");
}

static int link_form(struct req *r, const struct link *l, const struct user *u, struct str secret, int status,
		     const char *message)
{
	struct buf b = BUF_INIT;
	page_add(&b, "<p>{} <b>{}</b>.</p>\n", l->text, u->name);
	if (message)
		page_add(&b, "<p class=\"notice danger\" role=\"alert\">{}</p>\n", message);
	/* nobody becomes another person by following a link that somebody sent: that takes a click */
	bool other = r->who.kind == WHO_IS_USER && strcmp(r->who.user_id, u->id) != 0;
	page_add(&b, "<form method=\"post\" action=\"{}\" {}>\n", l->path, l->password || other ? "" : "data-auto");
	page_add(&b, "<input type=\"hidden\" name=\"code\" value=\"{}\">\n", arena_cstr(r->arena, secret));
	if (l->password)
		page_add(&b,
			 "<input type=\"text\" name=\"name\" value=\"{}\" autocomplete=\"username\" hidden>\n"
			 "<label class=\"label\"><span>Password, at least 10 characters</span>"
			 "<input class=\"input\" type=\"password\" name=\"password\" autocomplete=\"new-password\" minlength=\"10\" maxlength=\"1024\" required autofocus></label>\n",
			 u->name);
	page_add(&b, "<button class=\"button wide\">{}</button>\n</form>\n", l->button);
	page_send(r, status, l->title, &b);
	return 0;
}

int endpoint_link_page(struct req *r)
{
	const struct link *l = link_of(r);
	struct str secret = form_get(r->arena, r->query, "code");
	struct user u;
	int err = cookie_allowed(r);
	if (!err)
		err = peek(r, l, secret, &u);
	return err ? err : link_form(r, l, &u, secret, 200, NULL);
}

static int take(struct req *r, struct db *db, const struct link *l, struct str secret, const char *hash,
		char token[SECRET_LEN + 1])
{
	struct code c;
	int err = db_begin(db);
	if (err)
		return err;
	err = code_take(db, r->arena, l->kind, secret, now_ms(), &c);
	if (!err && l->password)
		err = user_set_password(db, c.user_id, hash);
	if (!err)
		err = user_seen(db, c.user_id, now_ms());
	if (!err)
		err = identity_start(r, db, c.user_id, NULL, token);
	return err ? db_rollback(db) : db_commit(db);
}

int endpoint_link(struct req *r)
{
	const struct link *l = link_of(r);
	struct str secret = form_get(r->arena, r->body, "code"), password = form_get(r->arena, r->body, "password");
	char hash[PASSWORD_HASH_LEN] = "", token[SECRET_LEN + 1];
	struct user u;
	int err = cookie_allowed(r);
	if (!err)
		err = peek(r, l, secret, &u); /* strangers get no Argon2id for nothing */
	if (err)
		return err;
	if (l->password && (err = password_fit(r, password)) && req_wants_html(r))
		return link_form(r, l, &u, secret, 400, fault_message(&r->fault));
	if (!err && l->password)
		err = password_hash(r, password, hash);
	struct db *db = err ? NULL : db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	err = take(r, db, l, secret, hash, token);
	db_return(db);
	if (err)
		return err;
	res_redirect(r, 303, "/");
	page_headers(r);
	identity_set_cookie(r, token);
	return 0;
}
