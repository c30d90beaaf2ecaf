#include "gate/response.h"

#include "codec/status.h"
#include "kernel/app.h"
#include "kernel/cookie.h"
#include "sys/blob.h"

/* The headers an app may set. Names with x- are free as well, except where they would speak to nginx or
 * in the kernel's name. */
static const char *const allowed[] = {
	"content-type", "cache-control", "etag", "last-modified", "location", "content-disposition", "content-language",
	"vary", "link", "content-security-policy", "set-cookie", "allow", "retry-after", "www-authenticate", "accept-ranges",
};
static const char *const forbidden_prefix[] = {"x-accel-", "x-fazt-", "x-content-type-options", "x-frame-options", "x-sendfile",
					       "x-lighttpd-", "x-litespeed-", "x-reproxy-", "x-request-id"};

/* RFC 9110 §5.6.2: a token, which the names of headers and cookies are. */
static bool token(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c >= 0x7F || strchr("()<>@,;:\\\"/[]?={}", c))
			return false;
	}
	return s.n > 0;
}

static bool value_valid(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < ' ' && c != '\t') || c == 0x7F)
			return false;
	}
	return true;
}

static bool header_allowed(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (str_is(name, allowed[i]))
			return true;
	if (!str_starts(name, "x-"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(forbidden_prefix); i++)
		if (str_starts(name, forbidden_prefix[i]))
			return false;
	return true;
}

/* RFC 6265 §4.1: an app's cookie stays on its own host, whatever it asks for. */
static int check_cookie(struct req *r, struct str cookie)
{
	struct str value, attributes, name = str_trim(str_cut(str_cut(cookie, ';', &attributes), '=', &value));
	if (!token(name) || !value.p)
		return fail(r, ERR_BAD_HEADER, "Set-Cookie needs a name and a value.");
	if (cookie_reserved(name))
		return fail(r, ERR_BAD_HEADER, "The cookie names os and fazt belong to the kernel.");
	while (attributes.n) {
		struct str v, attribute = str_trim(str_cut(str_cut(attributes, ';', &attributes), '=', &v));
		if (str_ieq(attribute, "domain"))
			return fail(r, ERR_BAD_HEADER, "A cookie of an app cannot have a Domain.");
	}
	return 0;
}

/* Where a redirect may go: a path of this host, or an http(s) URL. Browsers read \ as / and tabs as nothing, so both are refused. */
static int check_location(struct req *r, struct str url)
{
	bool path = str_starts(url, "/") && !str_starts(url, "//");
	if ((!path && !str_starts(url, "http://") && !str_starts(url, "https://") && !str_starts(url, "?") &&
	     !str_starts(url, "./") && !str_starts(url, "#")) ||
	    memchr(url.p, '\\', url.n) || memchr(url.p, '\t', url.n))
		return fail(r, ERR_BAD_HEADER, "A redirect goes to a path of the app, or to an http or https URL.");
	return 0;
}

static int check_header(struct req *r, struct str name, struct str value)
{
	if (!token(name) || !value_valid(value))
		return fail(r, ERR_BAD_HEADER, "A header has a line break or another character that headers cannot have.");
	if (str_is(name, "set-cookie"))
		return check_cookie(r, value);
	if (str_is(name, "location"))
		return check_location(r, value);
	return 0;
}

static int add_headers(struct req *r, const struct wire_response *w)
{
	size_t bytes = 0;
	for (int i = 0; i < w->nheaders; i++) {
		char *lower = arena_cstr(r->arena, w->header[i].name);
		for (char *p = lower; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
		struct str name = {lower, w->header[i].name.n}, value = w->header[i].value;
		int err = check_header(r, name, value);
		if (err)
			return err;
		bytes += name.n + value.n + 4;
		if (bytes > RES_HEADER_BYTES || r->res.nheaders >= RES_HEADERS - 8)
			return fail(r, ERR_BAD_RESPONSE, "The answer has too many headers (at most %d, %u bytes).",
				    RES_HEADERS - 8, RES_HEADER_BYTES);
		if (header_allowed(name))
			res_header(r, lower, value);
	}
	return 0;
}

static void add_kernel_headers(struct req *r)
{
	res_header(r, "x-content-type-options", STR("nosniff"));
	res_header(r, "referrer-policy", STR("same-origin"));
	res_header(r, "content-security-policy", str_of(app_csp(r->os)));
}

static bool has_header(const struct req *r, const char *name)
{
	for (int i = 0; i < r->res.nheaders; i++)
		if (str_is(r->res.header[i].name, name))
			return true;
	return false;
}

static int add_type(struct req *r, struct str type)
{
	if (!type.n || has_header(r, "content-type"))
		return 0;
	int err = check_header(r, STR("content-type"), type);
	if (!err)
		res_header(r, "content-type", type);
	return err;
}

/* A cell that has no route for the method says so without a body: what a person or a program reads is the kernel's. */
static int refuse_method(struct req *r, const struct wire_response *w)
{
	for (int i = 0; i < w->nheaders; i++)
		if (str_ieq(w->header[i].name, "allow") && value_valid(w->header[i].value))
			r->allow = arena_str(r->arena, w->header[i].value);
	return fail(r, ERR_METHOD_NOT_ALLOWED, NULL);
}

/* Headers of stored bytes are the kernel's. An app may say how a file is saved, and not that it is shown. */
static void drop_header(struct req *r, const char *name, const char *unless)
{
	int n = 0;
	for (int i = 0; i < r->res.nheaders; i++) {
		struct header h = r->res.header[i];
		if (!str_is(h.name, name) || (unless && str_starts(h.value, unless)))
			r->res.header[n++] = h;
	}
	r->res.nheaders = n;
}

/* { blob = name } or { file = path }. */
static int stored(struct req *r, const struct wire_response *w)
{
	int err = add_headers(r, w);
	if (err)
		return err;
	drop_header(r, "content-type", NULL);
	drop_header(r, "content-security-policy", NULL); /* nginx would say the first of two again, and not the kernel's */
	drop_header(r, "etag", NULL);
	drop_header(r, "last-modified", NULL);
	drop_header(r, "accept-ranges", NULL);
	drop_header(r, "content-disposition", "attachment");
	if (!text_utf8(w->body) || memchr(w->body.n ? w->body.p : "", 0, w->body.n))
		return fail(r, ERR_BAD_RESPONSE, "The name of a file is text.");
	return w->kind == BODY_BLOB ? blob_answer(r, w->body) : file_answer(r, w->body);
}

int response_accept(struct req *r, const struct wire_response *w)
{
	int status = w->status ? w->status : 200;
	int err;
	if (!status_words(status))
		return fail(r, ERR_BAD_STATUS, "The app answered with status %d, which cannot be sent.", status);
	if (r->res.body.len + w->body.n > RESPONSE_BODY_MAX)
		return fail(r, ERR_RESPONSE_TOO_LARGE, NULL);
	if (status == err_row(ERR_METHOD_NOT_ALLOWED)->http && w->kind == BODY_NONE)
		return refuse_method(r, w);
	r->res.status = status;
	r->res.nheaders = 0;
	if (w->kind == BODY_BLOB || w->kind == BODY_FILE)
		return stored(r, w);
	if ((err = add_headers(r, w)) || (err = add_type(r, w->type)))
		return err;
	buf_addstr(&r->res.body, w->body);
	if (!has_header(r, "cache-control"))
		res_header(r, "cache-control", STR("private, no-cache"));
	add_kernel_headers(r);
	return 0;
}
