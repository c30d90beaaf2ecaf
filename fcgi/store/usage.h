/* usage — what an app stores, counted in the transaction that changes it, and held against its quota when it grows. */
#ifndef STORE_USAGE_H
#define STORE_USAGE_H

#include "store/scope.h"

/* ERR_QUOTA_EXCEEDED only for what grows, so that deleting always works. */
int usage_add(struct db *db, const struct scope *sc, int64_t bytes, int64_t rows);

#endif
