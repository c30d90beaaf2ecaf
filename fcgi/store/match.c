/* A condition held against a row: both sides are keys (store/key), so equality and order here are those of the
 * indexes. */
#define _GNU_SOURCE /* memmem */

#include "codec/json.h"
#include "store/conn.h"
#include "store/query.h"

/* The clock is looked at once in so many bytes: a row is seldom as large, and what is as large takes longer than the clock. */
#define LOOK_BYTES (64 * KIB)
#define COND_COST 64    /* of a condition, beside the bytes of the body */
#define NUMBER_COST 512 /* of a number, whose digits are turned into a double */

bool matching_late(struct matching *m, size_t n)
{
	m->seen += n;
	if (m->seen >= LOOK_BYTES && m->db) {
		m->seen = 0;
		m->late |= db_read_late(m->db);
	}
	return m->late;
}

void matching_release(struct matching *m)
{
	buf_release(&m->scratch);
}

static bool nothing(struct str key)
{
	return key.p[0] == KEY_NULL || key.p[0] == KEY_MISSING;
}

static bool equal(struct str have, struct str want)
{
	if (nothing(want) || nothing(have))
		return nothing(want) && nothing(have);
	return want.p[0] != KEY_LIST && want.p[0] != KEY_TABLE && str_eq(have, want);
}

static int kind(struct str key)
{
	return key.p[0] == KEY_FALSE ? KEY_TRUE : key.p[0];
}

static bool compare(enum op op, struct str have, struct str want)
{
	if (kind(have) != kind(want) || nothing(want))
		return false;
	int order = memcmp(have.p, want.p, MIN(have.n, want.n));
	order = order ? order : (have.n > want.n) - (have.n < want.n);
	switch (op) {
	case OP_GT:
		return order > 0;
	case OP_GTE:
		return order >= 0;
	case OP_LT:
		return order < 0;
	default:
		return order <= 0;
	}
}

static bool among(const struct cond *c, struct str have)
{
	for (int i = 0; i < c->n; i++)
		if (equal(have, c->child[i].key))
			return true;
	return false;
}

/* A member of a list, as the lexer has it, and what is looked for. A number is turned into its key only to be compared with a
 * number, a text only where it has escapes. */
static bool is_member(enum json_tok t, struct str text, struct str want, struct matching *m)
{
	bool string = t == JSON_STRING, number = t == JSON_NUMBER;
	if (string != (want.p[0] == KEY_STRING) || number != (want.p[0] == KEY_NUMBER))
		return false;
	if (string && !memchr(text.n ? text.p : "", '\\', text.n))
		return want.n == text.n + 3 && !memcmp(want.p + 1, text.n ? text.p : "", text.n); /* its mark, and 00 01 */
	if (number && matching_late(m, NUMBER_COST))
		return false;
	buf_clear(&m->scratch);
	key_json(&m->scratch, (struct str){text.p - string, text.n + 2u * string});
	return equal(buf_str(&m->scratch), want);
}

/* What a token that has no text says of itself. */
static struct str word_of(enum json_tok t)
{
	return t == JSON_TRUE ? STR("true") : t == JSON_FALSE ? STR("false") : STR("null");
}

static bool has_member(struct str list, struct str want, struct matching *m)
{
	struct json_lex l;
	bool found = false;
	json_lex_init(&l, list, JSON_DEPTH);
	for (enum json_tok t = json_next(&l); t != JSON_END && t != JSON_ERROR && !found && !m->late; t = json_next(&l))
		if (l.depth == 1 && t >= JSON_NULL && t <= JSON_STRING)
			found = is_member(t, t < JSON_NUMBER ? word_of(t) : l.text, want, m);
	return found;
}

static bool contains(const struct cond *c, const struct row *r, struct matching *m)
{
	struct str list, have = buf_str(&m->scratch);
	if (have.p[0] == KEY_LIST)
		return json_path(r->body, c->path, &list) && has_member(list, c->key, m);
	if (have.p[0] != KEY_STRING || c->key.p[0] != KEY_STRING)
		return false;
	/* both escaped alike, without the mark in front and the end behind */
	return memmem(have.p + 1, have.n - 3, c->key.p + 1, c->key.n - 3) != NULL;
}

static bool leaf(const struct cond *c, const struct row *r, struct matching *m)
{
	if (matching_late(m, r->body.n + COND_COST))
		return false;
	buf_clear(&m->scratch);
	key_field(&m->scratch, r, c->path);
	struct str have = buf_str(&m->scratch);
	switch (c->op) {
	case OP_EQ:
		return equal(have, c->key);
	case OP_NE:
		return !equal(have, c->key);
	case OP_IN:
		return among(c, have);
	case OP_NIN:
		return !among(c, have);
	case OP_PREFIX: /* the key without its two last bytes is what such keys begin with */
		return have.n >= c->key.n - 2 && !memcmp(have.p, c->key.p, c->key.n - 2);
	case OP_CONTAINS:
		return contains(c, r, m);
	case OP_EXISTS:
		return (have.p[0] != KEY_MISSING) == (c->key.p[0] == KEY_TRUE);
	default:
		return compare(c->op, have, c->key);
	}
}

bool query_match(const struct cond *c, const struct row *r, struct matching *m)
{
	if (c->op < OP_AND)
		return leaf(c, r, m);
	for (int i = 0; i < c->n; i++)
		if (query_match(&c->child[i], r, m) == (c->op == OP_OR || c->op == OP_NOT))
			return c->op == OP_OR;
	return c->op != OP_OR;
}
