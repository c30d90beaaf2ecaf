/* place — one of few (PLACES, of each kind), in this worker, for requests whose client may take its time. No person and no network of strangers has all of
 * them, and the last ones are for those who have none.
 *
 *     static struct places places = PLACES_INIT;
 *     int place = place_take(&places, r);       // -1: there is none for this client now
 *     …
 *     place_leave(&places, place);
 */
#ifndef KERNEL_PLACE_H
#define KERNEL_PLACE_H

#include <pthread.h>

#include "kernel/req.h"
#include "kernel/threads.h"

#define PLACES_ONE 8      /* of one person, or of all strangers together, */
#define PLACES_STRANGER 3 /* and of those with one address, or of one network of IPv6 */
#define PLACES_LAST 4     /* for those who have none */

struct places {
	pthread_mutex_t lock;
	struct place {
		bool taken, stranger;
		char who[48]; /* a person, or where a stranger is */
	} place[PLACES];
};
#define PLACES_INIT {.lock = PTHREAD_MUTEX_INITIALIZER}

int place_take(struct places *all, const struct req *r);
void place_leave(struct places *all, int place);

#endif
