#include "base/visible.h"
#include "fuzz.h"
#include "kernel/manifest.h"
#include "kernel/sentence.h"

/* Whatever is accepted has a name, rules and sentences, and what it was read from is accepted again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct manifest *m, *again;
	struct fault f = {0};
	const char **list;
	if (manifest_parse((struct str){(const char *)data, size}, a, &m, &f)) {
		MUST(f.err && f.message[0] && !m);
	} else {
		int n = manifest_sentences(m, "UTC", a, &list);
		for (int i = 0; i < n; i++)
			MUST(!text_deceptive(str_of(list[i])));
		for (int i = 0; i < m->ncollections; i++)
			MUST(m->collection[i].read && m->collection[i].add && m->collection[i].change);
		MUST(!manifest_parse(str_of(m->json), a, &again, NULL) && !manifest_wider(m, again, NULL, a));
	}
	arena_free(a);
	return 0;
}
