/* A condition held against a row: both sides are keys (store/key), so equality and order here are those of the
 * indexes. */
#define _GNU_SOURCE /* memmem */

#include "codec/json.h"
#include "store/query.h"

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

static bool has_member(struct str list, struct str want)
{
	struct json_lex l;
	struct buf b = BUF_INIT;
	bool found = false;
	json_lex_init(&l, list, JSON_DEPTH);
	for (enum json_tok t = json_next(&l); t != JSON_END && t != JSON_ERROR && !found; t = json_next(&l)) {
		if (l.depth != 1 || t < JSON_NULL || t > JSON_STRING)
			continue;
		buf_clear(&b);
		bool text = t == JSON_STRING;
		key_json(&b, (struct str){l.text.p - text, l.text.n + 2u * text});
		found = equal(buf_str(&b), want);
	}
	buf_release(&b);
	return found;
}

static bool contains(const struct cond *c, const struct row *r, struct str have)
{
	struct str list;
	if (have.p[0] == KEY_LIST)
		return json_path(r->body, c->path, &list) && has_member(list, c->key);
	if (have.p[0] != KEY_STRING || c->key.p[0] != KEY_STRING)
		return false;
	/* both escaped alike, without the mark in front and the end behind */
	return memmem(have.p + 1, have.n - 3, c->key.p + 1, c->key.n - 3) != NULL;
}

static bool leaf(const struct cond *c, const struct row *r, struct buf *scratch)
{
	buf_clear(scratch);
	key_field(scratch, r, c->path);
	struct str have = buf_str(scratch);
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
		return contains(c, r, have);
	case OP_EXISTS:
		return (have.p[0] != KEY_MISSING) == (c->key.p[0] == KEY_TRUE);
	default:
		return compare(c->op, have, c->key);
	}
}

bool query_match(const struct cond *c, const struct row *r, struct buf *scratch)
{
	if (c->op < OP_AND)
		return leaf(c, r, scratch);
	for (int i = 0; i < c->n; i++)
		if (query_match(&c->child[i], r, scratch) == (c->op == OP_OR || c->op == OP_NOT))
			return c->op == OP_OR;
	return c->op != OP_OR;
}
