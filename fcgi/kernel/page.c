#include "kernel/page.h"

#include <stdarg.h>

#include "base/embed.h"
#include "codec/form.h"
#include "codec/path.h"
#include "kernel/app.h"

/* One look for everything a person sees: the built-in apps' sheet and icon, and what only these pages need. */
EMBED(page_look, "apps/look.css");
EMBED(page_css, "fcgi/kernel/page.css");
EMBED(page_js, "fcgi/kernel/page.js");
EMBED(page_client, "lua-sdk/client.js");
EMBED(page_icon, "apps/os/public/icon.svg");

static void add_escaped(struct buf *b, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++) {
		switch (*p) {
		case '&': buf_adds(b, "&amp;"); break;
		case '<': buf_adds(b, "&lt;"); break;
		case '>': buf_adds(b, "&gt;"); break;
		case '"': buf_adds(b, "&quot;"); break;
		case '\'': buf_adds(b, "&#39;"); break;
		default: buf_addc(b, *p);
		}
	}
}

void page_add(struct buf *b, const char *html, ...)
{
	va_list ap;
	va_start(ap, html);
	for (const char *at; (at = strstr(html, "{}")); html = at + 2) {
		buf_add(b, html, (size_t)(at - html));
		add_escaped(b, va_arg(ap, const char *));
	}
	va_end(ap);
	buf_adds(b, html);
}

/* " ORIGIN" of the app's own domain that whoever signs in here is on the way to, or "". Whether it is one, the hand-over
 * looks at. */
static const char *own_domain(const struct req *r)
{
	struct str query, next = form_get(r->arena, r->query, "next");
	str_cut(next, '?', &query);
	struct str host = form_get(r->arena, query, "host");
	if (!text_host(host))
		return "";
	return arena_printf(r->arena, " %s", node_host_origin(&r->settings, r->arena, arena_cstr(r->arena, host)));
}

/* Signing in ends with a redirect to an app's host, and browsers hold form-action against redirects as well. */
static const char *policy(const struct req *r)
{
	static const char strict[] = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
				     "base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
	if (r->dev)
		return arena_printf(r->arena, "%s; connect-src 'self'", strict);
	if (!r->settings.text[SETTING_DOMAIN] || !r->os)
		return strict;
	return arena_printf(r->arena, "%s %s%s", strict, node_origin(&r->settings, r->arena, "*"), own_domain(r));
}

static void headers(struct req *r, const char *policy)
{
	res_header(r, "cache-control", STR("no-store"));
	res_header(r, "x-content-type-options", STR("nosniff"));
	/* no-referrer would turn the Origin of these pages' own forms into null */
	res_header(r, "referrer-policy", STR("same-origin"));
	res_header(r, "cross-origin-opener-policy", STR("same-origin"));
	res_header(r, "cross-origin-resource-policy", STR("same-origin"));
	res_header(r, "origin-agent-cluster", STR("?1"));
	res_header(r, "content-security-policy", str_of(policy));
}

void page_headers(struct req *r)
{
	headers(r, policy(r));
}

/* The frame with the body in it; both are released. */
static void answer(struct req *r, int status, struct buf *whole, struct buf *body, const char *policy)
{
	res_set(r, status, "text/html; charset=utf-8", buf_str(whole));
	headers(r, policy);
	buf_release(whole);
	buf_release(body);
}

void page_send(struct req *r, int status, const char *title, struct buf *body)
{
	struct buf b = BUF_INIT;
	page_add(&b,
		 "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n"
		 "<link rel=\"icon\" href=\"/_fazt/icon.svg\">\n<link rel=\"stylesheet\" href=\"/_fazt/kernel.css\">\n"
		 "</head>\n<body>\n<main class=\"card\">\n<img src=\"/_fazt/icon.svg\" alt=\"\" width=\"48\" height=\"48\">\n"
		 "<h1>{}</h1>\n",
		 title, title);
	buf_addstr(&b, buf_str(body));
	page_add(&b,
		 "</main>\n<footer class=\"soft small\">{}</footer>\n<script src=\"/_fazt/kernel.js\"></script>\n"
		 "</body>\n</html>\n",
		 r->settings.text[SETTING_DOMAIN]);
	answer(r, status, &b, body, policy(r));
}

/* The dashboard's own script puts its navigation into the bar; what is here does without. */
void page_send_desk(struct req *r, int status, const char *title, struct buf *body)
{
	struct buf b = BUF_INIT;
	page_add(&b,
		 "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\n<title>{}</title>\n"
		 "<link rel=\"icon\" href=\"/_fazt/icon.svg\">\n<link rel=\"stylesheet\" href=\"{}\">\n<script type=\"module\" src=\"/app.js\"></script>\n"
		 "</head>\n<body>\n<a class=\"button skip\" href=\"#main\">Skip to the content</a>\n"
		 "<header class=\"bar\" id=\"bar\"><a class=\"mark\" href=\"/\"><img src=\"/_fazt/icon.svg\" alt=\"\" width=\"28\" height=\"28\"><span>fazt</span></a>"
		 "<nav class=\"nav\" aria-label=\"Main\"><a href=\"/\">Apps</a></nav></header>\n"
		 "<main class=\"page\" id=\"main\" tabindex=\"-1\"><div class=\"stack\">\n<h1>{}</h1>\n",
		 title, r->app ? "/app.css" : "/_fazt/kernel.css", title);
	buf_addstr(&b, buf_str(body));
	buf_adds(&b, "</div></main>\n</body>\n</html>\n");
	answer(r, status, &b, body,
	     "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
	     "frame-ancestors 'none'; form-action 'self'");
}

static const char *error_title(int http)
{
	static const struct {
		int http;
		const char *title;
	} row[] = {{401, "Sign in first"},       {403, "Not allowed"},     {404, "Nothing here"},
		   {405, "That does not work here"}, {413, "Too large"},   {421, "No app lives here"},
		   {429, "One moment"},          {501, "Not possible here"}, {503, "One moment"},
		   {504, "That took too long"},  {507, "No space left"}};
	for (size_t i = 0; i < ARRAY_LEN(row); i++)
		if (row[i].http == http)
			return row[i].title;
	return http < 500 ? "That did not work" : "Something went wrong";
}

/* The page of this host that sent a form here, where one goes on after signing in. */
static struct str page_before(struct req *r)
{
	struct str from = req_header(r, "referer");
	const char *origin = req_origin(r);
	size_t n = strlen(origin);
	if (!str_starts(from, origin))
		return STR("/");
	from = (struct str){from.p + n, from.n - n};
	return path_local(r->arena, from) ? from : STR("/");
}

static void add_sign_in(struct req *r, struct buf *b)
{
	struct buf url = BUF_INIT;
	buf_adds(&url, "/_fazt/sign-in?");
	form_add(&url, "next", page_before(r));
	page_add(b, "<a class=\"button wide\" href=\"{}\">Sign in</a>\n", url.p);
	buf_release(&url);
}

void page_error(struct req *r, int err, const char *message)
{
	int http = err_row(err)->http;
	struct buf b = BUF_INIT;
	page_add(&b, "<p>{}</p>\n", message);
	if (r->dev && r->trouble.n)
		page_add(&b, "<pre class=\"trouble\">{}</pre>\n", arena_cstr(r->arena, r->trouble));
	if (err == ERR_UNAUTHORIZED && (r->app || r->os))
		add_sign_in(r, &b);
	if (r->settings.text[SETTING_DOMAIN])
		page_add(&b, "<a class=\"button wide quiet\" href=\"{}/\">All apps</a>\n",
			 node_origin(&r->settings, r->arena, "os"));
	page_add(&b, "<p class=\"soft small\">Request {}</p>\n", r->id);
	page_send(r, http, error_title(http), &b);
}

bool page_file(struct req *r, struct str name)
{
	const struct {
		const char *name, *type;
		struct str text, more;
	} file[] = {{"kernel.css", "text/css; charset=utf-8", EMBEDDED(page_look), EMBEDDED(page_css)},
		    {"kernel.js", "text/javascript; charset=utf-8", EMBEDDED(page_js)},
		    {"client.js", "text/javascript; charset=utf-8", EMBEDDED(page_client)},
		    {"icon.svg", "image/svg+xml", EMBEDDED(page_icon)}};
	for (size_t i = 0; i < ARRAY_LEN(file); i++) {
		if (!str_is(name, file[i].name))
			continue;
		res_set(r, 200, file[i].type, file[i].text);
		buf_addstr(&r->res.body, file[i].more);
		res_header(r, "cache-control", STR("public, max-age=3600"));
		res_header(r, "x-content-type-options", STR("nosniff"));
		res_header(r, "cross-origin-resource-policy", STR("same-origin"));
		return true;
	}
	return false;
}
