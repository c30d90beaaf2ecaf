#include <arpa/inet.h>

#include "base/net.h"
#include "tap.h"

static const char *const special[] = {
	"0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255",
	"192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255",
	"240.0.0.1", "255.255.255.255",
	"::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1",
	"100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:db8::1", "2002:7f00:1::1", "2002:5db8:d822::1", "3fff::1", "3fff:fff::1",
	"fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1", "4000::1", "5f00::1",
};

static const char *const everybody[] = {
	"1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1", "198.17.0.1", "198.20.0.1", "223.255.255.255",
	"2606:4700::1111", "2001:200::1", "2a00:1450::1", "3ffe::1", "::ffff:1.1.1.1", "64:ff9b::101:101",
};

static bool is_public(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return net_public((struct sockaddr *)&v4);
	if (inet_pton(AF_INET6, text, &v6.sin6_addr) != 1)
		ok(0, "not an address: %s", text);
	return net_public((struct sockaddr *)&v6);
}

static const char *const blocked[] = {"127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "169.254.169.254", "10.1.2.3", "0.0.0.0"};

static const char *const inside[] = {
	"localhost", "os.localhost", "127.0.0.1", "127.1", "0", "2130706433", "0x7f000001", "0177.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
	"[::1]", "[::]", "[fe80::1]", "[fe80::1%1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::1]",
	"[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[nonsense]",
};
static const char *const outside[] = {"example.com", "1.1.1.1", "[2606:4700::1111]", "localhost.example.com", "x1.example"};

int main(void)
{
	char text[INET6_ADDRSTRLEN];
	struct fault f = {0};
	struct str none = STR_NONE, to;
	for (size_t i = 0; i < ARRAY_LEN(special); i++)
		ok(!is_public(special[i]), "SSRF-01 special: %s", special[i]);
	for (size_t i = 0; i < ARRAY_LEN(everybody); i++)
		ok(is_public(everybody[i]), "public: %s", everybody[i]);
	for (size_t i = 0; i < ARRAY_LEN(blocked); i++)
		is_int(net_resolve(blocked[i], 443, NULL, text, &f), ERR_BLOCKED_ADDRESS, "SSRF-02 %s", blocked[i]);
	is_int(net_resolve("127.0.0.1", 8080, &none, text, &f), 0, "unless it is allowed");
	is_str(text, "127.0.0.1", "the address to dial");
	is_int(net_resolve("127.1", 8080, &none, text, &f), ERR_BLOCKED_ADDRESS, "and never in disguise");
	ok(net_listed("127.0.0.1:80 localhost:8080", "localhost", 8080, NULL), "a list of hosts and ports");
	ok(!net_listed("127.0.0.1:80 localhost:8080", "localhost", 80, NULL) && !net_listed("localhost:8080", "alhost", 8080, NULL) && !net_listed("", "x", 1, NULL), "compared exactly");
	ok(net_listed("a.example:443=127.0.0.1:99 b.example:80", "a.example", 443, &to) && str_is(to, "127.0.0.1:99"), "an entry may say where it leads");
	ok(net_listed("a.example:443=127.0.0.1:99 b.example:80", "b.example", 80, &to) && !to.p, "or not");
	ok(!net_listed("a.example:443=b.example:80", "b.example", 80, NULL), "where it leads is not admitted by that");
	to = STR("127.0.0.7:99");
	is_int(net_resolve("nowhere.example", 443, &to, text, &f), 0, "a name that leads somewhere needs no resolver");
	is_str(text, "127.0.0.7", "and goes there");
	for (size_t i = 0; i < ARRAY_LEN(inside); i++)
		ok(net_inside(inside[i]), "SSRF-01, SSRF-02 inside: %s", inside[i]);
	for (size_t i = 0; i < ARRAY_LEN(outside); i++)
		ok(!net_inside(outside[i]), "outside: %s", outside[i]);
	return done_testing();
}
