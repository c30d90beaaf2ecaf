/* lend — the connections of a store, lent to one borrower each: STORE_CONNECTIONS at once, and one more to whoever has the write lock.
 *
 * They are made by the borrowers when first needed, and kept. Everybody waits for the one who has the write lock, who waits for no reader.
 */
#ifndef STORE_LEND_H
#define STORE_LEND_H

#include <pthread.h>

#include "store/conn.h"

struct lender {
	pthread_mutex_t mutex;
	pthread_cond_t returned, returned_first;
	struct conn *idle;
	int lent;
	bool first; /* the one who has the write lock waits for one */
};

enum lend {
	LEND_ANEW,  /* to a new borrower */
	LEND_AGAIN, /* to one that had one before, which is still there: none is made for it, as that can fail */
	LEND_FIRST, /* to such a one while it has the write lock */
};

void lend_init(struct lender *l);
void lend_free(struct lender *l); /* and what is not lent */
void lend_add(struct lender *l, struct conn *c);
/* Waits for one. NULL: the borrower makes one, which counts as lent from here on. */
struct conn *lend_take(struct lender *l, enum lend how);
bool lend_left(struct lender *l); /* would a new borrower have one at once? */
void lend_give(struct lender *l, struct conn *c); /* back; NULL: none could be made */

#endif
