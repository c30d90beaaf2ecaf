/* blob — files that people keep in an app: what storage.blob does, for any caller.
 *
 * A blob is a row like a document, and the same predicate decides who may read and change it; its content is an
 * object (store/object), so equal content is there once and nobody can tell. The name up to the first / is a declared
 * collection, whose rule holds; every other name is private to the person, or to the app when it speaks for itself.
 * Where only owners may read, names are each person's own; elsewhere they are the app's, and one that is taken by a
 * row the caller may not change is ERR_DENIED or ERR_CONFLICT.
 *
 * Errors are those of store/docs.
 */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "base/buf.h"
#include "store/object.h"
#include "store/scope.h"

#define BLOB_NAME 512
#define BLOB_TYPE 127
#define BLOB_COST "length(CAST(name AS BLOB)) + length(CAST(type AS BLOB))" /* and ROW_COST: what a row costs its app */

/* One caller's call. */
struct blobs {
	struct db *db;
	struct arena *arena;
	const struct scope *scope;
	const struct collection *collection; /* the declared one the name names, or NULL */
};

struct blob {
	struct str id, owner, parent, name, type;
	int64_t size, created, updated;
	unsigned char hash[HASH_LEN];
};

/* 1 and the row, in the arena; 0: there is none the caller may read; -ERR_*. */
int blob_get(const struct blobs *b, struct str name, struct blob *row);
/* New or in the place of the one the caller may change. row: name, type, parent, size, hash as wanted, the rest
 * filled in. In a transaction, and with a reference to the object, which becomes the row's. */
int blob_put(const struct blobs *b, struct blob *row);
/* Nothing when there is none. Opens its own transaction. */
int blob_delete(const struct blobs *b, struct str name);
int blob_list(const struct blobs *b, struct str prefix, int limit, struct str cursor, struct buf *out);

/* type "/" subtype, and parameters (RFC 9110 §8.3.1), as far as it can stand in a header. */
bool blob_type(struct str s);

/* As an app sees it. */
void blob_write(struct buf *out, const struct blob *row);

/* The kernel's own: by id, whoever asks. 1, 0 or -ERR_*. */
int blob_by_id(struct db *db, struct arena *a, const char *app_id, struct str id, struct blob *row);
/* A row as it is, from a copy (store/copy); own: its name is its owner's own. A reference to its object becomes the row's.
 * Nothing is counted. ERR_CONFLICT when its id or its name is taken. */
int blob_add(struct db *db, const char *app_id, struct str collection, bool own, const struct blob *row);
/* Every file of an app is gone, in the transaction that is open; nothing is counted. */
int blob_clear(struct db *db, const char *app_id);

#endif
