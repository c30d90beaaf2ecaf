/* jwt — the bearer tokens of Fazt: signed claims for one person and one app.
 *
 * JWS compact serialisation (RFC 7515 §7.1) of a JWT (RFC 7519) under Ed25519 (RFC 8037), and nothing else. The node
 * reads only what it issued, so reading is strict where the RFCs leave room: the algorithm is fixed ("EdDSA", or its
 * later name "Ed25519"), header parameters other than alg, typ and kid are refused (crit among them, RFC 7515
 * §4.1.11), base64url is canonical, the audience is one string, and every claim below is required.
 */
#ifndef CODEC_JWT_H
#define CODEC_JWT_H

#include "base/arena.h"
#include "base/crypt.h"
#include "base/out.h"

#define JWT_BYTES 4096
#define JWT_KID_LEN 43
#define JWT_SKEW 60 /* seconds by which iat may lie in the future */

/* A key by its id, which is its thumbprint (RFC 7638), so a token cannot name a key it was not signed with. */
struct jwt_key {
	char kid[JWT_KID_LEN + 1];
	unsigned char public[SIGN_PUBLIC_LEN];
	unsigned char seed[SIGN_SEED_LEN]; /* zero where the key only verifies */
};

struct jwt {
	struct str iss, sub, aud, jti;
	int64_t exp, iat; /* seconds since 1970 */
	int64_t ver;      /* the account's token epoch, which revokes */
};

void jwt_key(struct jwt_key *k, const unsigned char seed[SIGN_SEED_LEN]);

/* Append the token. */
void jwt_sign(struct buf *b, const struct jwt *t, const struct jwt_key *k);

/* Read and verify: the signature under one of the keys, issuer, audience, and that now (seconds) lies in its life.
 * The claims live in the arena. Every refusal is ERR_UNAUTHORIZED. */
int jwt_read(struct arena *a, struct str token, const struct jwt_key *keys, int nkeys, const char *iss, const char *aud,
	     int64_t now, struct jwt *t, struct fault *f);

/* A key as a JWK (RFC 8037 §2), public half only. */
void jwt_key_write(struct out *o, const struct jwt_key *k);

#endif
