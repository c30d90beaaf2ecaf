#include "fuzz.h"

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#ifdef HAVE_CURL
#include "../../fcgi/door/curl.c"
#include "../../fcgi/door/transfer.c"
#include "kernel/app.h"
#include "kernel/way.h"

/* An address as an app writes it, a second one as a server redirects to it, and a list of hosts as the owner allows them,
 * one a line. What is taken leads to a host in its one form, and to a permission that a manifest could ask for or to none. */

static void check_target(const struct transfer *t)
{
	const char *host = t->target.host;
	size_t n = strlen(host);
	MUST(n && n < 254 && (n == 1 || host[n - 1] != '.') && t->target.port > 0 && t->target.port < 65536);
	MUST(!strpbrk(host, "/?#@\\ \r\n") && (*host == '[' || !strchr(host, ':')));
	for (const char *c = host; *c; c++)
		MUST(*c > ' ' && *c < 0x7f && !(*c >= 'A' && *c <= 'Z'));
}

/* A grant for one host admits exactly that. */
static void check_grants(const struct transfer *t)
{
	struct grant grants[] = {{"net:api.example.com", ""}, {"net:http://api.example.com:8080", ""}};
	struct app a = {.ngrants = 2, .grant = grants};
	bool https = !strcmp(target_scheme(&t->target), "https");
	bool ours = !strcmp(t->target.host, "api.example.com") && t->target.port == (https ? 443 : 8080);
	MUST(app_reaches(&a, target_scheme(&t->target), t->target.host, t->target.port) == ours);
}

static void check_way(const struct transfer *t, struct str allow)
{
	char list[500];
	struct settings s = {0};
	struct way w;
	struct fault f = {0};
	snprintf(list, sizeof list, "%.*s", STR_FMT(allow));
	s.text[SETTING_NET_ALLOW] = list;
	s.text[SETTING_DOMAIN] = "example.net";
	int err = way_find(&s, t->target.host, t->target.port, &w, &f);
	MUST(err || w.anywhere || !str_ends(str_of(t->target.host), ".example.net"));
	MUST(!err || f.message[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str next, allow, url = str_cut((struct str){(const char *)data, size}, '\n', &next);
	struct transfer t = {0};
	struct fault f = {0};
	const struct curl_calls *lib = curl_load();
	if (!lib)
		return 0;
	next = str_cut(next, '\n', &allow);
	struct wire_fetch ask = {.method = STR("GET"), .url = url, .redirects = 3};
	int err = transfer_begin(&t, lib, &ask, &f);
	MUST(!err || (f.err == err && f.message[0]));
	if (!err) {
		check_target(&t);
		check_grants(&t);
		check_way(&t, allow);
		t.status = 302;
		header_line(&t, STR("location: "));
		t.line[0].value = keep(&t, next, false);
		t.line[0].nvalue = next.n;
		bool tls = t.target.scheme->tls;
		if (!follow(&t, &f)) {
			check_target(&t);
			MUST(!tls || t.target.scheme->tls);
		}
	}
	transfer_end(&t);
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data, (void)size;
	return 0;
}
#endif
