/* user — the accounts of the node and their roles, everywhere and in single apps.
 *
 * A row of the tables users and app_members each. Everything that changes what a
 * person may do bumps the epoch, so no process goes by an older answer. Functions
 * that write expect a transaction of the caller's.
 */
#ifndef STORE_USER_H
#define STORE_USER_H

#include "base/crypt.h"
#include "base/id.h"
#include "codec/mail.h"
#include "store/db.h"

#define USER_NAME_MIN 2 /* bytes */
#define USER_NAME_MAX 64

/* The numbers are stored, and compared: each may do what those before it may. */
enum role { ROLE_NONE, ROLE_MEMBER, ROLE_ADMIN, ROLE_OWNER };

const char *role_name(enum role r);
int role_by_name(struct str s); /* -1: no such role. "none" is one. */

struct user {
	char id[ID_LEN + 1];
	char name[USER_NAME_MAX + 1];
	char mail[MAIL_ADDRESS + 1]; /* where they get mail: the name, where that is an address and no other was set; empty: nowhere */
	enum role role;
	char password[PASSWORD_HASH_LEN]; /* empty until the invite was taken */
	int64_t ver;
	int64_t created, seen; /* seen 0: never signed in */
	int app_role; /* the role in one app (user_find_for, user_list), or -1 where app_members does not deviate */
};

/* By id or by name, in any case of ASCII letters: true when there is one. An error of the database is in db_fault. */
bool user_find(struct db *db, struct str who, struct user *u);
/* The same with app_role for that app. */
bool user_find_for(struct db *db, struct str who, struct str app_id, struct user *u);
/* The owner: 0, or ERR_NOT_FOUND before there is one. */
int user_owner(struct db *db, struct user *u);
/* Everyone, by name, with app_role for app_id (STR("") for none); the number, or -ERR_*. */
int user_list(struct db *db, struct arena *a, struct str app_id, struct user **list);

/* ERR_CONFLICT when the name is taken, ERR_BAD_REQUEST when it is not a name. */
int user_create(struct db *db, struct str name, enum role role, struct user *u);
int user_set_role(struct db *db, const char *id, enum role role);
/* role -1: what holds everywhere holds there again. */
int user_set_app_role(struct db *db, const char *id, struct str app_id, int role);
int user_set_password(struct db *db, const char *id, const char *hash);
int user_set_mail(struct db *db, const char *id, struct str address); /* empty: the name again. ERR_BAD_REQUEST */
int user_seen(struct db *db, const char *id, int64_t now);
/* Sign out everywhere: sessions, codes and bearer tokens end. keep: the hash of a session that stays, with those handed
 * over from it, or NULL. forget: the password ends too. */
int user_revoke(struct db *db, const char *id, const unsigned char *keep, bool forget);
int user_remove(struct db *db, const char *id);

#endif
