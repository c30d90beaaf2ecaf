/* token — what lets a program elsewhere run operations of this node: a name, a secret of which only the hash is kept,
 * the app it is for, and an end. Writers are called inside a transaction and touch the epoch.
 */
#ifndef STORE_TOKEN_H
#define STORE_TOKEN_H

#include "base/crypt.h"
#include "base/id.h"
#include "store/db.h"

#define TOKENS_MAX 200
#define TOKEN_PREFIX "fazt_" /* and an id_secret: a leaked one is found by its form */
#define TOKEN_LEN (sizeof TOKEN_PREFIX - 1 + SECRET_LEN)

struct token {
	char name[64];
	char app_id[ID_LEN + 1]; /* empty: every app */
	int64_t created, expires, seen; /* seen 0: never used */
};

/* Also one that has expired. An error of the database is in db_fault. */
bool token_find(struct db *db, const unsigned char hash[HASH_LEN], struct token *t);
int token_list(struct db *db, struct arena *a, struct token **list); /* by name; number, or -ERR_* */
int token_add(struct db *db, const struct token *t, const unsigned char hash[HASH_LEN]); /* ERR_CONFLICT: the name is taken */
int token_remove(struct db *db, struct str name); /* ERR_NOT_FOUND */
int token_seen(struct db *db, const unsigned char hash[HASH_LEN], int64_t now); /* does not touch the epoch */

#endif
