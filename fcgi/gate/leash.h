/* leash — what ends a cell whose time is up, while the thread that talks to it is blocked in a read.
 *
 * A leash is the write end of a pipe: once it is closed the kernel kills the cell (base/confine.h), and whoever waits
 * for the cell reads an end of file. One thread of the process looks at the deadlines of all leashes every
 * LEASH_LOOK_MS, and sleeps for good when none has one. So no read and no write of a conversation needs a time-out of
 * its own: a call of an app costs the worker one read and one write.
 */
#ifndef GATE_LEASH_H
#define GATE_LEASH_H

#include "base/base.h"

#define LEASH_LOOK_MS 20

struct leash {
	int fd;           /* -1: dropped */
	int64_t deadline; /* mono_ms; 0: none. Atomic */
	struct leash *next, **at;
};

/* The leash does not move in memory between leash_take and leash_drop. fd becomes the leash's to close; -1 is none. */
void leash_take(struct leash *l, int fd);
void leash_until(struct leash *l, int64_t deadline); /* 0: for as long as it likes */
void leash_drop(struct leash *l);                    /* the cell dies, if it has not yet; once, from one thread */

#endif
