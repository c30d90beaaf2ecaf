/* cursor — where the next page begins, as opaque text. It carries no authority: the rules are applied to every page
 * anew. A MAC binds it to the listing it came from (app, caller, collection, query …), so an edited or borrowed one
 * is refused.
 */
#ifndef STORE_CURSOR_H
#define STORE_CURSOR_H

#include "base/buf.h"
#include "store/db.h"
#include "store/scope.h"

/* What a listing is: anything that must be the same on the next page, in parts. */
struct listing {
	const struct scope *scope;
	const char *kind; /* docs, kv */
	struct str what;  /* collection, or prefix */
	struct str query; /* canonical text of query and order */
	const char *reader; /* the id of another app that reads, or NULL */
};

void cursor_make(struct store *s, const struct listing *l, struct str place, struct buf *out);
/* ERR_BAD_CURSOR. The place lives in the arena. */
int cursor_read(struct db *db, const struct listing *l, struct str cursor, struct arena *a, struct str *place);

#endif
