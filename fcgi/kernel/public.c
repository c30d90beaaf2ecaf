#include "kernel/public.h"

#include "base/now.h"
#include "codec/mime.h"
#include "kernel/app.h"
#include "kernel/publish.h"

/* The file behind a path, as nginx finds it: itself, or index.html in a folder. */
static const char *file_of(struct req *r)
{
	const char *index = str_ends(r->path, "/") ? "index.html" : "";
	return arena_printf(r->arena, "public%.*s%s", STR_FMT(r->path), index);
}

static int send_file(struct req *r, const char *path)
{
	struct str bytes, type = mime_of(str_of(path));
	char modified[30];
	struct db *db = db_borrow(r->node->store, &r->fault);
	if (!db)
		return r->fault.err;
	int err = app_file_load(db, r->app, path, r->arena, &bytes);
	db_return(db);
	if (err)
		return err;
	res_set(r, 200, NULL, bytes);
	res_headerf(r, "content-type", "%.*s%s", STR_FMT(type), str_starts(type, "text/") ? "; charset=utf-8" : "");
	res_header(r, "last-modified", str_of(now_http(r->app->installed, modified)));
	res_header(r, "cache-control", STR("no-cache"));
	res_header(r, "x-content-type-options", STR("nosniff"));
	res_header(r, "content-security-policy", str_of(app_csp(r->os)));
	return 0;
}

int public_file(struct req *r, bool *found)
{
	*found = false;
	if (!str_is(r->method, "GET") && !str_is(r->method, "HEAD"))
		return 0;
	const char *path = file_of(r);
	if (!app_has_public(r->app, path))
		return 0;
	*found = true;
	int err = send_file(r, path);
	if (!err)
		publish_app(r->node, r->app->name, NULL);
	return err;
}
