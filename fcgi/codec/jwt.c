#include "codec/jwt.h"

#include "codec/json.h"

/* Nothing of a token is believed before its signature: the header is read only to find the key and to refuse what
 * is not ours, the claims are looked at after crypt_verify. Both are flat JSON objects, read by one loop over one
 * table each; a member that occurs twice is refused, so two readers cannot disagree about it. */

struct field {
	const char *name;
	bool number, optional;
	struct str text;
	int64_t value;
	bool seen;
};

static int refuse(struct fault *f, const char *why)
{
	return fault(f, ERR_UNAUTHORIZED, "the token is not valid: %s", why);
}

static struct field *find(struct field *field, int n, struct str raw)
{
	for (int i = 0; i < n; i++)
		if (json_key_is(raw, str_of(field[i].name)))
			return &field[i];
	return NULL;
}

static struct str unescaped(struct arena *a, struct str raw)
{
	struct buf b = BUF_INIT;
	json_unescape(&b, raw);
	struct str s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

static bool take(struct arena *a, struct field *field, enum json_tok tok, struct str text)
{
	if (field->seen || tok != (field->number ? JSON_NUMBER : JSON_STRING))
		return false;
	field->seen = true;
	if (field->number)
		return str_int(text, &field->value);
	field->text = unescaped(a, text);
	return field->text.n > 0;
}

/* Fill the fields from a JSON object. Members that are no field are skipped, or refused when strict. */
static bool read_object(struct arena *a, struct str json, struct field *field, int n, bool strict)
{
	struct json_lex l;
	enum json_tok tok;
	json_lex_init(&l, json, 8);
	if (json_next(&l) != JSON_OBJECT)
		return false;
	while ((tok = json_next(&l)) == JSON_KEY) {
		struct field *at = find(field, n, l.text);
		tok = json_next(&l);
		if (at ? !take(a, at, tok, l.text) : strict)
			return false;
		while (l.depth > 1)
			if (json_next(&l) == JSON_ERROR)
				return false;
	}
	if (tok != JSON_OBJECT_END || json_next(&l) != JSON_END)
		return false;
	for (int i = 0; i < n; i++)
		if (!field[i].seen && !field[i].optional)
			return false;
	return true;
}

static bool decode(struct arena *a, struct str part, struct str *out)
{
	char *p = arena_alloc(a, part.n + 1);
	int n = crypt_unb64url(p, part.n, part);
	*out = (struct str){p, n > 0 ? (size_t)n : 0};
	return n > 0;
}

/* The key the header names, or NULL with the reason. */
static const struct jwt_key *header_key(struct arena *a, struct str json, const struct jwt_key *keys, int nkeys,
					const char **why)
{
	struct field h[] = {{"alg"}, {"kid"}, {"typ", .optional = true}};
	*why = "its header is not one this node writes";
	if (!read_object(a, json, h, ARRAY_LEN(h), true) || (h[2].seen && !str_ieq(h[2].text, "JWT")))
		return NULL;
	*why = "it is not signed with Ed25519";
	if (!str_is(h[0].text, "EdDSA") && !str_is(h[0].text, "Ed25519"))
		return NULL;
	*why = "it is signed with an unknown key";
	for (int i = 0; i < nkeys; i++)
		if (str_is(h[1].text, keys[i].kid))
			return &keys[i];
	return NULL;
}

static bool read_claims(struct arena *a, struct str json, struct jwt *t)
{
	struct field c[] = {{"iss"}, {"sub"}, {"aud"}, {"jti"}, {"exp", .number = true}, {"iat", .number = true},
			    {"ver", .number = true}};
	if (!read_object(a, json, c, ARRAY_LEN(c), false))
		return false;
	*t = (struct jwt){c[0].text, c[1].text, c[2].text, c[3].text, c[4].value, c[5].value, c[6].value};
	return true;
}

int jwt_read(struct arena *a, struct str token, const struct jwt_key *keys, int nkeys, const char *iss, const char *aud,
	     int64_t now, struct jwt *t, struct fault *f)
{
	unsigned char sig[SIGN_LEN];
	const char *why;
	struct str rest, part[3], header, claims;
	if (token.n > JWT_BYTES)
		return refuse(f, "it is too long");
	part[0] = str_cut(token, '.', &rest);
	part[1] = str_cut(rest, '.', &part[2]);
	if (!decode(a, part[0], &header) || !decode(a, part[1], &claims) ||
	    crypt_unb64url(sig, sizeof sig, part[2]) != SIGN_LEN)
		return refuse(f, "it is not three parts of base64url");
	const struct jwt_key *key = header_key(a, header, keys, nkeys, &why);
	if (!key)
		return refuse(f, why);
	if (!crypt_verify(sig, key->public, token.p, part[0].n + 1 + part[1].n))
		return refuse(f, "its signature is wrong");
	if (!read_claims(a, claims, t))
		return refuse(f, "a claim is missing");
	if (!str_is(t->iss, iss))
		return refuse(f, "another node issued it");
	if (!str_is(t->aud, aud))
		return refuse(f, "it is for another app");
	if (t->exp <= now)
		return refuse(f, "it has expired");
	if (t->iat > now + JWT_SKEW)
		return refuse(f, "it comes from the future");
	return 0;
}

static void add_part(struct buf *b, struct buf *json)
{
	crypt_b64url(b, json->p, json->len);
	buf_release(json);
}

void jwt_sign(struct buf *b, const struct jwt *t, const struct jwt_key *k)
{
	unsigned char sig[SIGN_LEN];
	size_t from = b->len;
	struct buf json = BUF_INIT;
	buf_addf(&json, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}", k->kid);
	add_part(b, &json);
	buf_addc(b, '.');

	struct out o = OUT(&json);
	out_object(&o);
	out_kstr(&o, "iss", t->iss);
	out_kstr(&o, "sub", t->sub);
	out_kstr(&o, "aud", t->aud);
	out_kstr(&o, "jti", t->jti);
	out_kint(&o, "exp", t->exp);
	out_kint(&o, "iat", t->iat);
	out_kint(&o, "ver", t->ver);
	out_end(&o);
	add_part(b, &json);

	crypt_sign(sig, k->seed, b->p + from, b->len - from);
	buf_addc(b, '.');
	crypt_b64url(b, sig, sizeof sig);
}

/* The three members of the thumbprint, in the order RFC 7638 hashes them. */
static void key_json(struct buf *b, const struct jwt_key *k)
{
	buf_adds(b, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
	crypt_b64url(b, k->public, sizeof k->public);
	buf_adds(b, "\"}");
}

void jwt_key(struct jwt_key *k, const unsigned char seed[SIGN_SEED_LEN])
{
	unsigned char hash[64];
	struct buf json = BUF_INIT, kid = BUF_INIT;
	memcpy(k->seed, seed, sizeof k->seed);
	crypt_sign_public(k->public, seed);
	key_json(&json, k);
	crypt_b64url(&kid, hash, crypt_digest(hash, "sha256", json.p, json.len));
	memcpy(k->kid, kid.p, sizeof k->kid);
	buf_release(&json);
	buf_release(&kid);
}

void jwt_key_write(struct out *o, const struct jwt_key *k)
{
	struct buf x = BUF_INIT;
	crypt_b64url(&x, k->public, sizeof k->public);
	out_object(o);
	out_kcstr(o, "kty", "OKP");
	out_kcstr(o, "crv", "Ed25519");
	out_kstr(o, "x", buf_str(&x));
	out_kcstr(o, "kid", k->kid);
	out_kcstr(o, "alg", "EdDSA");
	out_kcstr(o, "use", "sig");
	out_end(o);
	buf_release(&x);
}
