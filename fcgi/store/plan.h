/* plan — how the rows of a query are found: which index narrows them, and in which order they come.
 *
 * Narrowing is only ever ANDed to the caller's predicate. It is chosen so that a
 * list costs the rows it may show, never other people's: a declared index is
 * used where every row in it is open to the caller or the index begins with the
 * owner or the parent; otherwise the rows of a caller are its own and the shared
 * ones.
 */
#ifndef STORE_PLAN_H
#define STORE_PLAN_H

#include "store/query.h"
#include "store/scope.h"
#include "store/slot.h"

enum narrow {
	NARROW_ID,     /* one row: d.id = :one */
	NARROW_SLOT,   /* a declared index from :lo up to, not including, :hi; or :lo alone */
	NARROW_PARENT, /* below :one */
	NARROW_OWNER,  /* of :one */
	NARROW_MINE,   /* own, shared, or below such a parent */
	NARROW_NONE,   /* the collection */
};

enum order { ORDER_ID, ORDER_SLOT, ORDER_KEY };

struct plan {
	enum narrow narrow;
	enum order order;
	bool budget;     /* the rows looked at are counted: no declared index narrows them */
	struct str one;
	const struct slot *slot;
	bool exact;      /* all fields of the slot are given: one key */
	struct str lo, hi;
	struct str prefix; /* of the slot's keys, before what the query sorts by */
	bool backward;   /* the slot is walked from its end */
};

void plan_query(struct arena *a, const struct scope *sc, const struct collection *c, const struct query *q,
		const struct slot *slots, int nslots, struct plan *p);
/* The index that would have helped, as it is written in app.json: "tag,-created". Empty: none would. */
struct str plan_advice(struct arena *a, const struct query *q);

#endif
