/* copy — all rows, shares, keys and files of one app, out and in as they are: for exports, snapshots and trials.
 *
 * The kernel's own way past the rules, like purging; nothing here ever answers a
 * caller. Out goes one record (codec/record.h) after the other; db_look makes them
 * of one moment. In comes each of them as if a stranger had typed it: bodies are parsed as
 * storage.docs does, slots are filled, the quota is kept, content is what its hash says.
 *
 *     struct copy *c = copy_begin(db, app_id, &limits);               // in a transaction
 *     err = copy_in(c, &record);                                      // …
 *     err = copy_end(c, err);                                         // counts what came; frees
 */
#ifndef STORE_COPY_H
#define STORE_COPY_H

#include "codec/record.h"
#include "store/db.h"

struct copy_count {
	int64_t docs, shares, keys, bytes;
	int64_t files, content;             /* of all files, what they have in common once for each */
	int64_t left_out, files_left_out;   /* beyond the bounds that were asked for */
};

/* How much goes out; 0 is no bound. */
struct copy_bounds {
	int64_t newest;  /* docs of each collection */
	int64_t file;    /* bytes: larger files are left out, */
	int64_t content; /* and those behind so many bytes of content */
};

/* What may come in. */
struct copy_limits {
	int64_t bytes, rows, files; /* the quota */
	bool objects;               /* content that stayed in this database, of a snapshot's: never of a stranger's */
};

typedef int record_fn(void *arg, const struct record *r); /* 0, or an error that ends it */

/* newest: how many docs of each collection, 0 for all. Strings of a record are borrowed until the next. */
int copy_out(struct db *db, const char *app_id, int64_t newest, record_fn *to, void *arg, struct copy_count *n);

/* The files: content by content, each before those that have it. objects: the content stays, and is named only. Adds to *n. */
int copy_files(struct db *db, const char *app_id, const struct copy_bounds *bounds, bool objects, record_fn *to, void *arg,
	       struct copy_count *n);

/* Everyone that rows, shares, keys and files name: records "person" without a name. */
int copy_people(struct db *db, const char *app_id, record_fn *to, void *arg);

struct copy *copy_begin(struct db *db, const char *app_id, const struct copy_limits *limits);
/* Takes docs, shares, keys and files with their content, passes over others. ERR_CONFLICT what is there already,
 * ERR_QUOTA_EXCEEDED, ERR_BAD_SOURCE for content that is not what it says, and the errors of storage.docs. */
int copy_in(struct copy *c, const struct record *r);
/* The doc of that collection and id, if it is still of that rev, gets this body with its slots and counts its rev up; body
 * "null": it is only looked at. 1 it was there, 0 it has changed or gone, or -ERR_*. */
int copy_rewrite(struct copy *c, const struct record *r);
int copy_end(struct copy *c, int err);
const struct copy_count *copy_counts(const struct copy *c);

/* The docs of one collection, those of one owner together: records as copy_out hands them out. */
int copy_by_owner(struct db *db, const char *app_id, const char *collection, record_fn *to, void *arg);
int64_t copy_count_docs(struct db *db, const char *app_id, const char *collection); /* or -ERR_* */

/* Everything that copy_out would hand out is gone, in the transaction that is open; declared indexes stay. */
int copy_clear(struct db *db, const char *app_id);
/* Docs and files that came or changed since. */
int copy_since(struct db *db, const char *app_id, int64_t moment, int64_t *added, int64_t *changed);

#endif
