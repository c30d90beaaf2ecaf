/* arena — memory that lives as long as one request, and is given back whole.
 *
 *     struct arena *a = arena_new();
 *     char *s = arena_printf(a, "%s/%d", name, n);
 *     arena_defer(a, close_it, it);      // cleanups run last-in first-out
 *     arena_reset(a);                    // run cleanups, keep a little memory for the next request
 *     arena_free(a);
 *
 * A function that allocates takes the arena first, so its signature says so.
 * Nothing here fails: out of memory ends the process (die()).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>

#include "base/text.h"

struct arena;

struct arena *arena_new(void);
void arena_reset(struct arena *a);
void arena_free(struct arena *a); /* NULL is fine */

void *arena_alloc(struct arena *a, size_t n); /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_cstr(struct arena *a, struct str s); /* NUL-terminated copy */
struct str arena_str(struct arena *a, struct str s); /* copy, NUL-terminated as well */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);

void arena_defer(struct arena *a, void (*fn)(void *), void *arg);

#define NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))

#endif
