#include "codec/cron.h"

#include "base/now.h"
#include "codec/calendar.h"
#include "tap.h"

static struct zone zone(const char *name)
{
	struct zone z;
	ok(zone_find(str_of(name), &z), "%s", name);
	return z;
}

/* The rules themselves, so that this holds without tzdata. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define LORD_HOWE "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
#define CAIRO "EET-2EEST,M4.5.5/0,M10.5.4/24"

static int64_t moment(const char *iso) /* "2027-03-28 00:30" UTC */
{
	int y, mo, d, h, mi;
	ok(sscanf(iso, "%d-%d-%d %d:%d", &y, &mo, &d, &h, &mi) == 5, "a moment: %s", iso);
	return calendar_days(y, mo, d) * DAY_MS + h * HOUR_MS + mi * MINUTE_MS;
}

/* The firings of a schedule as UTC, with ", " between them. */
static void fires(const char *schedule, const char *in, const char *after, const char *want)
{
	struct cron c;
	struct zone z = zone(in);
	char got[200] = "", iso[25];
	size_t n = (strlen(want) + 2) / 18;
	ok(!cron_parse(str_of(schedule), &c, NULL), "%s", schedule);
	int64_t at = moment(after);
	for (size_t i = 0; i < n; i++) {
		at = cron_next(&c, at, &z);
		size_t used = strlen(got);
		snprintf(got + used, sizeof got - used, "%s%.10s %.5s", i ? ", " : "", at == -1 ? "-" : now_iso(at, iso), at == -1 ? "" : iso + 11);
	}
	is_str(got, want, "%s in %s", schedule, in);
}

static void refused(const char *schedule, const char *why)
{
	struct cron c;
	struct fault f = {0};
	is_int(cron_parse(str_of(schedule), &c, &f), ERR_INVALID, "refused: %s", schedule);
	ok(!!strstr(f.message, why), "why: %s", f.message);
}

static void ordinary(void)
{
	fires("*/15 * * * *", "UTC", "2027-01-01 00:00", "2027-01-01 00:15, 2027-01-01 00:30, 2027-01-01 00:45, 2027-01-01 01:00");
	fires("0 3 * * MON", "UTC", "2027-01-01 00:00", "2027-01-04 03:00, 2027-01-11 03:00");
	fires(" 0  3 * *   1-5/2 ", "UTC", "2027-01-01 00:00", "2027-01-01 03:00, 2027-01-04 03:00");
}

static void days(void)
{
	fires("0 0 13 * FRI", "UTC", "2027-01-01 00:00", "2027-01-08 00:00, 2027-01-13 00:00, 2027-01-15 00:00");
	fires("0 0 */13 * FRI", "UTC", "2027-01-01 00:00", "2027-05-14 00:00, 2027-08-27 00:00");
	fires("0 0 13 * *", "UTC", "2027-01-01 00:00", "2027-01-13 00:00, 2027-02-13 00:00");
	fires("0 0 31 * *", "UTC", "2027-01-01 00:00", "2027-01-31 00:00, 2027-03-31 00:00, 2027-05-31 00:00");
	fires("0 0 29 2 *", "UTC", "2095-01-01 00:00", "2096-02-29 00:00, 2104-02-29 00:00");
	fires("0 12 * jan,MAR-Apr fri-sun", "UTC", "2027-01-31 12:00", "2027-03-05 12:00, 2027-03-06 12:00, 2027-03-07 12:00, 2027-03-12 12:00");
	fires("0 12 * * 7", "UTC", "2027-01-01 00:00", "2027-01-03 12:00");
	fires("10-40/15 5 1 1 *", "UTC", "2027-01-01 00:00", "2027-01-01 05:10, 2027-01-01 05:25, 2027-01-01 05:40, 2028-01-01 05:10");
	fires("@yearly", "UTC", "2027-01-01 00:00", "2028-01-01 00:00");
	fires("@weekly", "UTC", "2027-01-01 00:00", "2027-01-03 00:00");
	fires("@hourly", "+05:45", "2027-01-01 00:00", "2027-01-01 00:15, 2027-01-01 01:15");
	fires("@every 1h30m", BERLIN, "2027-03-28 00:30", "2027-03-28 02:00, 2027-03-28 03:30");
	fires("0 0 29 2 */6", "UTC", "2029-01-01 00:00", "2032-02-29 00:00");
}

static void changes(void)
{
	fires("30 2 * * *", BERLIN, "2027-03-27 12:00", "2027-03-28 01:00, 2027-03-29 00:30");
	fires("*/15 2 * * *", BERLIN, "2027-03-27 12:00", "2027-03-28 01:00, 2027-03-29 00:00");
	fires("30 2,3 * * *", BERLIN, "2027-03-27 12:00", "2027-03-28 01:30, 2027-03-29 00:30");
	fires("30 2,14 * * *", BERLIN, "2027-03-27 14:00", "2027-03-28 01:00, 2027-03-28 12:30");
	fires("30 2 * * SAT", BERLIN, "2027-03-27 12:00", "2027-04-03 00:30");
	fires("30 * * * *", BERLIN, "2027-03-28 00:00", "2027-03-28 00:30, 2027-03-28 01:30");
	fires("30 2 * * *", BERLIN, "2027-10-30 12:00", "2027-10-31 00:30, 2027-11-01 01:30");
	fires("30 2 * * *", BERLIN, "2027-10-31 01:00", "2027-11-01 01:30");
	fires("0 2-3 * * *", BERLIN, "2027-10-30 12:00", "2027-10-31 00:00, 2027-10-31 02:00, 2027-11-01 01:00");
	fires("0 * * * *", BERLIN, "2027-10-30 23:00", "2027-10-31 00:00, 2027-10-31 01:00, 2027-10-31 02:00");
	fires("0 2 * * *", LORD_HOWE, "2027-10-02 10:00", "2027-10-02 15:30, 2027-10-03 15:00");
	fires("45 1 * * *", LORD_HOWE, "2027-04-03 09:30", "2027-04-03 14:45, 2027-04-04 15:15");
	fires("0 0 * * *", CAIRO, "2027-04-29 12:00", "2027-04-29 22:00, 2027-04-30 21:00");
	/* before midnight, so the gap ends with the day */
	fires("30 23 * * *", "<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2027-03-27 12:00", "2027-03-28 01:00, 2027-03-29 00:30");
	fires("30 23 * * *", CAIRO, "2027-10-28 12:00", "2027-10-28 20:30, 2027-10-29 21:30");
}

/* Every minute of the day, both changes: one firing for each day. */
static void once_a_day(const char *in)
{
	struct zone z = zone(in);
	int wrong = 0;
	for (int minute = 0; minute < 24 * 60; minute++) {
		char text[40];
		struct cron c;
		snprintf(text, sizeof text, "%d %d * * *", minute % 60, minute / 60);
		cron_parse(str_of(text), &c, NULL);
		int64_t at = calendar_days(2027, 1, 1) * DAY_MS;
		at -= zone_span(&z, at).offset + 1;
		for (int day = 0; day < 365; day++) {
			at = cron_next(&c, at, &z);
			int64_t wall = calendar_floor(at + zone_span(&z, at).offset, DAY_MS);
			wrong += wall != calendar_days(2027, 1, 1) + day;
		}
	}
	is_int(wrong, 0, "each daily job fires exactly once a day in %s", in);
}

static void text(void)
{
	refused("", "five fields");
	refused("* * * *", "five fields");
	refused("* * * * * *", "no seconds");
	refused("60 * * * *", "minute \"60\"");
	refused("* 24 * * *", "hour \"24\"");
	refused("* * 0 * *", "day \"0\"");
	refused("* * * 13 *", "month \"13\"");
	refused("* * * * 8", "weekday \"8\"");
	refused("5-1 * * * *", "5-1");
	refused("5/15 * * * *", "5/15");
	refused("*/0 * * * *", "*/0");
	refused("-1 * * * *", "-1");
	refused("+1 * * * *", "+1");
	refused(", * * * *", "minute \",\"");
	refused("1, * * * *", "1,");
	refused("* * L * *", "day \"L\"");
	refused("* * * * MON#1", "MON#1");
	refused("* * * FEBRUARY *", "FEBRUARY");
	refused("0 0 30 2 *", "never fires");
	refused("0 0 31 2,4,6,9,11 *", "never fires");
	refused("@reboot", "there is no \"@reboot\"");
	refused("@every 1ms", "after @every");
	refused("@every", "there is no \"@every\"");
	refused("@every -5s", "after @every");
	refused("@every 0s", "after @every");
	refused("@every 367d", "after @every");
	refused("@every 999999999999999999999d", "after @every");
}

static void zones(void)
{
	struct zone z;
	static const char *const bad[] = {"", "Atlantis", "CET", "+2:00", "+24:00", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
					  "CET-1CEST,M3.5.0,M10.5.0 ", "<+03-3", "CET-99"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ok(!zone_find(str_of(bad[i]), &z) || (zone_any() && str_is(STR("CET"), bad[i])), "no zone: \"%s\"", bad[i]);
	z = zone("+02:00");
	is_int(zone_span(&z, 0).offset, 2 * HOUR_MS, "+02:00");
	z = zone("-03:30");
	is_int(zone_span(&z, 0).offset, -(3 * HOUR_MS + HOUR_MS / 2), "-03:30");
	z = zone(BERLIN);
	struct zone_span s = zone_span(&z, moment("2027-07-01 00:00"));
	is_int(s.offset, 2 * HOUR_MS, "summer");
	is_int(s.from, moment("2027-03-28 01:00"), "from");
	is_int(s.until, moment("2027-10-31 01:00"), "until");
}

static void interval(void)
{
	struct cron c;
	cron_parse(STR("* * * * *"), &c, NULL);
	is_int(cron_interval(&c), 60000, "fields: a minute");
	cron_parse(STR("@every 10s"), &c, NULL);
	is_int(cron_interval(&c), 10000, "what @every says");
	struct zone z = zone("UTC");
	cron_parse(STR("0 0 29 2 */6"), &c, NULL);
	is_int(cron_next(&c, moment("2033-01-01 00:00"), &z), moment("2048-02-29 00:00"), "a leap day at a weekend");
	cron_parse(STR("0 0 29 2 */7"), &c, NULL);
	is_int(cron_next(&c, moment("2088-03-01 00:00"), &z), moment("2128-02-29 00:00"), "the longest pause of any schedule: forty years");
	cron_parse(STR("@daily"), &c, NULL);
	is_int(cron_next(&c, INT64_MAX, &z), -1, "the end of time");
	is_int(cron_next(&c, -1, &z), -1, "before it");
}

#define says(schedule, words)                                                                                               \
	do {                                                                                                                \
		struct cron spoken;                                                                                         \
		struct buf said = BUF_INIT;                                                                                 \
		ok(!cron_parse(STR(schedule), &spoken, NULL), "%s", schedule);                                              \
		cron_words(&spoken, "UTC", &said);                                                                          \
		is_str(said.len ? said.p : "", words, schedule);                                                            \
		buf_release(&said);                                                                                         \
	} while (0)

static void words(void)
{
	says("0 7 * * *", "every day at 07:00 (UTC)");
	says("30 8,20 * * *", "every day at 08:30 and 20:30 (UTC)");
	says("0 9 * * MON-FRI", "every Monday to Friday at 09:00 (UTC)");
	says("5 0 * * SUN,MON,WED", "every Monday, Wednesday and Sunday at 00:05 (UTC)");
	says("@weekly", "every Sunday at 00:00 (UTC)");
	says("@monthly", "every month on day 1 at 00:00 (UTC)");
	says("@yearly", "every year on 1 January at 00:00 (UTC)");
	says("0 12 31 12 *", "every year on 31 December at 12:00 (UTC)");
	says("* * * * *", "every minute");
	says("*/15 * * * *", "every 15 minutes");
	says("@hourly", "every hour");
	says("7 * * * *", "every hour at minute 7");
	says("@every 90s", "every 90 seconds");
	says("@every 2h", "every 2 hours");
	says("@every 1d", "every day");
	says("*/7 * * * *", "");
	says("3,18,33,48 * * * *", "");
	says("0 */2 * * *", "");
	says("0 0 1 * MON", "");
	says("0 0 1-31 * MON", "");
	says("0 0 29 2 */6", "");
}

int main(void)
{
	words();
	ordinary();
	days();
	changes();
	once_a_day(BERLIN);
	once_a_day(LORD_HOWE);
	once_a_day(CAIRO);
	text();
	zones();
	interval();
	return done_testing();
}
