/* status — the HTTP status codes that may be sent, with their words (RFC 9110 §15 and the IANA registry). */
#ifndef CODEC_STATUS_H
#define CODEC_STATUS_H

/* "Not Found"; NULL for a number that is no final status: 1xx, 306, 999 … */
const char *status_words(int status);

#endif
