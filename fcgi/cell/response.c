#include "cell/response.h"

#include <lauxlib.h>

#include "cell/json.h"
#include "cell/link.h"
#include "cell/raise.h"

#define HEADER_BYTES (16 * KIB)

static struct wire_response response;

/* The forms of a body: which field of the table, what it is sent as. */
static const struct form {
	const char *field;
	enum body_kind kind;
	const char *type; /* NULL: the worker knows, or the app says */
} forms[] = {
	{"json", BODY_BYTES, "application/json"},
	{"html", BODY_BYTES, "text/html; charset=utf-8"},
	{"text", BODY_BYTES, "text/plain; charset=utf-8"},
	{"body", BODY_BYTES, "application/octet-stream"},
	{"blob", BODY_BLOB, NULL},
	{"file", BODY_FILE, NULL},
	{"redirect", BODY_NONE, NULL},
};

NORETURN static void bad(lua_State *L, const char *fmt, const char *what)
{
	char why[200];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(why, sizeof why, fmt, what);
#pragma GCC diagnostic pop
	raise(L, ERR_BAD_RESPONSE, "%s", why);
}

static struct str text_at(lua_State *L, int i)
{
	struct str s;
	s.p = lua_tolstring(L, i, &s.n);
	return s;
}

static const struct form *form_by_name(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(forms); i++)
		if (str_is(name, forms[i].field))
			return &forms[i];
	return NULL;
}

/* Headers. */

static bool is_token(struct str s) /* RFC 9110 §5.6.2 */
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9');
		if (!letter && (!c || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return s.n;
}

static bool is_value(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7F)
			return false;
	return true;
}

static void add_header(lua_State *L, struct str name, struct str value, size_t *bytes)
{
	if (!is_token(name) || !is_value(value))
		raise(L, ERR_BAD_HEADER, "The app set a header that cannot be sent: %.60s.", is_token(name) ? name.p : "its name is not one");
	if (str_ieq(name, "content-type")) {
		response.type = value;
		return;
	}
	*bytes += name.n + value.n;
	if (response.nheaders == ARRAY_LEN(response.header) || *bytes > HEADER_BYTES)
		bad(L, "The app set more than %s headers.", *bytes > HEADER_BYTES ? "16 KB of" : "64");
	response.header[response.nheaders++] = (struct wire_header){name, value};
}

/* A header's value: text, a number, or a list of these. The strings stay alive: they lie in the app's table, and a
 * number becomes a string in `texts`, which stays on the stack. */
static void add_header_value(lua_State *L, struct str name, int value, int texts, size_t *bytes)
{
	if (lua_type(L, value) == LUA_TNUMBER) {
		lua_pushvalue(L, value);
		lua_tostring(L, -1);
		lua_pushvalue(L, -1);
		lua_rawseti(L, texts, (lua_Integer)lua_rawlen(L, texts) + 1);
		add_header(L, name, text_at(L, -1), bytes);
		lua_pop(L, 1);
	} else if (lua_type(L, value) == LUA_TSTRING) {
		add_header(L, name, text_at(L, value), bytes);
	} else {
		raise(L, ERR_BAD_RESPONSE, "The header %.60s must be a string, not a %s.", name.p, luaL_typename(L, value));
	}
}

static void read_headers(lua_State *L, int i)
{
	size_t bytes = 0;
	if (!lua_istable(L, i))
		bad(L, "headers must be a table, not a %s.", luaL_typename(L, i));
	lua_newtable(L);
	int texts = lua_gettop(L);
	for (lua_pushnil(L); lua_next(L, i); lua_settop(L, texts + 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			bad(L, "The name of a header must be a string, not a %s.", luaL_typename(L, -2));
		struct str name = text_at(L, texts + 1);
		if (!lua_istable(L, texts + 2)) {
			add_header_value(L, name, texts + 2, texts, &bytes);
			continue;
		}
		for (lua_Integer k = 1; lua_rawgeti(L, texts + 2, k) != LUA_TNIL; k++, lua_settop(L, texts + 2))
			add_header_value(L, name, texts + 3, texts, &bytes);
	}
}

/* Bodies. */

static void read_redirect(lua_State *L, struct str target)
{
	size_t bytes = 0;
	if (!response.status)
		response.status = 303;
	if (response.status < 300 || response.status > 399)
		raise(L, ERR_BAD_STATUS, "A redirect has a status from 300 to 399, not %d.", response.status);
	add_header(L, STR("location"), target, &bytes);
}

static void read_body(lua_State *L, int i, const struct form *form)
{
	bool json = form == &forms[0];
	if (!json && lua_type(L, i) != LUA_TSTRING)
		raise(L, ERR_BAD_RESPONSE, "%s must be a string, not a %s.", form->field, luaL_typename(L, i));
	struct str text = json ? json_encode(L, i, LINK_BODY_MAX, true) : text_at(L, i);
	if (text.n > LINK_BODY_MAX)
		raise(L, ERR_RESPONSE_TOO_LARGE, "The app's answer is larger than %u MB.", LINK_BODY_MAX / MIB);
	response.kind = form->kind;
	if (!response.type.n)
		response.type = str_of(form->type);
	if (form->kind == BODY_NONE)
		read_redirect(L, text);
	else
		response.body = text;
}

static void read_status(lua_State *L, int i)
{
	int whole;
	lua_Integer status = lua_tointegerx(L, i, &whole);
	if (lua_type(L, i) != LUA_TNUMBER || !whole || status < 200 || status > 599)
		raise(L, ERR_BAD_STATUS, "status must be a whole number from 200 to 599.");
	response.status = (int)status;
}

/* Push the raw field; false and nothing when it is nil. */
static bool field(lua_State *L, int i, const char *name)
{
	lua_pushstring(L, name);
	if (lua_rawget(L, i) != LUA_TNIL)
		return true;
	lua_pop(L, 1);
	return false;
}

/* Every key must be known, and at most one of them a body. */
static const struct form *check_keys(lua_State *L, int i)
{
	const struct form *form = NULL;
	for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1)) {
		if (lua_type(L, -2) != LUA_TSTRING)
			bad(L, "A response has named fields only, and a %s is none; for a JSON list return { json = … }.", luaL_typename(L, -2));
		struct str key = text_at(L, -2);
		const struct form *f = form_by_name(key);
		if (!f && !str_is(key, "status") && !str_is(key, "headers"))
			bad(L, "A response has no field \"%.60s\"; it has status, headers and one of json html text body blob file redirect.", key.p);
		if (f && form)
			raise(L, ERR_BAD_RESPONSE, "A response has one body, not both %s and %s.", form->field, f->field);
		form = f ? f : form;
	}
	return form;
}

static void read_table(lua_State *L, int i)
{
	const struct form *form = check_keys(L, i);
	if (field(L, i, "status"))
		read_status(L, -1);
	if (field(L, i, "headers"))
		read_headers(L, lua_gettop(L));
	if (form && field(L, i, form->field))
		read_body(L, lua_gettop(L), form);
}

static void send(void)
{
	while (response.body.n > LINK_PIECE) {
		buf_add(link_begin(FRAME_BODY, 0, 0), response.body.p, LINK_PIECE);
		link_send();
		response.body.p += LINK_PIECE;
		response.body.n -= LINK_PIECE;
	}
	wire_put_response(link_begin(FRAME_RESPONSE, 0, 0), &response);
	link_send();
	memset(&response, 0, sizeof response);
}

void response_send(lua_State *L, int i)
{
	memset(&response, 0, sizeof response);
	link_text_drop(0);
	i = lua_absindex(L, i);
	luaL_checkstack(L, 12, NULL);
	switch (lua_type(L, i)) {
	case LUA_TNIL: raise_str(L, ERR_NOT_FOUND, STR_NONE);
	case LUA_TSTRING: read_body(L, i, &forms[1]); break;
	case LUA_TTABLE: read_table(L, i); break;
	default: bad(L, "A handler returns a table, a string or nil, not a %s.", luaL_typename(L, i));
	}
	send();
}

void response_send_allow(const char *allow)
{
	response = (struct wire_response){.status = err_row(ERR_METHOD_NOT_ALLOWED)->http, .nheaders = 1,
					  .header = {{STR("allow"), str_of(allow)}}};
	send();
}

void response_send_text(struct str text)
{
	memset(&response, 0, sizeof response);
	response.body = text;
	send();
}

void response_send_done(void)
{
	memset(&response, 0, sizeof response);
	send();
}
