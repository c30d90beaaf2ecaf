#include "codec/path.h"
#include "codec/status.h"
#include "door/door.h"

/* Only nginx (or a web server like it) can speak here; its parameters carry a request, never an identity. Still, every
 * value began as a stranger's bytes. */

static struct str param(char **params, const char *name)
{
	size_t n = strlen(name);
	for (; *params; params++)
		if (!strncmp(*params, name, n) && (*params)[n] == '=')
			return str_of(*params + n + 1);
	return STR_NONE;
}

/* HTTP_ACCEPT_LANGUAGE → accept-language, in place in the arena. */
static struct str header_name(struct arena *a, struct str cgi)
{
	char *name = arena_cstr(a, cgi);
	for (char *p = name; *p; p++)
		*p = *p == '_' ? '-' : *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	return (struct str){name, cgi.n};
}

static int add_header(struct req *r, struct str name, struct str value)
{
	if (!value.n)
		return 0;
	if (r->nheaders == REQ_HEADERS)
		return fail(r, ERR_BAD_REQUEST, "A request may have %d headers.", REQ_HEADERS);
	r->header[r->nheaders++] = (struct header){name, value};
	return 0;
}

static int add_headers(struct req *r, char **params)
{
	int err = 0;
	for (char **p = params; *p && !err; p++) {
		struct str value, name = str_cut(str_of(*p), '=', &value);
		/* nginx blanks HTTP_PROXY (httpoxy); another server might not. */
		if (!str_starts(name, "HTTP_") || str_is(name, "HTTP_PROXY") || str_is(name, "HTTP_HOST"))
			continue;
		err = add_header(r, header_name(r->arena, (struct str){name.p + 5, name.n - 5}), value);
	}
	return err ? err : add_header(r, STR("content-type"), param(params, "CONTENT_TYPE"));
}

static int content_length(struct req *r, char **params, int64_t *length)
{
	struct str text = param(params, "CONTENT_LENGTH");
	bool bodiless = str_is(r->method, "GET") || str_is(r->method, "HEAD");
	*length = text.n || bodiless ? 0 : -1;
	if (text.n && (!str_int(text, length) || *length < 0))
		return fail(r, ERR_BAD_REQUEST, "Content-Length is not a number.");
	return 0;
}

int cgi_request(struct req *r, char **params, int64_t *length)
{
	int err;
	r->method = param(params, "REQUEST_METHOD");
	r->target = param(params, "REQUEST_URI");
	r->client = param(params, "REMOTE_ADDR");
	r->accelerated = str_is(param(params, "FAZT_CACHE"), "on");
	if ((err = add_headers(r, params)) || (err = content_length(r, params, length)) ||
	    (err = path_host(r->arena, param(params, "HTTP_HOST"), &r->host, &r->fault)))
		return err;
	return path_target(r->arena, r->target, &r->path, &r->query, &r->fault);
}

void cgi_head(const struct req *r, struct buf *b)
{
	const char *words = status_words(r->res.status);
	buf_addf(b, "Status: %d %s\r\n", r->res.status, words ? words : "");
	for (int i = 0; i < r->res.nheaders; i++) {
		buf_addstr(b, r->res.header[i].name);
		buf_adds(b, ": ");
		buf_addstr(b, r->res.header[i].value);
		buf_adds(b, "\r\n");
	}
	if (r->res.status != 204 && r->res.status != 304)
		buf_addf(b, "Content-Length: %lld\r\n", (long long)res_length(r));
	buf_adds(b, "X-Request-Id: ");
	buf_adds(b, r->id);
	buf_adds(b, "\r\n\r\n");
}

bool cgi_sends_body(const struct req *r)
{
	return res_length(r) && !str_is(r->method, "HEAD") && r->res.status != 204 && r->res.status != 304;
}
