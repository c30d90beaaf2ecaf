/* cron — when a job fires: the schedules of crontab, in a time zone.
 *
 *     struct cron c;
 *     if (cron_parse(STR("30 7 * * MON-FRI"), &c, &fault)) …
 *     int64_t next = cron_next(&c, now_ms(), &zone);
 *
 * A schedule is one of
 *
 *     minute hour day month weekday     0-59 0-23 1-31 1-12 0-7 (0 and 7 are Sunday), spaces between them. A field is *, or
 *                                       a list of numbers and ranges: 1,3-5. Names: JAN … DEC, SUN … SAT. Steps: * / 15 (without
 *                                       the spaces) and 10-40/10.
 *     @hourly @daily @midnight @weekly @monthly @yearly @annually
 *     @every 90s                        n s, m, h or d, and sums of them: 1h30m. From one firing to the next, zones do not matter.
 *
 * Where day and weekday are both given, one of them is enough; where one of them begins with *, both must hold (Vixie cron).
 *
 * When the clock is changed:
 *   - A schedule whose hour field admits every hour goes by the clock: a time that is there twice fires twice, one that
 *     is left out does not.
 *   - Every other schedule fires once: a time that is there twice at the first of them, a time that is left out at the moment
 *     the gap ends. If the schedule fires by itself within as long after the gap as the gap was long, that one takes its place.
 * So a daily job fires exactly once every day.
 */
#ifndef CODEC_CRON_H
#define CODEC_CRON_H

#include "base/buf.h"
#include "base/err.h"
#include "codec/zone.h"

#define CRON_TEXT 200               /* bytes of a schedule */
#define CRON_HORIZON_MS INT64_C(1296518400000) /* how far cron_next looks: 41 years, each with 366 days (the 29th of February on one weekday may be 40 away) */
#define CRON_EVERY_MS INT64_C(31622400000)    /* the longest @every: 366 days */

struct cron {
	int64_t every; /* ms; not 0: of @every, and all else is 0 */
	uint64_t minute; /* a bit each */
	uint32_t hour, day, month;
	uint32_t weekday; /* bit 0 is Sunday */
	bool any_day, any_weekday; /* the field begins with * */
};

/* ERR_BAD_ARGUMENT with a sentence: what is not a schedule, and what never fires (30 2 30 2 *). f may be NULL. */
int cron_parse(struct str text, struct cron *c, struct fault *f);

/* The first firing after the moment `after`; -1 past the year 9900, and when there is none within CRON_HORIZON_MS, which no schedule
 * that cron_parse takes comes to. Time is bounded: some ten microseconds, a few hundred for a firing many years away. */
int64_t cron_next(const struct cron *c, int64_t after, const struct zone *z);

/* For people: "every Monday to Friday at 07:30 (Europe/Berlin)". zone is the name of it. Nothing is added for what has no short words. */
void cron_words(const struct cron *c, const char *zone, struct buf *b);

/* The shortest time from one firing to the next: a minute, or what @every says. */
int64_t cron_interval(const struct cron *c);

#endif
