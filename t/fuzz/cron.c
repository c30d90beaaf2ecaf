#include "codec/cron.h"
#include "fuzz.h"

/* The first line is a schedule, the second a zone. Firings come later and later, at whole minutes of the wall clock or at the
 * end of a gap, and are where the search from any moment before them finds them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str zone, text = str_cut((struct str){(const char *)data, size}, '\n', &zone);
	struct cron c;
	struct zone z;
	struct fault f = {0};
	if (!zone_find(zone, &z))
		MUST(zone_find(STR("Europe/Berlin"), &z) || !zone_any());
	if (cron_parse(text, &c, &f)) {
		MUST(f.err && f.message[0]);
		return 0;
	}
	for (int64_t n = 0, at = INT64_C(1806105600000), next; n < 6; n++, at = next) { /* 2027-03-26 */
		struct zone_span span = zone_span(&z, at);
		MUST(span.from <= at && at < span.until);
		next = cron_next(&c, at, &z);
		if (next == -1)
			return 0;
		MUST(next > at && (c.every || next <= at + CRON_HORIZON_MS));
		MUST(c.every || cron_next(&c, at + (next - at) / 2, &z) == next);
	}
	return 0;
}
