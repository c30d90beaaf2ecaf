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
/* The bytes for one row. False: the row has none (a unique index leaves out rows without all its fields), and b no meaning. */
bool slot_key(const struct slot *s, const struct row *r, struct buf *b);

/* For a statement that writes a row with all its slots. */
#define SLOT_COLUMNS "k1, k2, k3, k4, u1, u2"
#define SLOT_VALUES ":k1, :k2, :k3, :k4, :u1, :u2"
#define SLOT_SETS "k1 = :k1, k2 = :k2, k3 = :k3, k4 = :k4, u1 = :u1, u2 = :u2"
void slots_bind(struct stmt *s, const struct slot *list, int n, const struct row *r);
/* err of having run it: where it is a conflict, the fault says which fields were not unique. */
int slots_written(struct db *db, const char *collection, const struct slot *list, int n, int err);

#endif
