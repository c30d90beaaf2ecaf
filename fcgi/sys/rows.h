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
#include "kernel/req.h"
#include "store/docs.h"

struct rows {
	struct req *req;
	struct db *db;
	struct scope scope;
	struct docs docs;
};

int rows_open(struct rows *k, struct req *r, bool as_app);
int rows_collection(struct rows *k, struct str name); /* ERR_BAD_REQUEST: not a name */
int rows_close(struct rows *k, int err);

/* Who asks, in terms of the app of the request. */
struct scope rows_scope(const struct req *r, bool as_app);
/* The declared collection that the name of a key or a file names, up to its first /; NULL: it is private. */
const struct collection *rows_collection_of(const struct req *r, struct str name);
/* Whose uploads are this request's: a person's public id, "" for the app, "!" and the request's id for a stranger. */
struct str rows_person(const struct req *r);
/* {"rev": n}, or nothing. */
int rows_rev(struct req *r, struct str opts, int64_t *rev);
/* who may be shared with: a person of the app, "members", "anyone". level: a word, or STR_NONE for none. */
int rows_share(struct rows *k, struct str id, struct str who, struct str level);

#endif
