/* way — whether anything this node fetches may come from a host, and how to get there: the rules of packages from Git
 * (kernel/repository) and of everything apps fetch (kernel/fetch).
 *
 * Names are judged here as far as they can be; what a name leads to is judged by whoever dials, with net_admits.
 */
#ifndef KERNEL_WAY_H
#define KERNEL_WAY_H

#include "store/setting.h"

struct way {
	bool anywhere; /* the setting net.allow lists it: plain http and any address will do */
	struct str to; /* "ADDRESS:PORT" to dial instead of asking a resolver, or STR_NONE; lives in the settings */
};

/* host in lower case, without a final dot. ERR_BLOCKED_ADDRESS: this node itself, or no host of the Internet. */
int way_find(const struct settings *s, const char *host, int port, struct way *w, struct fault *f);
/* The same for what the owner said themselves, which may be called as this node is. */
int way_owned(const struct settings *s, const char *host, int port, struct way *w, struct fault *f);

#endif
