#include "base/crypt.h"

#include <pthread.h>
#include <sodium.h>

#define PASSWORD_MEMORY (19u * MIB)
#define PASSWORD_ROUNDS 2

/* Small draws come out of a pool of each thread, because asking the system costs as much as all else a request does with
 * them. What was handed out is wiped; a child after fork() must not draw the same. */
#define POOL 512
static _Thread_local unsigned char pool[POOL];
static _Thread_local size_t pooled;

static void forget_pool(void)
{
	pooled = 0;
}

void crypt_init(void)
{
	if (sodium_init() < 0 || pthread_atfork(NULL, NULL, forget_pool))
		die("no source of randomness");
}

void crypt_random(void *p, size_t n)
{
	if (n > POOL / 8) {
		randombytes_buf(p, n);
		return;
	}
	if (pooled < n) {
		randombytes_buf(pool, POOL);
		pooled = POOL;
	}
	pooled -= n;
	memcpy(p, pool + pooled, n);
	sodium_memzero(pool + pooled, n);
}

bool crypt_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

void crypt_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

void crypt_hash(unsigned char out[HASH_LEN], const void *p, size_t n)
{
	crypto_generichash(out, HASH_LEN, p, n, NULL, 0);
}

/* The library's state wants an alignment that its bytes in a row of the database do not have. */
_Static_assert(sizeof(crypto_generichash_state) == HASHING_LEN, "the library's state has another size");

void crypt_hash_init(struct hashing *h)
{
	crypto_generichash_state s;
	crypto_generichash_init(&s, NULL, 0, HASH_LEN);
	memcpy(h->state, &s, sizeof s);
}

void crypt_hash_add(struct hashing *h, const void *p, size_t n)
{
	crypto_generichash_state s;
	memcpy(&s, h->state, sizeof s);
	crypto_generichash_update(&s, p, n);
	memcpy(h->state, &s, sizeof s);
}

void crypt_hash_end(const struct hashing *h, unsigned char out[HASH_LEN])
{
	crypto_generichash_state s;
	memcpy(&s, h->state, sizeof s);
	crypto_generichash_final(&s, out, HASH_LEN);
}

void crypt_mac(unsigned char out[HASH_LEN], const unsigned char key[KEY_LEN], const void *p, size_t n)
{
	crypto_generichash(out, HASH_LEN, p, n, key, KEY_LEN);
}

void crypt_derive(unsigned char out[KEY_LEN], const unsigned char secret[KEY_LEN], const char *purpose)
{
	crypt_mac(out, secret, purpose, strlen(purpose));
}

size_t crypt_digest(unsigned char *out, const char *name, const void *p, size_t n)
{
	if (!strcmp(name, "sha256"))
		return crypto_hash_sha256(out, p, n), 32u;
	if (!strcmp(name, "sha512"))
		return crypto_hash_sha512(out, p, n), 64u;
	if (!strcmp(name, "blake2b"))
		return crypt_hash(out, p, n), (size_t)HASH_LEN;
	return 0;
}

size_t crypt_hmac(unsigned char *out, const char *name, struct str key, const void *p, size_t n)
{
	const unsigned char *k = (const unsigned char *)(key.p ? key.p : "");
	if (!strcmp(name, "sha256")) {
		crypto_auth_hmacsha256_state s;
		crypto_auth_hmacsha256_init(&s, k, key.n);
		crypto_auth_hmacsha256_update(&s, p, n);
		crypto_auth_hmacsha256_final(&s, out);
		return 32;
	}
	if (!strcmp(name, "sha512")) {
		crypto_auth_hmacsha512_state s;
		crypto_auth_hmacsha512_init(&s, k, key.n);
		crypto_auth_hmacsha512_update(&s, p, n);
		crypto_auth_hmacsha512_final(&s, out);
		return 64;
	}
	return 0;
}

static void keypair(const unsigned char seed[SIGN_SEED_LEN], unsigned char pub[SIGN_PUBLIC_LEN],
		    unsigned char secret[crypto_sign_SECRETKEYBYTES])
{
	if (crypto_sign_seed_keypair(pub, secret, seed))
		die("crypto: cannot derive a signing key");
}

void crypt_sign_public(unsigned char pub[SIGN_PUBLIC_LEN], const unsigned char seed[SIGN_SEED_LEN])
{
	unsigned char secret[crypto_sign_SECRETKEYBYTES];
	keypair(seed, pub, secret);
	sodium_memzero(secret, sizeof secret);
}

void crypt_sign(unsigned char sig[SIGN_LEN], const unsigned char seed[SIGN_SEED_LEN], const void *p, size_t n)
{
	unsigned char pub[SIGN_PUBLIC_LEN], secret[crypto_sign_SECRETKEYBYTES];
	keypair(seed, pub, secret);
	crypto_sign_detached(sig, NULL, p, n, secret);
	sodium_memzero(secret, sizeof secret);
}

bool crypt_verify(const unsigned char sig[SIGN_LEN], const unsigned char pub[SIGN_PUBLIC_LEN], const void *p, size_t n)
{
	return crypto_sign_verify_detached(sig, p, n, pub) == 0;
}

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

void crypt_seal(struct buf *out, const unsigned char key[KEY_LEN], struct str context, struct str p)
{
	unsigned char nonce[NONCE_LEN];
	_Static_assert(NONCE_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES == SEAL_LEN, "SEAL_LEN");
	randombytes_buf(nonce, sizeof nonce);
	buf_add(out, nonce, sizeof nonce);
	buf_reserve(out, p.n + SEAL_LEN);
	crypto_aead_xchacha20poly1305_ietf_encrypt((unsigned char *)out->p + out->len, NULL, (const unsigned char *)p.p, p.n,
						   (const unsigned char *)context.p, context.n, NULL, nonce, key);
	out->len += p.n + SEAL_LEN - NONCE_LEN;
}

bool crypt_open(struct buf *out, const unsigned char key[KEY_LEN], struct str context, struct str sealed)
{
	if (sealed.n < SEAL_LEN)
		return false;
	const unsigned char *in = (const unsigned char *)sealed.p;
	buf_reserve(out, sealed.n);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)out->p + out->len, NULL, NULL, in + NONCE_LEN,
						       sealed.n - NONCE_LEN, (const unsigned char *)context.p, context.n, in, key))
		return false;
	out->len += sealed.n - SEAL_LEN;
	out->p[out->len] = 0;
	return true;
}

void crypt_password_hash(char out[PASSWORD_HASH_LEN], struct str password)
{
	if (crypto_pwhash_str_alg(out, password.p ? password.p : "", password.n, PASSWORD_ROUNDS, PASSWORD_MEMORY,
				  crypto_pwhash_ALG_ARGON2ID13))
		die("out of memory for a password");
}

bool crypt_password_check(const char *hash, struct str password)
{
	return crypto_pwhash_str_verify(hash, password.p ? password.p : "", password.n) == 0;
}

static void encode(struct buf *b, const void *p, size_t n, int variant)
{
	size_t room = sodium_base64_encoded_len(n, variant);
	if (b->max && room - 1 > b->max - b->len) {
		b->full = true;
		return;
	}
	buf_reserve(b, room);
	sodium_bin2base64(b->p + b->len, room, p, n, variant);
	b->len += room - 1;
}

void crypt_b64url(struct buf *b, const void *p, size_t n)
{
	encode(b, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void crypt_b64(struct buf *b, const void *p, size_t n)
{
	encode(b, p, n, sodium_base64_VARIANT_ORIGINAL);
}

/* libsodium 1.0.18 takes every byte above 0x7F for the last letter of its alphabet, where a char is signed. */
static bool all_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 0x7F)
			return false;
	return true;
}

static int decode(void *out, size_t room, struct str text, int variant)
{
	size_t n;
	const char *end;
	if (!text.n)
		return 0;
	if (!all_ascii(text) || sodium_base642bin(out, room, text.p, text.n, NULL, &n, &end, variant) || end != text.p + text.n || n > INT32_MAX)
		return -1;
	return (int)n;
}

int crypt_unb64url(void *out, size_t room, struct str text)
{
	return decode(out, room, text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

int crypt_unb64(void *out, size_t room, struct str text)
{
	return decode(out, room, text, sodium_base64_VARIANT_ORIGINAL);
}

void crypt_base32(char *out, const void *p, size_t n)
{
	static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";
	const unsigned char *in = p;
	unsigned bits = 0, held = 0;
	for (size_t i = 0; i < n; i++) {
		held = held << 8 | in[i];
		for (bits += 8; bits >= 5; bits -= 5)
			*out++ = alphabet[held >> (bits - 5) & 31];
		held &= (1u << bits) - 1;
	}
	if (bits)
		*out++ = alphabet[held << (5 - bits) & 31];
	*out = 0;
}

void crypt_hex(char *out, const void *p, size_t n)
{
	sodium_bin2hex(out, 2 * n + 1, p, n);
}

bool crypt_unhex(void *out, size_t n, struct str hex)
{
	size_t got;
	return hex.n == 2 * n && !sodium_hex2bin(out, n, hex.p, hex.n, NULL, &got, NULL) && got == n;
}
