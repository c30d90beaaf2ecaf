/* links: whatever a page is, what is found in it lies inside it, and looking ends. */
#include "codec/links.h"
#include "fuzz.h"

static bool inside(struct str whole, struct str s)
{
	return !s.p || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str html = {(const char *)data, size};
	struct links l = LINKS(html);
	struct link k;
	struct arena *a = arena_new();
	for (size_t before = l.rest.n + 1; links_next(&l, &k); before = l.rest.n) {
		MUST(l.rest.n < before && inside(html, k.value) && inside(html, k.name) && inside(html, k.method) && inside(html, k.type));
		MUST(links_text(a, k.value).n <= k.value.n);
	}
	arena_free(a);
	return 0;
}
