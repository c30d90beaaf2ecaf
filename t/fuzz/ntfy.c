#include "base/crypt.h"
#include "codec/json.h"
#include "codec/ntfy.h"
#include "fuzz.h"

/* Whatever clients send as header, tags, delay, since or actions: what comes out is one line of UTF-8, a moment that is to come,
 * or valid JSON. */
static void texts(struct arena *a, struct str s)
{
	struct str line = ntfy_header(a, s), tags = ntfy_tags(a, ntfy_line(a, s));
	MUST(text_utf8(line) && text_utf8(tags) && text_utf8(ntfy_text(a, s)));
	for (size_t i = 0; i < line.n; i++)
		MUST((unsigned char)line.p[i] >= ' ' && line.p[i] != 0x7f);
	MUST(!ntfy_topic(s) || s.n <= 64);
	MUST(ntfy_priority(s) >= -1 && ntfy_priority(s) <= 5);
	(void)ntfy_link(s);
}

static void times(struct str s)
{
	static const int64_t now = INT64_C(1806105600000); /* 2027-03-26 */
	struct zone z;
	int64_t at = 0;
	int from, until;
	zone_find(STR("CET-1CEST,M3.5.0,M10.5.0/3"), &z);
	MUST(!ntfy_delay(s, now, &z, &at) || at >= now);
	MUST(ntfy_since(s, now, &at) != NTFY_TIME || at >= now - INT64_C(1000000) * 100 * 86400000);
	MUST(!ntfy_hours(s, &from, &until) || (from >= 0 && from < 1440 && until >= 0 && until < 1440));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new();
	struct str s = {(const char *)data, size};
	struct buf b = BUF_INIT;
	struct fault f = {0};
	crypt_init();
	texts(a, s);
	times(s);
	if (!ntfy_actions(a, s, &b, &f))
		MUST(!json_check(buf_str(&b), 8, 1000, NULL));
	else
		MUST(f.err && f.message[0]);
	buf_release(&b);
	arena_free(a);
	return 0;
}
