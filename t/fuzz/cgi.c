#include "door/door.h"
#include "fuzz.h"

/* The parameters a web server sends: "NAME=VALUE" strings separated by NUL. Whatever they are, the request they make
 * has a canonical host and path, or an error. */

#define PARAMS 200

static void split(char *text, size_t size, char **params)
{
	int n = 0;
	for (char *p = text; p < text + size && n < PARAMS; p += strlen(p) + 1)
		params[n++] = p;
	params[n] = NULL;
}

static void check(const struct req *r)
{
	MUST(r->path.n && r->path.p[0] == '/' && !memchr(r->path.p, 0, r->path.n) && text_utf8(r->path));
	for (size_t i = 0; i + 1 < r->path.n; i++)
		MUST(r->path.p[i] != '/' || r->path.p[i + 1] != '/');
	MUST(r->host.n && !memchr(r->host.p, '/', r->host.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *params[PARAMS + 1];
	struct node node = {0};
	struct req *r = xcalloc(1, sizeof *r);
	struct arena *a = arena_new();
	char *text = xmalloc(size + 1);
	int64_t length;
	memcpy(text, data, size);
	text[size] = 0;
	split(text, size, params);
	r->node = &node;
	r->arena = a;
	if (!cgi_request(r, params, &length)) {
		check(r);
		(void)req_cookie(r, "__Host-fazt");
		(void)req_wants_html(r);
	}
	arena_free(a);
	free(text);
	free(r);
	return 0;
}
