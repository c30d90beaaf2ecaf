#include "codec/entry.h"
#include "codec/source.h"
#include "fuzz.h"

/* What is handed to git is made of plain characters, begins with its scheme and cannot be an option. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct source s;
	struct str in = {(const char *)data, size};
	if (!source_parse(in, a, &s, NULL)) {
		MUST(!s.ref || (s.ref[0] != '-' && !strpbrk(s.ref, ":^~ \n")));
		if (s.kind == SOURCE_GIT) {
			const char *host = s.url + strlen(s.scheme) + 3;
			MUST(str_starts(str_of(s.url), s.scheme) && !strpbrk(s.url, " \n\\?#%"));
			MUST(*host != '-' && !memchr(host, '@', strcspn(host, "/")));
		}
		MUST(!s.folder || !entry_path_problem(str_of(s.folder)));
		MUST(s.origin && *s.origin);
	}
	struct buf b = BUF_INIT;
	if (!entry_path_problem(in))
		entry_fold(&b, in);
	buf_release(&b);
	arena_free(a);
	return 0;
}
