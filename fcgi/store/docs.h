/* docs — rows of an app's collections: what storage.docs does, for any caller.
 *
 * Every function takes who asks (scope) and the rule (collection) and returns 0
 * or the error it worded in db's fault: ERR_NOT_FOUND for a row that is not
 * there or may not be read, ERR_DENIED (a stranger: ERR_UNAUTHORIZED) for one
 * that may be read and no more. Writes open their own transaction, or join the
 * one that is open; then the caller rolls back on an error. Results are
 * appended to out as JSON.
 */
#ifndef STORE_DOCS_H
#define STORE_DOCS_H

#include "base/buf.h"
#include "base/id.h"
#include "store/row.h"
#include "store/scope.h"

/* One caller's call on one collection. */
struct docs {
	struct db *db;
	struct arena *arena;
	const struct scope *scope;
	const struct collection *collection;
	int64_t scan_rows; /* rows a query may look at without an index */
	int64_t until;     /* mono_ms at which whoever asks is gone: a query ends then, if not before; 0: never */
	const char *reader; /* the id of another app that reads them, which then have no owner: ids are pairwise. NULL: their own */
};

/* id: of the new row; may be NULL. ERR_CONFLICT for a unique index, ERR_QUOTA_EXCEEDED. */
int docs_insert(const struct docs *d, struct str doc, char id[ID_LEN + 1], struct buf *out);
int docs_get(const struct docs *d, struct str id, struct buf *out); /* the document, or null */
int docs_find(const struct docs *d, struct str query, struct str opts, struct buf *out); /* {"items":[…],"cursor":…} */
int docs_count(const struct docs *d, struct str query, struct buf *out);
/* replace: changes are all its fields; else they are merged and a null removes. rev: only if it is this one; 0: any. */
int docs_update(const struct docs *d, struct str id, struct str changes, bool replace, int64_t rev, struct buf *out);
int docs_delete(const struct docs *d, struct str id); /* with its shares and everything below it */
/* who: a public id that exists, "members" or "anyone". level 0 ends it. Own rows only. */
int docs_share(const struct docs *d, struct str id, struct str who, int level);
int docs_shares(const struct docs *d, struct str id, struct buf *out); /* [{"who","level"}] */
int share_level(struct str word); /* read add change, or 0 */

/* Is the row's revision still this one for the caller (0: there is no such row)? ERR_CONFLICT. */
int docs_unchanged(const struct docs *d, struct str id, int64_t rev);

/* ---- declared indexes, at install ---- */

/* Give the declared indexes of all collections of an app their slots, in the transaction that installs the version.
 * Unique ones are filled at once: ERR_CONFLICT when two rows are equal, and the version must not be installed.
 * Others become usable by docs_backfill where the collection has rows. */
int docs_declare(struct db *db, const char *app_id, const struct collection *list, int n);
/* Fill the slots of rows that were there before, of all apps, in short transactions of its own. Cheap when there
 * are none; picks up what a killed process left. */
int docs_backfill(struct db *db);

/* ---- the kernel's own, never for a caller ---- */

int docs_purge(struct db *db, const char *app_id);   /* rows, shares, keys, slots and usage of an app */
int docs_recount(struct db *db, const char *app_id); /* usage from the rows themselves */

/* Columns 0…6 of a statement that selects ROW_COLUMNS; borrowed until its next row. */
struct stmt;
#define ROW_COLUMNS "d.id, d.owner, d.parent, d.created, d.updated, d.rev, d.body"
void docs_row(struct stmt *s, struct row *r);

/* For tests: SQLite's plan for a query, one step a line. */
char *docs_plan(const struct docs *d, struct str query, struct str opts);

#endif
