/* tus — the header Upload-Metadata of resumable uploads (tus.io, protocol 1.0.0): "filename
 * d29ybGQ=,is_confidential". */
#ifndef CODEC_TUS_H
#define CODEC_TUS_H

#include "base/arena.h"

#define TUS_METADATA 4096

/* The value of a key, decoded into the arena; *value is STR_NONE when it is not there. False: the header is not
 * well-formed. */
bool tus_metadata(struct arena *a, struct str header, const char *key, struct str *value);

#endif
