#include "codec/moment.h"

#include "codec/calendar.h"

/* A pattern is the text itself, but for: * letters; D h m s two digits, d two digits or a blank and one; Y four, y two of a
 * year; N the name of a month. */
static const char *const patterns[] = {"*, D N Y h:m:s GMT", "*, D-N-y h:m:s GMT", "* N d h:m:s Y"};
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static bool digits(struct str *text, size_t n, bool blank, int *v)
{
	if (text->n < n)
		return false;
	*v = 0;
	for (size_t i = 0; i < n; i++) {
		char c = text->p[i];
		if (!(c >= '0' && c <= '9') && !(blank && !i && c == ' '))
			return false;
		*v = *v * 10 + (c == ' ' ? 0 : c - '0');
	}
	*text = (struct str){text->p + n, text->n - n};
	return true;
}

static bool month(struct str *text, int *v)
{
	for (*v = 1; text->n >= 3 && *v <= 12; ++*v)
		if (!memcmp(text->p, months + 3 * (*v - 1), 3)) {
			*text = (struct str){text->p + 3, text->n - 3};
			return true;
		}
	return false;
}

static bool letters(struct str *text)
{
	size_t n = 0;
	while (n < text->n && ((text->p[n] >= 'A' && text->p[n] <= 'Z') || (text->p[n] >= 'a' && text->p[n] <= 'z')))
		n++;
	*text = (struct str){text->p + n, text->n - n};
	return n >= 3 && n <= 9;
}

static bool literal(struct str *text, char c)
{
	if (!text->n || *text->p != c)
		return false;
	*text = (struct str){text->p + 1, text->n - 1};
	return true;
}

struct parts {
	int year, month, day, hour, minute, second;
};

static bool one(char kind, struct str *text, struct parts *p)
{
	switch (kind) {
	case '*': return letters(text);
	case 'D': return digits(text, 2, false, &p->day);
	case 'd': return digits(text, 2, true, &p->day);
	case 'h': return digits(text, 2, false, &p->hour);
	case 'm': return digits(text, 2, false, &p->minute);
	case 's': return digits(text, 2, false, &p->second);
	case 'Y': return digits(text, 4, false, &p->year);
	case 'y': return digits(text, 2, false, &p->year);
	case 'N': return month(text, &p->month);
	default: return literal(text, kind);
	}
}

static bool matches(const char *pattern, struct str text, struct parts *p)
{
	*p = (struct parts){0};
	while (*pattern)
		if (!one(*pattern++, &text, p))
			return false;
	if (p->year < 100)
		p->year += p->year < 70 ? 2000 : 1900;
	return !text.n && p->day >= 1 && p->day <= calendar_length(p->year, p->month) && p->hour < 24 && p->minute < 60 && p->second <= 60;
}

bool moment_http(struct str text, int64_t *ms)
{
	struct parts p;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		if (!matches(patterns[i], text, &p))
			continue;
		*ms = calendar_days(p.year, p.month, p.day) * DAY_MS + p.hour * HOUR_MS + p.minute * MINUTE_MS + p.second * 1000;
		return true;
	}
	return false;
}
