/* throttle — counters of failed attempts with growing delays.
 *
 * An attempt is charged before it is made, so that a thousand at the same moment
 * count as a thousand, and refunded when it succeeds or is not made. Some are free; then each
 * one closes the door for twice as long as the one before, up to THROTTLE_MAX_MS.
 * A counter that nobody touched for THROTTLE_FORGET_MS begins again.
 */
#ifndef STORE_THROTTLE_H
#define STORE_THROTTLE_H

#include "base/crypt.h"
#include "store/db.h"

#define THROTTLE_MAX_MS (15 * 60 * 1000)
#define THROTTLE_ROWS 20000
#define THROTTLE_FORGET_MS (24 * 60 * 60 * 1000ll)

/* How long the door is still closed for key, in ms; 0 and charged when it is open. Inside a transaction. */
int throttle_charge(struct db *db, const unsigned char key[HASH_LEN], int64_t free, int64_t now, int64_t *wait);
/* The attempt was fine, or not made: take its charge back, or (all) forget the counter. */
int throttle_refund(struct db *db, const unsigned char key[HASH_LEN], bool all);

#endif
