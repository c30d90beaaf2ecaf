#include "codec/form.h"
#include "fuzz.h"

/* Pairs that were read, written and read again are the same pairs. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct form form = FORM(((struct str){(const char *)data, size}));
	struct str name, value, name2, value2;
	while (form_next(&form, a, &name, &value)) {
		struct buf b = BUF_INIT;
		form_encode(&b, name);
		buf_addc(&b, '=');
		form_encode(&b, value);
		struct form back = FORM(buf_str(&b));
		MUST(form_next(&back, a, &name2, &value2) && str_eq(name, name2) && str_eq(value, value2));
		buf_release(&b);
	}
	MUST(form.pairs <= FORM_PAIRS);
	arena_free(a);
	return 0;
}
