#include "cell/json.h"
#include "cell/link.h"
#include "cell/raise.h"
#include "fuzz.h"

/* What decodes, encodes; and encoding what was encoded changes nothing. */

static lua_State *L;
static struct str input;
static struct buf once;

static int decode(lua_State *state)
{
	json_decode(state, input, JSON_ITEMS, "input");
	return 1;
}

static int encode(lua_State *state)
{
	struct str s = json_encode(state, 1, LINK_BODY_MAX, false);
	lua_pushlstring(state, s.p, s.n);
	return 1;
}

/* fn(value on top) in its place; what must not fail does not. */
static bool call(lua_CFunction fn, int args, bool must)
{
	link_text_drop(0);
	lua_pushcfunction(L, fn);
	lua_insert(L, -1 - args);
	int status = lua_pcall(L, args, 1, 0);
	MUST(!status || !must);
	return !status;
}

static void open_once(void)
{
	L = luaL_newstate();
	link_init();
	raise_open(L);
	json_open(L);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!L)
		open_once();
	lua_settop(L, 0);
	input = (struct str){(const char *)data, size};
	bool good = !json_check(input, JSON_DEPTH, JSON_ITEMS, NULL);
	if (!call(decode, 0, false))
		return 0;
	MUST(good);
	if (!call(encode, 1, false))
		return 0; /* a number too large for a double became infinity */
	buf_clear(&once);
	size_t n;
	const char *p = lua_tolstring(L, -1, &n);
	buf_add(&once, p, n);
	lua_settop(L, 0);
	input = buf_str(&once);
	call(decode, 0, true);
	call(encode, 1, true);
	p = lua_tolstring(L, -1, &n);
	MUST(str_eq(buf_str(&once), (struct str){p, n}));
	return 0;
}
