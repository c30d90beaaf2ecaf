#include "codec/tus.h"
#include "fuzz.h"

/* A value is never longer than what it was written in. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct str header = {(const char *)data, size}, value;
	if (tus_metadata(a, header, "filename", &value) && value.p)
		MUST(value.n <= size);
	arena_free(a);
	return 0;
}
