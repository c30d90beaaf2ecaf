#include "cell/order.h"

#include <lauxlib.h>
#include <string.h>

#include "base/text.h"

/* A key as the sort sees it. Texts are kept alive by the list they stand in. */
struct key {
	int rank;
	lua_Integer at; /* in Lua's order, from 1 */
	lua_Integer integer;
	lua_Number number;
	struct str text;
};
enum { COUNTING, NUMBER, TEXT, TRUTH, OTHER };

static bool counts(lua_State *L, int i, lua_Integer *n)
{
	*n = lua_isinteger(L, i) ? lua_tointeger(L, i) : 0;
	return *n > 0;
}

static struct key read_key(lua_State *L, int i, lua_Integer at)
{
	struct key k = {.rank = OTHER, .at = at};
	switch (lua_type(L, i)) {
	case LUA_TNUMBER:
		k.rank = counts(L, i, &k.integer) ? COUNTING : NUMBER;
		k.number = lua_tonumber(L, i);
		break;
	case LUA_TSTRING:
		k.rank = TEXT;
		k.text.p = lua_tolstring(L, i, &k.text.n);
		break;
	case LUA_TBOOLEAN:
		k.rank = TRUTH;
		k.integer = lua_toboolean(L, i);
		break;
	default:
		break;
	}
	return k;
}

static bool before(const struct key *a, const struct key *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->rank == TEXT) {
		int c = memcmp(a->text.p, b->text.p, MIN(a->text.n, b->text.n));
		return c ? c < 0 : a->text.n < b->text.n;
	}
	if (a->integer != b->integer)
		return a->integer < b->integer;
	if (a->number < b->number || b->number < a->number)
		return a->number < b->number;
	return a->at < b->at;
}

/* A heap's sort: it needs nothing and has no bad case. */
static void sink(struct key *k, size_t i, size_t n)
{
	struct key moved = k[i];
	for (size_t child; (child = 2 * i + 1) < n; i = child) {
		child += child + 1 < n && before(&k[child], &k[child + 1]);
		if (!before(&moved, &k[child]))
			break;
		k[i] = k[child];
	}
	k[i] = moved;
}

static void sort(struct key *k, size_t n)
{
	for (size_t i = n / 2; i-- > 0;)
		sink(k, i, n);
	while (n-- > 1) {
		struct key most = k[0];
		k[0] = k[n];
		k[n] = most;
		sink(k, 0, n);
	}
}

/* Pushes the keys of the table at 1 but 1…upto, in Lua's order; their number. */
static lua_Integer collect(lua_State *L, lua_Integer upto)
{
	lua_Integer n = 0, i;
	lua_newtable(L);
	for (lua_pushnil(L); lua_next(L, 1);) {
		lua_pop(L, 1);
		if (counts(L, -1, &i) && i <= upto)
			continue;
		lua_pushvalue(L, -1);
		lua_rawseti(L, -3, ++n);
	}
	return n;
}

/* The same, in order. */
static void list(lua_State *L, lua_Integer upto)
{
	lua_Integer n = collect(L, upto);
	if (n < 2)
		return;
	int raw = lua_gettop(L);
	struct key *k = lua_newuserdatauv(L, (size_t)n * sizeof *k, 0);
	for (lua_Integer i = 1; i <= n; i++, lua_pop(L, 1)) {
		lua_rawgeti(L, raw, i);
		k[i - 1] = read_key(L, -1, i);
	}
	sort(k, (size_t)n);
	lua_createtable(L, n < 1 << 20 ? (int)n : 0, 0);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_rawgeti(L, raw, k[i - 1].at);
		lua_rawseti(L, -2, i);
	}
	lua_replace(L, raw);
	lua_settop(L, raw);
}

/* Pushes the first key of the list in these upvalues behind a position that still has a value, with it. */
static int from_list(lua_State *L, int keys, int position)
{
	for (lua_Integer at = lua_tointeger(L, lua_upvalueindex(position)) + 1;; at++, lua_pop(L, 2)) {
		if (lua_rawgeti(L, lua_upvalueindex(keys), at) == LUA_TNIL)
			return 1;
		lua_pushvalue(L, -1);
		if (lua_rawget(L, 1) == LUA_TNIL)
			continue;
		lua_pushinteger(L, at);
		lua_replace(L, lua_upvalueindex(position));
		return 2;
	}
}

static bool following(lua_State *L, lua_Integer i)
{
	lua_pushinteger(L, i + 1);
	if (lua_rawgeti(L, 1, i + 1) != LUA_TNIL)
		return true;
	lua_pop(L, 2);
	return false;
}

/* ---- pairs ---- */

/* Upvalues: where it is, and the keys that are no sequence, once it is there. */
static int advance(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	if (lua_isnil(L, lua_upvalueindex(2))) {
		lua_Integer i = lua_tointeger(L, lua_upvalueindex(1));
		if (following(L, i)) {
			lua_pushinteger(L, i + 1);
			lua_replace(L, lua_upvalueindex(1));
			return 2;
		}
		list(L, i);
		lua_replace(L, lua_upvalueindex(2));
		lua_pushinteger(L, 0);
		lua_replace(L, lua_upvalueindex(1));
	}
	return from_list(L, 2, 1);
}

static int its_own(lua_State *L UNUSED, int status UNUSED, lua_KContext unused UNUSED)
{
	return 3;
}

int order_pairs(lua_State *L)
{
	luaL_checkany(L, 1);
	if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		lua_callk(L, 1, 3, 0, its_own);
		return 3;
	}
	lua_pushinteger(L, 0);
	lua_pushnil(L);
	lua_pushcclosure(L, advance, 2);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

/* ---- next ---- */

/* Mostly the question whether there is anything. */
static int first(lua_State *L)
{
	struct key least = {0};
	lua_Integer n = 0;
	lua_settop(L, 1);
	if (following(L, 0))
		return 2;
	lua_pushnil(L); /* at 2: the least so far */
	for (lua_pushnil(L); lua_next(L, 1);) {
		lua_pop(L, 1);
		struct key k = read_key(L, -1, ++n);
		if (n > 1 && !before(&k, &least))
			continue;
		least = k;
		lua_pushvalue(L, -1);
		lua_replace(L, 2);
	}
	if (!n)
		return 1;
	lua_pushvalue(L, 2);
	lua_rawget(L, 1);
	return 2;
}

/* Where the list at 3 goes on behind the key at 2, which may have been removed meanwhile. */
static lua_Integer behind(lua_State *L)
{
	struct key k, last = read_key(L, 2, LUA_MAXINTEGER);
	bool met = last.rank != OTHER;
	for (lua_Integer at = 0;; at++, lua_settop(L, 3)) {
		bool end = lua_rawgeti(L, 3, at + 1) == LUA_TNIL;
		if (end && !met)
			luaL_error(L, "invalid key to 'next'");
		k = read_key(L, -1, at);
		if (end || (met && before(&last, &k)))
			return at;
		if (last.rank == OTHER && lua_rawequal(L, -1, 2))
			return at + 1;
	}
}

/* A list that goes on behind the key at 2 is in the upvalues, and where: as it was left, or made anew. */
static void find(lua_State *L)
{
	lua_Integer i;
	lua_rawgeti(L, lua_upvalueindex(2), lua_tointeger(L, lua_upvalueindex(3)));
	bool here = lua_rawequal(L, lua_upvalueindex(1), 1) && lua_rawequal(L, -1, 2);
	lua_settop(L, 2);
	if (here)
		return;
	list(L, counts(L, 2, &i) ? i : 0);
	lua_pushinteger(L, behind(L));
	lua_replace(L, lua_upvalueindex(3));
	lua_settop(L, 3);
	lua_replace(L, lua_upvalueindex(2));
	lua_pushvalue(L, 1);
	lua_replace(L, lua_upvalueindex(1));
}

/* Upvalues: of which table it went through which keys, and where it is. */
static int next(lua_State *L)
{
	lua_Integer i;
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	if (lua_isnil(L, 2))
		return first(L);
	if (counts(L, 2, &i) && following(L, i))
		return 2;
	find(L);
	return from_list(L, 2, 3);
}

void order_push_next(lua_State *L)
{
	lua_pushnil(L);
	lua_newtable(L);
	lua_pushinteger(L, 0);
	lua_pushcclosure(L, next, 3);
}
