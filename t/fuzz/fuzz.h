/* fuzz — what every harness of t/fuzz offers: one function that must survive any bytes.
 *
 * Built with clang and --enable-fuzz it is a libFuzzer program; otherwise replay.c runs it over its corpus
 * (t/fuzz/corpus/NAME, or the folder given) as one more TAP test.
 */
#ifndef T_FUZZ_FUZZ_H
#define T_FUZZ_FUZZ_H

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* For properties: an assertion that is never compiled away. */
#define MUST(cond)                                                                                              \
	do {                                                                                                      \
		if (!(cond))                                                                                       \
			die("%s:%d: %s does not hold", __FILE__, __LINE__, #cond);                                  \
	} while (0)

#endif
