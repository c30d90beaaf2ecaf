#include "kernel/req.h"

#include <stdarg.h>
#include <stdio.h>

struct str req_header(const struct req *r, const char *name)
{
	for (int i = 0; i < r->nheaders; i++)
		if (str_is(r->header[i].name, name))
			return r->header[i].value;
	return STR_NONE;
}

struct str req_cookie(const struct req *r, const char *name)
{
	struct str rest = req_header(r, "cookie");
	while (rest.n) {
		struct str value, pair = str_trim(str_cut(rest, ';', &rest));
		if (str_is(str_cut(pair, '=', &value), name) && value.p)
			return value;
	}
	return STR_NONE;
}

bool req_wants_html(const struct req *r)
{
	struct str rest = req_header(r, "accept");
	while (rest.n) {
		struct str params, type = str_trim(str_cut(rest, ',', &rest));
		if (str_is(str_trim(str_cut(type, ';', &params)), "text/html"))
			return true;
	}
	return false;
}

void res_header(struct req *r, const char *name, struct str value)
{
	if (r->res.nheaders == RES_HEADERS)
		return;
	r->res.header[r->res.nheaders++] = (struct header){arena_str(r->arena, str_of(name)), arena_str(r->arena, value)};
}

void res_headerf(struct req *r, const char *name, const char *fmt, ...)
{
	char value[4096];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	res_header(r, name, str_of(value));
}

void res_set(struct req *r, int status, const char *type, struct str body)
{
	r->res.status = status;
	r->res.nheaders = 0;
	buf_clear(&r->res.body);
	buf_addstr(&r->res.body, body);
	if (type)
		res_header(r, "content-type", str_of(type));
}

void res_redirect(struct req *r, int status, const char *location)
{
	res_set(r, status, NULL, STR_NONE);
	res_header(r, "location", str_of(location));
}
