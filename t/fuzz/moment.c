#include "codec/moment.h"
#include "base/now.h"
#include "fuzz.h"

/* What is understood, written as one is supposed to write it, is the same moment. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t ms, again;
	char text[30];
	if (!moment_http((struct str){(const char *)data, size}, &ms) || ms >= INT64_C(253402300800000)) /* the year 10000: of a leap second */
		return 0;
	now_http(ms, text);
	MUST(moment_http(str_of(text), &again) && again == ms);
	return 0;
}
