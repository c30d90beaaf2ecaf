/* propose — a version of an app that an app proposes (fazt.app.propose): files on top of the version that serves, or those of
 * a new app. It becomes a package like any other, under the same checks, and a candidate that is looked into, tried and
 * rehearsed as one that was fetched (kernel/install); the owner decides on exactly its bytes, for exactly that version.
 */
#ifndef KERNEL_PROPOSE_H
#define KERNEL_PROPOSE_H

#include "kernel/app.h"
#include "kernel/install.h"

/* The bytes of a file that the asking app keeps (storage.blob), appended to b. */
typedef int propose_blob_fn(void *arg, struct str name, struct buf *b);

struct proposal {
	const struct app *by;
	const char *run_id;
	struct str app;     /* a name: of an installed app, or of one there is to be */
	struct str files;   /* JSON: path → text, {"blob": name}, or null: away with it */
	struct str base;    /* the version or the hash of the package it is for; STR_NONE: whatever serves now */
	struct str words;   /* its reason */
	int64_t expires;
	propose_blob_fn *blob;
	void *arg;
};

/* In a transaction: *id is the candidate's; the very same proposal that waits already is joined. Errors of every package; and
 * ERR_RESERVED_NAME (Fazt's own apps), ERR_STALE (another base), ERR_CONFLICT (nothing would change), ERR_RATE_LIMITED. */
int propose(struct db *db, struct arena *a, const struct proposal *p, char id[ID_LEN + 1]);

#endif
