/* password — Argon2id, one at a time on the whole node.
 *
 * Each takes 19 MiB and about 30 ms, so they are the cheapest way to press a small machine down: all processes share
 * one lock (home/run/password.lock), at most PASSWORD_QUEUE requests of a process wait for it, and the next is turned
 * away with ERR_RATE_LIMITED.
 */
#ifndef KERNEL_PASSWORD_H
#define KERNEL_PASSWORD_H

#include "kernel/req.h"
#include "kernel/threads.h"

#define PASSWORD_MIN 10    /* characters */
#define PASSWORD_BYTES 1024

/* Is it one a person may choose? ERR_BAD_REQUEST with the reason. */
int password_fit(struct req *r, struct str password);
int password_hash(struct req *r, struct str password, char out[PASSWORD_HASH_LEN]);
/* hash NULL or empty: nobody has this password, and finding out takes as long. */
int password_check(struct req *r, const char *hash, struct str password, bool *right);

#endif
