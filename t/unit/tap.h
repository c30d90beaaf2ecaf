/* tap — the four words a unit test needs, speaking TAP on stdout. */
#ifndef T_UNIT_TAP_H
#define T_UNIT_TAP_H

#include <stdio.h>
#include <string.h>

static int tap_count, tap_failed;

#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_is((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_is_int((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)

__attribute__((unused, format(printf, 4, 5))) static int tap_ok(int cond, const char *file, int line, const char *fmt, ...)
{
	char name[512];
	__builtin_va_list ap;
	__builtin_va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	__builtin_va_end(ap);
	printf("%sok %d - %s\n", cond ? "" : "not ", ++tap_count, name);
	if (!cond) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	return cond;
}

__attribute__((unused, format(printf, 5, 6))) static void tap_is(const char *got, const char *want, const char *file, int line, const char *fmt, ...)
{
	char name[512];
	__builtin_va_list ap;
	__builtin_va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	__builtin_va_end(ap);
	int same = got && want ? !strcmp(got, want) : got == want;
	if (!tap_ok(same, file, line, "%s", name))
		printf("# got  %s\n# want %s\n", got ? got : "(null)", want ? want : "(null)");
}

__attribute__((unused, format(printf, 5, 6))) static void tap_is_int(long long got, long long want, const char *file, int line, const char *fmt, ...)
{
	char name[512];
	__builtin_va_list ap;
	__builtin_va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	__builtin_va_end(ap);
	if (!tap_ok(got == want, file, line, "%s", name))
		printf("# got  %lld\n# want %lld\n", got, want);
}

__attribute__((unused)) static int done_testing(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed ? 1 : 0;
}

#endif
