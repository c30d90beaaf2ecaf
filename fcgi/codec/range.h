/* range — which part of a representation a client asks for: the header Range: bytes=… (RFC 9110 §14). */
#ifndef CODEC_RANGE_H
#define CODEC_RANGE_H

#include "base/text.h"

enum range_kind {
	RANGE_WHOLE,  /* no header, one that is not understood, or several parts: the whole is sent, as a server always may */
	RANGE_PART,
	RANGE_NOWHERE /* nothing of it is there: 416 */
};

struct range {
	int64_t from, length; /* bytes; of RANGE_WHOLE everything */
};

enum range_kind range_parse(struct str header, int64_t size, struct range *r);

#endif
