/* calendar — days since 1970-01-01 ⇄ year, month, day (proleptic Gregorian). */
#ifndef CODEC_CALENDAR_H
#define CODEC_CALENDAR_H

#include <stdint.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

struct day {
	int64_t year;
	int month, day; /* from 1 */
};

int64_t calendar_days(int64_t year, int month, int day);
struct day calendar_day(int64_t days);
int calendar_length(int64_t year, int month); /* of a month, in days */
int calendar_weekday(int64_t days);           /* 0 is Sunday */
/* a / b, rounded down. */
int64_t calendar_floor(int64_t a, int64_t b);

#endif
