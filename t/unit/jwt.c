#include "codec/json.h"
#include "codec/jwt.h"
#include "tap.h"

#define NOW 1700000000
#define ISS "https://os.example.com"
#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}"
#define CLAIMS "{\"iss\":\"" ISS "\",\"sub\":\"u\",\"aud\":\"pad\",\"jti\":\"1\",\"exp\":1700000100,\"iat\":1700000000,\"ver\":3}"

static struct arena *a;
static struct jwt_key key, other;

static int read_token(struct str token)
{
	struct jwt t;
	return jwt_read(a, token, &key, 1, ISS, "pad", NOW, &t, NULL);
}

/* A token of any header and claims, signed with the key; %s in the header is its kid. */
static struct str forge(const char *header, const char *claims, const struct jwt_key *k)
{
	unsigned char sig[SIGN_LEN];
	struct buf b = BUF_INIT;
	struct str kid;
	str_cut(str_of(header), '%', &kid);
	char *h = kid.p ? arena_printf(a, "%.*s%s%.*s", (int)(kid.p - header - 1), header, key.kid, (int)kid.n - 1, kid.p + 1)
			: arena_strdup(a, header);
	crypt_b64url(&b, h, strlen(h));
	buf_addc(&b, '.');
	crypt_b64url(&b, claims, strlen(claims));
	crypt_sign(sig, k->seed, b.p, b.len);
	buf_addc(&b, '.');
	crypt_b64url(&b, sig, sizeof sig);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* RFC 8037 appendix A: the key, its thumbprint and a signature. */
static void test_vectors(void)
{
	unsigned char seed[32], sig[64];
	struct jwt_key k;
	struct buf b = BUF_INIT;
	crypt_unb64url(seed, sizeof seed, STR("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"));
	jwt_key(&k, seed);
	crypt_b64url(&b, k.public, sizeof k.public);
	is_str(b.p, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "A.2: the public key");
	is_str(k.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "A.3: the thumbprint");
	struct str input = STR("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
	crypt_sign(sig, seed, input.p, input.n);
	buf_clear(&b);
	crypt_b64url(&b, sig, sizeof sig);
	is_str(b.p, "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
	       "A.4: the signature");
	buf_release(&b);
}

static void test_round_trip(void)
{
	struct buf b = BUF_INIT;
	struct jwt t = {STR(ISS), STR("u\"ser"), STR("pad"), STR("j1"), NOW + 60, NOW, 4}, back;
	struct fault f = {0};
	jwt_sign(&b, &t, &key);
	is_int(jwt_read(a, buf_str(&b), &key, 1, ISS, "pad", NOW, &back, &f), 0, "a token is read back");
	ok(str_eq(t.sub, back.sub) && str_eq(t.jti, back.jti) && back.exp == NOW + 60 && back.ver == 4, "with its claims");
	is_int(jwt_read(a, buf_str(&b), &key, 1, ISS, "other", NOW, &back, &f), ERR_UNAUTHORIZED, "not for another app");
	is_int(jwt_read(a, buf_str(&b), &key, 1, "https://os.example.org", "pad", NOW, &back, &f), ERR_UNAUTHORIZED, "not on another node");
	is_int(jwt_read(a, buf_str(&b), &key, 1, ISS, "pad", NOW + 60, &back, &f), ERR_UNAUTHORIZED, "not once it expired");
	is_int(jwt_read(a, buf_str(&b), &key, 1, ISS, "pad", NOW - JWT_SKEW - 1, &back, &f), ERR_UNAUTHORIZED, "not before its time");
	is_int(jwt_read(a, buf_str(&b), &other, 1, ISS, "pad", NOW, &back, &f), ERR_UNAUTHORIZED, "not under another key");
	is_int(jwt_read(a, buf_str(&b), &key, 0, ISS, "pad", NOW, &back, &f), ERR_UNAUTHORIZED, "not without a key");
	int survived = 0;
	for (size_t i = 0; i < b.len; i++) {
		b.p[i] = (char)(b.p[i] == 'A' ? 'B' : 'A');
		survived += !read_token(buf_str(&b));
		buf_clear(&b);
		jwt_sign(&b, &t, &key);
	}
	is_int(survived, 0, "no single character can be changed");
	buf_release(&b);
}

static void test_hostile(void)
{
	is_int(read_token(forge(HEADER, CLAIMS, &key)), 0, "what the hostile ones below differ from");
	is_int(read_token(forge("{\"alg\":\"Ed25519\",\"kid\":\"%s\"}", CLAIMS, &key)), 0, "the algorithm's later name");

	static const char *header[] = {
		"{\"alg\":\"none\",\"kid\":\"%s\"}",
		"{\"alg\":\"HS256\",\"kid\":\"%s\"}",
		"{\"alg\":\"eddsa\",\"kid\":\"%s\"}",
		"{\"alg\":\"ES256\",\"kid\":\"%s\"}",
		"{\"alg\":null,\"kid\":\"%s\"}",
		"{\"alg\":[\"EdDSA\"],\"kid\":\"%s\"}",
		"{\"kid\":\"%s\"}",
		"{\"alg\":\"EdDSA\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"../../dev/null\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"' OR 1=1 --\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\\u0000\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"jku\":\"https://evil.example/jwks\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"jwk\":{\"kty\":\"OKP\"}}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"JOSE\"}",
		"{\"alg\":\"none\",\"alg\":\"EdDSA\",\"kid\":\"%s\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\"}{}",
		"[\"EdDSA\"]",
		"not json",
	};
	for (size_t i = 0; i < ARRAY_LEN(header); i++)
		is_int(read_token(forge(header[i], CLAIMS, &key)), ERR_UNAUTHORIZED, "header %s", header[i]);

#define C(iss, sub, aud, jti, exp, iat, ver) "{" iss sub aud jti exp iat ver "\"x\":{\"y\":[1]}}"
#define I "\"iss\":\"" ISS "\","
#define S "\"sub\":\"u\","
#define A "\"aud\":\"pad\","
#define J "\"jti\":\"1\","
#define E "\"exp\":1700000100,"
#define T "\"iat\":1700000000,"
#define V "\"ver\":3,"
	is_int(read_token(forge(HEADER, C(I, S, A, J, E, T, V), &key)), 0, "unknown claims are skipped");
	static const char *claims[] = {
		C("", S, A, J, E, T, V), C(I, "", A, J, E, T, V), C(I, S, "", J, E, T, V), C(I, S, A, "", E, T, V),
		C(I, S, A, J, "", T, V), C(I, S, A, J, E, "", V), C(I, S, A, J, E, T, ""),
		C(I, S, "\"aud\":[\"pad\"],", J, E, T, V),
		C(I, S, "\"aud\":\"\",", J, E, T, V),
		C(I, S, A, J, "\"exp\":\"1700000100\",", T, V),
		C(I, S, A, J, "\"exp\":1e99,", T, V),
		C(I, S, A, J, "\"exp\":99999999999999999999,", T, V),
		C(I, S, A, J, "\"exp\":-1,", T, V),
		C(I, S, A A, J, E, T, V),
		C(I, S, A, J, E "\"exp\":1800000000,", T, V),
		"[]", "", "{", "null",
	};
	for (size_t i = 0; i < ARRAY_LEN(claims); i++)
		is_int(read_token(forge(HEADER, claims[i], &key)), ERR_UNAUTHORIZED, "claims %s", claims[i]);

	is_int(read_token(forge(HEADER, CLAIMS, &other)), ERR_UNAUTHORIZED, "our kid, another's signature");
	struct str good = forge(HEADER, CLAIMS, &key);
	is_int(read_token((struct str){good.p, good.n - 1}), ERR_UNAUTHORIZED, "a signature cut short");
	is_int(read_token(str_of(arena_printf(a, "%s=", good.p))), ERR_UNAUTHORIZED, "padding");
	is_int(read_token(str_of(arena_printf(a, "%s.", good.p))), ERR_UNAUTHORIZED, "a fourth part");
	is_int(read_token(str_of(arena_printf(a, " %s", good.p))), ERR_UNAUTHORIZED, "a space");
	is_int(read_token(STR("eyJhbGciOiJub25lIn0.e30.")), ERR_UNAUTHORIZED, "alg none without a signature");
	is_int(read_token(STR("")), ERR_UNAUTHORIZED, "nothing");
	is_int(read_token(STR("..")), ERR_UNAUTHORIZED, "two dots");
	char *big = arena_alloc(a, JWT_BYTES + 2);
	memset(big, 'a', JWT_BYTES + 1);
	is_int(read_token(str_of(big)), ERR_UNAUTHORIZED, "too long");
}

/* HS256 "signed" with the public key, the classic confusion. */
static void test_confusion(void)
{
	unsigned char mac[64];
	struct buf b = BUF_INIT;
	char *h = arena_printf(a, "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", key.kid);
	crypt_b64url(&b, h, strlen(h));
	buf_addc(&b, '.');
	crypt_b64url(&b, CLAIMS, strlen(CLAIMS));
	crypt_hmac(mac, "sha256", (struct str){(const char *)key.public, sizeof key.public}, b.p, b.len);
	buf_addc(&b, '.');
	crypt_b64url(&b, mac, 32);
	is_int(read_token(buf_str(&b)), ERR_UNAUTHORIZED, "HS256 with the public key");
	buf_release(&b);
}

int main(void)
{
	unsigned char seed[SIGN_SEED_LEN] = {1}, seed2[SIGN_SEED_LEN] = {2};
	crypt_init();
	a = arena_new();
	jwt_key(&key, seed);
	jwt_key(&other, seed2);
	test_vectors();
	test_round_trip();
	test_hostile();
	test_confusion();

	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	jwt_key_write(&o, &key);
	struct str d;
	ok(!json_member(buf_str(&b), STR("d"), &d) && json_member(buf_str(&b), STR("x"), &d), "a JWK has no private half");
	buf_release(&b);
	arena_free(a);
	return done_testing();
}
