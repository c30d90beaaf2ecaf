/* upload — bytes that arrived and belong to nobody yet: parts of forms, and files that are sent in pieces.
 *
 * Each piece is at most CHUNK_BYTES and written in a transaction of its own, so an upload of any size costs a
 * constant amount of memory and survives a crash up to its last piece. It counts in the app's quota from its first
 * byte. Nobody but its owner, in the same app, may go on with it, take it or see that it is there: a person, the app
 * (""), or one request of a stranger ("!" and its id). What nobody has taken after UPLOAD_MS is gone.
 *
 *     upload_create(db, sc, u)                        id and key are made
 *     upload_save(db, sc, u, window, last)            the chunk under way, as far as it came; again when it is longer
 *     upload_take(db, sc, owner, id, a, u)            in a transaction: the row is gone, its object is the caller's
 */
#ifndef STORE_UPLOAD_H
#define STORE_UPLOAD_H

#include "base/id.h"
#include "store/object.h"
#include "store/scope.h"

#define UPLOAD_MS 86400000ll

struct upload {
	char id[ID_LEN + 1];
	struct str owner;
	struct str name, type;
	int64_t length;   /* -1: not said */
	int64_t received; /* and stored */
	bool finished;
	int64_t created;
	unsigned char body[HASH_LEN];
	unsigned char object[HASH_LEN]; /* when finished */
	struct hashing hashing;
};

/* Owner, name, type and length are set. */
int upload_create(struct db *db, const struct scope *sc, struct upload *u);
/* window: everything of the chunk that u->received stands in, from the chunk's first byte; at most CHUNK_BYTES. last:
 * this is all of it. ERR_CONFLICT: somebody else has gone on with it meanwhile. */
int upload_save(struct db *db, const struct scope *sc, struct upload *u, struct str window, bool last);
/* The row, in the arena. 1, 0 or -ERR_*. */
int upload_get(struct db *db, const struct scope *sc, struct str owner, struct str id, struct arena *a, struct upload *u);
/* The part of the last chunk that is there, appended to window: for going on. */
int upload_resume(struct db *db, const struct upload *u, char *window, size_t *n);
int upload_take(struct db *db, const struct scope *sc, struct str owner, struct str id, struct arena *a, struct upload *u);
int upload_drop(struct db *db, const struct scope *sc, const struct upload *u);
/* Everything of one owner: what a stranger's request leaves behind. */
int upload_drop_all(struct db *db, const struct scope *sc, struct str owner);
/* Of all apps, those that are older than UPLOAD_MS, a few. True when there may be more. */
bool upload_reap(struct db *db);

#endif
