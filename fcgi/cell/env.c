#include "cell/env.h"

#include <lauxlib.h>
#include <lualib.h>
#include <math.h>

#include "cell/frozen.h"
#include "cell/link.h"
#include "cell/order.h"
#include "cell/raise.h"

/* A wrapped function checks its arguments and then *is* the original: `original` holds the library's C functions,
 * by the row of `wraps`. Whatever these bounds let through is ended by the leash; they are here so that honest
 * mistakes get a sentence instead of a dead cell. */

#define SUBJECT_MAX MIB       /* what patterns and utf8 are run over */
#define PATTERN_MAX 256       /* bytes of a pattern or a pack format */
#define REP_MAX (4 * MIB)     /* result of string.rep */
#define RANGE_MAX 1000000     /* elements that one call of table.* walks over */
#define SORT_MAX 100000
#define FORMAT_ARGS 64
#define COROUTINES_MAX 1000
#define PRINT_MAX (4 * KIB)
#define PRINT_ARGS 50
#define LOAD_MAX (64 * KIB)
#define FILE_MAX (256 * KIB)

static const char modules_key, loaded_key, coroutines_key; /* their addresses are keys of the registry */

NORETURN static void over(lua_State *L, const char *what, long max)
{
	raise(L, ERR_BAD_REQUEST, "%s: at most %ld", what, max);
}

/* string */

static size_t length_at(lua_State *L, int i)
{
	size_t n = 0;
	if (lua_isstring(L, i)) /* a number is one as well */
		lua_tolstring(L, i, &n);
	return n;
}

static void check_pattern(lua_State *L)
{
	if (length_at(L, 1) > SUBJECT_MAX)
		over(L, "bytes of text for a pattern", SUBJECT_MAX);
	if (length_at(L, 2) > PATTERN_MAX)
		over(L, "bytes of a pattern", PATTERN_MAX);
}

static void check_subject(lua_State *L)
{
	if (length_at(L, 1) > SUBJECT_MAX)
		over(L, "bytes of text for utf8", SUBJECT_MAX);
}

static void check_pack(lua_State *L)
{
	if (length_at(L, 1) > PATTERN_MAX)
		over(L, "bytes of a pack format", PATTERN_MAX);
}

static void check_rep(lua_State *L)
{
	size_t unit = length_at(L, 1) + length_at(L, 3);
	lua_Integer n = luaL_checkinteger(L, 2);
	if (n > 0 && !unit) { /* nothing, however often */
		lua_pushinteger(L, 0);
		lua_replace(L, 2);
	} else if (n > 0 && (lua_Unsigned)n > REP_MAX / unit) {
		raise(L, ERR_APP_MEMORY, "string.rep: a string of more than %u MB", REP_MAX / MIB);
	}
}

const char *env_tostring(lua_State *L, int i, size_t *n)
{
	i = lua_absindex(L, i);
	int type = lua_type(L, i);
	if (luaL_getmetafield(L, i, "__tostring") != LUA_TNIL) {
		lua_pop(L, 1);
		return luaL_tolstring(L, i, n);
	}
	if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
		return luaL_tolstring(L, i, n);
	lua_pushstring(L, luaL_typename(L, i));
	return lua_tolstring(L, -1, n);
}

/* The letter of the conversion that begins behind the % at p, or 0; *p moves behind it. */
static char conversion(const char **p, const char *end)
{
	while (*p < end && strchr("-+ #0123456789.", **p) && **p)
		++*p;
	return *p < end ? *(*p)++ : 0;
}

static void check_format(lua_State *L)
{
	size_t n;
	const char *p = luaL_checklstring(L, 1, &n), *end = p + n;
	int arg = 1;
	while ((p = memchr(p, '%', (size_t)(end - p))) && ++p < end) {
		if (*p == '%') {
			p++;
			continue;
		}
		char c = conversion(&p, end);
		if (++arg > FORMAT_ARGS + 1)
			over(L, "arguments of string.format", FORMAT_ARGS);
		if (c == 'p')
			raise(L, ERR_BAD_REQUEST, "string.format: %%p is not available");
		if (c == 's' && arg <= lua_gettop(L) && lua_type(L, arg) != LUA_TSTRING && lua_type(L, arg) != LUA_TNUMBER) {
			env_tostring(L, arg, NULL);
			lua_replace(L, arg);
		}
	}
}

/* table: lengths are raw, ranges are bounded, and a table that lies about its length is refused. */

static lua_Integer plain_length(lua_State *L, int i)
{
	luaL_checktype(L, i, LUA_TTABLE);
	if (luaL_getmetafield(L, i, "__len") != LUA_TNIL)
		raise(L, ERR_BAD_REQUEST, "a table with its own __len cannot be used here");
	return (lua_Integer)lua_rawlen(L, i);
}

static void check_range(lua_State *L, lua_Integer from, lua_Integer to)
{
	if (from <= to && (lua_Unsigned)to - (lua_Unsigned)from >= RANGE_MAX)
		over(L, "elements of a table at once", RANGE_MAX);
}

static void check_table(lua_State *L)
{
	plain_length(L, 1);
}

static void check_sort(lua_State *L)
{
	if (plain_length(L, 1) > SORT_MAX)
		over(L, "elements to sort", SORT_MAX);
}

static void check_concat(lua_State *L)
{
	lua_Integer n = plain_length(L, 1);
	check_range(L, luaL_optinteger(L, 3, 1), luaL_optinteger(L, 4, n));
}

static void check_unpack(lua_State *L)
{
	lua_Integer n = plain_length(L, 1);
	check_range(L, luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, n));
}

static void check_move(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	check_range(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3));
}

/* base */

static void check_setmetatable(lua_State *L)
{
	static const char *const refused[] = {"__gc",
#if LUA_VERSION_RELEASE_NUM < 50408
					      "__mode", /* a refusing allocator and weak tables: a double free before 5.4.8 */
#endif
	};
	for (size_t i = 0; i < ARRAY_LEN(refused) && lua_istable(L, 2); i++) {
		lua_pushstring(L, refused[i]);
		if (lua_rawget(L, 2) != LUA_TNIL)
			raise(L, ERR_BAD_REQUEST, "setmetatable: %s is not available", refused[i]);
		lua_pop(L, 1);
	}
}

static void check_collectgarbage(lua_State *L)
{
	if (strcmp(luaL_optstring(L, 1, "collect"), "count"))
		raise(L, ERR_BAD_REQUEST, "collectgarbage: only \"count\" is available");
}

/* coroutine: those that are not dead, counted when there may be too many. */

static int coroutines;

void env_begin(void)
{
	coroutines = 0;
}

static bool dead(lua_State *co)
{
	lua_Debug ar;
	return lua_status(co) > LUA_YIELD || (lua_status(co) == LUA_OK && !lua_getstack(co, 0, &ar) && !lua_gettop(co));
}

/* Forget the dead ones, count the others. */
static void count_coroutines(lua_State *L)
{
	coroutines = 0;
	lua_rawgetp(L, LUA_REGISTRYINDEX, &coroutines_key);
	for (lua_pushnil(L); lua_next(L, -2);) {
		lua_pop(L, 1);
		if (!dead(lua_tothread(L, -1))) {
			coroutines++;
			continue;
		}
		lua_pushvalue(L, -1);
		lua_pushnil(L);
		lua_rawset(L, -4);
	}
	lua_pop(L, 1);
}

static void check_create(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	if (coroutines >= COROUTINES_MAX)
		count_coroutines(L);
	if (coroutines >= COROUTINES_MAX) {
		lua_gc(L, LUA_GCCOLLECT);
		count_coroutines(L);
	}
	if (coroutines >= COROUTINES_MAX)
		over(L, "living coroutines", COROUTINES_MAX);
}

/* The new coroutine is on top of the stack, or the first upvalue of the function that is. */
static void note_coroutine(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &coroutines_key);
	if (lua_isthread(L, -2))
		lua_pushvalue(L, -2);
	else
		lua_getupvalue(L, -2, 1);
	lua_pushboolean(L, 1);
	lua_rawset(L, -3);
	lua_pop(L, 1);
	coroutines++;
}

/* The original functions, and what is checked before they run. */
static const struct wrap {
	const char *library, *name;
	void (*check)(lua_State *L);
	void (*after)(lua_State *L);
} wraps[] = {
	{"_G", "setmetatable", check_setmetatable},
	{"_G", "collectgarbage", check_collectgarbage},
	{"string", "rep", check_rep},
	{"string", "find", check_pattern},
	{"string", "match", check_pattern},
	{"string", "gmatch", check_pattern},
	{"string", "gsub", check_pattern},
	{"string", "format", check_format},
	{"string", "pack", check_pack},
	{"string", "unpack", check_pack},
	{"string", "packsize", check_pack},
	{"utf8", "len", check_subject},
	{"utf8", "codepoint", check_subject},
	{"utf8", "offset", check_subject},
	{"utf8", "codes", check_subject},
	{"table", "insert", check_table},
	{"table", "remove", check_table},
	{"table", "concat", check_concat},
	{"table", "unpack", check_unpack},
	{"table", "move", check_move},
	{"table", "sort", check_sort},
	{"coroutine", "create", check_create, note_coroutine},
	{"coroutine", "wrap", check_create, note_coroutine},
};
static lua_CFunction original[ARRAY_LEN(wraps)];

static int wrapped(lua_State *L)
{
	lua_Integer i = lua_tointeger(L, lua_upvalueindex(1));
	wraps[i].check(L);
	int results = original[i](L);
	if (wraps[i].after)
		wraps[i].after(L);
	return results;
}

/* Replaced. */

static int base_tostring(lua_State *L)
{
	luaL_checkany(L, 1);
	env_tostring(L, 1, NULL);
	return 1;
}

static int base_print(lua_State *L)
{
	int n = MIN(lua_gettop(L), PRINT_ARGS);
	for (int i = 1; i <= n; i++) { /* first, because it may run code of the app */
		env_tostring(L, i, NULL);
		lua_replace(L, i);
	}
	link_text_drop(0);
	for (int i = 1; i <= n; i++) {
		size_t len;
		const char *p = lua_tolstring(L, i, &len);
		buf_add(&link_text, p, MIN(len, PRINT_MAX / (size_t)n));
		buf_adds(&link_text, i < n ? "\t" : "");
	}
	link_log(0, n ? buf_str(&link_text) : STR(""));
	link_text_drop(0);
	return 0;
}

static int refused(lua_State *L, const char *why)
{
	lua_pushnil(L);
	lua_pushstring(L, why);
	return 2;
}

/* load(text [, name [, mode [, env]]]): the mode is not the caller's to choose. */
static int base_load(lua_State *L)
{
	size_t n;
	const char *text = luaL_checklstring(L, 1, &n), *name = luaL_optstring(L, 2, "=load");
	if (n && text[0] == LUA_SIGNATURE[0])
		return refused(L, err_row(ERR_BINARY_CHUNK)->message);
	if (n > LOAD_MAX)
		return refused(L, "load: at most 64 KB of text");
	bool own_env = lua_gettop(L) >= 4;
	if (luaL_loadbufferx(L, text, n, name, "t")) {
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	if (own_env) {
		lua_pushvalue(L, 4);
		if (!lua_setupvalue(L, -2, 1))
			lua_pop(L, 1);
	}
	return 1;
}

/* Time and chance. */

static lua_CFunction os_time_of, os_date_of;

static int os_time(lua_State *L)
{
	if (!lua_isnoneornil(L, 1))
		return os_time_of(L);
	lua_pushinteger(L, frozen_now() / 1000);
	return 1;
}

static int os_date(lua_State *L)
{
	lua_settop(L, 2);
	if (lua_isnil(L, 1)) {
		lua_pushliteral(L, "%c");
		lua_replace(L, 1);
	}
	if (length_at(L, 1) > PATTERN_MAX)
		over(L, "bytes of a date format", PATTERN_MAX);
	if (lua_isnil(L, 2)) {
		lua_pushinteger(L, frozen_now() / 1000);
		lua_replace(L, 2);
	}
	return os_date_of(L);
}

static int os_clock(lua_State *L)
{
	lua_pushnumber(L, 0);
	return 1;
}

static lua_Unsigned random_bits(void)
{
	lua_Unsigned v;
	frozen_random(&v, sizeof v);
	return v;
}

/* A number of 0…range without a bias towards any. */
static lua_Unsigned random_below(lua_Unsigned range)
{
	lua_Unsigned mask = range ? ~(lua_Unsigned)0 >> __builtin_clzll(range) : 0, v;
	do
		v = random_bits() & mask;
	while (v > range);
	return v;
}

static int math_random(lua_State *L)
{
	lua_Integer low = 1, high;
	if (!lua_gettop(L)) {
		lua_pushnumber(L, (lua_Number)(random_bits() >> 11) * 0x1p-53);
		return 1;
	}
	high = luaL_checkinteger(L, lua_gettop(L) > 1 ? 2 : 1);
	if (lua_gettop(L) > 1)
		low = luaL_checkinteger(L, 1);
	else if (!high)
		return lua_pushinteger(L, (lua_Integer)random_bits()), 1;
	luaL_argcheck(L, low <= high, lua_gettop(L), "interval is empty");
	lua_pushinteger(L, (lua_Integer)((lua_Unsigned)low + random_below((lua_Unsigned)high - (lua_Unsigned)low)));
	return 1;
}

static int nothing(lua_State *L UNUSED)
{
	return 0;
}

/* Modules. */

void env_provide(lua_State *L, const char *name)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
	lua_pushvalue(L, -2);
	lua_setfield(L, -2, name);
	lua_pop(L, 2);
}

void env_module(lua_State *L, const char *name, lua_CFunction fn)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
	lua_pushcfunction(L, fn);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

void env_compile(lua_State *L, struct str path, struct str text)
{
	char name[256];
	if (text.n && text.p[0] == LUA_SIGNATURE[0])
		raise(L, ERR_BINARY_CHUNK, "%.*s is compiled Lua; ship the source text", STR_FMT(path));
	if (text.n > FILE_MAX)
		raise(L, ERR_APP_ERROR, "%.*s is larger than 256 KB", STR_FMT(path));
	snprintf(name, sizeof name, "@%.*s", STR_FMT(path));
	lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
	lua_pushlstring(L, path.p, path.n);
	if (luaL_loadbufferx(L, text.p, text.n, name, "t"))
		lua_error(L);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

/* Run the compiled module whose path is on top of the stack, and remember what it returns. false stands for "being
 * loaded". */
static void run_module(lua_State *L, int loaded)
{
	int path = lua_gettop(L);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
	lua_pushvalue(L, path);
	if (lua_rawget(L, -2) != LUA_TFUNCTION)
		raise(L, ERR_APP_ERROR, "there is no %s in this app", lua_tostring(L, path));
	lua_pushvalue(L, path);
	lua_pushboolean(L, 0);
	lua_rawset(L, loaded);
	lua_call(L, 0, 1);
	if (lua_isnil(L, -1))
		lua_pushboolean(L, 1);
	lua_pushvalue(L, path);
	lua_pushvalue(L, -2);
	lua_rawset(L, loaded);
}

static void require_key(lua_State *L)
{
	int key = lua_gettop(L);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
	lua_pushvalue(L, key);
	if (lua_rawget(L, -2) != LUA_TNIL && !lua_toboolean(L, -1))
		raise(L, ERR_APP_ERROR, "%s requires itself", lua_tostring(L, key));
	if (!lua_isnil(L, -1))
		return;
	lua_pop(L, 1);
	int loaded = lua_gettop(L);
	lua_pushvalue(L, key);
	run_module(L, loaded);
}

void env_require(lua_State *L, struct str path)
{
	lua_pushlstring(L, path.p, path.n);
	require_key(L);
}

/* Has the SDK this name? The paths of an app's files begin with api/. */
static bool provided(lua_State *L, const char *name)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &loaded_key);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
	bool found = str_starts(str_of(name), "fazt") && (lua_getfield(L, -2, name) || lua_getfield(L, -2, name));
	lua_settop(L, 1);
	return found;
}

static int base_require(lua_State *L)
{
	size_t n;
	const char *name = luaL_checklstring(L, 1, &n);
	if (n > 200)
		over(L, "bytes of a module's name", 200);
	if (strlen(name) != n)
		return luaL_error(L, "the name of a module has a NUL in it");
	lua_settop(L, 1);
	if (!provided(L, name)) {
		lua_pushliteral(L, "api/");
		luaL_gsub(L, name, ".", "/");
		lua_pushliteral(L, ".lua");
		lua_concat(L, 3);
	}
	require_key(L);
	return 1;
}

/* Putting it together. */

static const struct {
	const char *name;
	lua_CFunction open;
} libraries[] = {
	{"_G", luaopen_base},   {"string", luaopen_string}, {"table", luaopen_table}, {"math", luaopen_math},
	{"utf8", luaopen_utf8}, {"coroutine", luaopen_coroutine},
};

static const struct {
	const char *library, *name;
	lua_CFunction fn; /* NULL: removed */
} replaced[] = {
	{"_G", "dofile", NULL}, {"_G", "loadfile", NULL}, {"_G", "warn", NULL}, /* files and stderr of the machine */
	{"_G", "load", base_load}, /* text only */
	{"_G", "print", base_print}, /* to the app's log: stdout is nobody's */
	{"_G", "tostring", base_tostring}, /* addresses tell where the machine put things */
	{"_G", "require", base_require}, /* the app's own modules and the SDK */
	{"_G", "pairs", order_pairs}, /* in the same order in every cell */
	{"string", "dump", NULL}, /* compiled Lua is not checked by anyone */
	{"math", "random", math_random}, {"math", "randomseed", nothing}, /* the request's; and it returned an address */
	{"os", "time", os_time}, {"os", "date", os_date}, {"os", "clock", os_clock},
#if LUA_VERSION_RELEASE_NUM < 50408
	{"coroutine", "close", NULL}, /* overflows the C stack before 5.4.8 */
#endif
};

static void set_in(lua_State *L, const char *library, const char *name, lua_CFunction fn)
{
	lua_getglobal(L, library);
	if (fn)
		lua_pushcfunction(L, fn);
	else
		lua_pushnil(L);
	lua_setfield(L, -2, name);
	lua_pop(L, 1);
}

static void wrap_all(lua_State *L)
{
	for (size_t i = 0; i < ARRAY_LEN(wraps); i++) {
		lua_getglobal(L, wraps[i].library);
		lua_getfield(L, -1, wraps[i].name);
		original[i] = lua_tocfunction(L, -1);
		lua_pushinteger(L, (lua_Integer)i);
		lua_pushcclosure(L, wrapped, 1);
		lua_setfield(L, -3, wraps[i].name);
		lua_pop(L, 2);
	}
}

/* Of the os library two functions are wanted, none of them reachable under its own name. */
static void open_os(lua_State *L)
{
	luaopen_os(L);
	lua_getfield(L, -1, "time");
	os_time_of = lua_tocfunction(L, -1);
	lua_getfield(L, -2, "date");
	os_date_of = lua_tocfunction(L, -1);
	lua_newtable(L);
	lua_getfield(L, -4, "difftime");
	lua_setfield(L, -2, "difftime");
	lua_setglobal(L, "os");
	lua_pop(L, 3);
}

static int hidden(lua_State *L)
{
	lua_pushstring(L, lua_islightuserdata(L, 1) ? "null" : luaL_typename(L, 1));
	return 1;
}

/* The metatable that all values of a type share: locked. The value on top of the stack is one of that type. */
static void lock_type(lua_State *L)
{
	if (!lua_getmetatable(L, -1)) {
		lua_newtable(L);
		lua_pushcfunction(L, hidden);
		lua_setfield(L, -2, "__tostring");
	}
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_setmetatable(L, -2);
	lua_pop(L, 1);
}

static void new_registry_table(lua_State *L, const void *key, const char *mode)
{
	lua_newtable(L);
	if (mode) {
		lua_createtable(L, 0, 1);
		lua_pushstring(L, mode);
		lua_setfield(L, -2, "__mode");
		lua_setmetatable(L, -2);
	}
	lua_rawsetp(L, LUA_REGISTRYINDEX, key);
}

void env_open(lua_State *L)
{
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		luaL_requiref(L, libraries[i].name, libraries[i].open, 1);
		lua_pop(L, 1);
	}
	open_os(L);
	new_registry_table(L, &modules_key, NULL);
	new_registry_table(L, &loaded_key, NULL);
	new_registry_table(L, &coroutines_key, "k");
	wrap_all(L);
	for (size_t i = 0; i < ARRAY_LEN(replaced); i++)
		set_in(L, replaced[i].library, replaced[i].name, replaced[i].fn);
	order_push_next(L);
	lua_setglobal(L, "next");
	lua_pushliteral(L, "");
	lock_type(L);
	lua_pushcfunction(L, nothing);
	lock_type(L);
	lua_pushthread(L);
	lock_type(L);
	lua_pushlightuserdata(L, NULL);
	lock_type(L);
}
