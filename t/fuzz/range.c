#include "codec/range.h"
#include "fuzz.h"

/* Whatever is asked for, a part lies within what there is. The first two bytes are the size. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range r;
	if (size < 2)
		return 0;
	int64_t n = data[0] << 8 | data[1];
	enum range_kind kind = range_parse((struct str){(const char *)data + 2, size - 2}, n, &r);
	MUST(kind != RANGE_PART || (r.from >= 0 && r.length > 0 && r.from < n && r.length <= n - r.from));
	MUST(kind != RANGE_WHOLE || (r.from == 0 && r.length == n));
	return 0;
}
