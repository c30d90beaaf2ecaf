/* snapshot — an app's rows as they were when the version before the one that serves stopped serving: a stream of bytes
 * (kernel/portable) in pieces of a megabyte. The content of files stays where it is; a snapshot holds a reference to
 * each. An app has one at most. It does not count toward the app's quota.
 *
 *     struct snapshot_writer w = {.db = db, .app_id = id};    // in a transaction, after snapshot_drop
 *     snapshot_write(&w, bytes) …
 *     snapshot_finish(&w, version, rows)
 */
#ifndef STORE_SNAPSHOT_H
#define STORE_SNAPSHOT_H

#include "base/buf.h"
#include "store/db.h"

struct snapshot {
	int64_t version, taken, bytes, rows;
};

bool snapshot_get(struct db *db, const char *app_id, struct snapshot *s);
int snapshot_drop(struct db *db, const char *app_id);

struct snapshot_writer {
	struct db *db;
	const char *app_id;
	int64_t seq, bytes; /* private from here */
	struct buf part;
};
int snapshot_write(void *writer, struct str bytes); /* a portable_write_fn */
/* Also takes the references, to the content of all files the app has now. */
int snapshot_finish(struct snapshot_writer *w, int64_t version, int64_t rows);
void snapshot_release(struct snapshot_writer *w); /* its memory, after either */

struct snapshot_reader {
	struct db *db;
	const char *app_id;
	int64_t seq; /* private from here */
	struct buf part;
	size_t at;
};
int snapshot_read(void *reader, char *p, size_t room, size_t *n); /* a portable_read_fn */

#endif
