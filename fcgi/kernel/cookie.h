/* cookie — the kernel's own cookies: names, attributes, and whether this node may set any.
 *
 * Every one is HttpOnly, SameSite=Lax, for the whole path and this host alone. Over https, and over http on
 * *.localhost, which browsers treat as secure, they are Secure and carry the __Host- prefix, which no other host can
 * forge (RFC 6265bis §4.1.3.2). On other plain http they exist only where the owner set `insecure`, without both.
 */
#ifndef KERNEL_COOKIE_H
#define KERNEL_COOKIE_H

#include "kernel/req.h"

enum cookie {
	COOKIE_OS,     /* the session at os.DOMAIN */
	COOKIE_APP,    /* the session at an app's host */
	COOKIE_NONCE,  /* at an app's host: ties a hand-over to the browser that began it */
	COOKIE_DEVICE, /* at os.DOMAIN: somebody signed in with this browser before */
};

/* What the names begin with on this node: "__Host-", or nothing where browsers do not take its hosts for secure. */
const char *cookie_prefix(const struct settings *s);

/* May sessions exist here at all? ERR_DENIED with what to do. */
int cookie_allowed(struct req *r);
struct str cookie_get(const struct req *r, enum cookie c);
/* After the answer's res_set or res_redirect, which drop headers. */
void cookie_set(struct req *r, enum cookie c, const char *value, int64_t seconds);
void cookie_clear(struct req *r, enum cookie c);

/* Is this the name of a cookie of the kernel's, in any spelling a browser would take for one? Apps neither see nor set
 * those. */
bool cookie_reserved(struct str name);

#endif
