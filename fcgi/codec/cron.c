#include "codec/cron.h"

#include <strings.h>

#include "codec/calendar.h"

/* A field is a set of numbers, one bit each. Looking for the next firing goes through the spans of one offset: within one, wall
 * times and moments run alike, and the calendar is searched by days and then by minutes; between two stands what the header says
 * about changes of the clock. */

#define ALL_HOURS 0xffffffu
#define ALL_DAYS 0xfffffffeu
#define ALL_MONTHS 0x1ffeu
#define ALL_WEEK 0x7fu
#define MONDAY_TO_FRIDAY 0x3eu
#define TIMES 4 /* of a day, that are listed */

/* ---- reading ---- */

struct field {
	const char *name;
	int least, most;
	const char *words; /* three letters each, the first is `least` */
};

static const struct field fields[] = {
	{"minute", 0, 59, ""},
	{"hour", 0, 23, ""},
	{"day", 1, 31, ""},
	{"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
	{"weekday", 0, 7, "sunmontuewedthufrisat"},
};

static bool value(const struct field *f, struct str s, int64_t *v)
{
	for (const char *w = f->words; *w && s.n == 3; w += 3)
		if (!strncasecmp(w, s.p, 3)) {
			*v = f->least + (w - f->words) / 3;
			return true;
		}
	return s.n <= 2 && str_int(s, v) && *v >= f->least && *v <= f->most;
}

/* One item of a list: *, 5, 1-5, and the last and the first with a step. */
static bool item(const struct field *f, struct str s, uint64_t *set)
{
	struct str step_text, to_text, range = str_cut(s, '/', &step_text), from_text = str_cut(range, '-', &to_text);
	int64_t from = f->least, to = f->most, step = 1;
	bool any = str_is(range, "*");
	if (!any && (!value(f, from_text, &from) || !value(f, to_text.p ? to_text : from_text, &to)))
		return false;
	if (f->most == 7 && (any || (!to && from))) /* all week; FRI-SUN */
		to = any ? 6 : 7;
	if (from > to)
		return false;
	if (step_text.p && (!(any || to_text.p) || !str_int(step_text, &step) || step < 1 || step > f->most))
		return false;
	for (int64_t v = from; v <= to; v += step)
		*set |= UINT64_C(1) << v;
	return true;
}

static int field(const struct field *f, struct str s, uint64_t *set, struct fault *fl)
{
	struct str rest = s;
	*set = 0;
	do
		if (!item(f, str_cut(rest, ',', &rest), set))
			return fault(fl, ERR_INVALID, "the %s \"%.*s\" of the schedule is not understood; write *, numbers from %d to %d, 1-5, 1,3 or */2",
				     f->name, STR_FMT(s), f->least, f->most);
	while (rest.p);
	return 0;
}

static struct str word(struct str *rest)
{
	struct str s = STR_NONE;
	while (rest->p && !s.n) /* any number of spaces between fields */
		s = str_cut(*rest, ' ', rest);
	return s;
}

static const struct {
	const char *name, *fields;
} named[] = {
	{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

static int unit_ms(char c)
{
	return c == 's' ? 1000 : c == 'm' ? (int)MINUTE_MS : c == 'h' ? (int)HOUR_MS : c == 'd' ? (int)DAY_MS : 0;
}

/* 90s, 1h30m */
static int64_t every(struct str s)
{
	int64_t sum = 0, n;
	while (s.n) {
		size_t digits = 0;
		while (digits < s.n && digits < 9 && s.p[digits] >= '0' && s.p[digits] <= '9')
			digits++;
		int unit = digits && digits < s.n ? unit_ms(s.p[digits]) : 0;
		if (!unit || !str_int((struct str){s.p, digits}, &n) || (sum += n * unit) > CRON_EVERY_MS)
			return 0;
		s.p += digits + 1, s.n -= digits + 1;
	}
	return sum;
}

/* A day that some month has. Where one of day and weekday is enough, weekdays always come. */
static bool happens(const struct cron *c)
{
	if (!c->any_day && !c->any_weekday)
		return true;
	for (int m = 1; m <= 12; m++)
		if (c->month >> m & 1 && c->day & ((UINT64_C(2) << calendar_length(2000, m)) - 1))
			return true;
	return false;
}

static int five(struct str text, struct cron *c, struct fault *f)
{
	uint64_t set[ARRAY_LEN(fields)];
	struct str s[ARRAY_LEN(fields)];
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		s[i] = word(&text);
		if (!s[i].n)
			return fault(f, ERR_INVALID, "a schedule has five fields: minute, hour, day, month, weekday; or write \"@daily\" or \"@every 90s\"");
		int err = field(&fields[i], s[i], &set[i], f);
		if (err)
			return err;
	}
	if (word(&text).n)
		return fault(f, ERR_INVALID, "a schedule has five fields, and no seconds; write minute, hour, day, month and weekday");
	*c = (struct cron){0, set[0], (uint32_t)set[1], (uint32_t)set[2], (uint32_t)set[3], (uint32_t)((set[4] | set[4] >> 7) & 0x7f),
			   s[2].p[0] == '*', s[4].p[0] == '*'};
	return happens(c) ? 0 : fault(f, ERR_INVALID, "the schedule never fires, because no such month has such a day; name another day");
}

int cron_parse(struct str text, struct cron *c, struct fault *f)
{
	*c = (struct cron){0};
	text = str_trim(text);
	if (text.n > CRON_TEXT)
		return fault(f, ERR_INVALID, "a schedule is at most %d bytes", CRON_TEXT);
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (str_is(text, named[i].name))
			return five(str_of(named[i].fields), c, f);
	if (str_starts(text, "@every ")) {
		c->every = every(str_trim((struct str){text.p + 7, text.n - 7}));
		return c->every ? 0 : fault(f, ERR_INVALID, "after @every stands a time such as 90s, 5m, 12h or 1h30m, up to 366 days");
	}
	if (str_starts(text, "@"))
		return fault(f, ERR_INVALID, "there is no \"%.*s\"; write @hourly, @daily, @weekly, @monthly, @yearly or @every 90s", STR_FMT(text));
	return five(text, c, f);
}

int64_t cron_interval(const struct cron *c)
{
	return c->every ? c->every : MINUTE_MS;
}

/* ---- the next firing ---- */

static bool day_fires(const struct cron *c, int64_t days, struct day d)
{
	bool day = c->day >> d.day & 1, weekday = c->weekday >> calendar_weekday(days) & 1;
	if (!(c->month >> d.month & 1))
		return false;
	return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

/* The first minute of a day that fires, from the minute `from` on; -1: none. */
static int minute_of(const struct cron *c, int from)
{
	for (int h = from / 60, m = from % 60; h < 24; h++, m = 0)
		for (; c->hour >> h & 1 && m < 60; m++)
			if (c->minute >> m & 1)
				return h * 60 + m;
	return -1;
}

/* The first wall time in [from, until) that fires; -1: none. No zone has a wall time of -1, which is no whole minute. */
static int64_t wall_next(const struct cron *c, int64_t from, int64_t until)
{
	int64_t minute = calendar_floor(from + MINUTE_MS - 1, MINUTE_MS), days = calendar_floor(minute, 24 * 60);
	int first = (int)(minute - days * 24 * 60), m;
	while (days * DAY_MS < until) {
		struct day d = calendar_day(days);
		if (day_fires(c, days, d) && (m = minute_of(c, first)) >= 0) {
			int64_t wall = days * DAY_MS + m * MINUTE_MS;
			return wall < until ? wall : -1;
		}
		days += c->month >> d.month & 1 ? 1 : calendar_length(d.year, d.month) - d.day + 1;
		first = 0;
	}
	return -1;
}

/* Whether a firing that was left out by the change at span->from happens at this very moment. */
static bool made_up(const struct cron *c, const struct zone_span *span, int64_t before)
{
	int64_t begin = span->from + before, end = span->from + span->offset;
	return wall_next(c, begin, end) != -1 && wall_next(c, end, end + (end - begin)) == -1;
}

/* The first firing in [from, until), within a span of one offset. */
static int64_t span_next(const struct cron *c, const struct zone *z, const struct zone_span *span, int64_t from, int64_t until)
{
	bool by_the_clock = c->hour == ALL_HOURS;
	int64_t start = from + span->offset;
	if (!by_the_clock && span->from != INT64_MIN) {
		int64_t before = zone_span(z, span->from - 1).offset;
		if (from == span->from && made_up(c, span, before))
			return from;
		start = MAX(start, span->from + before); /* what is there twice has been */
	}
	int64_t wall = wall_next(c, start, until + span->offset);
	return wall == -1 ? -1 : wall - span->offset;
}

int64_t cron_next(const struct cron *c, int64_t after, const struct zone *z)
{
	if (after < 0 || after > INT64_C(253000000000000)) /* the years 1970 to 9987 */
		return -1;
	if (c->every)
		return after + c->every;
	int64_t limit = after + CRON_HORIZON_MS;
	for (int64_t from = after + 1; from < limit;) {
		struct zone_span span = zone_span(z, from);
		int64_t until = MIN(span.until, limit), at = span_next(c, z, &span, from, until);
		if (at != -1)
			return at;
		from = until;
	}
	return -1;
}

/* ---- for people ---- */

static int bits(uint64_t set)
{
	return __builtin_popcountll(set);
}

static int first(uint64_t set)
{
	return set ? __builtin_ctzll(set) : 0;
}

/* Between the words of a list that has n, in front of the i-th. */
static void comma(struct buf *b, int i, int n)
{
	buf_adds(b, !i ? "" : i + 1 == n ? " and " : ", ");
}

static void add_span(struct buf *b, int64_t n, const char *unit)
{
	if (n == 1)
		buf_addf(b, "every %s", unit);
	else
		buf_addf(b, "every %lld %ss", (long long)n, unit);
}

static void every_words(int64_t ms, struct buf *b)
{
	static const struct {
		int64_t ms;
		const char *name;
	} units[] = {{DAY_MS, "day"}, {HOUR_MS, "hour"}, {MINUTE_MS, "minute"}, {1000, "second"}};
	size_t i = 0;
	while (ms % units[i].ms)
		i++;
	add_span(b, ms / units[i].ms, units[i].name);
}

static void minute_words(uint64_t minutes, struct buf *b)
{
	int n = bits(minutes), step = n > 1 ? 60 / n : 60;
	uint64_t even = 0;
	for (int m = 0; m < 60; m += step)
		even |= UINT64_C(1) << m;
	if (n > 1 && minutes == even)
		add_span(b, step, "minute");
	else if (n == 1)
		buf_addf(b, first(minutes) ? "every hour at minute %d" : "every hour", first(minutes));
}

static void week_words(uint32_t set, struct buf *b)
{
	static const char *const names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
	int i = 0;
	buf_adds(b, "every ");
	if (set == MONDAY_TO_FRIDAY)
		buf_adds(b, "Monday to Friday");
	else
		for (int d = 1; d <= 7; d++)
			if (set >> d % 7 & 1) {
				comma(b, i++, bits(set));
				buf_adds(b, names[d % 7]);
			}
}

/* On which days; false: no words for it. */
static bool day_words(const struct cron *c, struct buf *b)
{
	static const char *const names[] = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
					    "December"};
	bool any_day = c->day == ALL_DAYS && c->any_day, any_weekday = c->weekday == ALL_WEEK && c->any_weekday, any_month = c->month == ALL_MONTHS;
	if (any_day && any_weekday && any_month)
		buf_adds(b, "every day");
	else if (any_day && any_month)
		week_words(c->weekday, b);
	else if (any_weekday && bits(c->day) == 1 && any_month)
		buf_addf(b, "every month on day %d", first(c->day));
	else if (any_weekday && bits(c->day) == 1 && bits(c->month) == 1)
		buf_addf(b, "every year on %d %s", first(c->day), names[first(c->month) - 1]);
	else
		return false;
	return true;
}

static void time_words(const struct cron *c, const char *zone, struct buf *b)
{
	int i = 0, n = bits(c->hour) * bits(c->minute);
	if (n > TIMES || !day_words(c, b))
		return;
	buf_adds(b, " at ");
	for (int h = 0; h < 24; h++)
		for (int m = 0; c->hour >> h & 1 && m < 60; m++)
			if (c->minute >> m & 1) {
				comma(b, i++, n);
				buf_addf(b, "%02d:%02d", h, m);
			}
	buf_addf(b, " (%s)", zone);
}

void cron_words(const struct cron *c, const char *zone, struct buf *b)
{
	bool daily = c->day == ALL_DAYS && c->weekday == ALL_WEEK && c->month == ALL_MONTHS;
	if (c->every)
		every_words(c->every, b);
	else if (daily && c->hour == ALL_HOURS)
		minute_words(c->minute, b);
	else
		time_words(c, zone, b);
}
