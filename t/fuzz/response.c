#include "fuzz.h"
#include "gate/response.h"
#include "kernel/cookie.h"

/* A response as a hostile cell might send it: whatever the bytes, the answer that is accepted has no line break in a
 * header, no cookie of the kernel's and a status that exists. */

static void check(const struct req *r)
{
	MUST(r->res.status >= 200 && r->res.status <= 599);
	for (int i = 0; i < r->res.nheaders; i++) {
		struct header h = r->res.header[i];
		for (size_t k = 0; k < h.value.n; k++)
			MUST(h.value.p[k] != '\r' && h.value.p[k] != '\n' && h.value.p[k]);
		struct str value;
		MUST(!str_is(h.name, "set-cookie") || !cookie_reserved(str_cut(h.value, '=', &value)));
		MUST(!str_starts(h.name, "x-accel-"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct wire_response w;
	struct req *r = xcalloc(1, sizeof *r);
	struct str payload = {(const char *)data, size};
	r->arena = arena_new();
	bool whole = wire_get_response(payload, &w);
	w.kind = MIN(w.kind, BODY_BYTES); /* stored bytes need a database; their headers pass the same checks */
	if (whole && !response_accept(r, &w))
		check(r);
	buf_release(&r->res.body);
	arena_free(r->arena);
	free(r);
	return 0;
}
