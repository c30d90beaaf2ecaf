#include "sys/options.h"

#include <stddef.h>

#include "codec/json.h"

#define LIST_LIMIT 100
#define REDIRECTS 3

static const struct {
	const char *name;
	size_t at;            /* of its field */
	int64_t least, most;  /* of a number; 0, 0: a text */
} table[] = {
	{"ttl", offsetof(struct options, ttl), 1, 100LL * 365 * 24 * 3600},
	{"expires", offsetof(struct options, expires), 1, 7 * 24 * 3600},
	{"limit", offsetof(struct options, limit), 1, 1000},
	{"delay", offsetof(struct options, delay), 0, 10LL * 365 * 24 * 3600},
	{"timeout", offsetof(struct options, timeout), 0, 10LL * 365 * 24 * 3600},
	{"priority", offsetof(struct options, priority), 1, 5},
	{"retries", offsetof(struct options, retries), 0, 100},
	{"backoff", offsetof(struct options, backoff), 0, 24 * 3600},
	{"key", offsetof(struct options, key), 0, 0},
	{"cursor", offsetof(struct options, cursor), 0, 0},
	{"type", offsetof(struct options, type), 0, 0},
	{"parent", offsetof(struct options, parent), 0, 0},
	{"redirects", offsetof(struct options, redirects), 0, REDIRECTS},
	{"secret", offsetof(struct options, secret), 0, 0},
	{"file", offsetof(struct options, file), 0, 0},
	{"reason", offsetof(struct options, reason), 0, 0},
	{"base", offsetof(struct options, base), 0, 0},
	{"to", offsetof(struct options, to), 0, 0},
	{"subject", offsetof(struct options, subject), 0, 0},
	{"text", offsetof(struct options, text), 0, 0},
	{"html", offsetof(struct options, html), 0, 0},
	{"reply_to", offsetof(struct options, reply_to), 0, 0},
};

static bool admits(const char *admitted, const char *name)
{
	struct str rest = str_of(admitted);
	while (rest.n)
		if (str_is(str_trim(str_cut(rest, ',', &rest)), name))
			return true;
	return false;
}

static int whole(struct req *r, const char *name, struct str text, int64_t least, int64_t most, int64_t *v)
{
	int64_t n;
	if (str_ends(text, ".0"))
		text.n -= 2;
	if (!str_int(text, &n) || n < least || n > most)
		return fail(r, ERR_BAD_REQUEST, "\"%s\" is a whole number from %lld to %lld.", name, (long long)least, (long long)most);
	*v = n;
	return 0;
}

static int text(struct req *r, const char *name, struct str raw, struct str *v)
{
	struct buf b = BUF_INIT;
	if (raw.n < 2 || raw.p[0] != '"')
		return fail(r, !strcmp(name, "cursor") ? ERR_BAD_CURSOR : ERR_BAD_REQUEST, "\"%s\" is a text.", name);
	json_unescape(&b, (struct str){raw.p + 1, raw.n - 2});
	*v = arena_str(r->arena, b.len ? buf_str(&b) : STR(""));
	buf_release(&b);
	return 0;
}

static int option(struct req *r, struct str key, struct str value, const char *admitted, struct options *o)
{
	if (json_key_is(key, STR("default")) && admits(admitted, "default")) {
		o->otherwise = value;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (!json_key_is(key, str_of(table[i].name)) || !admits(admitted, table[i].name))
			continue;
		void *field = (char *)o + table[i].at;
		if (str_is(value, "null"))
			return 0;
		return table[i].most ? whole(r, table[i].name, value, table[i].least, table[i].most, field) : text(r, table[i].name, value, field);
	}
	return fail(r, ERR_BAD_REQUEST, "The options are: %s.", admitted);
}

int options_read(struct req *r, const struct arg *a, const char *admitted, struct options *o)
{
	struct json_lex l;
	struct str key, value;
	int err = 0;
	*o = (struct options){.limit = LIST_LIMIT, .redirects = REDIRECTS, .retries = -1, .backoff = -1, .timeout = -1};
	json_lex_init(&l, a->s, JSON_DEPTH);
	if (!a->present || json_next(&l) != JSON_OBJECT)
		return 0;
	while (!err && json_next_member(&l, &key, &value))
		err = option(r, key, value, admitted, o);
	return err;
}
