/* audit — what was done, by whom, and how it ended.
 *
 * One row each, written in the transaction it tells of where there is one. The newest AUDIT_ROWS are kept.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "base/buf.h"
#include "store/db.h"

#define AUDIT_ROWS 100000

struct audit {
	const char *actor;  /* a user id, "app", "shell", or "" */
	const char *app_id; /* or "" */
	const char *action; /* app.consent */
	const char *target;
	int err;            /* 0: it worked */
	struct str detail;  /* JSON, or STR_NONE */
};

int audit_add(struct db *db, const struct audit *a);
/* The newest first, at most limit, as a JSON array of objects. app_id NULL: of all. */
int audit_list(struct db *db, const char *app_id, int limit, struct buf *out);

#endif
