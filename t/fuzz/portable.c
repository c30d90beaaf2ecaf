#include "base/crypt.h"
#include "fuzz.h"
#include "kernel/portable.h"

/* A whole stream, in pieces of a size that the first byte says: no record comes behind an end or before a head. */
struct input {
	const uint8_t *data;
	size_t n, piece;
};

static int take(void *arg, char *p, size_t room, size_t *n)
{
	struct input *in = arg;
	*n = MIN(in->n, MIN(room, in->piece));
	memcpy(p, in->data, *n);
	in->data += *n;
	in->n -= *n;
	return 0;
}

static int records;
static int check(void *arg, const struct record *r)
{
	(void)arg;
	MUST((r->kind == RECORD_HEAD) == !records);
	MUST(r->kind != RECORD_END);
	records++;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	struct input in = {data + 1, size - 1, (size_t)data[0] * 37 + 1};
	struct fault f = {0};
	crypt_init();
	records = 0;
	int err = portable_read(take, &in, check, NULL, &f);
	MUST(err == f.err && (err || records));
	return 0;
}
