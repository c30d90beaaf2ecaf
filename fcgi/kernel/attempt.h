/* attempt — one try at a password, and who has to wait before the next.
 *
 * Failures are counted by client (an IPv4 address, an IPv6 /64) and by name, whether or not somebody has that name,
 * so answers tell nothing. A browser that has signed this person in before holds a signed device cookie and is
 * counted by that instead of by name: a thousand strangers guessing at the owner's name lock each other out, not the
 * owner. Nobody is locked out for longer than THROTTLE_MAX_MS, and `fazt-admin login-link` always works.
 */
#ifndef KERNEL_ATTEMPT_H
#define KERNEL_ATTEMPT_H

#include "kernel/req.h"
#include "store/throttle.h"

#define ATTEMPTS_FREE_CLIENT 20
#define ATTEMPTS_FREE_NAME 5

struct attempt {
	unsigned char client[HASH_LEN], name[HASH_LEN];
};

/* Charge an attempt at name by this request's client: ERR_RATE_LIMITED, with r->retry_after, while they have to
 * wait. user_id: whose name it is, or NULL when nobody's. */
int attempt_begin(struct req *r, struct db *db, struct str name, const char *user_id, struct attempt *a);
/* It succeeded. Inside a transaction. */
int attempt_succeeded(struct db *db, const struct attempt *a);
/* It was not made: whoever looks at passwords turned it away. Neither a wrong guess nor a good one; r's fault stays. */
void attempt_undo(struct req *r, const struct attempt *a);
/* A token that is none came from this client: ERR_RATE_LIMITED, with r->retry_after, when that was once too often. One
 * that is good is never made to wait. */
int attempt_token(struct req *r, struct db *db);
/* This browser has signed user_id in; sets the cookie. */
void attempt_remember(struct req *r, const char *user_id);

#endif
