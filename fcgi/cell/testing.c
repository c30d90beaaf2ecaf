#include "cell/testing.h"

#include "base/embed.h"
#include "cell/env.h"
#include "cell/raise.h"

EMBED(sdk_test, "lua-sdk/test.lua");

static const char names_key, run_key; /* their addresses are keys of the registry */

void testing_load(lua_State *L, struct str path)
{
	struct str text = EMBEDDED(sdk_test);
	env_require(L, STR("fazt"));
	int fazt = lua_gettop(L);
	if (luaL_loadbufferx(L, text.p, text.n, "=fazt.test", "t"))
		lua_error(L);
	lua_pushvalue(L, fazt);
	lua_call(L, 1, 3);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &run_key);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &names_key);
	env_provide(L, "fazt.test");
	env_require(L, path);
}

void testing_list(lua_State *L, struct out *o)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key);
	int n = (int)lua_rawlen(L, -1);
	out_array(o);
	for (int i = 1; i <= n; i++) {
		size_t len;
		lua_rawgeti(L, -1, i);
		const char *name = lua_tolstring(L, -1, &len);
		out_str(o, (struct str){name, len});
		lua_pop(L, 1);
	}
	out_end(o);
	lua_pop(L, 1);
}

void testing_run(lua_State *L, struct str path)
{
	int64_t number = 0;
	if (path.n < 2 || !str_int((struct str){path.p + 1, path.n - 1}, &number))
		raise(L, ERR_NOT_FOUND, "there is no such test");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &run_key);
	lua_pushinteger(L, number);
	lua_call(L, 1, 0);
}
