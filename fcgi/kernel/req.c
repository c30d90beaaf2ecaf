#include "kernel/req.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/now.h"
#include "base/out.h"
#include "kernel/app.h"

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

struct str req_client_prefix(const struct req *r)
{
	struct in6_addr v6;
	char *text = arena_alloc(r->arena, INET6_ADDRSTRLEN);
	if (inet_pton(AF_INET6, arena_cstr(r->arena, r->client), &v6) != 1)
		return r->client;
	if (IN6_IS_ADDR_V4MAPPED(&v6))
		return str_of(inet_ntop(AF_INET, v6.s6_addr + 12, text, INET6_ADDRSTRLEN));
	memset(v6.s6_addr + 8, 0, 8);
	return str_of(inet_ntop(AF_INET6, &v6, text, INET6_ADDRSTRLEN));
}

/* A sender has this long before it is held to a rate; a thread waits for each. */
#define SLOW_MS 30000
#define SLOW_RATE 4 /* bytes in a millisecond, about 4 KB in a second */

static bool too_slow(const struct body_source *s)
{
	int64_t ms = mono_ms() - s->began;
	return ms > SLOW_MS && s->total < (ms - SLOW_MS) * SLOW_RATE;
}

/* A body that is there already is handed out from its beginning. */
static size_t read_memory(void *body, char *p, size_t n)
{
	struct str *left = body;
	n = MIN(n, left->n);
	memcpy(p, left->n ? left->p : "", n);
	*left = (struct str){left->p + n, left->n - n};
	return n;
}

int req_read(struct req *r, char *p, size_t room, size_t *n)
{
	struct body_source *s = &r->source;
	if (!s->read)
		*s = (struct body_source){.read = read_memory, .in = &r->body, .left = (int64_t)r->body.n};
	if (!s->began)
		s->began = mono_ms();
	*n = 0;
	if (!s->left)
		return 0;
	*n = s->read(s->in, p, s->left > 0 ? MIN(room, (size_t)s->left) : room);
	if (!*n && s->left > 0) {
		s->left = 0;
		return fail(r, ERR_BAD_REQUEST, "The request body ended too early.");
	}
	s->total += (int64_t)*n;
	s->left = !*n ? 0 : s->left > 0 ? s->left - (int64_t)*n : s->left;
	return too_slow(s) ? fail(r, ERR_BAD_REQUEST, "The request body came too slowly.") : 0;
}

int req_read_body(struct req *r, int64_t most)
{
	size_t n = 0;
	if (!r->source.read || !r->source.left)
		return 0;
	if (r->source.left > most)
		return fail(r, ERR_TOO_LARGE, "A request body may have %lld bytes here.", (long long)most);
	int64_t length = r->source.left > 0 ? r->source.left : most;
	struct str body = {arena_alloc(r->arena, (size_t)length + 1), 0};
	int err;
	while (!(err = req_read(r, (char *)body.p + body.n, (size_t)length - body.n + 1, &n)) && n)
		if ((body.n += n) > (size_t)length)
			return fail(r, ERR_TOO_LARGE, "A request body may have %lld bytes here.", (long long)most);
	r->body = body;
	return err;
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
	r->res.file.length = 0;
	buf_clear(&r->res.body);
	buf_addstr(&r->res.body, body);
	if (type)
		res_header(r, "content-type", str_of(type));
}

int64_t res_length(const struct req *r)
{
	return r->res.file.length ? r->res.file.length : (int64_t)r->res.body.len;
}

void res_redirect(struct req *r, int status, const char *location)
{
	res_set(r, status, NULL, STR_NONE);
	res_header(r, "location", str_of(location));
}

const char *req_error_message(const struct req *r, int err)
{
	return r->fault.err == err ? fault_message(&r->fault) : err_row(err)->message;
}

void req_error_write(const struct req *r, int err, struct buf *b)
{
	struct out o = OUT(b);
	out_object(&o);
	out_key(&o, "error");
	out_object(&o);
	out_kcstr(&o, "code", err_row(err)->code);
	out_kcstr(&o, "message", req_error_message(r, err));
	out_kcstr(&o, "request_id", r->id);
	if (r->dev && r->trouble.n)
		out_kstr(&o, "trouble", r->trouble);
	out_end(&o);
	out_end(&o);
}

const char *req_origin(const struct req *r)
{
	if (r->own_domain)
		return node_host_origin(&r->settings, r->arena, arena_cstr(r->arena, r->host));
	return node_origin(&r->settings, r->arena, r->os || !r->app ? "os" : r->app->name);
}
