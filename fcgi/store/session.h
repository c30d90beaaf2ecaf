/* session — who a cookie speaks for, and what a link can do once.
 *
 * A session is known by the hash of its token. There is one kind for the
 * dashboard's host (app_id "") and one for each app's, which hangs below the
 * dashboard's it was handed over from and ends with it.
 *
 * A code is a secret in a link, good for one thing, once: taking it deletes it,
 * in one statement, so of two who take it at the same moment one gets nothing.
 *
 * Rows past their time are ignored at once and removed in passing. Making a
 * session or a code changes nothing for others and does not bump the epoch;
 * ending one does.
 */
#ifndef STORE_SESSION_H
#define STORE_SESSION_H

#include "store/user.h"

struct session {
	unsigned char hash[HASH_LEN];
	char user_id[ID_LEN + 1];
	char app_id[ID_LEN + 1];         /* empty: the dashboard's host */
	unsigned char parent[HASH_LEN];  /* with an app_id only */
	const char *device;              /* written alone: what the browser says it is, safe to show; NULL is nothing */
	int64_t created, seen, expires;
};

#define SESSIONS_OF_PERSON 100 /* at the dashboard; one more ends the one that was seen longest ago, with those below it */
#define SESSIONS_OF_APP 20     /* below one of them, of one app */
#define CODES_OF_PERSON 50     /* on the way to an app */

/* expires is filled by the caller; created and seen become now. */
int session_create(struct db *db, const struct session *s, int64_t now);
/* The session and its user (with app_role): true while it lasts. */
bool session_find(struct db *db, const unsigned char hash[HASH_LEN], int64_t now, struct session *s, struct user *u);
int session_refresh(struct db *db, const unsigned char hash[HASH_LEN], int64_t now, int64_t expires);
int session_end(struct db *db, const unsigned char hash[HASH_LEN]); /* and those below it */

#define SESSIONS_SHOWN 100
#define SESSION_ID 16 /* letters of the id by which a person ends one of theirs; it opens nothing */

/* One of a person's, as they see it. seen: there, or in an app it was handed over to. */
struct session_row {
	char id[SESSION_ID + 1];
	unsigned char hash[HASH_LEN];
	const char *device;
	int64_t created, seen, expires;
};
/* Those at the dashboard, the last seen first; their number, or -ERR_*. */
int session_list(struct db *db, struct arena *a, const char *user_id, int64_t now, struct session_row **list);
int64_t session_count(struct db *db, const char *user_id, int64_t now);

#define CODE_MOST_MS (8 * 86400000ll) /* one that lasts longer was made before the clock was set back */

enum code_kind { CODE_LOGIN = 1, CODE_INVITE, CODE_RESET, CODE_HANDOVER };

struct code {
	enum code_kind kind;
	char user_id[ID_LEN + 1];
	char app_id[ID_LEN + 1];
	unsigned char session[HASH_LEN], challenge[HASH_LEN]; /* CODE_HANDOVER */
	const char *next;                                     /* CODE_HANDOVER */
	int64_t expires;
};

/* Makes the secret. An invite or reset replaces an earlier one of the same person. */
int code_create(struct db *db, const struct code *c, char secret[SECRET_LEN + 1]);
/* Is it good, and for whom? Leaves it as it is. */
bool code_peek(struct db *db, enum code_kind kind, struct str secret, int64_t now, struct user *u);
/* Take it: 0, or ERR_NOT_FOUND when it was taken, has expired or never was. next lives in the arena. */
int code_take(struct db *db, struct arena *a, enum code_kind kind, struct str secret, int64_t now, struct code *c);

#endif
