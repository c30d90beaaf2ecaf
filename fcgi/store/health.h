/* health — whether data.db is in order: its pages, what is counted twice, and what rows say of each other.
 *
 * Each part can be looked at while everything runs; what it finds is a sentence each, HEALTH_MOST at most. Some can be
 * mended without losing anything: health_mend does that in a transaction of its own, whether it is necessary or not.
 * What the parts mean is in door/doctor.def.
 */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "store/db.h"

#define HEALTH_MOST 20

enum health {
	HEALTH_PAGES,      /* SQLite's own check of file and indexes */
	HEALTH_DANGLING,   /* rows about what is not there */
	HEALTH_USAGE,      /* what apps are charged for: mended by counting again */
	HEALTH_REFERENCES, /* how many refer to an object: mended likewise */
	HEALTH_CONTENT,    /* content that is not there, or not what its hash says; reads all of it */
	HEALTH_ORPHANS,    /* content that nobody has: mended by leaving it to the reaper */
	HEALTH_SETTINGS,   /* values no setting admits: mended by their default */
	HEALTH_CLOCK,      /* moments that have not come yet: mended by giving what was given then its time from now on */
};

typedef void health_fn(void *arg, const char *what);

int health_look(struct db *db, enum health part, health_fn *found, void *arg);
int health_mend(struct db *db, enum health part); /* ERR_UNSUPPORTED where that is nobody's to do */

#endif
