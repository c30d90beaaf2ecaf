#include "cell/raise.h"

#include <stdarg.h>

/* The failure lies outside the heap: it survives the restore that follows it. */
struct failure raise_failure;

static const char key, noted_key; /* their addresses name our metatable, and the error that was raised again, in the registry */

static int text_of(lua_State *L)
{
	lua_pushliteral(L, "message");
	lua_rawget(L, 1);
	if (!lua_isstring(L, -1))
		lua_pushliteral(L, "error");
	return 1;
}

void raise_open(lua_State *L)
{
	lua_newtable(L);
	lua_pushcfunction(L, text_of);
	lua_setfield(L, -2, "__tostring");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
	lua_pushboolean(L, 0); /* its place: a message handler cannot allocate when there is no memory */
	lua_rawsetp(L, LUA_REGISTRYINDEX, &noted_key);
}

void raise_str(lua_State *L, int err, struct str message)
{
	if (!message.p)
		message = str_of(err_row(err)->message);
	luaL_checkstack(L, 4, NULL);
	lua_createtable(L, 0, 2);
	lua_pushstring(L, err_row(err)->code);
	lua_setfield(L, -2, "code");
	lua_pushlstring(L, message.p, message.n);
	lua_setfield(L, -2, "message");
	lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
	lua_setmetatable(L, -2);
	lua_error(L);
	abort();
}

void raise(lua_State *L, int err, const char *fmt, ...)
{
	char text[FAULT_MAX];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	raise_str(L, err, str_of(text));
}

static void keep(char to[RAISE_TEXT], const char *p, size_t n)
{
	n = MIN(n, RAISE_TEXT - 1);
	memcpy(to, p, n);
	to[n] = 0;
}

static void keep_value(lua_State *L, char to[RAISE_TEXT], int i)
{
	size_t n;
	const char *p = lua_tolstring(L, i, &n);
	keep(to, p, n);
}

/* A raw field of the table at 1, if it is a string. */
static bool field(lua_State *L, const char *name)
{
	lua_pushstring(L, name);
	lua_rawget(L, 1);
	return lua_type(L, -1) == LUA_TSTRING;
}

static void note_table(lua_State *L)
{
	if (field(L, "code"))
		raise_failure.err = err_by_code(lua_tostring(L, -1));
	if (!raise_failure.err)
		raise_failure.err = ERR_APP_ERROR;
	if (field(L, "message"))
		keep_value(L, raise_failure.message, -1);
	else
		keep(raise_failure.message, "a table without a message", 25);
}

/* Is it the error that was noted last, on its way out? */
static bool noted(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &noted_key);
	bool same = raise_failure.err && lua_toboolean(L, -1) && lua_rawequal(L, 1, -1);
	lua_pop(L, 1);
	return same;
}

int raise_note(lua_State *L)
{
	luaL_checkstack(L, 8, NULL);
	if (noted(L))
		return 1;
	raise_clear();
	raise_failure.err = ERR_APP_ERROR;
	if (lua_type(L, 1) == LUA_TSTRING || lua_type(L, 1) == LUA_TNUMBER)
		keep_value(L, raise_failure.message, 1);
	else if (lua_type(L, 1) == LUA_TTABLE)
		note_table(L);
	else
		raise_set(ERR_APP_ERROR, "an error that is a %s", luaL_typename(L, 1));
	if (str_ends(str_of(raise_failure.message), "not enough memory")) /* perhaps raised again, with a position */
		raise_failure.err = ERR_APP_MEMORY;
	luaL_traceback(L, L, NULL, 1);
	keep_value(L, raise_failure.traceback, -1);
	lua_settop(L, 1);
	return 1;
}

void raise_again(lua_State *L, int status)
{
	if (status == LUA_ERRRUN)
		lua_pushvalue(L, -1);
	else /* the handler did not see it */
		lua_pushboolean(L, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &noted_key);
	lua_error(L);
	abort();
}

void raise_status(int status)
{
	if (status == LUA_ERRMEM)
		raise_set(ERR_APP_MEMORY, "%s", err_row(ERR_APP_MEMORY)->message);
	else if (!raise_failure.err)
		raise_set(ERR_APP_ERROR, "an error that could not be handled");
}

void raise_set(int err, const char *fmt, ...)
{
	va_list ap;
	raise_failure.err = err;
	va_start(ap, fmt);
	vsnprintf(raise_failure.message, RAISE_TEXT, fmt, ap);
	va_end(ap);
}

void raise_clear(void)
{
	raise_failure.err = 0;
	raise_failure.message[0] = raise_failure.traceback[0] = 0;
}
