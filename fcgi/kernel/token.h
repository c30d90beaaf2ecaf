/* token — bearer tokens of this node: for whom, for which app, and when they end.
 *
 * A token (codec/jwt) is bound to one app by its id, not its name, which may change hands, and names the person by
 * the app's own pairwise id. It ends with its time, or earlier when the account's token epoch moves: sign-out
 * everywhere, a reset, removal. The signing key is derived from the node secret; its id is its thumbprint, so a new
 * secret has a new key id.
 */
#ifndef KERNEL_TOKEN_H
#define KERNEL_TOKEN_H

#include "codec/jwt.h"
#include "kernel/people.h"
#include "kernel/req.h"

#define TOKEN_TTL 3600
#define TOKEN_TTL_MAX (366 * 24 * 3600)

void token_key(struct node *n, struct jwt_key *k);
/* Append a token for u at app. */
void token_issue(struct req *r, const struct app *app, const struct user *u, int64_t ttl, struct buf *b);
/* Whose token is it, at r->app? *expires in ms. Refusals are ERR_UNAUTHORIZED. */
int token_read(struct req *r, struct db *db, struct str token, struct user *u, int64_t *expires);

#endif
