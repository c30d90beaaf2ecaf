#include "codec/range.h"
#include "fuzz.h"

/* Whatever is asked for, a part lies within what there is. The first two bytes are the size. */

/* What RFC 9110 says of "a-b", "a-" and "-b", in numbers that cannot overflow. */
static void arithmetic(const uint8_t *data, int64_t n)
{
	char header[64];
	struct range r;
	int a = data[0] << 8 | data[2], b = data[1] << 8 | data[3];
	snprintf(header, sizeof header, "bytes=%d-%d", a, b);
	enum range_kind kind = range_parse(str_of(header), n, &r);
	MUST(kind == (b < a ? RANGE_WHOLE : a < n ? RANGE_PART : RANGE_NOWHERE));
	MUST(kind != RANGE_PART || (r.from == a && r.length == MIN(n - 1, b) - a + 1));
	snprintf(header, sizeof header, "bytes=%d-", a);
	kind = range_parse(str_of(header), n, &r);
	MUST(kind == (a < n ? RANGE_PART : RANGE_NOWHERE) && (kind != RANGE_PART || (r.from == a && r.length == n - a)));
	snprintf(header, sizeof header, "bytes=-%d", b);
	kind = range_parse(str_of(header), n, &r);
	MUST(kind == (b && n ? RANGE_PART : RANGE_NOWHERE) && (kind != RANGE_PART || (r.length == MIN(b, n) && r.from + r.length == n)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range r;
	if (size < 2)
		return 0;
	int64_t n = data[0] << 8 | data[1];
	enum range_kind kind = range_parse((struct str){(const char *)data + 2, size - 2}, n, &r);
	MUST(kind != RANGE_PART || (r.from >= 0 && r.length > 0 && r.from < n && r.length <= n - r.from));
	if (size >= 4)
		arithmetic(data, n);
	MUST(kind != RANGE_WHOLE || (r.from == 0 && r.length == n));
	return 0;
}
