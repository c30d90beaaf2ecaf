/* limit — what the owner allows one app where that is not what the settings say. The names are those of
 * kernel/budget.def; what has no row here is as in the settings.
 *
 * Writers are called inside a transaction and bump the app's rev.
 */
#ifndef STORE_LIMIT_H
#define STORE_LIMIT_H

#include "store/db.h"

typedef void limit_fn(void *arg, struct str name, int64_t value);
int limit_each(struct db *db, const char *app_id, limit_fn *fn, void *arg);
int limit_set(struct db *db, const char *app_id, const char *name, int64_t value);
int limit_clear(struct db *db, const char *app_id, const char *name); /* NULL: all of them */

#endif
