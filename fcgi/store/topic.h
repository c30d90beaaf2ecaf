/* topic — where notifications go, and the tokens that read and write them.
 *
 * A topic is the owner's, or an app's own. Nothing is a topic that was not made: by the owner, or by the kernel when an
 * app first sends to it. Nobody reads or writes one without a token that says so. Writers are called inside a
 * transaction.
 */
#ifndef STORE_TOPIC_H
#define STORE_TOPIC_H

#include "base/crypt.h"
#include "store/db.h"

#define TOPIC_LEN 64
#define TOPICS_MAX 500
#define TOPICS_APP 10
#define TOPIC_KERNEL "fazt" /* the kernel's own notices: no token writes there, whatever it says */
#define TOPIC_TOKENS 200
#define TOPIC_ACCESS 100    /* topics that one token names */
#define TOPIC_TOKEN_PREFIX "tk_"

enum topic_may { TOPIC_READ = 1, TOPIC_WRITE = 2 };

struct topic {
	const char *name, *app_id, *label;
	int64_t created, messages, last; /* last: due of the youngest that waits; 0 none */
};

struct topic_token {
	char name[TOPIC_LEN];
	int64_t created, seen;
};

bool topic_there(struct db *db, struct str name);
int topic_list(struct db *db, struct arena *a, struct topic **list); /* by name; number, or -ERR_* */
int topic_add(struct db *db, struct str name); /* ERR_CONFLICT: there is one; ERR_TOO_LARGE */
int topic_remove(struct db *db, struct str name); /* with its messages and what tokens may do there; ERR_NOT_FOUND */
/* The app's topic of that label, "" for its own, made when it is not there: *name in the arena. */
int topic_of_app(struct db *db, struct arena *a, const char *app_id, const char *app_name, struct str label, const char **name);
/* The app is gone. */
int topic_forget(struct db *db, const char *app_id);

/* An error of the database is in db_fault. */
bool topic_token_find(struct db *db, const unsigned char hash[HASH_LEN], struct topic_token *t);
/* enum topic_may, as bits. */
int topic_may(struct db *db, const char *token, struct str topic);
int topic_token_list(struct db *db, struct arena *a, struct topic_token **list);
int topic_token_add(struct db *db, const struct topic_token *t, const unsigned char hash[HASH_LEN]); /* ERR_CONFLICT */
int topic_token_remove(struct db *db, struct str name); /* ERR_NOT_FOUND */
int topic_token_seen(struct db *db, const char *token, int64_t now);
/* topic "*" is every one. ERR_NOT_FOUND; ERR_BAD_REQUEST: TOPIC_WRITE at TOPIC_KERNEL; ERR_TOO_LARGE */
int topic_allow(struct db *db, const char *token, struct str topic, int may);
/* What a token may: "alerts", "*" … with bits; number, or -ERR_*. */
struct topic_access {
	const char *topic;
	int may;
};
int topic_access_list(struct db *db, struct arena *a, const char *token, struct topic_access **list);

#endif
