/* A resolver for tests, put in front of the C library's with LD_PRELOAD: names that lead to where nobody may go, and one
 * whose answer takes half a minute. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name, *address;
} names[] = {
	{"inside.example.com", "127.0.0.1"},         {"metadata.example.com", "169.254.169.254"}, {"private.example.com", "10.0.0.1"},
	{"carrier.example.com", "100.64.0.1"},       {"zero.example.com", "0.0.0.0"},             {"six.example.com", "::1"},
	{"mapped.example.com", "::ffff:127.0.0.1"},  {"unique.example.com", "fd00::1"},           {"link.example.com", "fe80::1"},
	{"nat.example.com", "64:ff9b::7f00:1"},      {"tunnel.example.com", "2002:7f00:1::1"},    {"teredo.example.com", "2001:0:4136:e378:8000:63bf:3fff:fdd2"},
	{"crowd.example.com", "224.0.0.1"},          {"everybody.example.com", "255.255.255.255"},
};

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo any = hints ? *hints : (struct addrinfo){0};
	any.ai_flags &= ~AI_ADDRCONFIG;
	if (node && !strcmp(node, "slow.example.com"))
		sleep(30);
	for (size_t i = 0; node && i < sizeof names / sizeof *names; i++)
		if (!strcmp(node, names[i].name))
			return any.ai_family = AF_UNSPEC, next(names[i].address, service, &any, res);
	if (node && strstr(node, ".example.com"))
		return EAI_NONAME;
	return next(node, service, hints, res);
}
