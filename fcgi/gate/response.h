/* response — what an app may send to a client: everything else is refused or dropped here, before the first byte.
 *
 * Status 200…599 as far as RFC 9110 gives it a meaning; headers from an
 * allow-list; no CR, LF or NUL anywhere; no cookie of the kernel's; redirects to
 * http(s) only. The kernel adds its own: nosniff, a strict content security
 * policy (an app's own one is sent as a second, so it can only tighten),
 * referrer policy.
 */
#ifndef GATE_RESPONSE_H
#define GATE_RESPONSE_H

#include "kernel/req.h"
#include "wire/frame.h"

#define RESPONSE_BODY_MAX (8 * MIB)

/* Check w and make it r's answer. Pieces of the body that came before (FRAME_BODY) stand in r->res.body already. */
int response_accept(struct req *r, const struct wire_response *w);

#endif
