#include "base/crypt.h"
#include "base/id.h"
#include "base/net.h"
#include "base/text.h"
#include "base/visible.h"
#include "codec/mime.h"
#include "codec/path.h"
#include "codec/rule.h"
#include "codec/version.h"
#include "codec/zone.h"
#include "fuzz.h"

/* Single words of strangers: names, hosts, numbers, ids, versions, rules, zones, endings of files. What has one of these forms has
 * nothing in it that would mean something where the word is put later: a path, a header, SQL, a line of nginx's. */

static bool plain(struct str s, const char *more)
{
	for (size_t i = 0; i < s.n; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] && strchr(more, s.p[i]))))
			return false;
	return s.n > 0;
}

static void names(struct arena *a, struct str s)
{
	struct str host;
	MUST(!text_name(s) || (plain(s, "_") && s.n <= 64));
	MUST(!text_label(s) || (plain(s, "-") && s.n <= 63));
	MUST(!id_valid(s) || (plain(s, "") && s.n == ID_LEN && id_time(s) >= 0));
	if (text_host(s)) {
		MUST(plain(s, "-.") && s.n <= 190);
		MUST(!path_host(a, s, &host, NULL) && str_eq(host, s));
	}
	MUST(!who_by_name(s) || str_is(s, who_name(who_by_name(s))));
}

/* Two ways to see whether it is UTF-8, and what is shown of it is harmless. */
static void shown(struct arena *a, struct str s)
{
	bool whole = true;
	struct str rest = s;
	while (rest.n)
		whole &= utf8_next(&rest) != NOT_UTF8;
	MUST(whole == text_utf8(s));
	MUST(!text_deceptive(str_of(visible(a, s, 200))));
}

static void numbers(struct str s)
{
	char text[24];
	int64_t v, back;
	if (!str_int(s, &v))
		return;
	snprintf(text, sizeof text, "%lld", (long long)v);
	MUST(str_int(str_of(text), &back) && back == v);
}

static void bytes(struct arena *a, struct str s)
{
	size_t room = s.n + 3;
	unsigned char *raw = arena_alloc(a, room);
	struct buf b = BUF_INIT;
	int n = crypt_unb64url(raw, room, s);
	if (n >= 0) {
		crypt_b64url(&b, raw, (size_t)n);
		MUST(str_eq(buf_str(&b), s));
	}
	n = crypt_unb64(raw, room, s);
	MUST(n < 0 || (size_t)n <= s.n);
	if (s.n % 2 == 0 && crypt_unhex(raw, s.n / 2, s)) {
		char *hex = arena_alloc(a, s.n + 1);
		crypt_hex(hex, raw, s.n / 2);
		MUST(str_ieq(s, hex));
	}
	buf_release(&b);
}

static void versions(struct str one, struct str two)
{
	int v[3];
	bool both = version_parse(one, v) && version_parse(two, v);
	int order = version_compare(one, two);
	MUST(order == -version_compare(two, one) && (both || !order));
	enum admits least = version_admits(one, two);
	if (both && one.p[0] != 'v' && !memchr(one.p, ' ', one.n))
		MUST(least == (order <= 0 ? ADMITS_YES : ADMITS_NO));
	MUST(least != ADMITS_MALFORMED || version_admits(one, two) == least);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct str two, one = str_cut((struct str){(const char *)data, MIN(size, (size_t)5000)}, '\n', &two);
	crypt_init();
	names(a, one);
	shown(a, one);
	numbers(one);
	bytes(a, one);
	versions(one, two);
	MUST(mime_of(one).n && memchr(mime_of(one).p, '/', mime_of(one).n));
	struct str rule = zone_rule(one);
	MUST(!rule.p || (rule.n && !memchr(rule.p, '\n', rule.n)));
	if (!memchr(one.p ? one.p : "", 0, one.n) && !memchr(two.p ? two.p : "", 0, two.n)) {
		char *list = arena_cstr(a, one), *host = arena_cstr(a, two);
		MUST(!net_listed(list, host, 80, NULL) || strstr(list, host));
		MUST(text_distance(list, host) >= 0);
	}
	arena_free(a);
	return 0;
}
