/* usage — what an app stores, counted in the transaction that changes it, and held against its quota when it grows. The
 * owner gets a notice when it has grown past 80 % of it. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include "store/scope.h"

/* A change of what an app has. */
struct used {
	int64_t bytes; /* of rows and keys, and of what is written down about files */
	int64_t rows;
	int64_t files; /* bytes of files */
};

/* ERR_QUOTA_EXCEEDED only for what grows, so that deleting always works. */
int usage_change(struct db *db, const struct scope *sc, struct used by);
int usage_add(struct db *db, const struct scope *sc, int64_t bytes, int64_t rows);
/* What an app is charged for, and what a recount finds. */
int usage_recount(struct db *db, const char *app_id, struct used *is, struct used *should);

#endif
