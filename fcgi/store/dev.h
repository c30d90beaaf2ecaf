/* dev — apps in development, and the pieces of files that were pushed for one of them and belong to no package yet.
 *
 * Somebody who develops an app holds a lease on it and renews it; when it has run out, the app is as any other.
 * Pieces stand under the hash of the whole file; what no push used in PIECE_MS is reaped by the next one.
 * Writers are called inside a transaction.
 */
#ifndef STORE_DEV_H
#define STORE_DEV_H

#include "base/crypt.h"
#include "store/db.h"

#define LEASE_MOST_MS 600000      /* a lease that ends much later was made before the clock was set back */
#define PIECE_MS 3600000ll        /* an unfinished push is forgotten after this */
#define PIECES_BYTES (40ll * MIB) /* of all unfinished pushes, */
#define PIECE_COST 200            /* and what a piece costs besides its bytes */

struct dev_row {
	int64_t until;
	const char *problem; /* of the last save, "" when it was fine */
};

/* Does a lease of this app run at `now`? Then its row, in the arena; NULL otherwise. */
struct dev_row *dev_get(struct db *db, struct arena *a, const char *app_id, int64_t now);
int dev_lease(struct db *db, const char *app_id, int64_t until, struct str problem);
int dev_end(struct db *db, const char *app_id);
int dev_solved(struct db *db, const char *app_id); /* a version was switched to: no problem is left */

int piece_store(struct db *db, const unsigned char object[HASH_LEN], int64_t at, struct str bytes);
/* ERR_TOO_LARGE when all of them together are more than PIECES_BYTES. */
int pieces_bound(struct db *db);
int pieces_reap(struct db *db, int64_t before);
int pieces_drop(struct db *db, const unsigned char object[HASH_LEN]);
/* The bytes of a file, from its pieces or from a package of the app of that name, installed or waiting, in the arena: what
 * other apps have is nobody's to ask for by its hash. *found false: it is not there, or its pieces are not all of it. */
int pieces_join(struct db *db, struct arena *a, const char *app, const unsigned char object[HASH_LEN], struct str *bytes, bool *found);

#endif
