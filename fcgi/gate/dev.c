#include "gate/dev.h"

#include <strings.h>

#include "kernel/app.h"
#include "sys/dev.h"

static struct str *res_find(struct req *r, const char *name)
{
	for (int i = 0; i < r->res.nheaders; i++)
		if (str_is(r->res.header[i].name, name))
			return &r->res.header[i].value;
	return NULL;
}

static bool is_html(struct req *r)
{
	const struct str *type = res_find(r, "content-type");
	return type && str_starts(*type, "text/html") && r->res.body.len;
}

/* A document in a window or frame, not a fragment that a script of the page asked for. */
static bool navigates(const struct req *r)
{
	struct str dest = req_header(r, "sec-fetch-dest");
	return req_wants_html(r) && (!dest.n || str_is(dest, "document") || str_is(dest, "iframe"));
}

void dev_begin(struct req *r, int err)
{
	if (r->app && (err || is_html(r)) && dev_of(r))
		r->dev = r->app->version;
}

static size_t end_of_body(const struct buf *b)
{
	static const char tag[] = "</body>";
	for (size_t at = b->len; at >= sizeof tag - 1; at--)
		if (b->p[at - sizeof tag + 1] == '<' && !strncasecmp(b->p + at - (sizeof tag - 1), tag, sizeof tag - 1))
			return at - (sizeof tag - 1);
	return b->len;
}

/* A copy that is kept would carry the version of its day. */
static void keep_nowhere(struct req *r)
{
	static const char *const names[] = {"etag", "last-modified", "cache-control"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (int k = 0; k < r->res.nheaders; k++)
			if (str_is(r->res.header[k].name, names[i]))
				r->res.header[k--] = r->res.header[--r->res.nheaders];
	res_header(r, "cache-control", STR("no-store"));
}

void dev_decorate(struct req *r)
{
	if (!r->dev || !is_html(r) || !navigates(r))
		return;
	struct buf *b = &r->res.body;
	size_t at = end_of_body(b);
	struct str rest = arena_str(r->arena, (struct str){b->p + at, b->len - at});
	b->len = at;
	buf_addf(b, "<script src=\"/_fazt/dev.js\" data-version=\"%lld\"></script>\n", (long long)r->dev);
	buf_addstr(b, rest);
	keep_nowhere(r);
}
