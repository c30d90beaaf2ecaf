#include "kernel/attempt.h"

#include "base/now.h"
#include "kernel/cookie.h"

/* The device cookie is USER.RANDOM.MAC; its counter's key is made of the random part, so a stolen cookie buys
 * ATTEMPTS_FREE_NAME guesses, not endless ones. */

#define DEVICE_SECONDS (365 * 24 * 3600)

static void keyed(const struct req *r, const char *purpose, const char *kind, struct str what, unsigned char out[HASH_LEN])
{
	unsigned char key[KEY_LEN];
	char *text = arena_printf(r->arena, "%s %.*s", kind, STR_FMT(what));
	crypt_derive(key, store_secret(r->node->store), purpose);
	crypt_mac(out, key, text, strlen(kind) + 1 + what.n);
	crypt_wipe(key, sizeof key);
}

static struct str lower(struct arena *a, struct str s)
{
	char *p = arena_cstr(a, s);
	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] | 32);
	return (struct str){p, s.n};
}

static char *device_mac(const struct req *r, struct str device)
{
	unsigned char mac[HASH_LEN];
	char *hex = arena_alloc(r->arena, 2 * HASH_LEN + 1);
	keyed(r, "device", "device", device, mac);
	crypt_hex(hex, mac, sizeof mac);
	return hex;
}

/* USER.RANDOM of this browser's device cookie, when it is ours and speaks for user_id. */
static struct str device_of(const struct req *r, const char *user_id)
{
	struct str cookie = cookie_get(r, COOKIE_DEVICE), mac, random;
	if (!user_id || cookie.n != ID_LEN + 1 + SECRET_LEN + 1 + 2 * HASH_LEN)
		return STR_NONE;
	struct str device = {cookie.p, ID_LEN + 1 + SECRET_LEN};
	mac = (struct str){cookie.p + device.n + 1, 2 * HASH_LEN};
	if (!crypt_equal(mac.p, device_mac(r, device), mac.n) || !str_is(str_cut(device, '.', &random), user_id))
		return STR_NONE;
	return device;
}

void attempt_remember(struct req *r, const char *user_id)
{
	char random[SECRET_LEN + 1];
	id_secret(random);
	char *device = arena_printf(r->arena, "%s.%s", user_id, random);
	cookie_set(r, COOKIE_DEVICE, arena_printf(r->arena, "%s.%s", device, device_mac(r, str_of(device))), DEVICE_SECONDS);
}

static int charge(struct req *r, struct db *db, const unsigned char key[HASH_LEN], int64_t free)
{
	int64_t wait = 0;
	int err = throttle_charge(db, key, free, now_ms(), &wait);
	if (err || !wait)
		return err;
	r->retry_after = (wait + 999) / 1000;
	return db_fail(db, ERR_RATE_LIMITED, "Too many attempts. Try again in %lld %s.",
		       (long long)(r->retry_after > 90 ? (r->retry_after + 59) / 60 : r->retry_after),
		       r->retry_after > 90 ? "minutes" : "seconds");
}

int attempt_begin(struct req *r, struct db *db, struct str name, const char *user_id, struct attempt *a)
{
	struct str device = device_of(r, user_id);
	keyed(r, "throttle", "client", req_client_prefix(r), a->client);
	if (device.p)
		keyed(r, "throttle", "device", device, a->name);
	else
		keyed(r, "throttle", "name", lower(r->arena, name), a->name);
	int err = db_begin(db);
	if (!err)
		err = charge(r, db, a->client, ATTEMPTS_FREE_CLIENT);
	if (!err)
		err = charge(r, db, a->name, ATTEMPTS_FREE_NAME);
	return err ? db_rollback(db) : db_commit(db);
}

int attempt_token(struct req *r, struct db *db)
{
	unsigned char key[HASH_LEN];
	keyed(r, "throttle", "token", req_client_prefix(r), key);
	int err = db_begin(db);
	if (!err)
		err = charge(r, db, key, ATTEMPTS_FREE_CLIENT);
	return err ? db_rollback(db) : db_commit(db);
}

static int refund(struct db *db, const struct attempt *a, bool good)
{
	int err = throttle_refund(db, a->client, false);
	return err ? err : throttle_refund(db, a->name, good);
}

int attempt_succeeded(struct db *db, const struct attempt *a)
{
	return refund(db, a, true);
}

void attempt_undo(struct req *r, const struct attempt *a)
{
	struct fault f = {0};
	struct db *db = db_borrow(r->node->store, &f);
	if (db && !db_begin(db) && !refund(db, a, false))
		db_commit(db);
	db_return(db);
}
