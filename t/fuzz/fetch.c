#include "fuzz.h"
#include "wire/fetch.h"

/* Bytes as either end of a fetch would send them: whatever parses is written again, and reads the same. */

#define SAME(kind)                                                                                               \
	static void kind(const struct frame *f, struct buf *b)                                                   \
	{                                                                                                        \
		static struct wire_##kind v;                                                                     \
		if (!wire_get_##kind(f->payload, &v))                                                            \
			return;                                                                                  \
		wire_put_##kind(b, &v);                                                                          \
		MUST(str_eq(buf_str(b), f->payload));                                                            \
	}
SAME(fetch)
SAME(dial)
SAME(pass)
SAME(head)
SAME(end)

static void payload(const struct frame *f)
{
	struct buf b = BUF_INIT;
	switch (f->type) {
	case FRAME_FETCH: fetch(f, &b); break;
	case FRAME_DIAL: dial(f, &b); break;
	case FRAME_PASS: pass(f, &b); break;
	case FRAME_ANSWER: head(f, &b); break;
	case FRAME_END: end(f, &b); break;
	default: break;
	}
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str left = {(const char *)data, size};
	struct frame f;
	long n;
	while ((n = frame_parse(left, &f)) > 0) {
		MUST((size_t)n <= left.n && f.payload.n <= FRAME_MAX);
		payload(&f);
		left.p += n;
		left.n -= (size_t)n;
	}
	return 0;
}
