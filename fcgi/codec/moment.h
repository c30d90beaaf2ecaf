/* moment — a date as HTTP writes it (RFC 9110 §5.6.7), in milliseconds since 1970. */
#ifndef CODEC_MOMENT_H
#define CODEC_MOMENT_H

#include "base/text.h"

/* "Sun, 06 Nov 1994 08:49:37 GMT", and the two older forms that are to be understood. False: none of them. */
bool moment_http(struct str text, int64_t *ms);

#endif
