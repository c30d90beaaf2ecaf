#include "cell/request.h"

#include <lauxlib.h>

#include "base/crypt.h"
#include "cell/json.h"
#include "cell/link.h"
#include "cell/raise.h"
#include "codec/form.h"

#define COOKIES_MAX 200

static struct wire_request current;
static struct arena *scratch;        /* decoded pairs, one at a time */
static struct str pair_name, pair_value;

static const char meta_key; /* its address is a key of the registry */

static void set_text(lua_State *L, const char *name, struct str s)
{
	lua_pushlstring(L, s.n ? s.p : "", s.n);
	lua_setfield(L, -2, name);
}

static struct str header(const char *name)
{
	for (int i = 0; i < current.nheaders; i++)
		if (str_ieq(current.header[i].name, name))
			return current.header[i].value;
	return STR_NONE;
}

/* headers: lower-case names; values that came several times are joined. */
static void push_headers(lua_State *L)
{
	lua_createtable(L, 0, current.nheaders);
	for (int i = 0; i < current.nheaders; i++) {
		struct str name = current.header[i].name, value = current.header[i].value;
		size_t mark = link_text.len;
		for (size_t k = 0; k < name.n; k++)
			buf_addc(&link_text, name.p[k] >= 'A' && name.p[k] <= 'Z' ? (char)(name.p[k] | 32) : name.p[k]);
		lua_pushlstring(L, link_text.p + mark, name.n);
		link_text_drop(mark);
		lua_pushvalue(L, -1);
		bool again = lua_rawget(L, -3) == LUA_TSTRING;
		if (again)
			lua_pushliteral(L, ", ");
		else
			lua_pop(L, 1);
		lua_pushlstring(L, value.p, value.n);
		if (again)
			lua_concat(L, 3);
		lua_rawset(L, -3);
	}
}

static void forget_pair(void)
{
	crypt_wipe((char *)pair_name.p, pair_name.n);
	crypt_wipe((char *)pair_value.p, pair_value.n);
	pair_name = pair_value = STR_NONE;
	arena_reset(scratch);
}

/* name=value pairs; of several with one name the last one counts. */
static void push_pairs(lua_State *L, struct str text)
{
	struct form form = FORM(text);
	lua_newtable(L);
	while (form_next(&form, scratch, &pair_name, &pair_value)) {
		lua_pushlstring(L, pair_name.p, pair_name.n);
		lua_pushlstring(L, pair_value.p, pair_value.n);
		lua_rawset(L, -3);
		forget_pair();
	}
	if (form.too_many)
		raise(L, ERR_BAD_REQUEST, "more than %d fields", FORM_PAIRS);
}

static void push_query(lua_State *L)
{
	push_pairs(L, current.query);
}

static void push_form(lua_State *L)
{
	struct str rest, type = str_trim(str_cut(header("content-type"), ';', &rest));
	if (str_ieq(type, "application/x-www-form-urlencoded"))
		push_pairs(L, current.body);
	else if (str_ieq(type, "multipart/form-data"))
		push_pairs(L, current.form);
	else
		raise(L, ERR_UNSUPPORTED_TYPE, "A form must be sent as application/x-www-form-urlencoded or multipart/form-data.");
}

/* RFC 6265 §4.2.1 */
static void push_cookies(lua_State *L)
{
	struct str rest = header("cookie");
	lua_newtable(L);
	for (int i = 0; rest.n && i < COOKIES_MAX; i++) {
		struct str value, name = str_cut(str_trim(str_cut(rest, ';', &rest)), '=', &value);
		if (!value.p)
			continue;
		if (value.n > 1 && value.p[0] == '"' && value.p[value.n - 1] == '"')
			value = (struct str){value.p + 1, value.n - 2};
		lua_pushlstring(L, name.p, name.n);
		lua_pushlstring(L, value.p, value.n);
		lua_rawset(L, -3);
	}
}

static void push_body(lua_State *L)
{
	lua_pushlstring(L, current.body.n ? current.body.p : "", current.body.n);
}

static void push_json(lua_State *L)
{
	json_decode(L, current.body, JSON_ITEMS, "the request's body is not JSON");
}

static void push_files(lua_State *L)
{
	if (current.files.n)
		json_decode(L, current.files, JSON_ITEMS_KERNEL, "the files");
	else
		lua_newtable(L);
}

static void push_input(lua_State *L)
{
	if (str_is(current.trigger, "http") || !current.body.n)
		lua_pushnil(L);
	else
		push_json(L);
}

static const struct {
	const char *name;
	void (*push)(lua_State *L);
} lazy[] = {
	{"headers", push_headers}, {"query", push_query}, {"cookies", push_cookies}, {"body", push_body},
	{"json", push_json},       {"form", push_form},   {"files", push_files},     {"input", push_input},
};

/* req[name], the first time. */
static int index_req(lua_State *L)
{
	struct str name = STR_NONE;
	if (lua_type(L, 2) == LUA_TSTRING)
		name.p = lua_tolstring(L, 2, &name.n);
	for (size_t i = 0; i < ARRAY_LEN(lazy); i++) {
		if (!str_is(name, lazy[i].name))
			continue;
		lazy[i].push(L);
		lua_pushvalue(L, 2);
		lua_pushvalue(L, -2);
		lua_rawset(L, 1);
		return 1;
	}
	return 0;
}

void request_open(lua_State *L)
{
	scratch = arena_new();
	lua_newtable(L);
	lua_pushcfunction(L, index_req);
	lua_setfield(L, -2, "__index");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &meta_key);
}

bool request_begin(struct str payload)
{
	return wire_get_request(link_keep(payload), &current);
}

const struct wire_request *request(void)
{
	return &current;
}

void request_push(lua_State *L, const struct route_match *m)
{
	lua_createtable(L, 0, 8);
	set_text(L, "method", current.method);
	set_text(L, "path", current.path);
	set_text(L, "id", current.id);
	set_text(L, "trigger", current.trigger);
	set_text(L, "origin", current.origin);
	if (!str_is(current.trigger, "http"))
		set_text(L, "run", current.id);
	if (current.moment) {
		lua_pushinteger(L, current.moment);
		lua_setfield(L, -2, "due");
	}
	lua_createtable(L, 0, m->nparams);
	for (int i = 0; i < m->nparams; i++) {
		lua_pushlstring(L, m->param[i].name.p, m->param[i].name.n);
		lua_pushlstring(L, m->param[i].value.p, m->param[i].value.n);
		lua_rawset(L, -3);
	}
	lua_setfield(L, -2, "params");
	if (current.user.n) {
		json_decode(L, current.user, JSON_ITEMS, "the user");
		lua_setfield(L, -2, "user");
	}
	lua_rawgetp(L, LUA_REGISTRYINDEX, &meta_key);
	lua_setmetatable(L, -2);
}

void request_end(void)
{
	forget_pair();
	memset(&current, 0, sizeof current);
}
