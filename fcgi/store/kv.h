/* kv — keys and values of an app: what storage.kv does, for any caller.
 *
 * A key whose name up to the first / is a declared collection belongs to the app
 * under that collection's rule (read for reading, change for writing); every
 * other key is private to the person, or to the app when it speaks for itself.
 * An expired key is not there; it is cleared away in passing.
 */
#ifndef STORE_KV_H
#define STORE_KV_H

#include "base/buf.h"
#include "store/scope.h"

#define KV_KEY 512
#define KV_VALUE (64 * KIB)

/* One caller's call. */
struct kv {
	struct db *db;
	struct arena *arena;
	const struct scope *scope;
	const struct collection *collection; /* the declared one the key names, or NULL */
};

/* The part of a key that may name a collection: up to the first /, or STR_NONE. */
struct str kv_collection(struct str key);

int kv_get(const struct kv *k, struct str key, struct buf *out); /* the value, or null */
int kv_set(const struct kv *k, struct str key, struct str value, int64_t ttl); /* ttl: seconds, 0 for ever */
int kv_delete(const struct kv *k, struct str key);
int kv_list(const struct kv *k, struct str prefix, int limit, struct str cursor, struct buf *out);
int kv_incr(const struct kv *k, struct str key, double by, struct buf *out);
/* old and new: STR_NONE for absent. Writes true or false. */
int kv_cas(const struct kv *k, struct str key, struct str old, struct str new, struct buf *out);

#endif
