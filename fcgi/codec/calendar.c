#include "codec/calendar.h"

/* Years begin in March, so that the day of a leap year is the last; an era is 400 of them (Howard Hinnant, "chrono-Compatible
 * Low-Level Date Algorithms"). */
#define ERA_DAYS 146097
#define MARCH_0000 719468

int64_t calendar_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

int64_t calendar_days(int64_t year, int month, int day)
{
	year -= month <= 2;
	int64_t era = calendar_floor(year, 400), of_era = year - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - MARCH_0000;
}

struct day calendar_day(int64_t days)
{
	days += MARCH_0000;
	int64_t era = calendar_floor(days, ERA_DAYS), of_era = days - era * ERA_DAYS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
	int m = (int)month + (month < 10 ? 3 : -9);
	return (struct day){year + era * 400 + (m <= 2), m, (int)(of_year - (153 * month + 2) / 5 + 1)};
}

int calendar_length(int64_t year, int month)
{
	return month == 12 ? 31 : (int)(calendar_days(year, month + 1, 1) - calendar_days(year, month, 1));
}

int calendar_weekday(int64_t days)
{
	return (int)(days + 4 - calendar_floor(days + 4, 7) * 7);
}
