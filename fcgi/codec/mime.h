/* mime — the content type of a file by the ending of its name, from the list nginx is given (nginx/mime.types). */
#ifndef CODEC_MIME_H
#define CODEC_MIME_H

#include "base/text.h"

/* "text/css"; "application/octet-stream" for an ending nobody knows. */
struct str mime_of(struct str path);

#endif
