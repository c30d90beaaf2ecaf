/* rows — from a request to one call on its app's rows: the connection, the caller's scope, the collection's rule.
 *
 *     struct rows k;
 *     int err = rows_open(&k, r, c->as_app);
 *     if (!err)
 *         err = rows_collection(&k, name);
 *     …
 *     return rows_close(&k, err);
 */
#ifndef SYS_ROWS_H
#define SYS_ROWS_H

#include "kernel/app.h"
#include "kernel/people.h"
#include "kernel/req.h"
#include "store/docs.h"

struct rows {
	struct req *req;
	struct db *db;
	bool as_app;
	struct scope scope;
	struct docs docs;
	struct app *other; /* whose rows these are, where they are imported */
};

int rows_open(struct rows *k, struct req *r, bool as_app);
/* A collection of the app itself. ERR_BAD_REQUEST: not a name; ERR_DENIED: another app's, which can only be read. */
int rows_collection(struct rows *k, struct str name);
/* One of the app itself, or "APP/COLLECTION" of another (kernel/import), under that app's rule and as who the caller
 * is there. The app's own voice is a stranger's there. */
int rows_readable(struct rows *k, struct str name);
int rows_close(struct rows *k, int err);

/* The same rows again for another entry of a batch. */
void rows_as(struct rows *k, bool as_app);

/* What a user is at an app: scope and role there. ROLE_NONE: not admitted; then as a stranger is, where those are. */
struct scope rows_scope_of(struct req *r, struct db *db, const struct app *a, struct str user, enum role *role);
/* {"rev": n}, or nothing. */
int rows_rev(struct req *r, struct str opts, int64_t *rev);
/* who may be shared with: a person of the app, "members", "anyone". level: a word, or STR_NONE for none. */
int rows_share(struct rows *k, struct str id, struct str who, struct str level);

#endif
