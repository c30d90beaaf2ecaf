/* now — the one clock of the kernel.
 *
 * Moments are wall-clock milliseconds since 1970 (now_ms) and may jump; deadlines
 * are monotonic milliseconds (mono_ms) and never do. Tests and previews move
 * now_ms by an offset; nothing else in Fazt asks the system what time it is.
 */
#ifndef BASE_NOW_H
#define BASE_NOW_H

#include <stdint.h>
#include <time.h>

int64_t now_ms(void);
int64_t mono_ms(void);
int64_t mono_us(void);
struct timespec mono_at(int64_t us); /* a moment of mono_us, for calls that wait until one of CLOCK_MONOTONIC */
void now_shift(int64_t ms); /* the offset of this process, for tests and trials */
int64_t now_shifted(void);  /* what it is */

/* "2026-11-21T10:15:30.123Z"; text has room for 25 bytes. */
char *now_iso(int64_t ms, char text[25]);
/* "Sat, 21 Nov 2026 10:15:30 GMT" (RFC 9110 §5.6.7); text has room for 30 bytes. */
char *now_http(int64_t ms, char text[30]);

#endif
