/* zone — names of time zones to their rules (POSIX TZ, as in "CET-1CEST,M3.5.0,M10.5.0/3"), from a table that is made of the
 * machine's tzdata when Fazt is built (zones.sh), and what a rule says. A rule is today's law: of other years it knows nothing.
 *
 *     struct zone z;
 *     if (!zone_find(STR("Europe/Berlin"), &z))
 *             …
 *     int64_t wall = at + zone_span(&z, at).offset;
 *
 * Moments and offsets are milliseconds; a wall time is the moment at which UTC's clocks show it.
 */
#ifndef CODEC_ZONE_H
#define CODEC_ZONE_H

#include "base/text.h"

/* STR_NONE for a name there is not. */
struct str zone_rule(struct str name);
bool zone_any(void); /* false: the machine that built this Fazt had no tzdata, and no name is known */

struct zone {
	int64_t std, dst; /* what is added to UTC */
	bool changes;     /* false: always std */
	struct zone_change { /* to dst and back: the week's weekday (0 is Sunday) of the month; week 5 is the last */
		int month, week, weekday;
		int64_t at; /* after midnight; may lie outside of the day */
	} from, to;
};

/* "UTC", "+02:00", a name or a rule. False: none of these. */
bool zone_find(struct str text, struct zone *z);

struct zone_span {
	int64_t from, until; /* [from, until) have one offset; INT64_MIN and INT64_MAX where it never changes */
	int64_t offset;
};

/* The span of the moment at, which is in the years 1 to 9999. */
struct zone_span zone_span(const struct zone *z, int64_t at);

#endif
