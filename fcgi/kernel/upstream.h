/* upstream — messages that are sent on to another ntfy server (the setting push.upstream, a topic there), which wakes phones that
 * this node cannot reach.
 *
 * store/message leaves an errand with each message; upstream_deliver is that errand. What came here that way is not passed on
 * again, so two nodes that name each other do not talk for ever: a message says so with the header UPSTREAM_HOPS.
 */
#ifndef KERNEL_UPSTREAM_H
#define KERNEL_UPSTREAM_H

#include "kernel/errand.h"

#define UPSTREAM_HOPS "fazt-hops"

errand_fn upstream_deliver;
errand_lost_fn upstream_lost;

#endif
