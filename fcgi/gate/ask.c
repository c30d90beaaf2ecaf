#include "gate/ask.h"

#include "codec/path.h"

static struct str in_case(struct arena *a, struct str s, char from, char to)
{
	char *copy = arena_cstr(a, s);
	for (char *p = copy; *p; p++)
		if (*p >= from && *p <= from + 25)
			*p = (char)(*p - from + to);
	return str_of(copy);
}

int ask(struct req *r, const struct settings *s, const char *app, struct str method, struct str target, struct str as)
{
	r->method = in_case(r->arena, method, 'a', 'A');
	r->host = str_of(arena_printf(r->arena, "%s.%s", app, s->text[SETTING_DOMAIN]));
	r->target = arena_str(r->arena, target);
	r->client = STR("127.0.0.1");
	r->as = as;
	return path_target(r->arena, r->target, &r->path, &r->query, &r->fault);
}

static bool token(struct str name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 127 || strchr("()<>@,;:\\\"/[]?={}", name.p[i]))
			return false;
	return name.n;
}

int ask_header(struct req *r, struct str name, struct str value)
{
	if (!token(name) || (value.n && (memchr(value.p, '\n', value.n) || memchr(value.p, '\r', value.n) || memchr(value.p, 0, value.n))))
		return fail(r, ERR_USAGE, "a header is a name, and a value of one line");
	if (r->nheaders == REQ_HEADERS)
		return fail(r, ERR_USAGE, "a request has at most %d headers", REQ_HEADERS);
	r->header[r->nheaders++] = (struct header){in_case(r->arena, name, 'A', 'a'), arena_str(r->arena, str_trim(value))};
	return 0;
}
