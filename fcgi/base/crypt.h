/* crypt — the only owner of <sodium.h>: randomness, hashes, signatures, passwords, and their text forms.
 *
 * Every secret comparison goes through crypt_equal. Keys for different purposes
 * are derived from the one node secret by name (crypt_derive), so a key never
 * serves two ends.
 */
#ifndef BASE_CRYPT_H
#define BASE_CRYPT_H

#include "base/arena.h"
#include "base/buf.h"

#define HASH_LEN 32      /* BLAKE2b-256 */
#define KEY_LEN 32
#define SIGN_SEED_LEN 32 /* Ed25519, RFC 8032 */
#define SIGN_PUBLIC_LEN 32
#define SIGN_LEN 64
#define PASSWORD_HASH_LEN 128 /* the encoded form, NUL included */

void crypt_init(void); /* once, before anything else; dies when the system has no randomness */

void crypt_random(void *p, size_t n);
bool crypt_equal(const void *a, const void *b, size_t n); /* constant time */
void crypt_wipe(void *p, size_t n);

void crypt_hash(unsigned char out[HASH_LEN], const void *p, size_t n);
/* The same in pieces. The state is plain bytes: it may be copied, kept and gone on with. */
#define HASHING_LEN 384
struct hashing {
	unsigned char state[HASHING_LEN];
};
void crypt_hash_init(struct hashing *h);
void crypt_hash_add(struct hashing *h, const void *p, size_t n);
void crypt_hash_end(const struct hashing *h, unsigned char out[HASH_LEN]);
void crypt_mac(unsigned char out[HASH_LEN], const unsigned char key[KEY_LEN], const void *p, size_t n);
/* A key for one purpose ("cursor", "pairwise", "csrf", …) from the node secret. */
void crypt_derive(unsigned char out[KEY_LEN], const unsigned char secret[KEY_LEN], const char *purpose);
/* For apps and peers that ask for it by name: "sha256" | "sha512" | "blake2b"; returns the length or 0 for an
 * unknown name. out has room for 64 bytes. */
size_t crypt_digest(unsigned char *out, const char *name, const void *p, size_t n);
size_t crypt_hmac(unsigned char *out, const char *name, struct str key, const void *p, size_t n);

void crypt_sign_public(unsigned char pub[SIGN_PUBLIC_LEN], const unsigned char seed[SIGN_SEED_LEN]);
void crypt_sign(unsigned char sig[SIGN_LEN], const unsigned char seed[SIGN_SEED_LEN], const void *p, size_t n);
bool crypt_verify(const unsigned char sig[SIGN_LEN], const unsigned char pub[SIGN_PUBLIC_LEN], const void *p, size_t n);

/* XChaCha20-Poly1305: p sealed for whoever has the key and names the same context; SEAL_LEN bytes longer. open: false
 * when it was not sealed so. */
#define SEAL_LEN 40 /* a random nonce and a tag */
void crypt_seal(struct buf *out, const unsigned char key[KEY_LEN], struct str context, struct str p);
bool crypt_open(struct buf *out, const unsigned char key[KEY_LEN], struct str context, struct str sealed);

/* Argon2id, 19 MiB, t = 2 (OWASP's minimum): about 30 ms. Callers serialise them (kernel/identity). */
void crypt_password_hash(char out[PASSWORD_HASH_LEN], struct str password);
bool crypt_password_check(const char *hash, struct str password);

/* base64url without padding (RFC 4648 §5). dec accepts exactly the canonical form; returns the number of
 * bytes, or -1 when the text is not valid or out has no room. */
void crypt_b64url(struct buf *b, const void *p, size_t n);
int crypt_unb64url(void *out, size_t room, struct str text);
/* base64 with padding (RFC 4648 §4), as other people's protocols have it; likewise. */
void crypt_b64(struct buf *b, const void *p, size_t n);
int crypt_unb64(void *out, size_t room, struct str text);
/* base32, lower case, alphabet 0-9 a-z without i l o u (Crockford); out has room for (n*8+4)/5 + 1. */
void crypt_base32(char *out, const void *p, size_t n);
void crypt_hex(char *out, const void *p, size_t n); /* out has room for 2n + 1 */
bool crypt_unhex(void *out, size_t n, struct str hex);  /* exactly n bytes of it */

#endif
