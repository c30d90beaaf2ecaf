#include "cell/sdk.h"

#include <lauxlib.h>

#include "base/embed.h"
#include "cell/bindings.h"
#include "cell/env.h"
#include "cell/markdown.h"
#include "codec/zone.h"

EMBED(sdk_fazt, "lua-sdk/fazt.lua");
EMBED(sdk_tx, "lua-sdk/tx.lua");
EMBED(sdk_http, "lua-sdk/http.lua");
EMBED(sdk_step, "lua-sdk/step.lua");
#define MODULE(name, doc) EMBED(sdk_##name, "lua-sdk/" #name ".lua");
#define FUN(module, name, sig, result, doc)
#include "sys/module.def"
#undef MODULE
#undef FUN

static const char views_key, zone_key; /* their addresses are keys of the registry */

static void load(lua_State *L, const char *name, struct str text)
{
	if (luaL_loadbufferx(L, text.p, text.n, name, "t"))
		lua_error(L);
}

/* compile(code, name): what a module wrote, with no globals. It is ours, so load()'s bound is not for it. */
static int compile(lua_State *L)
{
	size_t n;
	const char *code = luaL_checklstring(L, 1, &n);
	if (luaL_loadbufferx(L, code, n, luaL_checkstring(L, 2), "t")) {
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	lua_newtable(L);
	lua_setupvalue(L, -2, 1);
	return 1;
}

/* zone_rule(name): the rule, or nothing, and whether there are any names. */
static int find_zone(lua_State *L)
{
	struct str name = {0};
	name.p = luaL_checklstring(L, 1, &name.n);
	struct str rule = zone_rule(name);
	if (rule.n)
		lua_pushlstring(L, rule.p, rule.n);
	else
		lua_pushnil(L);
	lua_pushboolean(L, zone_any());
	return 2;
}

/* What modules are made with besides `fazt`. */
static void push_native(lua_State *L)
{
	lua_createtable(L, 0, 5);
	lua_pushcfunction(L, compile);
	lua_setfield(L, -2, "compile");
	lua_pushcfunction(L, markdown_html);
	lua_setfield(L, -2, "markdown");
	lua_pushcfunction(L, find_zone);
	lua_setfield(L, -2, "zone_rule");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &zone_key);
	lua_setfield(L, -2, "zone");
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &views_key) != LUA_TTABLE) {
		lua_pop(L, 1);
		lua_newtable(L);
	}
	lua_setfield(L, -2, "views");
}

static int run(lua_State *L, const char *name, struct str text)
{
	lua_settop(L, 0);
	load(L, name, text);
	env_require(L, STR("fazt"));
	lua_replace(L, 2);
	lua_settop(L, 2);
	push_native(L);
	lua_call(L, 2, 1);
	return 1;
}

#define MODULE(name, doc)                                                                                         \
	static int run_##name(lua_State *L)                                                                       \
	{                                                                                                         \
		return run(L, "=fazt." #name, EMBEDDED(sdk_##name));                                              \
	}
#define FUN(module, name, sig, result, doc)
#include "sys/module.def"
#undef MODULE

void sdk_open(lua_State *L)
{
	load(L, "=fazt", EMBEDDED(sdk_fazt));
	bindings_push(L);
	load(L, "=fazt.tx", EMBEDDED(sdk_tx));
	load(L, "=fazt.http", EMBEDDED(sdk_http));
	load(L, "=fazt.step", EMBEDDED(sdk_step));
	lua_call(L, 4, 1);
	env_provide(L, "fazt");
#define MODULE(name, doc) env_module(L, "fazt." #name, run_##name);
#include "sys/module.def"
#undef MODULE
#undef FUN
}

void sdk_zone(lua_State *L, struct str name)
{
	lua_pushlstring(L, name.p, name.n);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &zone_key);
}

void sdk_view(lua_State *L, struct str path, struct str text)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &views_key) != LUA_TTABLE) {
		lua_newtable(L);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, &views_key);
	}
	lua_createtable(L, 0, 2);
	lua_pushlstring(L, path.p, path.n);
	lua_setfield(L, -2, "path");
	lua_pushlstring(L, text.p, text.n);
	lua_setfield(L, -2, "text");
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_settop(L, 0);
}

void sdk_views(lua_State *L)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, &views_key) == LUA_TTABLE)
		env_require(L, STR("fazt.html"));
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &views_key);
}
