/* row — one document as the database has it: reserved columns, and the app's own fields as JSON text.
 *
 * A body never contains the reserved names: they are columns, are ignored on
 * write (except parent, on insert) and are put in front when a row is written
 * out. Values are kept as the bytes that came; only what changes is rewritten.
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "base/arena.h"
#include "base/buf.h"

#define ROW_BYTES (256 * KIB) /* of a body */
#define ROW_FIELDS 1000       /* at its top level */
#define ROW_VALUES 9994       /* in all of it, so that with its columns it is one that a cell can encode (cell/json.h) */
#define ROW_DEPTH 56          /* so that a list of rows still fits JSON_DEPTH */
#define ROW_COST 128          /* what a row costs its app beside the body */

struct row {
	struct str id, owner, parent; /* owner and parent: empty for none */
	int64_t created, updated, rev;
	struct str body;
};

/* The reserved columns by name. */
enum column { COLUMN_NONE, COLUMN_ID, COLUMN_OWNER, COLUMN_PARENT, COLUMN_CREATED, COLUMN_UPDATED, COLUMN_REV };
enum column column_by_name(struct str name);

/* The fields of a document as an app sent it, in their order, each name once (the last one counts). */
struct fields {
	int n;
	struct field {
		struct str name;  /* unescaped */
		struct str value; /* raw JSON */
	} *field;
	struct str parent; /* doc.parent where it is a string */
};
/* ERR_BAD_REQUEST for anything but an object, ERR_TOO_LARGE, ERR_TOO_DEEP. Borrows text. */
int fields_parse(struct arena *a, struct str text, struct fields *f, struct fault *fault);
/* changes put over old; a null removes the field. ERR_TOO_LARGE above ROW_FIELDS. */
int fields_merge(struct arena *a, struct fields *old, const struct fields *changes, struct fault *fault);
/* The body: ERR_TOO_LARGE above ROW_BYTES. */
int fields_body(struct arena *a, const struct fields *f, struct str *body, struct fault *fault);
/* ERR_TOO_LARGE for a new body above ROW_VALUES; what has more already is still read, copied and restored. */
int row_check(struct str body, struct fault *fault);
/* Is a value, known to be valid JSON, nested deeper than ROW_DEPTH? */
bool row_too_deep(struct str value);

/* Append the row as the app sees it. names: only these fields (and the id); NULL: all. */
void row_write(struct buf *b, const struct row *r, const struct str *names, int n);

#endif
