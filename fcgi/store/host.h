/* host — hosts besides NAME.DOMAIN that an app answers at.
 *
 * Writers are called inside a transaction; they touch the epoch, because who
 * answers where is part of what every process remembers.
 */
#ifndef STORE_HOST_H
#define STORE_HOST_H

#include "store/db.h"

#define HOSTS_APP 20 /* one app's */

struct host_row {
	const char *host, *app_id, *app; /* app: its name */
};

/* The id of the app at this host, or NULL; in the arena. */
const char *host_app(struct db *db, struct arena *a, struct str host);
/* Of one app, or all (""), in order of host; their number, or -ERR_*. Everything lives in the arena. */
int hosts_list(struct db *db, struct arena *a, const char *app_id, struct host_row **list);
int host_add(struct db *db, const char *app_id, const char *host); /* ERR_CONFLICT: it is somebody's; ERR_TOO_LARGE */
int host_remove(struct db *db, const char *app_id, const char *host); /* ERR_NOT_FOUND */

#endif
