#include "codec/gitobj.h"
#include "fuzz.h"

/* Entries lie inside the tree, each nearer to its end; a header's number is not negative. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct git_header h;
	struct git_entry e;
	struct str rest = {(const char *)data, size};
	if (git_header_parse(rest, &h) && !h.missing)
		MUST(h.size >= 0 && (strlen(h.oid) == 40 || strlen(h.oid) == 64));
	for (size_t oid = 20; oid <= 32; oid += 12) {
		struct str tree = rest;
		size_t before = tree.n + 1;
		while (git_tree_next(&tree, oid, &e) > 0) {
			MUST(tree.n < before && e.name.n && e.name.p >= rest.p && e.name.p + e.name.n < rest.p + rest.n && strlen(e.oid) == 2 * oid);
			before = tree.n;
		}
	}
	return 0;
}
