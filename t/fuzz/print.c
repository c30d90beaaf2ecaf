#include "../../fcgi/door/print.c"

#include "fuzz.h"

/* What a node elsewhere answered, printed on a terminal: whatever it is, nothing but text, line breaks and tabs arrives there. */

static void harmless(const struct buf *b)
{
	struct str s = buf_str(b);
	MUST(text_utf8(s));
	for (uint32_t c = 0, before; s.n;) {
		before = c;
		c = utf8_next(&s);
		MUST(c == '\n' || c == '\t' || !deceptive(c, before));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf b = BUF_INIT;
	struct str json = {(const char *)data, size};
	print_result(&b, json);
	harmless(&b);
	buf_clear(&b);
	print_line(&b, json);
	harmless(&b);
	buf_release(&b);
	return 0;
}
