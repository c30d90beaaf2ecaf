#include "kernel/identity.h"

#include <pthread.h>

#include "base/now.h"
#include "base/visible.h"
#include "codec/form.h"
#include "codec/path.h"
#include "kernel/attempt.h"
#include "kernel/cookie.h"
#include "kernel/journal.h"
#include "kernel/people.h"
#include "kernel/token.h"
#include "store/token.h"

/* The cache maps the hash of a credential at one app to its principal. An entry holds for one epoch, and everything
 * that ends a session or token, or changes what a person may do, raises the epoch in the same transaction. Only what
 * was found is kept, so inventing credentials does not evict anyone for more than one query. */

#define CACHE_SLOTS 512
#define DEVICE_MAX 200 /* bytes of what a browser says it is */
#define SEEN_EACH_MS (60 * 60 * 1000) /* how often a session's row notes that it is used */
#define TOKEN_SEEN_MS (60 * 1000)
#define NONCE_SECONDS 600
#define DAY_MS (24 * 60 * 60 * 1000ll)

struct known {
	unsigned char credential[HASH_LEN];
	char app_id[ID_LEN + 1]; /* empty: the dashboard's host */
	const struct node *node;
	int64_t epoch, until; /* now_ms: then the row is asked again */
	bool member;
	struct principal who;
};

static struct known cache[CACHE_SLOTS];
static pthread_mutex_t cache_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *here(const struct req *r)
{
	return r->os || !r->app ? "" : r->app->id;
}

static struct known *slot(const unsigned char credential[HASH_LEN])
{
	return &cache[(credential[0] | credential[1] << 8) % CACHE_SLOTS];
}

static bool recall(const struct req *r, const unsigned char credential[HASH_LEN], struct known *k)
{
	struct known found;
	pthread_mutex_lock(&cache_lock);
	found = *slot(credential);
	pthread_mutex_unlock(&cache_lock);
	if (found.node != r->node || found.epoch != r->epoch || found.until <= now_ms() || strcmp(found.app_id, here(r)) ||
	    !crypt_equal(found.credential, credential, HASH_LEN))
		return false;
	*k = found;
	return true;
}

static void remember(struct req *r, const unsigned char credential[HASH_LEN], struct known *k)
{
	memcpy(k->credential, credential, HASH_LEN);
	snprintf(k->app_id, sizeof k->app_id, "%s", here(r));
	k->node = r->node;
	k->epoch = r->epoch;
	pthread_mutex_lock(&cache_lock);
	*slot(credential) = *k;
	pthread_mutex_unlock(&cache_lock);
}

/* ---- from a row to a principal ---- */

static void know_user(struct req *r, const struct user *u, enum via via, struct known *k)
{
	enum role role = r->os || !r->app ? u->role : people_role(r->app, u);
	k->member = role != ROLE_NONE;
	k->who = (struct principal){.kind = WHO_IS_USER, .via = via, .owner = u->role == ROLE_OWNER, .admin = role >= ROLE_ADMIN};
	memcpy(k->who.user_id, u->id, sizeof k->who.user_id);
	memcpy(k->who.name, u->name, sizeof k->who.name);
	if (r->app)
		app_public_id(r->node, r->app->id, u->id, k->who.public_id);
}

static int64_t session_life(const struct req *r)
{
	return MAX(r->settings.number[SETTING_SESSION_DAYS], (int64_t)1) * DAY_MS;
}

/* Note at most hourly that the session is used. A full disk must not sign anybody out, so failing is fine. */
static void refresh(struct req *r, struct db *db, struct session *s)
{
	int64_t now = now_ms();
	if (now - s->seen < SEEN_EACH_MS && s->seen - now < SEEN_EACH_MS) /* seen tomorrow: the clock was set back */
		return;
	int err = db_begin_now(db);
	if (!err)
		err = session_refresh(db, s->hash, now, now + session_life(r)) ? db_rollback(db) : db_commit(db);
	if (err)
		fault_clear(db_fault(db));
	s->seen = now;
}

static bool find_session(struct req *r, struct db *db, const unsigned char hash[HASH_LEN], struct known *k)
{
	struct session s;
	struct user u;
	if (!session_find(db, hash, now_ms(), &s, &u) || strcmp(s.app_id, here(r)))
		return false;
	refresh(r, db, &s);
	know_user(r, &u, VIA_COOKIE, k);
	memcpy(k->who.session, hash, HASH_LEN);
	k->until = MIN(s.expires, s.seen + SEEN_EACH_MS);
	return true;
}

static int find_token(struct req *r, struct db *db, struct str token, struct known *k)
{
	struct user u;
	int err = token_read(r, db, token, &u, &k->until);
	if (!err)
		know_user(r, &u, VIA_BEARER, k);
	return err;
}

/* ---- what the request carries ---- */

/* RFC 6750 §2.1; the scheme in any case. STR_NONE: no bearer token. */
static struct str bearer(const struct req *r)
{
	struct str token, scheme = str_cut(req_header(r, "authorization"), ' ', &token);
	return str_ieq(scheme, "bearer") ? str_trim(token) : STR_NONE;
}

/* A token in an address ends in logs, histories and referrers: refuse it, so that nobody gets used to it. */
static bool query_has_token(struct req *r)
{
	struct form form = FORM(r->query);
	struct str name, value, rest, part;
	while (form_next(&form, r->arena, &name, &value)) {
		if (str_is(name, "access_token"))
			return true;
		part = str_cut(value, '.', &rest);
		if (str_starts(value, TOKEN_PREFIX) && value.n == TOKEN_LEN)
			return true;
		if (str_starts(part, "eyJ") && rest.n && memchr(rest.p, '.', rest.n))
			return true;
	}
	return false;
}

/* Its row notes the use at most once a minute, when it is read anyway. */
static void note_use(struct db *db, const unsigned char hash[HASH_LEN], int64_t now)
{
	int err = db_begin_now(db);
	if (!err)
		err = token_seen(db, hash, now) ? db_rollback(db) : db_commit(db);
	if (err)
		fault_clear(db_fault(db));
}

/* A token of the node: for its operations, on the dashboard's host. */
static int find_node_token(struct req *r, struct db *db, const unsigned char hash[HASH_LEN], struct known *k)
{
	struct token t;
	int64_t now = now_ms();
	if (!token_find(db, hash, &t)) {
		int err = r->fault.err ? r->fault.err : attempt_token(r, db);
		return err ? err : fail(r, ERR_UNAUTHORIZED, "There is no such token here; it may have been removed.");
	}
	if (t.expires <= now)
		return fail(r, ERR_UNAUTHORIZED, "The token %s has expired; make another with: fazt-admin token add NAME", t.name);
	k->who = (struct principal){.kind = WHO_IS_TOKEN, .via = VIA_BEARER};
	snprintf(k->who.name, sizeof k->who.name, "%s", t.name);
	memcpy(k->who.token_app, t.app_id, sizeof k->who.token_app);
	k->member = true;
	k->until = MIN(t.expires, now + TOKEN_SEEN_MS);
	note_use(db, hash, now);
	return 0;
}

/* Each host has its own kind of token, so that one which went astray says so. */
static int misplaced(struct req *r, bool os, bool of_node)
{
	if (of_node && !os)
		return fail(r, ERR_UNAUTHORIZED, "This token is for the operations of the node, at %s.", node_origin(&r->settings, r->arena, "os"));
	if (os && !str_starts(r->path, "/_fazt/api/"))
		return fail(r, ERR_UNAUTHORIZED, "The dashboard takes no tokens, except for operations.");
	return 0;
}

static int by_token(struct req *r, struct str token, struct known *k)
{
	unsigned char hash[HASH_LEN];
	bool os = r->os || !r->app;
	int err = misplaced(r, os, str_starts(token, TOKEN_PREFIX));
	if (err)
		return err;
	crypt_hash(hash, token.n ? token.p : "", token.n);
	if (recall(r, hash, k))
		return 0;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	err = os ? find_node_token(r, db, hash, k) : find_token(r, db, token, k);
	db_return(db);
	if (!err)
		remember(r, hash, k);
	return err;
}

static int by_cookie(struct req *r, struct str cookie, struct known *k)
{
	unsigned char hash[HASH_LEN];
	crypt_hash(hash, cookie.p, cookie.n);
	if (recall(r, hash, k))
		return 0;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	if (find_session(r, db, hash, k))
		remember(r, hash, k);
	db_return(db);
	return r->fault.err;
}

/* Somebody who does not belong here: nobody where everyone may come, and elsewhere the app does not exist for them. */
static int admit(struct req *r, const struct known *k)
{
	if (k->who.kind == WHO_IS_STRANGER)
		return 0;
	if (k->member) {
		r->who = k->who;
		return 0;
	}
	if (r->app->manifest->visibility == VISIBLE_ANYONE || str_starts(r->path, "/_fazt/"))
		return 0;
	return fail(r, ERR_NOT_FOUND, "No app lives at this address.");
}

int identity_of(struct req *r)
{
	struct known k = {0};
	int err = 0;
	if (r->door == DOOR_SHELL)
		return 0; /* the door said who */
	r->who = (struct principal){0};
	if (r->open)
		return 0;
	if (query_has_token(r))
		return fail(r, ERR_BAD_REQUEST, "Send a token in the Authorization header, never in an address.");
	struct str token = bearer(r), cookie = cookie_get(r, r->os ? COOKIE_OS : COOKIE_APP);
	if (token.p)
		err = by_token(r, token, &k);
	else if (cookie.n == SECRET_LEN)
		err = by_cookie(r, cookie, &k);
	return err ? err : admit(r, &k);
}

/* A run has no session to look at: whoever started it must still be there. */
static int look_again(struct req *r, const char *user_id)
{
	if (r->door != DOOR_SHELL)
		return identity_of(r);
	r->who = (struct principal){0};
	int err = identity_become(r, str_of(user_id));
	if (err == ERR_NOT_FOUND)
		fault_clear(&r->fault);
	return err == ERR_NOT_FOUND ? 0 : err;
}

/* Nothing is asked again unless something was ended or changed since: that raises the epoch. Who is refused once is refused
 * at each write that follows: it stays who it was, of the epoch that it was. */
int identity_still(struct req *r)
{
	const struct principal before = r->who;
	const int64_t known = r->epoch;
	bool run = r->journal && r->journal->run.id;
	if (before.kind != WHO_IS_USER || (r->door == DOOR_SHELL && !run))
		return 0;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int64_t epoch = db_epoch(db);
	db_return(db);
	if (epoch == r->epoch)
		return 0;
	r->epoch = epoch;
	int err = look_again(r, before.user_id);
	if (!err && r->who.kind == WHO_IS_USER && !strcmp(r->who.user_id, before.user_id))
		return 0;
	r->who = before;
	r->epoch = known;
	if (err)
		return err;
	return fail(r, ERR_UNAUTHORIZED, run ? "Whoever started this does not belong to the app any more; nothing was changed." :
					       "You were signed out meanwhile; nothing was changed.");
}

int identity_become(struct req *r, struct str name)
{
	struct known k = {0};
	struct user u;
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = name.n ? 0 : user_owner(db, &u);
	bool found = !err && user_find_for(db, name.n ? name : str_of(u.id), str_of(here(r)), &u);
	db_return(db);
	if (!found)
		return r->fault.err ? r->fault.err : fail(r, ERR_NOT_FOUND, "There is no account called %.*s.", STR_FMT(name));
	know_user(r, &u, VIA_SHELL, &k);
	return admit(r, &k);
}

/* ---- where the request comes from ---- */

static bool is_safe(struct str method)
{
	return str_is(method, "GET") || str_is(method, "HEAD") || str_is(method, "OPTIONS");
}

static bool is_exempt(const struct req *r)
{
	return r->open || r->who.via == VIA_BEARER || r->door == DOOR_SHELL || is_safe(r->method);
}

int identity_check_site(const struct req *r, struct fault *f)
{
	struct str origin = req_header(r, "origin"), site = req_header(r, "sec-fetch-site");
	if (is_exempt(r))
		return 0;
	const char *own = req_origin(r);
	bool same_site = str_is(site, "same-origin");
	if (origin.p ? !str_is(origin, own) || (site.p && !same_site) : !same_site)
		return fault(f, ERR_BAD_ORIGIN, NULL);
	return 0;
}

void identity_csrf(const struct req *r, char out[SECRET_LEN + 1])
{
	unsigned char key[KEY_LEN], mac[HASH_LEN];
	struct buf b = BUF_INIT;
	out[0] = 0;
	if (r->who.via != VIA_COOKIE)
		return;
	crypt_derive(key, store_secret(r->node->store), "csrf");
	crypt_mac(mac, key, r->who.session, sizeof r->who.session);
	crypt_b64url(&b, mac, sizeof mac);
	memcpy(out, b.p, SECRET_LEN + 1);
	buf_release(&b);
	crypt_wipe(key, sizeof key);
}

static struct str sent_csrf(const struct req *r)
{
	struct str params, header = req_header(r, "x-csrf-token");
	if (header.p)
		return header;
	struct str type = str_trim(str_cut(req_header(r, "content-type"), ';', &params));
	return str_ieq(type, "application/x-www-form-urlencoded") ? form_get(r->arena, r->body, "csrf") : STR_NONE;
}

int identity_check_origin(struct req *r)
{
	char csrf[SECRET_LEN + 1];
	int err = identity_check_site(r, &r->fault);
	if (err || is_exempt(r) || !r->os || r->who.via != VIA_COOKIE)
		return err;
	struct str sent = sent_csrf(r);
	identity_csrf(r, csrf);
	if (sent.n != SECRET_LEN || !crypt_equal(sent.p, csrf, SECRET_LEN))
		return fail(r, ERR_BAD_ORIGIN, "The page this came from is out of date; reload it and try again.");
	return 0;
}

void identity_user(const struct req *r, struct out *o)
{
	if (r->who.kind != WHO_IS_USER)
		return out_null(o);
	out_object(o);
	out_kcstr(o, "id", r->who.public_id);
	out_kcstr(o, "name", r->who.name);
	out_kcstr(o, "role", r->who.admin ? "admin" : "member");
	out_end(o);
}

/* ---- the way to a person ---- */

static bool is_navigation(const struct req *r)
{
	struct str mode = req_header(r, "sec-fetch-mode"), dest = req_header(r, "sec-fetch-dest");
	return r->door == DOOR_HTTP && str_is(r->method, "GET") && req_wants_html(r) &&
	       (!mode.p || str_is(mode, "navigate")) && (!dest.p || str_is(dest, "document"));
}

static void nonce_challenge(struct str nonce, struct buf *b)
{
	unsigned char hash[HASH_LEN];
	crypt_hash(hash, nonce.p, nonce.n);
	crypt_b64url(b, hash, sizeof hash);
}

static struct str short_next(struct str next)
{
	struct str query, path = str_cut(next, '?', &query);
	return next.n <= NEXT_BYTES ? next : path.n <= NEXT_BYTES ? path : STR("/");
}

void identity_hand_over(struct req *r, struct str next)
{
	/* a nonce that is there already serves the other tabs that are on their way with it */
	struct str nonce = cookie_get(r, COOKIE_NONCE);
	char fresh[SECRET_LEN + 1];
	struct buf url = BUF_INIT, challenge = BUF_INIT;
	if (nonce.n != SECRET_LEN) {
		id_secret(fresh);
		nonce = str_of(fresh);
	}
	nonce_challenge(nonce, &challenge);
	buf_addf(&url, "%s/_fazt/hand-over?", node_origin(&r->settings, r->arena, "os"));
	form_add(&url, "app", str_of(r->app->name));
	if (r->own_domain)
		form_add(&url, "host", r->host);
	form_add(&url, "challenge", buf_str(&challenge));
	form_add(&url, "next", short_next(next));
	res_redirect(r, 303, url.p);
	cookie_set(r, COOKIE_NONCE, arena_cstr(r->arena, nonce), NONCE_SECONDS);
	buf_release(&url);
	buf_release(&challenge);
}

int identity_demand(struct req *r)
{
	struct str next = path_local(r->arena, r->target) ? r->target : STR("/");
	if (!is_navigation(r) || r->who.kind != WHO_IS_STRANGER || bearer(r).p || r->open)
		return r->fault.err == ERR_UNAUTHORIZED ? ERR_UNAUTHORIZED : fail(r, ERR_UNAUTHORIZED, NULL);
	if (r->app && !r->os) {
		identity_hand_over(r, next);
	} else {
		struct buf url = BUF_INIT;
		buf_adds(&url, "/_fazt/sign-in?");
		form_add(&url, "next", short_next(next));
		res_redirect(r, 303, url.p);
		buf_release(&url);
	}
	res_header(r, "cache-control", STR("no-store"));
	return 0;
}

int identity_start(struct req *r, struct db *db, const char *user_id, const unsigned char *parent,
		   char token[SECRET_LEN + 1])
{
	int64_t now = now_ms();
	struct session s = {.expires = now + session_life(r), .device = visible(r->arena, str_trim(req_header(r, "user-agent")), DEVICE_MAX)};
	id_secret(token);
	crypt_hash(s.hash, token, SECRET_LEN);
	snprintf(s.user_id, sizeof s.user_id, "%s", user_id);
	snprintf(s.app_id, sizeof s.app_id, "%s", here(r));
	if (parent)
		memcpy(s.parent, parent, HASH_LEN);
	int err = r->who.via == VIA_COOKIE ? session_end(db, r->who.session) : 0;
	return err ? err : session_create(db, &s, now);
}

void identity_set_cookie(struct req *r, const char *token)
{
	cookie_set(r, r->os ? COOKIE_OS : COOKIE_APP, token, session_life(r) / 1000);
}

int identity_end(struct req *r, bool everywhere)
{
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = db_begin(db);
	if (!err)
		err = everywhere ? user_revoke(db, r->who.user_id, NULL, false) : session_end(db, r->who.session);
	err = err ? db_rollback(db) : db_commit(db);
	db_return(db);
	return err;
}
