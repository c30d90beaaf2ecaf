#include "codec/diff.h"
#include "fuzz.h"

/* Two texts with a NUL between them: equal ones have no difference, and every line of the answer is one of a hunk. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *middle = size ? memchr(data, 0, size) : NULL;
	struct str one = {(const char *)data, middle ? (size_t)(middle - data) : size};
	struct str two = {middle ? (const char *)middle + 1 : "", middle ? size - one.n - 1 : 0};
	struct buf b = BUF_INIT;
	diff_text(&b, one, one, NULL);
	MUST(!b.len);
	diff_text(&b, one, two, NULL);
	MUST((b.len > 0) == !str_eq(one, two));
	for (size_t i = 0; i < b.len; i += strcspn(b.p + i, "\n") + 1)
		MUST(strchr("@ -+\\", b.p[i]));
	buf_release(&b);
	return 0;
}
