/* threads — those of a worker, and how many of them each kind of waiting may hold. Whatever apps and clients do, some are left over for
 * the dashboard and for what is answered at once.
 */
#ifndef KERNEL_THREADS_H
#define KERNEL_THREADS_H

#include <assert.h>

#define THREADS 144         /* one for each connection of nginx */
#define THREADS_LEFT 8      /* for everything else */
#define THREADS_APPS 79     /* requests of apps: those that wait for a cell, and those that have one */
#define COPYING_MOST 16     /* files that are copied for nginx (kernel/cache) */
#define PLACES 16           /* for clients that may be slow (kernel/place): bodies on their way in (sys/intake), and as many for files on
			     * their way out that a worker sends itself (kernel/content) */
#define PASSWORD_QUEUE 8    /* those that wait for a password to be checked (kernel/password), beside the one that is */

static_assert(THREADS_APPS + 2 * PLACES + COPYING_MOST + PASSWORD_QUEUE + 1 + THREADS_LEFT <= THREADS, "threads are left over");

#endif
