#include "cell/migration.h"

#include <lauxlib.h>

#include "cell/env.h"
#include "cell/json.h"
#include "cell/link.h"
#include "cell/raise.h"
#include "cell/request.h"
#include "cell/response.h"

#define DOC_BYTES MIB /* what the kernel stores is less, and checked there */

static void check_table(lua_State *L, const char *path)
{
	if (!lua_istable(L, -1))
		raise(L, ERR_BAD_PACKAGE, "%s must return a table: a function for each collection it changes", path);
	for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
		struct str name = STR_NONE;
		if (lua_type(L, -2) == LUA_TSTRING)
			name.p = lua_tolstring(L, -2, &name.n);
		if (!text_name(name) || !lua_isfunction(L, -1))
			raise(L, ERR_BAD_PACKAGE, "%s returns a table in which \"%.64s\" is not a collection with its function", path,
			      name.p ? name.p : luaL_typename(L, -2));
	}
}

void migration_load(lua_State *L, struct str paths)
{
	json_decode(L, paths, JSON_ITEMS, "the list of migrations");
	lua_Integer n = luaL_len(L, -1);
	for (lua_Integer i = 1; i <= n; i++) {
		struct str path;
		lua_rawgeti(L, -1, i);
		path.p = luaL_checklstring(L, -1, &path.n);
		env_require(L, path);
		check_table(L, path.p);
		lua_settop(L, 1);
	}
	lua_settop(L, 0);
}

static void send_names(lua_State *L, int table)
{
	lua_Integer n = 0;
	lua_newtable(L);
	json_mark_list(L, lua_gettop(L));
	for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
		lua_pushvalue(L, -2);
		lua_rawseti(L, -4, ++n);
	}
	response_send_text(json_encode(L, -1, LINK_BODY_MAX, false));
}

/* All functions run before anything is encoded: the scratch text is theirs as long as they run. */
static lua_Integer change_all(lua_State *L, int fn, int docs, const char *collection)
{
	lua_Integer n = luaL_len(L, docs);
	for (lua_Integer i = 1; i <= n; i++) {
		lua_pushvalue(L, fn);
		lua_rawgeti(L, docs, i);
		lua_call(L, 1, 1);
		if (!lua_isnil(L, -1) && (!lua_istable(L, -1) || json_is_null(L, -1)))
			raise(L, ERR_BAD_PACKAGE, "the function for %s must return the document, or nil to leave it as it is; it returned a %s",
			      collection, luaL_typename(L, -1));
		if (lua_isnil(L, -1)) {
			lua_pop(L, 1);
			json_push_null(L);
		}
		lua_rawseti(L, docs, i);
	}
	return n;
}

static void send_docs(lua_State *L, int docs, lua_Integer n)
{
	link_text_drop(0);
	buf_addc(&link_text, '[');
	for (lua_Integer i = 1; i <= n; i++) {
		buf_adds(&link_text, i > 1 ? "," : "");
		lua_rawgeti(L, docs, i);
		json_encode(L, -1, DOC_BYTES, false);
		lua_pop(L, 1);
	}
	buf_addc(&link_text, ']');
	if (link_text.full || link_text.len > LINK_BODY_MAX)
		raise(L, ERR_TOO_LARGE, "the documents became too large");
	response_send_text(buf_str(&link_text));
}

void migration_serve(lua_State *L)
{
	env_require(L, request()->path);
	int table = lua_gettop(L);
	if (!request()->query.n)
		return send_names(L, table);
	lua_pushlstring(L, request()->query.p, request()->query.n);
	lua_rawget(L, table);
	json_decode(L, request()->body, JSON_ITEMS_KERNEL, "the documents");
	const char *collection = lua_pushlstring(L, request()->query.p, request()->query.n);
	send_docs(L, table + 2, change_all(L, table + 1, table + 2, collection));
}
