/* options — the table of options a call ends with: { limit = 10, cursor = … }. Each call admits some of them by name. */
#ifndef SYS_OPTIONS_H
#define SYS_OPTIONS_H

#include "codec/sig.h"
#include "kernel/req.h"

struct options {
	int64_t ttl, expires; /* seconds; 0: not given */
	int64_t limit;        /* 100 when not given */
	int64_t delay, priority, retries, backoff, timeout; /* retries, backoff and timeout -1, priority 0: not given; seconds */
	int64_t redirects;
	struct str cursor, type, parent, key, secret, file, reason, base; /* STR_NONE when not given; in the arena */
	struct str to, subject, text, html, reply_to;
	struct str otherwise; /* "default": JSON, or STR_NONE */
};

/* admitted: names with ", " between them, as the error shows them. */
int options_read(struct req *r, const struct arg *a, const char *admitted, struct options *o);

#endif
