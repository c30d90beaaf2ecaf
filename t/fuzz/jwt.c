#include "codec/jwt.h"
#include "fuzz.h"

/* Nothing but the node's own signature opens the door: whatever the input, it is refused or it is the one token. The
 * first byte chooses whether the rest is a token or the claims of one that is signed properly. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct jwt_key key;
	static const unsigned char seed[SIGN_SEED_LEN] = {7};
	if (!key.kid[0]) {
		crypt_init();
		jwt_key(&key, seed);
	}
	struct arena *a = arena_new();
	struct buf b = BUF_INIT;
	struct jwt t;
	if (size && data[0] == 'S') {
		unsigned char sig[SIGN_LEN];
		const char *dot = memchr(data, '\n', size);
		struct str header = {(const char *)data + 1, dot ? (size_t)(dot - (const char *)data) - 1 : size - 1};
		struct str claims = {dot ? dot + 1 : "", dot ? size - header.n - 2 : 0};
		crypt_b64url(&b, header.p, header.n);
		buf_addc(&b, '.');
		crypt_b64url(&b, claims.p, claims.n);
		crypt_sign(sig, seed, b.p, b.len);
		buf_addc(&b, '.');
		crypt_b64url(&b, sig, sizeof sig);
		if (!jwt_read(a, buf_str(&b), &key, 1, "https://os.localhost", "pad", 1700000000, &t, NULL))
			MUST(t.sub.n && t.jti.n && t.exp > 1700000000 && t.iat <= 1700000000 + JWT_SKEW);
	} else {
		int err = jwt_read(a, (struct str){(const char *)data, size}, &key, 1, "https://os.localhost", "pad", 1700000000, &t, NULL);
		MUST(err == ERR_UNAUTHORIZED || t.sub.n);
	}
	buf_release(&b);
	arena_free(a);
	return 0;
}
