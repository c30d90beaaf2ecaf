/* object — content under its BLAKE2b hash, stored once, in chunks of CHUNK_BYTES, and counted by what refers to it:
 * files of packages, blobs, finished uploads.
 *
 * Whoever stores or adopts an object holds one reference, hands it on to a row, and lets go of it with that row
 * (object_release, or in SQL for many at once), then calls object_sweep; all in the transaction that changes the
 * rows. What nobody refers to is gone at once as far as anyone can tell; the chunks of large ones go a few at a time
 * (object_reap), so that no transaction is as long as a film.
 *
 * A body is the chunks under a key. Content that is there whole is stored under its hash; content that comes in
 * pieces is written under a random key first and adopted when its hash is known.
 */
#ifndef STORE_OBJECT_H
#define STORE_OBJECT_H

#include "base/crypt.h"
#include "store/db.h"

#define CHUNK_BYTES MIB

struct object {
	unsigned char hash[HASH_LEN];
	unsigned char body[HASH_LEN]; /* its key */
	int64_t size;
};

/* ---- in a transaction ---- */

int object_store(struct db *db, const unsigned char hash[HASH_LEN], struct str bytes);
/* The body becomes the object, or garbage when the object is there already. */
int object_adopt(struct db *db, const unsigned char hash[HASH_LEN], const unsigned char body[HASH_LEN], int64_t size);
/* One reference more to an object that is there, which is *o. ERR_CORRUPT when it is not. */
int object_share(struct db *db, const unsigned char hash[HASH_LEN], struct object *o);
int object_release(struct db *db, const unsigned char hash[HASH_LEN]);
int object_sweep(struct db *db);
/* Chunk seq of a body, put or put anew: every one but the last is CHUNK_BYTES long. */
int body_put(struct db *db, const unsigned char body[HASH_LEN], int64_t seq, struct str bytes);
int body_drop(struct db *db, const unsigned char body[HASH_LEN]);

/* ---- reading ---- */

int object_find(struct db *db, const unsigned char hash[HASH_LEN], struct object *o); /* ERR_CORRUPT: rows name it, and it is not there */
bool object_gone(struct db *db, const unsigned char hash[HASH_LEN]); /* there is none; false where that cannot be said */
/* One chunk: borrowed from the statement until stmt_done(*s). ERR_CORRUPT when it is not there. */
int body_chunk(struct db *db, const unsigned char body[HASH_LEN], int64_t seq, struct stmt **s, struct str *bytes);

/* ---- from time to time, in transactions of its own ---- */

/* Removes some chunks that nobody refers to: true when there may be more. */
bool object_reap(struct db *db);

#endif
