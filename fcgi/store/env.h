/* env — what the owner told an app: values of names in its manifest, sealed in the database.
 *
 * The key is derived from the node secret, which lies in the same file: whoever
 * has all of data.db has the values. Sealing keeps them out of sight of whoever
 * looks at the table, a log or an export, and a row moved to another app, name or host
 * does not open. Writers are called inside a transaction, and bump the app's rev,
 * so that its cells are told.
 */
#ifndef STORE_ENV_H
#define STORE_ENV_H

#include "store/db.h"

#define ENV_VALUE (16 * KIB)
#define ENV_TOTAL (64 * KIB) /* of one app */

struct env_value {
	const char *name;
	struct str value; /* STR_NONE where it does not open */
	const char *host; /* the only one it is for, as it was set; empty: it is the app's */
	int64_t changed;
};

/* By name; their number, or -ERR_*. Everything lives in the arena. */
int env_list(struct db *db, struct arena *a, const char *app_id, struct env_value **list);
int env_set(struct db *db, const char *app_id, const char *name, const char *host, struct str value); /* ERR_TOO_LARGE */
int env_unset(struct db *db, const char *app_id, const char *name); /* ERR_NOT_FOUND */

#endif
