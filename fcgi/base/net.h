/* net — which addresses of the network a program of strangers may reach.
 *
 * Names are not judged, only the address that is really dialled: whoever dials
 * resolves here first and is then held to the answer.
 */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/text.h"

/* A public unicast address of the Internet, by the IANA registries of special addresses (RFC 6890 and later), looking
 * through the forms that carry another address: v4-mapped, v4-compatible, NAT64. */
bool net_public(const struct sockaddr *address);

/* May a stranger's program make us dial it? A public address that is not one of this machine's own. */
bool net_admits(const struct sockaddr *address);

/* A host that leads nowhere else whoever resolves it: localhost and what is below it, the text of an address that is not
 * admitted, and numbers that only some programs read as an address. */
bool net_inside(const char *host);

/* Is "host:port" one of a space-separated list (the setting net.allow)? Exactly, and nothing else is compared. An entry
 * HOST:PORT=ADDRESS:PORT also says where to dial instead of asking a resolver: *to, unless NULL, is that or STR_NONE. */
bool net_listed(const char *list, const char *host, int port, struct str *to);

/* An address to dial for host, in text. pin NULL: the first that is admitted; else net.allow lists the host, and any will
 * do, or the one it names. Blocks for as long as the resolver does. ERR_BLOCKED_ADDRESS, also
 * for numbers that only some programs read as an address; ERR_BAD_SOURCE when the name does not resolve. */
int net_resolve(const char *host, int port, const struct str *pin, char text[INET6_ADDRSTRLEN], struct fault *f);

#endif
