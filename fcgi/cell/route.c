#include "cell/route.h"

#include "cell/raise.h"

/* The table of routes is kept sorted so that the first match is the right one. Handlers stay in the heap, in a list
 * of the registry, in the same order. */

enum segment_kind { SEGMENT_LITERAL, SEGMENT_PARAM, SEGMENT_REST };

struct segment {
	enum segment_kind kind;
	struct str text; /* literal, or name */
};

struct route {
	char *method, *path;
	int handler;
	int n;
	struct segment segment[ROUTE_SEGMENTS];
};

static struct route *routes[ROUTES_MAX];
static int count;
static bool one; /* a function answers everything */

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"};
static const char handlers_key; /* its address is a key of the registry */

static bool is_method(struct str s)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (str_is(s, methods[i]))
			return true;
	return false;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", s.p[i]) || !s.p[i])
			return false;
	return s.n;
}

NORETURN static void bad(lua_State *L, const char *key, const char *why)
{
	raise(L, ERR_APP_ERROR, "api/main.lua: the route \"%.100s\" %s", key, why);
}

static struct segment segment_of(lua_State *L, const char *key, struct str text)
{
	enum segment_kind kind = !text.n || (text.p[0] != ':' && text.p[0] != '*') ? SEGMENT_LITERAL
				 : text.p[0] == ':'                                  ? SEGMENT_PARAM
										     : SEGMENT_REST;
	struct segment s = {kind, text};
	if (kind != SEGMENT_LITERAL) {
		s.text.p++;
		s.text.n--;
		if (!is_name(s.text))
			bad(L, key, "has a parameter without a proper name; write /:name or /*name");
	}
	return s;
}

static void parse_path(lua_State *L, const char *key, struct route *r)
{
	struct str rest = {r->path + 1, strlen(r->path) - 1};
	for (r->n = 0; rest.p; r->n++) {
		if (r->n == ROUTE_SEGMENTS)
			bad(L, key, "has too many segments");
		if (r->n && r->segment[r->n - 1].kind == SEGMENT_REST)
			bad(L, key, "has something behind its *rest");
		struct str text = str_cut(rest, '/', &rest);
		r->segment[r->n] = segment_of(L, key, text);
	}
}

static void parse(lua_State *L, const char *key, struct route *r)
{
	struct str path, method = str_cut(str_of(key), ' ', &path);
	if (!is_method(method))
		bad(L, key, "does not begin with a method; write \"GET /path\"");
	if (!path.n || path.p[0] != '/')
		bad(L, key, "has no path that begins with /; write \"GET /path\"");
	if (path.n > 512)
		bad(L, key, "is too long");
	r->method = strndup(method.p, method.n);
	r->path = xstrdup(path.p);
	parse_path(L, key, r);
}

/* Which of two patterns is tried first; 0 when both match the same paths. */
static int order_paths(const struct route *a, const struct route *b)
{
	for (int i = 0; i < a->n && i < b->n; i++) {
		const struct segment *s = &a->segment[i], *t = &b->segment[i];
		if (s->kind != t->kind)
			return s->kind < t->kind ? -1 : 1;
		if (s->kind == SEGMENT_LITERAL && !str_eq(s->text, t->text)) {
			int c = memcmp(s->text.p, t->text.p, MIN(s->text.n, t->text.n));
			return c ? c : s->text.n < t->text.n ? -1 : 1;
		}
	}
	return a->n - b->n;
}

static int order(const struct route *a, const struct route *b)
{
	int c = order_paths(a, b);
	return c ? c : strcmp(a->method, b->method);
}

/* Where it belongs; by insertion, because the C library's qsort asks the system how much memory there is. */
static void insert(lua_State *L, struct route *r)
{
	int i = count++, c = -1;
	for (; i && (c = order(r, routes[i - 1])) < 0; i--)
		routes[i] = routes[i - 1];
	routes[i] = r;
	if (!c)
		raise(L, ERR_APP_ERROR, "api/main.lua: the routes \"%s %.100s\" and \"%s %.100s\" are the same", r->method, r->path,
		      routes[i - 1]->method, routes[i - 1]->path);
}

static void add(lua_State *L, int handlers)
{
	if (lua_type(L, -2) != LUA_TSTRING)
		raise(L, ERR_APP_ERROR, "api/main.lua: the key of a route must be \"METHOD /path\", not a %s", luaL_typename(L, -2));
	const char *key = lua_tostring(L, -2);
	if (!lua_isfunction(L, -1))
		bad(L, key, "has no function");
	if (count == ROUTES_MAX)
		raise(L, ERR_APP_ERROR, "api/main.lua: more than %d routes", ROUTES_MAX);
	struct route *r = xcalloc(1, sizeof *r);
	parse(L, key, r);
	insert(L, r);
	r->handler = count;
	lua_pushvalue(L, -1);
	lua_rawseti(L, handlers, r->handler);
}

void routes_load(lua_State *L)
{
	int table = lua_gettop(L);
	one = lua_isfunction(L, table);
	if (!one && !lua_istable(L, table))
		raise(L, ERR_APP_ERROR, "api/main.lua must return a table of routes or a function, not %s", luaL_typename(L, table));
	lua_newtable(L);
	if (one) {
		lua_pushvalue(L, table);
		lua_rawseti(L, -2, 0);
	} else {
		for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1))
			add(L, table + 1);
	}
	lua_rawsetp(L, LUA_REGISTRYINDEX, &handlers_key);
	lua_pop(L, 1);
}

void routes_list(struct out *o)
{
	if (one)
		return out_null(o);
	out_array(o);
	for (int i = 0; i < count; i++) {
		out_array(o);
		out_cstr(o, routes[i]->method);
		out_cstr(o, routes[i]->path);
		out_end(o);
	}
	out_end(o);
}

static bool matches(const struct route *r, struct str path, struct route_match *m)
{
	struct str rest = {path.p + 1, path.n - 1};
	m->nparams = 0;
	for (int i = 0; i < r->n; i++) {
		const struct segment *s = &r->segment[i];
		if (!rest.p)
			return false;
		struct str text = s->kind == SEGMENT_REST ? rest : str_cut(rest, '/', &rest);
		if (s->kind == SEGMENT_LITERAL ? !str_eq(text, s->text) : s->kind == SEGMENT_PARAM && !text.n)
			return false;
		if (s->kind != SEGMENT_LITERAL)
			m->param[m->nparams++] = (struct route_param){s->text, text};
		if (s->kind == SEGMENT_REST)
			return true;
	}
	return !rest.p;
}

static void add_allow(struct route_match *m, const char *method)
{
	size_t n = strlen(m->allow);
	if (!strstr(m->allow, method))
		snprintf(m->allow + n, sizeof m->allow - n, "%s%s", n ? ", " : "", method);
}

/* Collect in allow what the path answers; true when the method is among it. */
static bool answers(const struct route *r, struct str method, struct route_match *m)
{
	add_allow(m, r->method);
	if (!strcmp(r->method, "GET"))
		add_allow(m, "HEAD");
	return str_is(method, r->method);
}

void route_find(struct route_match *m, struct str method, struct str path)
{
	const struct route *get = NULL;
	*m = (struct route_match){.handler = one ? 0 : ROUTE_NONE};
	for (int i = 0; i < count && path.n && path.p[0] == '/'; i++) {
		const struct route *r = routes[i];
		if (!matches(r, path, m))
			continue;
		m->handler = ROUTE_METHOD;
		if (answers(r, method, m)) {
			m->handler = r->handler;
			return;
		}
		if (!get && !strcmp(r->method, "GET"))
			get = r;
	}
	if (get && str_is(method, "HEAD")) {
		matches(get, path, m);
		m->handler = get->handler;
	}
}

void route_push(lua_State *L, int handler)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &handlers_key);
	lua_rawgeti(L, -1, handler);
	lua_replace(L, -2);
}
