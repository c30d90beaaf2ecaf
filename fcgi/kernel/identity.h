/* identity — who asks: from cookie or token to a principal, and back to a sign-in page.
 *
 * The dashboard's host and every app's host have sessions of their own. The dashboard's cookie never leaves its
 * host: an app's host gets its own by a hand-over.
 *
 *     app host   a stranger meets something for people: nonce into a cookie, 303 to the dashboard
 *     os host    /_fazt/hand-over: a code for this app, this session and the hash of that nonce, 303 back
 *     app host   /_fazt/enter: code and nonce fit: the app's own session, 303 to where it began
 *
 * Answers are kept in memory as long as the epoch stands, so a warm request asks the database nothing.
 */
#ifndef KERNEL_IDENTITY_H
#define KERNEL_IDENTITY_H

#include "base/out.h"
#include "kernel/req.h"
#include "store/session.h"

/* Fill r->who: a bearer token for this app, else this host's session cookie, else a stranger; on r->open paths always
 * a stranger. Someone who does not belong to an app that is not for everyone gets ERR_NOT_FOUND, except at
 * /_fazt/. A token that is not good is ERR_UNAUTHORIZED, one in the URL ERR_BAD_REQUEST. */
int identity_of(struct req *r);
/* Is r->who still who asked when the request began? Before each write: ERR_UNAUTHORIZED after a sign-out or a token's end, and in a
 * run once whoever started it is gone. */
int identity_still(struct req *r);

/* The shell's --as: become this account (by name or id; the owner where none is named) at r->app or, without one, at
 * the dashboard. */
int identity_become(struct req *r, struct str user);

/* Who asks as an app may see it: { id, name, role }, or null for a stranger. */
void identity_user(const struct req *r, struct out *o);

/* Did an unsafe request come from a page of this very host (Origin, Fetch Metadata)? Bearer tokens, open paths and
 * the shell need not. ERR_BAD_ORIGIN. */
int identity_check_site(const struct req *r, struct fault *f);
/* That, and on the dashboard's host with a session the token of identity_csrf, as form field `csrf` or header
 * x-csrf-token. What the gateway calls before any handler. */
int identity_check_origin(struct req *r);
/* The token that unsafe requests of this session carry; empty without a session. */
void identity_csrf(const struct req *r, char out[SECRET_LEN + 1]);

/* A stranger met something that needs a person: 0 and a redirect that comes back here for a browser's navigation,
 * else ERR_UNAUTHORIZED. */
int identity_demand(struct req *r);
/* At an app's host: begin a hand-over that ends at next, a path of it. */
#define NEXT_BYTES 4096 /* of where to go on; of what is longer the path alone, or the front page */
void identity_hand_over(struct req *r, struct str next);

/* Start a session for the user at this host: the row now, the cookie with identity_set_cookie after the answer
 * was set. parent: the dashboard's session (at an app's host). A session this browser had here ends. */
int identity_start(struct req *r, struct db *db, const char *user_id, const unsigned char *parent,
		   char token[SECRET_LEN + 1]);
void identity_set_cookie(struct req *r, const char *token);
/* End this request's session and those handed over from it; everywhere: all of the person's, and every token. */
int identity_end(struct req *r, bool everywhere);

#endif
