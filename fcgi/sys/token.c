/* token: what programs elsewhere sign their operations with. The secret is answered once and then nowhere. */
#include "store/token.h"

#include "base/now.h"
#include "base/visible.h"
#include "sys/appinfo.h"

#define DAYS (24 * 3600)
#define TTL (90 * DAYS)
#define TTL_MAX (366 * DAYS)

static int wanted(struct req *r, struct db *db, const struct call *c, struct token *t)
{
	struct str name = c->arg[0].s;
	int64_t ttl = c->arg[2].present ? c->arg[2].i : TTL;
	struct app_row *app = c->arg[1].present ? app_named(r, db, c->arg[1].s) : NULL;
	if (c->arg[1].present && !app)
		return r->fault.err;
	if (!text_label(name))
		return fail(r, ERR_BAD_REQUEST, "a token's name is small letters, digits and hyphens: %s is not one", visible(r->arena, name, 60));
	if (ttl < 1 || ttl > TTL_MAX)
		return fail(r, ERR_BAD_REQUEST, "a token lasts 1 to %d seconds", TTL_MAX);
	*t = (struct token){.created = now_ms()};
	t->expires = t->created + ttl * 1000;
	snprintf(t->name, sizeof t->name, "%.*s", STR_FMT(name));
	snprintf(t->app_id, sizeof t->app_id, "%s", app ? app->id : "");
	return 0;
}

static int add(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct token t;
	unsigned char hash[HASH_LEN];
	char secret[TOKEN_LEN + 1] = TOKEN_PREFIX;
	int err = wanted(r, db, c, &t);
	if (err)
		return err;
	id_secret(secret + sizeof TOKEN_PREFIX - 1);
	crypt_hash(hash, secret, TOKEN_LEN);
	if (!(err = token_add(db, &t, hash)))
		out_cstr(o, secret);
	crypt_wipe(secret, sizeof secret);
	return err;
}

int op_token_add(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, add);
}

static void write_token(struct req *r, struct db *db, struct out *o, const struct token *t)
{
	struct app_row *app = t->app_id[0] ? app_row_by_id(db, r->arena, str_of(t->app_id)) : NULL;
	out_object(o);
	out_kcstr(o, "name", t->name);
	out_kcstr(o, "app", app ? app->name : NULL);
	out_kbool(o, "expired", t->expires <= now_ms());
	out_kint(o, "expires", t->expires);
	out_key(o, "seen");
	if (t->seen)
		out_int(o, t->seen);
	else
		out_null(o);
	out_kint(o, "created", t->created);
	out_end(o);
}

static int list(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	struct token *tokens;
	int n = token_list(db, r->arena, &tokens);
	(void)c;
	if (n < 0)
		return -n;
	out_array(o);
	for (int i = 0; i < n; i++)
		write_token(r, db, o, &tokens[i]);
	out_end(o);
	return 0;
}

int op_token_list(struct req *r, const struct call *c, struct out *o)
{
	return with_db(r, c, o, list);
}

static int drop(struct req *r, struct db *db, const struct call *c, struct out *o)
{
	int err = token_remove(db, c->arg[0].s);
	(void)r;
	if (!err)
		out_null(o);
	return err;
}

int op_token_remove(struct req *r, const struct call *c, struct out *o)
{
	return in_transaction(r, c, o, drop);
}
