/* zone — names of time zones to their rules (POSIX TZ, as in "CET-1CEST,M3.5.0,M10.5.0/3"), from a table that is made of the
 * machine's tzdata when Fazt is built (zones.sh). A rule is today's law: of other years it knows nothing.
 */
#ifndef CODEC_ZONE_H
#define CODEC_ZONE_H

#include "base/text.h"

/* STR_NONE for a name there is not. */
struct str zone_rule(struct str name);
bool zone_any(void); /* false: the machine that built this Fazt had no tzdata, and no name is known */

#endif
