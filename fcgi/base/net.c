#include "base/net.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>

static const struct range4 {
	uint32_t base;
	int bits;
} special4[] = {
	{0x00000000, 8},  /* this network */
	{0x0A000000, 8},  /* private */
	{0x64400000, 10}, /* shared by carriers */
	{0x7F000000, 8},  /* loopback */
	{0xA9FE0000, 16}, /* link-local, metadata services */
	{0xAC100000, 12}, /* private */
	{0xC0000000, 24}, /* IETF protocols */
	{0xC0000200, 24}, /* documentation */
	{0xC0586300, 24}, /* 6to4 relays */
	{0xC0A80000, 16}, /* private */
	{0xC6120000, 15}, /* benchmarks */
	{0xC6336400, 24}, /* documentation */
	{0xCB007100, 24}, /* documentation */
	{0xE0000000, 4},  /* multicast */
	{0xF0000000, 4},  /* reserved, broadcast */
};

static bool public4(uint32_t address)
{
	for (size_t i = 0; i < ARRAY_LEN(special4); i++)
		if (address >> (32 - special4[i].bits) == special4[i].base >> (32 - special4[i].bits))
			return false;
	return true;
}

/* Prefixes inside 2000::/3 that are not for everyone; all outside of it are special. */
static const struct range6 {
	uint8_t prefix[4];
	int bits;
} special6[] = {
	{{0x20, 0x01, 0x00, 0x00}, 23}, /* IETF protocols, Teredo, ORCHID */
	{{0x20, 0x01, 0x0d, 0xb8}, 32}, /* documentation */
	{{0x20, 0x02, 0x00, 0x00}, 16}, /* 6to4 */
	{{0x3f, 0xff, 0x00, 0x00}, 20}, /* documentation */
};

static uint32_t first4(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool public6(const uint8_t a[16])
{
	static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b}, mapped[12] = {[10] = 0xff, [11] = 0xff}, zero[12] = {0};
	if (!memcmp(a, nat64, 12) || !memcmp(a, mapped, 12) || !memcmp(a, zero, 12))
		return public4(first4(a + 12));
	if (a[0] >> 5 != 1)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(special6); i++)
		if (first4(a) >> (32 - special6[i].bits) == first4(special6[i].prefix) >> (32 - special6[i].bits))
			return false;
	return true;
}

bool net_public(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return public4(ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr));
	return address->sa_family == AF_INET6 && public6(((const struct sockaddr_in6 *)address)->sin6_addr.s6_addr);
}

/* "HOST:PORT" or "HOST:PORT=ADDRESS:PORT" */
bool net_listed(const char *list, const char *host, int port, struct str *to)
{
	char both[300];
	struct str rest = str_of(list), leads = STR_NONE;
	if ((size_t)snprintf(both, sizeof both, "%s:%d", host, port) >= sizeof both)
		return false;
	while (rest.n)
		if (str_is(str_cut(str_cut(rest, ' ', &rest), '=', &leads), both)) {
			if (to)
				*to = leads;
			return true;
		}
	return false;
}

static const void *bytes(const struct sockaddr *a, size_t *n)
{
	*n = a->sa_family == AF_INET ? 4 : 16;
	return a->sa_family == AF_INET ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
				       : (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr;
}

/* An address of one of this machine's interfaces: dialling it would be asking ourselves. */
static bool own(const struct sockaddr *address)
{
	struct ifaddrs *all, *i;
	size_t n, other;
	const void *p = bytes(address, &n);
	bool found = false;
	if (getifaddrs(&all))
		return false;
	for (i = all; i && !found; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_addr->sa_family == address->sa_family)
			found = !memcmp(p, bytes(i->ifa_addr, &other), n);
	freeifaddrs(all);
	return found;
}

/* 2130706433, 0x7f.1 and 127.1 are addresses to some programs and names to others. */
static bool ambiguous(const char *host)
{
	struct in_addr a;
	const char *dot = strrchr(host, '.'), *last = dot ? dot + 1 : host;
	return *last >= '0' && *last <= '9' && !inet_pton(AF_INET, host, &a);
}

bool net_admits(const struct sockaddr *address)
{
	return net_public(address) && !own(address);
}

static bool literal(const char *host, struct sockaddr_storage *a)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)a;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)a;
	char bare[INET6_ADDRSTRLEN];
	struct str inside, scope, text = str_of(host);
	memset(a, 0, sizeof *a);
	a->ss_family = AF_INET;
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1)
		return true;
	if (!str_starts(text, "[") || !str_ends(text, "]"))
		return false;
	a->ss_family = AF_INET6;
	inside = str_cut((struct str){host + 1, text.n - 2}, '%', &scope);
	snprintf(bare, sizeof bare, "%.*s", STR_FMT(inside));
	return inet_pton(AF_INET6, bare, &v6->sin6_addr) == 1;
}

bool net_inside(const char *host)
{
	struct sockaddr_storage a;
	struct str s = str_of(host);
	if (str_is(s, "localhost") || str_ends(s, ".localhost") || ambiguous(host))
		return true;
	return literal(host, &a) ? !net_admits((struct sockaddr *)&a) : *host == '[';
}

int net_resolve(const char *host, int port, const struct str *pin, char text[INET6_ADDRSTRLEN], struct fault *f)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL, *i;
	char service[8], to[INET6_ADDRSTRLEN];
	struct str port_there;
	size_t n;
	if (ambiguous(host))
		return fault(f, ERR_BLOCKED_ADDRESS, "%s is no host name; write the name of a public server", host);
	snprintf(service, sizeof service, "%d", port);
	if (pin && pin->n)
		snprintf(to, sizeof to, "%.*s", STR_FMT(str_cut(*pin, ':', &port_there)));
	if (getaddrinfo(pin && pin->n ? to : host, service, &hints, &all) || !all)
		return fault(f, ERR_BAD_SOURCE, "there is no server called %s; check the spelling", host);
	for (i = all; i; i = i->ai_next)
		if (pin || net_admits(i->ai_addr))
			break;
	if (i)
		inet_ntop(i->ai_family, bytes(i->ai_addr, &n), text, INET6_ADDRSTRLEN);
	freeaddrinfo(all);
	return i ? 0 : fault(f, ERR_BLOCKED_ADDRESS, "%s is not on the public Internet, and nothing is fetched from elsewhere", host);
}
