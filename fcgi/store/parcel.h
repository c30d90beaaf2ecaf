/* parcel — content that comes in pieces of any size, inside one transaction, and is what its hash says or nothing.
 *
 *     err = parcel_begin(&p, db, size, hex)       // what it says it is
 *     err = parcel_add(&p, bytes) …
 *     err = parcel_end(&p, hash)                  // an object, and a reference to it that is the caller's
 *     parcel_release(&p)                          // its memory, whatever happened; {0} is nothing
 *
 * ERR_BAD_SOURCE for what is longer, shorter or other than it says; ERR_DISK_FULL before it gets that far. Of what failed
 * the caller's rollback leaves nothing. A begun one may be begun again. Memory: CHUNK_BYTES.
 */
#ifndef STORE_PARCEL_H
#define STORE_PARCEL_H

#include "store/object.h"

struct parcel {
	struct db *db; /* all of it private */
	int64_t size, received;
	char hash[2 * HASH_LEN + 1];
	unsigned char body[HASH_LEN];
	struct hashing hashing;
	char *window;
	size_t n;
};

int parcel_begin(struct parcel *p, struct db *db, int64_t size, struct str hash);
int parcel_add(struct parcel *p, struct str bytes);
int parcel_end(struct parcel *p, unsigned char hash[HASH_LEN]);
void parcel_release(struct parcel *p);

#endif
