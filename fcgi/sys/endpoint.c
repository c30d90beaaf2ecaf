#include "sys/endpoint.h"

#include "base/out.h"
#include "kernel/identity.h"
#include "kernel/page.h"
#include "kernel/token.h"

static int file(struct req *r)
{
	struct str name = {r->path.p + strlen("/_fazt/"), r->path.n - strlen("/_fazt/")};
	return page_file(r, name) ? 0 : fail(r, ERR_NOT_FOUND, NULL);
}

/* The keys that verify tokens of this node (RFC 7517 §5). */
static int jwks(struct req *r)
{
	struct jwt_key key;
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	token_key(r->node, &key);
	out_object(&o);
	out_key(&o, "keys");
	out_array(&o);
	jwt_key_write(&o, &key);
	out_end(&o);
	out_end(&o);
	crypt_wipe(&key, sizeof key);
	res_set(r, 200, "application/json", buf_str(&b));
	res_header(r, "cache-control", STR("public, max-age=300"));
	buf_release(&b);
	return 0;
}

/* That this answers means nginx, the worker and the database do. */
static int health(struct req *r)
{
	res_set(r, 200, "application/json", STR("{\"ok\":true}"));
	res_header(r, "cache-control", STR("no-store"));
	return 0;
}

/* Who is signed in at this app, for its scripts. */
static int me(struct req *r)
{
	struct buf b = BUF_INIT;
	struct out o = OUT(&b);
	out_object(&o);
	out_key(&o, "user");
	identity_user(r, &o);
	out_end(&o);
	res_set(r, 200, "application/json", buf_str(&b));
	res_header(r, "cache-control", STR("no-store"));
	res_header(r, "x-content-type-options", STR("nosniff"));
	res_header(r, "cross-origin-resource-policy", STR("same-origin"));
	buf_release(&b);
	return 0;
}

static const struct endpoint table[] = {
	{"GET",  "/_fazt/sign-in",    AT_OS,  0,           endpoint_sign_in_page},
	{"POST", "/_fazt/sign-in",    AT_OS,  CHECK_SITE,  endpoint_sign_in},
	{"GET",  "/_fazt/sign-in",    AT_APP, 0,           endpoint_sign_in_app},
	{"GET",  "/_fazt/sign-out",   AT_ANY, 0,           endpoint_sign_out_page},
	{"POST", "/_fazt/sign-out",   AT_ANY, CHECK_TOKEN, endpoint_sign_out},
	{"GET",  "/_fazt/login",      AT_OS,  0,           endpoint_link_page},
	{"POST", "/_fazt/login",      AT_OS,  CHECK_SITE,  endpoint_link},
	{"GET",  "/_fazt/invite",     AT_OS,  0,           endpoint_link_page},
	{"POST", "/_fazt/invite",     AT_OS,  CHECK_SITE,  endpoint_link},
	{"GET",  "/_fazt/reset",      AT_OS,  0,           endpoint_link_page},
	{"POST", "/_fazt/reset",      AT_OS,  CHECK_SITE,  endpoint_link},
	{"GET",  "/_fazt/hand-over",  AT_OS,  0,           endpoint_hand_over},
	{"GET",  "/_fazt/enter",      AT_APP, 0,           endpoint_enter},
	{"GET",  "/_fazt/jwks.json",  AT_OS,  0,           jwks},
	{"GET",  "/_fazt/blob",       AT_APP, 0,           endpoint_blob},
	{"OPTIONS", "/_fazt/upload",  AT_APP, CHECK_TOKEN, endpoint_upload_options, true},
	{"POST", "/_fazt/upload",     AT_APP, CHECK_TOKEN, endpoint_upload_create, true},
	{"GET",  "/_fazt/upload",     AT_APP, 0,           endpoint_upload_head, true},
	{"PATCH", "/_fazt/upload",    AT_APP, CHECK_TOKEN, endpoint_upload_append, true},
	{"DELETE", "/_fazt/upload",   AT_APP, CHECK_TOKEN, endpoint_upload_end, true},
	{"GET",  "/_fazt/run/",       AT_APP, 0,           endpoint_run},
	{"GET",  "/_fazt/health",     AT_ANY, 0,           health},
	{"GET",  "/_fazt/dev",        AT_APP, 0,           endpoint_dev},
	{"GET",  "/_fazt/dev.js",     AT_APP, 0,           endpoint_dev_script},
	{"GET",  "/_fazt/me",         AT_APP, 0,           me},
	{"GET",  "/_fazt/client.js",  AT_ANY, 0,           file},
	{"GET",  "/_fazt/kernel.css", AT_ANY, 0,           file},
	{"GET",  "/_fazt/kernel.js",  AT_ANY, 0,           file},
	{"GET",  "/_fazt/icon.svg",   AT_ANY, 0,           file},
};

static void allow(struct req *r, const char *method)
{
	const char *head = strcmp(method, "GET") ? "" : ", HEAD";
	r->allow = str_of(arena_printf(r->arena, "%.*s%s%s%s", STR_FMT(r->allow), r->allow.n ? ", " : "", method, head));
}

/* A path that ends in / is that of everything directly below it. */
static bool is_at(const struct endpoint *e, struct str path)
{
	size_t n = strlen(e->path);
	if (e->path[n - 1] != '/')
		return str_is(path, e->path);
	return str_starts(path, e->path) && path.n > n && !memchr(path.p + n, '/', path.n - n);
}

static const struct endpoint *at_path(const struct req *r)
{
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (is_at(&table[i], r->path) && table[i].where & (r->os ? AT_OS : AT_APP))
			return &table[i];
	return NULL;
}

bool endpoint_there(const struct req *r)
{
	return at_path(r) != NULL;
}

bool endpoint_streams(const struct req *r)
{
	const struct endpoint *e = at_path(r);
	return e && e->streams;
}

const struct endpoint *endpoint_find(struct req *r)
{
	struct str method = str_is(r->method, "HEAD") ? STR("GET") : r->method;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		const struct endpoint *e = &table[i];
		if (!is_at(e, r->path) || !(e->where & (r->os ? AT_OS : AT_APP)))
			continue;
		if (!str_is(method, e->method)) {
			allow(r, e->method);
			continue;
		}
		int err = e->check == CHECK_TOKEN ? identity_check_origin(r) : identity_check_site(r, &r->fault);
		return err ? NULL : e;
	}
	if (r->allow.n)
		fail(r, ERR_METHOD_NOT_ALLOWED, NULL);
	return NULL;
}
