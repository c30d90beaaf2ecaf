/* notice — what the owner should know: a table of a few hundred rows that the dashboard and fazt-admin show, and a notification
 * to their devices when one is new. notice_add is the one place where the kernel speaks to its owner; what it may say where is
 * notice.def.
 *
 * A notice is added in the transaction that causes it, or in one of its own where there is none, so nobody is told of
 * what did not happen. The same kind about the same app and topic is the same row, which counts how often; it is news again,
 * unseen and on their devices, when it comes back after NOTICE_AGAIN_MS without it, and when it goes on and the owner has heard
 * and seen nothing of it for NOTICE_STILL_MS. So a flood costs one row and rings once a day, and beyond NOTICE_ROWS the longest
 * unchanged ones go.
 */
#ifndef STORE_NOTICE_H
#define STORE_NOTICE_H

#include "store/db.h"

#define NOTICE_ROWS 500
#define NOTICE_AGAIN_MS (60 * 60 * 1000ll)
#define NOTICE_STILL_MS (24 * NOTICE_AGAIN_MS)

enum notice_kind {
#define NOTICE(name, kind, priority, push) NOTICE_##name,
#include "store/notice.def"
#undef NOTICE
};

struct notice {
	const char *id, *kind, *app_id, *topic, *title, *body;
	const char *app; /* read: the name of the installed app, or NULL */
	int64_t times, created, changed, seen; /* moments; created: when it was news last; seen 0: not yet */
};

/* app_id and topic may be empty. title and body are the owner's to read, on the dashboard. */
int notice_add(struct db *db, enum notice_kind kind, const char *app_id, const char *topic, const char *title, const char *body);
/* Of this app there is nothing of the kind any more. */
int notice_over(struct db *db, enum notice_kind kind, const char *app_id);
/* Newest first; their number, or -ERR_*. */
int notice_list(struct db *db, struct arena *a, struct notice **list);
int64_t notice_unseen(struct db *db);
/* Seen, or away: one, or with an empty id all of them. ERR_NOT_FOUND. */
int notice_seen(struct db *db, struct str id);
int notice_clear(struct db *db, struct str id);

#endif
