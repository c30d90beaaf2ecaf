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

/* Is "host:port" one of a space-separated list? Exactly, and nothing else is compared. */
bool net_listed(const char *list, const char *host, int port);

/* An address to dial for host, in text. allowed: any address will do (the setting net.allow lists it); otherwise the first
 * public one that is not one of this machine's own. Blocks for as long as the resolver does. ERR_BLOCKED_ADDRESS, also
 * for numbers that only some programs read as an address; ERR_BAD_SOURCE when the name does not resolve. */
int net_resolve(const char *host, int port, bool allowed, char text[INET6_ADDRSTRLEN], struct fault *f);

#endif
