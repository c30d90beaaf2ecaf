#include "store/cursor.h"

#include "base/crypt.h"
#include "store/conn.h"

#define MAC_LEN 16
#define PLACE_MAX 4096

static void part(struct buf *b, struct str s)
{
	buf_addf(b, "%zu:", s.n);
	buf_addstr(b, s);
}

static void mac(struct store *s, const struct listing *l, struct str place, unsigned char out[HASH_LEN])
{
	unsigned char key[KEY_LEN];
	struct buf b = BUF_INIT;
	crypt_derive(key, store_secret(s), "cursor");
	part(&b, str_of(l->kind));
	part(&b, str_of(l->reader));
	part(&b, str_of(l->scope->app_id));
	part(&b, str_of(l->scope->me));
	part(&b, str_of(l->scope->who));
	part(&b, l->what);
	part(&b, l->query);
	part(&b, place);
	crypt_mac(out, key, b.p, b.len);
	buf_release(&b);
	crypt_wipe(key, sizeof key);
}

void cursor_make(struct store *s, const struct listing *l, struct str place, struct buf *out)
{
	unsigned char tag[HASH_LEN];
	struct buf b = BUF_INIT;
	mac(s, l, place, tag);
	buf_add(&b, tag, MAC_LEN);
	buf_addstr(&b, place);
	crypt_b64url(out, b.p, b.len);
	buf_release(&b);
}

int cursor_read(struct db *db, const struct listing *l, struct str cursor, struct arena *a, struct str *place)
{
	unsigned char raw[MAC_LEN + PLACE_MAX], tag[HASH_LEN];
	int n = cursor.n > 2 * sizeof raw ? -1 : crypt_unb64url(raw, sizeof raw, cursor);
	if (n < MAC_LEN)
		return fault(db->fault, ERR_BAD_CURSOR, NULL);
	struct str bytes = {(const char *)raw + MAC_LEN, (size_t)n - MAC_LEN};
	mac(db->store, l, bytes, tag);
	if (!crypt_equal(tag, raw, MAC_LEN))
		return fault(db->fault, ERR_BAD_CURSOR, NULL);
	*place = arena_str(a, bytes);
	return 0;
}
