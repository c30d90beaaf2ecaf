#include "cell/json.h"

#include <math.h>
#include <stdarg.h>

#include "base/out.h"
#include "cell/link.h"
#include "cell/raise.h"

static const char list_key; /* its address names the metatable of lists in the registry */

void json_open(lua_State *L)
{
	lua_newtable(L);
	lua_pushliteral(L, "list");
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &list_key);
}

void json_push_null(lua_State *L)
{
	lua_pushlightuserdata(L, NULL);
}

bool json_is_null(lua_State *L, int i)
{
	return lua_islightuserdata(L, i);
}

void json_mark_list(lua_State *L, int i)
{
	i = lua_absindex(L, i);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &list_key);
	lua_setmetatable(L, i);
}

static bool marked(lua_State *L, int i)
{
	if (!lua_getmetatable(L, i))
		return false;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &list_key);
	bool same = lua_rawequal(L, -1, -2);
	lua_pop(L, 2);
	return same;
}

/* One encoding: where it is (tables, and how they were reached), and how much it was. */
struct encoder {
	lua_State *L;
	size_t items, names, from, max;
	bool answer;
	int depth;
	const void *table[JSON_DEPTH];
	char field[48]; /* the innermost name, for messages */
};

static void name_field(struct encoder *e, const char *fmt, ...) PRINTF(2, 3);
static void name_field(struct encoder *e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(e->field, sizeof e->field, fmt, ap);
	va_end(ap);
}

/* What a caller gave to a function is its argument's fault; what a handler returned, the app's. */
static int blame(const struct encoder *e, int err)
{
	return !e->answer ? err : err == ERR_TOO_LARGE ? ERR_RESPONSE_TOO_LARGE : ERR_BAD_RESPONSE;
}

NORETURN static void refuse(struct encoder *e, int err, const char *what)
{
	raise(e->L, blame(e, err), "%s cannot be JSON%s%s", what, e->field[0] ? ", at " : "", e->field);
}

static void put_value(struct encoder *e, int i);

static void put_text(struct encoder *e, int i)
{
	struct str s;
	s.p = lua_tolstring(e->L, i, &s.n);
	if (!text_utf8(s))
		refuse(e, ERR_BAD_REQUEST, "text that is not UTF-8");
	json_quote(&link_text, s);
}

static void put_number(struct encoder *e, int i)
{
	struct out o = OUT(&link_text);
	if (lua_isinteger(e->L, i))
		return out_int(&o, lua_tointeger(e->L, i));
	double v = lua_tonumber(e->L, i);
	if (!isfinite(v))
		refuse(e, ERR_BAD_REQUEST, isnan(v) ? "NaN" : "infinity");
	out_num(&o, v + 0.0); /* -0 is 0 */
}

static void enter(struct encoder *e, int i)
{
	const void *table = lua_topointer(e->L, i);
	for (int k = 0; k < e->depth; k++)
		if (e->table[k] == table)
			refuse(e, ERR_BAD_REQUEST, "a table that contains itself");
	if (e->depth == JSON_DEPTH)
		refuse(e, ERR_TOO_DEEP, "a value nested this deeply");
	e->table[e->depth++] = table;
	luaL_checkstack(e->L, 6, NULL);
}

static void put_list(struct encoder *e, int i, lua_Integer n)
{
	buf_addc(&link_text, '[');
	for (lua_Integer k = 1; k <= n; k++) {
		if (k > 1)
			buf_addc(&link_text, ',');
		name_field(e, "[%lld]", (long long)k);
		if (lua_rawgeti(e->L, i, k) == LUA_TNIL)
			refuse(e, ERR_BAD_REQUEST, "a list with a hole");
		put_value(e, lua_gettop(e->L));
		lua_pop(e->L, 1);
	}
	buf_addc(&link_text, ']');
}

static int compare(struct str a, struct str b)
{
	int c = memcmp(a.p, b.p, MIN(a.n, b.n));
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Shell's sort: the C library's asks the system how much memory there is. */
static void sort(struct str *key, size_t n)
{
	for (size_t gap = n / 2; gap; gap /= 2)
		for (size_t i = gap; i < n; i++) {
			struct str k = key[i];
			size_t at = i;
			for (; at >= gap && compare(k, key[at - gap]) < 0; at -= gap)
				key[at] = key[at - gap];
			key[at] = k;
		}
}

/* The names of all objects around the current value, innermost last. The strings stay where they are: they are keys. */
static struct str names[JSON_ITEMS];

static size_t collect_names(struct encoder *e, int i)
{
	size_t n = 0;
	for (lua_pushnil(e->L); lua_next(e->L, i); lua_pop(e->L, 1), n++) {
		if (lua_type(e->L, -2) != LUA_TSTRING)
			refuse(e, ERR_BAD_REQUEST, "a table whose keys are neither 1 to n nor all strings");
		if (e->names + n == JSON_ITEMS)
			raise(e->L, blame(e, ERR_TOO_LARGE), "more than %d items in one JSON value", JSON_ITEMS);
		struct str *name = &names[e->names + n];
		name->p = lua_tolstring(e->L, -2, &name->n);
		if (!text_utf8(*name))
			refuse(e, ERR_BAD_REQUEST, "a name that is not UTF-8");
	}
	return n;
}

static void put_object(struct encoder *e, int i)
{
	size_t first = e->names, n = collect_names(e, i);
	e->names += n;
	sort(names + first, n);
	buf_addc(&link_text, '{');
	for (size_t k = first; k < first + n; k++) {
		if (k > first)
			buf_addc(&link_text, ',');
		json_quote(&link_text, names[k]);
		buf_addc(&link_text, ':');
		name_field(e, "%s", names[k].p);
		lua_pushlstring(e->L, names[k].p, names[k].n);
		lua_rawget(e->L, i);
		put_value(e, lua_gettop(e->L));
		lua_pop(e->L, 1);
	}
	buf_addc(&link_text, '}');
	e->names = first;
}

/* How many keys a table has, until it is clear that they are not 1…n. */
static lua_Integer count_list(lua_State *L, int i, lua_Integer length)
{
	lua_Integer n = 0;
	for (lua_pushnil(L); lua_next(L, i); n++) {
		lua_pop(L, 1);
		if (lua_type(L, -1) != LUA_TNUMBER || n > length) {
			lua_pop(L, 1);
			return -1;
		}
	}
	return n;
}

static void put_table(struct encoder *e, int i)
{
	enter(e, i);
	lua_Integer length = (lua_Integer)lua_rawlen(e->L, i), count = count_list(e->L, i, length);
	if (count == length && (length || marked(e->L, i)))
		put_list(e, i, length);
	else if (marked(e->L, i))
		refuse(e, ERR_BAD_REQUEST, "a list with holes or names");
	else
		put_object(e, i);
	e->depth--;
}

static void put_value(struct encoder *e, int i)
{
	if (++e->items > JSON_ITEMS)
		raise(e->L, blame(e, ERR_TOO_LARGE), "more than %d items in one JSON value", JSON_ITEMS);
	switch (lua_type(e->L, i)) {
	case LUA_TNIL:
	case LUA_TLIGHTUSERDATA: buf_adds(&link_text, "null"); break;
	case LUA_TBOOLEAN: buf_adds(&link_text, lua_toboolean(e->L, i) ? "true" : "false"); break;
	case LUA_TNUMBER: put_number(e, i); break;
	case LUA_TSTRING: put_text(e, i); break;
	case LUA_TTABLE: put_table(e, i); break;
	case LUA_TFUNCTION: refuse(e, ERR_BAD_REQUEST, "a function");
	default: refuse(e, ERR_BAD_REQUEST, "a value of this type");
	}
	if (link_text.full || link_text.len - e->from > e->max)
		raise(e->L, blame(e, ERR_TOO_LARGE), "the value is larger than %zu MB as JSON", e->max / MIB);
}

struct str json_encode(lua_State *L, int i, size_t max, bool answer)
{
	struct encoder e = {.L = L, .from = link_text.len, .max = max, .answer = answer};
	put_value(&e, lua_absindex(L, i));
	return (struct str){link_text.p + e.from, link_text.len - e.from};
}

struct decoder {
	lua_State *L;
	struct json_lex lex;
	const char *what;
	size_t left;
};

NORETURN static void bad(struct decoder *d)
{
	raise(d->L, d->lex.too_deep ? ERR_TOO_DEEP : ERR_BAD_REQUEST, "%s: %s, at byte %zu", d->what, d->lex.error,
	      (size_t)(d->lex.at - d->lex.start));
}

static enum json_tok next(struct decoder *d)
{
	enum json_tok t = json_next(&d->lex);
	if (t == JSON_ERROR)
		bad(d);
	return t;
}

static void push_text(struct decoder *d)
{
	struct str raw = d->lex.text;
	if (!memchr(raw.p, '\\', raw.n)) {
		lua_pushlstring(d->L, raw.p, raw.n);
		return;
	}
	size_t from = link_text.len;
	json_unescape(&link_text, raw);
	lua_pushlstring(d->L, link_text.p + from, link_text.len - from);
	link_text_drop(from);
}

static void push_number(struct decoder *d)
{
	int64_t v;
	if (str_int(d->lex.text, &v)) {
		lua_pushinteger(d->L, v);
		return;
	}
	char text[65];
	memcpy(text, d->lex.text.p, d->lex.text.n); /* the lexer bounds it */
	text[d->lex.text.n] = 0;
	double number = strtod(text, NULL);
	if (!isfinite(number))
		raise(d->L, ERR_BAD_REQUEST, "%s: the number %.20s is too large", d->what, text);
	lua_pushnumber(d->L, number);
}

static void push_value(struct decoder *d, enum json_tok t);

static void push_list(struct decoder *d)
{
	enum json_tok t;
	lua_newtable(d->L);
	for (lua_Integer n = 1; (t = next(d)) != JSON_ARRAY_END; n++) {
		push_value(d, t);
		lua_rawseti(d->L, -2, n);
	}
	json_mark_list(d->L, -1);
}

static void push_object(struct decoder *d)
{
	lua_newtable(d->L);
	while (next(d) == JSON_KEY) {
		push_text(d);
		push_value(d, next(d));
		lua_rawset(d->L, -3);
	}
}

static void push_value(struct decoder *d, enum json_tok t)
{
	if (!d->left--)
		raise(d->L, ERR_TOO_LARGE, "%s: too many items", d->what);
	luaL_checkstack(d->L, 6, NULL);
	switch (t) {
	case JSON_NULL: json_push_null(d->L); break;
	case JSON_TRUE: lua_pushboolean(d->L, 1); break;
	case JSON_FALSE: lua_pushboolean(d->L, 0); break;
	case JSON_NUMBER: push_number(d); break;
	case JSON_STRING: push_text(d); break;
	case JSON_OBJECT: push_object(d); break;
	case JSON_ARRAY: push_list(d); break;
	default: bad(d);
	}
}

void json_decode(lua_State *L, struct str text, size_t max_items, const char *what)
{
	struct decoder d = {.L = L, .what = what, .left = max_items};
	json_lex_init(&d.lex, text, JSON_DEPTH);
	push_value(&d, next(&d));
	if (next(&d) != JSON_END)
		bad(&d);
}
