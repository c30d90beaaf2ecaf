/* egress — bytes an app exchanges with other servers, counted by day (of UTC). */
#ifndef STORE_EGRESS_H
#define STORE_EGRESS_H

#include "store/db.h"

int64_t egress_today(struct db *db, const char *app_id, int64_t now);
int egress_add(struct db *db, const char *app_id, int64_t now, int64_t bytes); /* in a transaction */
int64_t egress_renewed(int64_t now); /* seconds until the count begins anew */

#endif
