/* nginx — the configuration of the web server in front, rendered from the templates in nginx/.
 *
 * Two kinds: NGINX_SITE is what a server includes in its http context (TLS, HTTP/2, every host of the domain);
 * NGINX_DEV is a complete configuration for ./dev: plain http on the loopback, own files under the home, no root
 * needed. The templates are part of the program; nginx/README.md explains what they say and why.
 */
#ifndef SYS_NGINX_H
#define SYS_NGINX_H

#include "base/buf.h"

enum nginx_kind { NGINX_SITE, NGINX_DEV };

/* A domain that leads to one app. Its certificate is looked for where Let's Encrypt puts it; without one the host is left
 * out of NGINX_SITE, with a comment, since nginx would refuse the whole. */
struct nginx_host {
	const char *host, *app;
};

struct nginx_site {
	enum nginx_kind kind;
	const char *home;      /* absolute */
	const char *domain;
	const char *os_origin; /* "https://os.example.org", where the bare domain leads */
	const char *cookie_prefix; /* kernel/cookie.h */
	int64_t port;
	int64_t upload; /* bytes of the largest body, where files may come */
	const char *cert, *key; /* PEM files; NGINX_SITE only */
	const struct nginx_host *host; /* domains of single apps */
	int nhosts;
	const char *user;       /* whom the server's processes become, NULL: whoever starts it; NGINX_DEV only */
};

/* Append the configuration. ERR_USAGE when a value cannot stand in one: a domain that is none, a path with a quote. */
int nginx_render(const struct nginx_site *s, struct buf *out, struct fault *f);

#endif
