#include "kernel/token.h"

#include <pthread.h>

#include "base/now.h"

void token_key(struct node *n, struct jwt_key *k)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct jwt_key cached; /* deriving it costs more than verifying with it */
	static unsigned char of[KEY_LEN];
	unsigned char seed[SIGN_SEED_LEN];
	const unsigned char *secret = store_secret(n->store);
	pthread_mutex_lock(&lock);
	if (!crypt_equal(of, secret, sizeof of)) {
		crypt_derive(seed, secret, "jwt");
		jwt_key(&cached, seed);
		crypt_wipe(seed, sizeof seed);
		memcpy(of, secret, sizeof of);
	}
	*k = cached;
	pthread_mutex_unlock(&lock);
}

void token_issue(struct req *r, const struct app *app, const struct user *u, int64_t ttl, struct buf *b)
{
	struct jwt_key key;
	char jti[ID_LEN + 1], sub[PUBLIC_ID_LEN + 1];
	int64_t now = now_ms() / 1000;
	id_new(jti);
	app_public_id(r->node, app->id, u->id, sub);
	token_key(r->node, &key);
	struct jwt t = {.iss = str_of(node_origin(&r->settings, r->arena, "os")),
			.sub = str_of(sub),
			.aud = str_of(app->id),
			.jti = str_of(jti),
			.exp = now + ttl,
			.iat = now,
			.ver = u->ver};
	jwt_sign(b, &t, &key);
	crypt_wipe(&key, sizeof key);
}

int token_read(struct req *r, struct db *db, struct str token, struct user *u, int64_t *expires)
{
	struct jwt t;
	struct jwt_key key;
	token_key(r->node, &key);
	crypt_wipe(key.seed, sizeof key.seed);
	int err = jwt_read(r->arena, token, &key, 1, node_origin(&r->settings, r->arena, "os"), r->app->id, now_ms() / 1000, &t,
			   &r->fault);
	if (err)
		return err;
	if (!people_find(r->node, db, r->app, t.sub, r->arena, u) || u->ver != t.ver)
		return fail(r, ERR_UNAUTHORIZED, "the token is not valid: it was revoked");
	*expires = t.exp * 1000;
	return 0;
}
