/* portable — an app as one stream: its package, its rows, or both.
 *
 * One format (codec/record.h) for everything that copies an app: exports, the
 * snapshot before an upgrade, and — without the detour over text — the copy of
 * an app's rows for a trial. All of it in constant memory. Files are rows, and their content comes along, once
 * where several have the same; only in a snapshot it stays where it is.
 *
 *     portable_write    an app of this node → text
 *     portable_read     text → records, each checked, the whole checked at its end
 *     portable_rows     a record into an app, its people mapped
 *     portable_copy     the rows of an app of one node into an app of another, or of the same
 *
 * Rows carry public ids, which are different for every app and node. A person
 * who is not in the map keeps an id that nobody has here: the row is there, and
 * out of everyone's reach.
 */
#ifndef KERNEL_PORTABLE_H
#define KERNEL_PORTABLE_H

#include "kernel/node.h"
#include "kernel/principal.h"
#include "store/apps.h"
#include "store/copy.h"

/* ---- text ---- */

typedef int portable_write_fn(void *arg, struct str bytes); /* 0 or ERR_*, worded */
/* At most room bytes; *n 0: the end. */
typedef int portable_read_fn(void *arg, char *p, size_t room, size_t *n);

/* What to write: the files of app->package, the rows, or both. count may be NULL. */
#define PORTABLE_CODE 1
#define PORTABLE_DATA 2
#define PORTABLE_OBJECTS 4 /* content of files is named only: for whoever reads it in the same database */
int portable_write(struct node *n, struct db *db, const struct app_row *app, int what, portable_write_fn *to, void *arg,
		   struct copy_count *count);

/* Every record but the last to `to`, which answers 0 or an error worded in f. ERR_BAD_SOURCE for anything that is not a
 * whole stream, with its line: what was handed out until then must be thrown away. */
int portable_read(portable_read_fn *from, void *arg, record_fn *to, void *to_arg, struct fault *f);

/* ---- people ---- */

struct portable_people {
	int n;
	struct portable_person {
		char from[PUBLIC_ID_LEN + 1], to[PUBLIC_ID_LEN + 1];
	} *person;
	const char *owner; /* a public id that gets the docs and files of everyone unknown, or NULL */
	int64_t unknown;   /* out: docs, shares, keys and files whose person stays unknown */
};

/* Every account of `from` as it is known to from_app becomes the account of that name in `to` as known to to_app. */
int portable_same_people(struct node *from, const char *from_app, struct node *to, const char *to_app, struct arena *a,
			 struct portable_people *p, struct fault *f);

/* ---- rows ---- */

struct portable_rows {
	struct copy *copy;
	struct portable_people *people; /* NULL: ids stay as they are */
};
int portable_rows(void *rows, const struct record *r); /* a record_fn */
int portable_limits(struct node *n, struct db *db, const char *app_id, struct copy_limits *limits); /* an app's quota, for copy_begin */

/* The rows of one app into another, which must have none, in one transaction of `to`. n says what was left out. */
int portable_copy(struct node *from, const char *from_app, struct node *to, const char *to_app, struct portable_people *people,
		  const struct copy_bounds *bounds, struct copy_count *n, struct fault *f);

/* ---- snapshots: the rows of an app, kept in the database ---- */

/* The rows as they are, for the version that serves; in the transaction that ends its serving. */
int portable_snapshot(struct node *n, struct db *db, const struct app_row *app);
/* The rows as they were, and which migrations they had been through, into an app that was cleared; in a transaction. */
int portable_restore(struct db *db, const char *app_id);

#endif
