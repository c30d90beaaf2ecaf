/* ntfy — the server at ntfy.DOMAIN: what ntfy's clients (2.11) publish to and fetch from, with topics of store/topic.
 *
 * No cookie counts here, only tokens: as Bearer, as the password of Basic, or as either of them in ?auth= (base64url). Who has
 * none reads and writes nothing, and cannot tell a topic there is from one there is not. Errors are ntfy's (ntfy.def).
 *
 * Open streams would hold a thread each: until they have a process of their own, one that is not poll=1 begins with `open`, gives
 * what is asked for with since=, and ends; clients come back by themselves. WebSockets are refused with 503.
 */
#ifndef SYS_NTFY_H
#define SYS_NTFY_H

#include "kernel/req.h"

/* The whole answer to a request at that host; 0. */
int ntfy_answer(struct req *r);

#endif
