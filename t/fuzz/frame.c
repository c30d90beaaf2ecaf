#include "fuzz.h"
#include "wire/frame.h"
#include "wire/syscall.h"

/* Bytes as the other end would send them, in both directions: whatever parses is written again, and reads the same. */

static void same(const struct buf *b, struct str payload)
{
	MUST(str_eq(buf_str(b), payload));
}

static void call(const struct frame *f, struct buf *b)
{
	const struct syscall *row = syscall_row((int)f->code);
	struct call c = {.row = (int)f->code};
	if (!row || !wire_get_args(f->payload, &row->sig, &c))
		return;
	wire_put_args(b, &row->sig, &c);
	same(b, f->payload);
}

static void request(const struct frame *f, struct buf *b)
{
	static struct wire_request r;
	if (!wire_get_request(f->payload, &r))
		return;
	wire_put_request(b, &r);
	same(b, f->payload);
}

static void response(const struct frame *f, struct buf *b)
{
	static struct wire_response r;
	if (!wire_get_response(f->payload, &r))
		return;
	wire_put_response(b, &r);
	same(b, f->payload);
}

/* Two strings, as in FILE and ERROR; one, as in START and READY. */
static void strings(const struct frame *f)
{
	struct wire w = {.left = f->payload};
	struct str a = get_str(&w), b = get_str(&w);
	MUST(a.n + b.n + w.left.n <= f->payload.n);
	MUST(!w.bad || !get_u32(&w));
}

static void payload(const struct frame *f)
{
	struct buf b = BUF_INIT;
	switch (f->type) {
	case FRAME_CALL: call(f, &b); break;
	case FRAME_REQUEST: request(f, &b); break;
	case FRAME_RESPONSE: response(f, &b); break;
	default: strings(f);
	}
	buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str left = {(const char *)data, size};
	struct frame f;
	long n;
	if (!syscall_row(0)->name)
		syscall_init();
	while ((n = frame_parse(left, &f)) > 0) {
		MUST((size_t)n <= left.n && f.payload.n + FRAME_HEAD == (size_t)n && f.payload.n <= FRAME_MAX);
		payload(&f);
		left.p += n;
		left.n -= (size_t)n;
	}
	return 0;
}
