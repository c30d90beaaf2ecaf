#include "codec/moment.h"

#include "base/now.h"
#include "tap.h"

static void is_moment(const char *text, const char *want)
{
	int64_t ms = 0;
	char iso[25] = "none";
	if (moment_http(str_of(text), &ms))
		now_iso(ms, iso);
	iso[want ? strlen(want) : 4] = 0;
	is_str(iso, want ? want : "none", "%s", text);
}

int main(void)
{
	is_moment("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37");
	is_moment("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37");
	is_moment("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37");
	is_moment("Thu, 29 Feb 2024 23:59:60 GMT", "2024-03-01T00:00:00");
	is_moment("Thursday, 26-Nov-26 00:00:00 GMT", "2026-11-26T00:00:00");
	static const char *const none[] = {"", "tomorrow", "120", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ", "Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Thu, 29 Feb 2023 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 CET", "1994-11-06T08:49:37Z", "S, 06 Nov 1994 08:49:37 GMT", "Sun,"};
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		is_moment(none[i], NULL);
	return done_testing();
}
