/* flood — how fast strangers may write.
 *
 * Where a rule says `add: anyone`, a client (an IPv4 address, an IPv6 /64) without an identity has FLOOD_BURST writes
 * and gets one more each FLOOD_MS. Each worker counts for itself, in memory of fixed size; people and jobs are not
 * counted.
 */
#ifndef GATE_FLOOD_H
#define GATE_FLOOD_H

#include "kernel/req.h"

#define FLOOD_BURST 60
#define FLOOD_MS 1000

/* Charge one write to the client of this request: 0, or ERR_RATE_LIMITED with r->retry_after. */
int flood_charge(struct req *r);

#endif
