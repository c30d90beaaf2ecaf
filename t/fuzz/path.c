#include "codec/path.h"
#include "fuzz.h"

#include "base/buf.h"

/* The path with every byte but the slashes encoded is the same path. */
static void encoded(struct arena *a, struct str path)
{
	struct buf b = BUF_INIT;
	struct str again, query;
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] == '/')
			buf_addc(&b, '/');
		else
			buf_addf(&b, "%%%02x", (unsigned char)path.p[i]);
	MUST(!path_target(a, buf_str(&b), &again, &query, NULL) && str_eq(path, again) && !query.n);
	buf_release(&b);
}

/* What comes out is canonical: reading its own output again changes nothing, and nothing refused is in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct str in = {(const char *)data, size}, path, query, host, again;
	if (!path_target(a, in, &path, &query, NULL)) {
		MUST(path.n && path.p[0] == '/' && text_utf8(path));
		for (size_t i = 0; i < path.n; i++)
			MUST((unsigned char)path.p[i] >= 0x20 && path.p[i] != '\\' && (i == 0 || path.p[i] != '/' || path.p[i - 1] != '/'));
		if (3 * path.n < 2000)
			encoded(a, path);
	}
	path_local(a, in);
	if (!path_host(a, in, &host, NULL))
		MUST(!path_host(a, host, &again, NULL) && str_eq(host, again));
	arena_free(a);
	return 0;
}
