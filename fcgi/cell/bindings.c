#include "cell/bindings.h"

#include <math.h>

#include "base/crypt.h"
#include "cell/env.h"
#include "cell/frozen.h"
#include "cell/json.h"
#include "cell/link.h"
#include "cell/raise.h"
#include "cell/run.h"
#include "wire/syscall.h"

static bool loading, as_app, in_tx;
static uint64_t turns; /* results of fazt.step there have been */

void bindings_loading(void)
{
	loading = true;
}

void bindings_serving(void)
{
	loading = as_app = in_tx = false;
	turns = 0;
}

/* Arguments. */

NORETURN static void bad_arg(lua_State *L, const struct syscall *row, const struct param *p, const char *why)
{
	raise(L, ERR_BAD_REQUEST, "%s: %s %s", row->name, p->name, why);
}

static void check_text(lua_State *L, const struct syscall *row, const struct param *p, int i, struct arg *a)
{
	if (lua_type(L, i) != LUA_TSTRING)
		bad_arg(L, row, p, "must be a string");
	a->s.p = lua_tolstring(L, i, &a->s.n);
	if (p->type == ARG_STR && !text_utf8(a->s))
		bad_arg(L, row, p, "is not UTF-8 text");
}

static void check_number(lua_State *L, const struct syscall *row, const struct param *p, int i, struct arg *a)
{
	int whole = 0;
	if (lua_type(L, i) != LUA_TNUMBER)
		bad_arg(L, row, p, "must be a number");
	a->n = lua_tonumber(L, i);
	a->i = lua_tointegerx(L, i, &whole);
	if (p->type == ARG_INT && !whole)
		bad_arg(L, row, p, "must be a whole number");
	if (!isfinite(a->n))
		bad_arg(L, row, p, "must be a finite number");
}

/* Bytes, or a table that names an upload: one of req.files, or { upload = ID }. */
static void check_file(lua_State *L, const struct syscall *row, const struct param *p, int i, struct arg *a)
{
	a->b = lua_istable(L, i);
	if (a->b) {
		lua_pushliteral(L, "upload");
		lua_rawget(L, i);
		lua_replace(L, i);
	}
	if (lua_type(L, i) != LUA_TSTRING)
		bad_arg(L, row, p, "must be a string of bytes, a file of req.files, or { upload = ID }");
	a->s.p = lua_tolstring(L, i, &a->s.n);
}

static void check_arg(lua_State *L, const struct syscall *row, const struct param *p, int i, struct arg *a)
{
	bool absent = lua_isnoneornil(L, i) || (json_is_null(L, i) && (p->optional || p->type != ARG_JSON));
	*a = (struct arg){.present = !absent};
	if (absent && !p->optional)
		bad_arg(L, row, p, "is missing");
	if (absent)
		return;
	switch (p->type) {
	case ARG_STR:
	case ARG_BYTES: check_text(L, row, p, i, a); break;
	case ARG_INT:
	case ARG_NUM: check_number(L, row, p, i, a); break;
	case ARG_BOOL:
		if (!lua_isboolean(L, i))
			bad_arg(L, row, p, "must be true or false");
		a->b = lua_toboolean(L, i);
		break;
	case ARG_FILE: check_file(L, row, p, i, a); break;
	case ARG_JSON: a->s = json_encode(L, i, MIB, false);
	}
}

static void check_args(lua_State *L, const struct syscall *row, struct call *c)
{
	if (lua_gettop(L) > row->sig.n)
		raise(L, ERR_BAD_REQUEST, "%s takes at most %d arguments", row->name, row->sig.n);
	c->nargs = row->sig.n;
	for (int i = 0; i < row->sig.n; i++)
		check_arg(L, row, &row->sig.param[i], i + 1, &c->arg[i]);
}

/* Results. */

static int push_value(lua_State *L, struct str json)
{
	if (!json.n || str_is(json, "null"))
		lua_pushnil(L);
	else
		json_decode(L, json, JSON_ITEMS_KERNEL, "the reply");
	return 1;
}

static int push_page(lua_State *L, struct str json)
{
	struct str items = STR("[]"), cursor = STR_NONE;
	json_member(json, STR("items"), &items);
	json_member(json, STR("cursor"), &cursor);
	push_value(L, items);
	push_value(L, cursor);
	return 2;
}

/* Bytes, and what is known about them; nil for a file that is not there. */
static int push_file(lua_State *L, struct str payload)
{
	struct str bytes, info = str_cut(payload, '\n', &bytes);
	if (!bytes.p)
		return push_value(L, STR_NONE);
	lua_pushlstring(L, bytes.n ? bytes.p : "", bytes.n);
	return 1 + push_value(L, info);
}

static int push_result(lua_State *L, enum returns returns, struct str payload)
{
	switch (returns) {
	case RETURNS_NONE: return 0;
	case RETURNS_JSON: return push_value(L, payload);
	case RETURNS_PAGE: return push_page(L, payload);
	case RETURNS_FILE: return push_file(L, payload);
	case RETURNS_BYTES: lua_pushlstring(L, payload.p, payload.n); return 1;
	}
	return 0;
}

/* What may have waited says what time it is now. */
static struct str take_moment(struct str payload)
{
	struct wire w = {.left = payload};
	frozen_advance(get_i64(&w));
	return w.left;
}

/* The one way out of a cell. */
static int call_kernel(lua_State *L)
{
	int id = (int)lua_tointeger(L, lua_upvalueindex(1));
	const struct syscall *row = syscall_row(id);
	struct call c;
	link_text_drop(0);
	if (loading && row->effect != EFFECT_PURE)
		raise(L, ERR_NOT_AT_LOAD, "%s does not work while the app is loading or its rows are migrated; call it inside a handler", row->name);
	if (in_tx && row->effect > EFFECT_READ)
		raise(L, ERR_BAD_REQUEST, "%s does not work inside storage.tx", row->name);
	check_args(L, row, &c);
	wire_put_args(link_begin(FRAME_CALL, as_app ? FRAME_AS_APP : 0, (unsigned)id), &row->sig, &c);
	bool sent = link_send();
	link_text_drop(0);
	if (!sent)
		raise(L, ERR_TOO_LARGE, "%s: the arguments are larger than 1 MB", row->name);
	struct frame f = link_receive();
	if (f.type != FRAME_REPLY)
		run_exit();
	if (f.code == ERR_SYSCALL_LIMIT || f.code == ERR_SUSPENDED) /* it is over here: pcall does not get to see it */
		run_leave((int)f.code, f.payload);
	if (f.code)
		raise_str(L, (int)f.code, f.payload);
	if (row->effect == EFFECT_SUSPEND)
		f.payload = take_moment(f.payload);
	return push_result(L, row->returns, f.payload);
}

/* What the cell answers itself: one function for each LOCAL row that is not made in lua-sdk/. */

static int local_now(lua_State *L)
{
	lua_pushinteger(L, frozen_now());
	return 1;
}

static int local_id(lua_State *L)
{
	char id[ID_LEN + 1];
	frozen_id(id);
	lua_pushlstring(L, id, ID_LEN);
	return 1;
}

static int local_fail(lua_State *L)
{
	const char *code = luaL_checkstring(L, 1);
	struct str message = STR_NONE;
	int err = err_by_code(code);
	if (!err)
		return luaL_error(L, "fail: there is no error code \"%s\"", code);
	if (!lua_isnoneornil(L, 2))
		message.p = luaL_checklstring(L, 2, &message.n);
	raise_str(L, err, message);
}

static int local_list(lua_State *L)
{
	if (lua_isnoneornil(L, 1))
		lua_newtable(L);
	else
		luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	json_mark_list(L, 1);
	return 1;
}

static int log_text(lua_State *L, unsigned level)
{
	struct str s;
	luaL_checkany(L, 1);
	s.p = env_tostring(L, 1, &s.n);
	s.n = MIN(s.n, 4 * KIB);
	link_log(level, s);
	return 0;
}

static int local_log_info(lua_State *L)
{
	return log_text(L, 0);
}

static int local_log_warn(lua_State *L)
{
	return log_text(L, 1);
}

static int local_log_error(lua_State *L)
{
	return log_text(L, 2);
}

static struct str check_bytes(lua_State *L, int i)
{
	struct str s;
	s.p = luaL_checklstring(L, i, &s.n);
	return s;
}

static int push_digest(lua_State *L, const unsigned char digest[64], size_t n, const char *algorithm)
{
	char hex[129];
	if (!n)
		raise(L, ERR_BAD_REQUEST, "crypto: there is no algorithm \"%s\" here", algorithm);
	crypt_hex(hex, digest, n);
	lua_pushstring(L, hex);
	return 1;
}

static int local_crypto_hash(lua_State *L)
{
	unsigned char digest[64];
	const char *algorithm = luaL_checkstring(L, 1);
	struct str data = check_bytes(L, 2);
	return push_digest(L, digest, crypt_digest(digest, algorithm, data.p, data.n), algorithm);
}

static int local_crypto_hmac(lua_State *L)
{
	unsigned char digest[64];
	const char *algorithm = luaL_checkstring(L, 1);
	struct str key = check_bytes(L, 2), data = check_bytes(L, 3);
	return push_digest(L, digest, crypt_hmac(digest, algorithm, key, data.p, data.n), algorithm);
}

static int local_crypto_equal(lua_State *L)
{
	struct str a = check_bytes(L, 1), b = check_bytes(L, 2);
	lua_pushboolean(L, a.n == b.n && crypt_equal(a.p, b.p, a.n));
	return 1;
}

static int local_crypto_random(lua_State *L)
{
	char bytes[1024];
	lua_Integer n = luaL_checkinteger(L, 1);
	luaL_argcheck(L, n >= 1 && n <= (lua_Integer)sizeof bytes, 1, "must be 1 to 1024");
	frozen_random(bytes, (size_t)n);
	lua_pushlstring(L, bytes, (size_t)n);
	return 1;
}

static int local_json_encode(lua_State *L)
{
	luaL_checkany(L, 1);
	link_text_drop(0);
	struct str s = json_encode(L, 1, LINK_BODY_MAX, false);
	lua_pushlstring(L, s.p, s.n);
	link_text_drop(0);
	return 1;
}

static int local_json_decode(lua_State *L)
{
	json_decode(L, check_bytes(L, 1), JSON_ITEMS, "json.decode");
	return 1;
}

/* hold(leave, fn, …): fn(…), and leave() however fn ends. fn cannot yield out of it. No variable to be closed: those of
 * a coroutine that failed are never closed. */
static int native_hold(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_pushcfunction(L, raise_note);
	lua_insert(L, 1);
	int status = lua_pcall(L, lua_gettop(L) - 3, LUA_MULTRET, 1);
	lua_pushvalue(L, 2);
	lua_call(L, 0, 0);
	if (status)
		raise_again(L, status);
	return lua_gettop(L) - 2;
}

/* as_app(on): from now on calls are the app's own, or the person's; returns what it was. */
static int native_as_app(lua_State *L)
{
	lua_pushboolean(L, as_app);
	as_app = lua_toboolean(L, 1);
	return 1;
}

/* turn(): behind a step, whose function may have drawn numbers or have been passed over. */
static int native_turn(lua_State *L UNUSED)
{
	frozen_turn(++turns);
	return 0;
}

/* in_tx(on): while storage.tx collects writes, none may pass it by. */
static int native_in_tx(lua_State *L)
{
	in_tx = lua_toboolean(L, 1);
	return 0;
}

static const struct {
	const char *name;
	lua_CFunction fn;
} locals[] = {
	{"now", local_now}, {"id", local_id}, {"fail", local_fail}, {"list", local_list},
	{"log.info", local_log_info}, {"log.warn", local_log_warn}, {"log.error", local_log_error},
	{"crypto.hash", local_crypto_hash}, {"crypto.hmac", local_crypto_hmac}, {"crypto.equal", local_crypto_equal},
	{"crypto.random", local_crypto_random}, {"json.encode", local_json_encode}, {"json.decode", local_json_decode},
	{"hold", native_hold}, {"as_app", native_as_app}, {"in_tx", native_in_tx}, {"turn", native_turn},
};

/* The function on top of the stack becomes the field of a dotted name in the table at `tree`. */
static void set_path(lua_State *L, int tree, const char *name)
{
	struct str rest = str_of(name);
	lua_pushvalue(L, tree);
	for (;;) {
		struct str word = str_cut(rest, '.', &rest);
		lua_pushlstring(L, word.p, word.n);
		if (!rest.p)
			break;
		if (lua_pushvalue(L, -1), lua_rawget(L, -3) != LUA_TTABLE) {
			lua_pop(L, 1);
			lua_newtable(L);
			lua_pushvalue(L, -2);
			lua_pushvalue(L, -2);
			lua_rawset(L, -5);
		}
		lua_replace(L, -3);
		lua_pop(L, 1);
	}
	lua_pushvalue(L, -3);
	lua_rawset(L, -3);
	lua_pop(L, 2);
}

void bindings_push(lua_State *L)
{
	lua_newtable(L);
	int tree = lua_gettop(L);
	for (int i = 0; i < SYSCALL_COUNT; i++) {
		if (syscall_row(i)->local)
			continue;
		lua_pushinteger(L, i);
		lua_pushcclosure(L, call_kernel, 1);
		set_path(L, tree, syscall_row(i)->name);
	}
	for (size_t i = 0; i < ARRAY_LEN(locals); i++) {
		lua_pushcfunction(L, locals[i].fn);
		set_path(L, tree, locals[i].name);
	}
	json_push_null(L);
	set_path(L, tree, "null");
}
