#include "base/now.h"

#include <stdatomic.h>
#include <stdio.h>

static _Atomic int64_t shift;

static int64_t read_clock(clockid_t id, int64_t per_second)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * per_second + t.tv_nsec / (1000000000 / per_second);
}

int64_t now_ms(void)
{
	return read_clock(CLOCK_REALTIME, 1000) + atomic_load_explicit(&shift, memory_order_relaxed);
}

int64_t mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000);
}

struct timespec mono_at(int64_t us)
{
	return (struct timespec){.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

void now_shift(int64_t ms)
{
	atomic_store(&shift, ms);
}

int64_t now_shifted(void)
{
	return atomic_load(&shift);
}

static struct tm split(int64_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm t;
	gmtime_r(&s, &t);
	return t;
}

char *now_iso(int64_t ms, char text[25])
{
	struct tm t = split(ms);
	snprintf(text, 25, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)(t.tm_year + 1900) % 10000u,
		 (unsigned)(t.tm_mon + 1) % 100u, (unsigned)t.tm_mday % 100u, (unsigned)t.tm_hour % 100u,
		 (unsigned)t.tm_min % 100u, (unsigned)t.tm_sec % 100u, (unsigned)(ms % 1000) % 1000u);
	return text;
}

char *now_http(int64_t ms, char text[30])
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm t = split(ms);
	snprintf(text, 30, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + 3 * t.tm_wday,
		 (unsigned)t.tm_mday % 100u, months + 3 * t.tm_mon, (unsigned)(t.tm_year + 1900) % 10000u,
		 (unsigned)t.tm_hour % 100u, (unsigned)t.tm_min % 100u, (unsigned)t.tm_sec % 100u);
	return text;
}
