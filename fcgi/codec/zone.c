#include "codec/zone.h"

#include "base/embed.h"
#include "codec/calendar.h"

EMBED_BUILT(zones, "zones.txt");

bool zone_any(void)
{
	return EMBEDDED(zones).n > 0;
}

struct str zone_rule(struct str name)
{
	struct str rest = EMBEDDED(zones), rule;
	while (rest.n && name.n) {
		struct str first = str_cut(str_cut(rest, '\n', &rest), ' ', &rule);
		if (str_eq(first, name))
			return rule;
	}
	return STR_NONE;
}

/* ---- reading a rule: each function takes what it reads off the front of *s ---- */

static bool take(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	s->p++, s->n--;
	return true;
}

static bool number(struct str *s, int most, int64_t *v)
{
	size_t from = s->n;
	for (*v = 0; s->n && s->p[0] >= '0' && s->p[0] <= '9'; s->p++, s->n--)
		if ((*v = *v * 10 + (s->p[0] - '0')) > most)
			return false;
	return s->n < from;
}

/* [+-]h[:mm[:ss]] */
static bool clock(struct str *s, int64_t *ms)
{
	int64_t h, m = 0, sec = 0;
	bool minus = take(s, '-');
	if (!minus)
		take(s, '+');
	if (!number(s, 167, &h) || (take(s, ':') && (!number(s, 59, &m) || (take(s, ':') && !number(s, 59, &sec)))))
		return false;
	*ms = h * HOUR_MS + m * MINUTE_MS + sec * 1000;
	*ms = minus ? -*ms : *ms;
	return true;
}

static bool letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* "CET" or "<+03>" */
static bool name(struct str *s)
{
	size_t n = 0;
	if (take(s, '<')) {
		while (n < s->n && (letter(s->p[n]) || strchr("+-0123456789", s->p[n])))
			n++;
		s->p += n, s->n -= n;
		return n && take(s, '>');
	}
	while (n < s->n && letter(s->p[n]))
		n++;
	s->p += n, s->n -= n;
	return n;
}

/* ,Mm.w.d[/time] */
static bool change(struct str *s, struct zone_change *c)
{
	int64_t m, w, d;
	if (!take(s, ',') || !take(s, 'M') || !number(s, 12, &m) || !take(s, '.') || !number(s, 5, &w) || !take(s, '.') || !number(s, 6, &d))
		return false;
	*c = (struct zone_change){(int)m, (int)w, (int)d, 2 * HOUR_MS};
	return m && w && (!take(s, '/') || clock(s, &c->at));
}

/* POSIX says how far a zone is west of Greenwich. */
static bool posix(struct str s, struct zone *z)
{
	int64_t west;
	if (!s.n || !name(&s) || !clock(&s, &west) || west < -24 * HOUR_MS || west > 24 * HOUR_MS)
		return false;
	*z = (struct zone){.std = -west, .dst = -west, .changes = s.n};
	if (!s.n)
		return true;
	west -= HOUR_MS;
	if (!name(&s) || (s.n && s.p[0] != ',' && !clock(&s, &west)) || west < -25 * HOUR_MS || west > 25 * HOUR_MS)
		return false;
	z->dst = -west;
	return change(&s, &z->from) && change(&s, &z->to) && !s.n;
}

static bool digits(const char *p)
{
	return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9';
}

/* "+02:00" */
static bool east(struct str s, struct zone *z)
{
	if (s.n != 6 || !strchr("+-", s.p[0]) || !digits(s.p + 1) || s.p[3] != ':' || !digits(s.p + 4) || s.p[1] > '2' || s.p[4] > '5')
		return false;
	int64_t h = (s.p[1] - '0') * 10 + s.p[2] - '0', m = (s.p[4] - '0') * 10 + s.p[5] - '0', ms = h * HOUR_MS + m * MINUTE_MS;
	*z = (struct zone){.std = s.p[0] == '-' ? -ms : ms};
	return h < 24;
}

bool zone_find(struct str text, struct zone *z)
{
	*z = (struct zone){0};
	if (str_is(text, "UTC") || str_is(text, "Z") || str_is(text, "GMT"))
		return true;
	if (text.n > 100)
		return false;
	if (east(text, z) || posix(text, z))
		return true;
	*z = (struct zone){0};
	return posix(zone_rule(text), z);
}

/* ---- what a rule says ---- */

/* The wall time of a change, by the clock that is in force before it. */
static int64_t change_wall(const struct zone_change *c, int64_t year)
{
	int64_t first = calendar_days(year, c->month, 1);
	int64_t day = first + (c->weekday - calendar_weekday(first) + 7) % 7 + (c->week - 1) * 7;
	if (day >= first + calendar_length(year, c->month))
		day -= 7;
	return day * DAY_MS + c->at;
}

static void meet(struct zone_span *span, int64_t at, int64_t change, int64_t offset)
{
	if (change > at)
		span->until = MIN(span->until, change);
	else if (change >= span->from)
		span->from = change, span->offset = offset;
}

struct zone_span zone_span(const struct zone *z, int64_t at)
{
	struct zone_span span = {INT64_MIN, INT64_MAX, z->std};
	if (!z->changes)
		return span;
	int64_t year = calendar_day(calendar_floor(at + z->std, DAY_MS)).year;
	for (int64_t y = year - 1; y <= year + 1; y++) {
		meet(&span, at, change_wall(&z->from, y) - z->std, z->dst);
		meet(&span, at, change_wall(&z->to, y) - z->dst, z->std);
	}
	return span;
}
