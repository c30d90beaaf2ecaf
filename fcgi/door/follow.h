/* follow — a command that looks again and again and prints what is new: until there is no more, Ctrl-C, an error, or nobody
 * reads its output any more. */
#ifndef DOOR_FOLLOW_H
#define DOOR_FOLLOW_H

#include "door/admin.h"

/* One look; *more becomes false when there is nothing to wait for. What it allocates goes with it: this may run for days. */
typedef int follow_fn(struct admin *a, void *arg, bool *more);

/* Looks every so many milliseconds, and earlier when watch (a file descriptor, or -1) says so. */
int follow(struct admin *a, int watch, int ms, follow_fn *look, void *arg);
/* False: nobody reads it. */
bool follow_print(const struct buf *b);

#endif
