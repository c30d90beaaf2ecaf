/* slot — declared indexes. Each takes one of the columns k1…k4 (or u1, u2 when unique) of its collection's rows, filled
 * with the key of its fields, so that installing an app runs no DDL.
 *
 * The table `slots` is the truth, read in the transaction that writes a row:
 * a worker that still runs the previous version of an app fills the slots of
 * the next one all the same.
 *
 * A spec is kept so that its last field ascends (the index is walked backwards
 * otherwise), because ties are broken by id in the direction of the last field.
 */
#ifndef STORE_SLOT_H
#define STORE_SLOT_H

#include "store/conn.h"
#include "store/key.h"

#define SLOTS (COLLECTION_INDEXES + COLLECTION_UNIQUES)

struct slot {
	char name[3];  /* k1 … k4, u1, u2 */
	bool unique;
	bool by_owner; /* the owner stands before the fields */
	bool usable;   /* every row has it */
	const char *text;
	struct key_spec spec;
};

/* All slots of a collection; the number, or -ERR_*. */
int slots_load(struct db *db, struct arena *a, const char *app_id, const char *collection, struct slot list[SLOTS]);
/* The bytes for one row. False: the row has none (a unique index leaves out rows without all its fields). */
bool slot_key(const struct slot *s, const struct row *r, struct buf *b);

#endif
