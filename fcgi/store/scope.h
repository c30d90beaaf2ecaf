/* scope — who asks, for which app, and the one predicate that follows from it. Row security lives here and nowhere
 * else.
 *
 * The rules of a collection (codec/rule.h) and a caller become SQL over the row
 * `d`, with everything bound: the statement's text depends only on the depth of
 * the chain of parents, so few texts are ever prepared.
 *
 *     buf_adds(&b, "SELECT d.body FROM docs d WHERE ");
 *     scope_rows(&b);                       // d is of this app and collection
 *     buf_adds(&b, " AND ");
 *     scope_may(&b, c, MAY_READ);           // and the caller may read it
 *     struct stmt *s = scope_prepare(db, sc, c, VERB_READ, b.p);
 *
 * The tenant tables (docs, shares, kv) are admitted by the authorizer only in
 * statements prepared here, and only if these name :app, :me and :level.
 * The rules in executable form are the model in t/unit/rules.c.
 */
#ifndef STORE_SCOPE_H
#define STORE_SCOPE_H

#include "base/buf.h"
#include "codec/rule.h"
#include "store/db.h"

struct scope {
	const char *app_id;
	const char *me;     /* whose rows are the caller's own: a public id, "" for the app, "!" for nobody */
	const char *who;    /* whom shares may name: a public id, or "!"; kept under as_app */
	const char *group;  /* "members" for everyone signed in and for the app, else "!" */
	enum who level;     /* the narrowest word that admits the caller without owning or sharing: ADMINS, MEMBERS, ANYONE */
	bool known;         /* somebody: is denied, where a stranger is asked to sign in */
	int64_t max_bytes, max_rows; /* the app's quota, for writes */
};

struct scope scope_person(const char *app_id, const char *public_id, bool admin);
struct scope scope_stranger(const char *app_id);
struct scope scope_nowhere(void); /* where no row exists */
struct scope scope_app(const char *app_id);
struct scope scope_as_app(struct scope caller); /* the app speaks for itself in the caller's request */

/* Verbs, and equally the levels of a share. */
enum verb { VERB_READ = 1, VERB_ADD, VERB_CHANGE };

enum may {
	MAY_READ,
	MAY_CHANGE, /* and read */
	MAY_DELETE, /* change, or own the parent; and read */
	MAY_OWN,    /* it is the caller's; and read */
};

void scope_rows(struct buf *b);
void scope_may(struct buf *b, const struct collection *c, enum may may);
/* May the caller add a row to c? below the row :parent where c has a parent, which must be readable. */
void scope_add(struct buf *b, const struct collection *c);
/* Keys: k is one of the caller's own (:shared 0), or of a collection whose level for the verb is :shared. */
void scope_keys(struct buf *b);
/* The ids of rows of c that can be readable without the level: own, shared, and below such a parent. */
void scope_mine(struct buf *b, const struct collection *c);

/* Prepares and binds the scope, the names and rules of the chain of c (NULL for keys), and the verb. NULL: the fault
 * is set. Stepping is stmt_row: a statement remembers what it was admitted to. */
struct stmt *scope_prepare(struct db *db, const struct scope *sc, const struct collection *c, enum verb v,
			   const char *sql);

/* The caller's error when a row it can read does not admit what it asks. */
int scope_denied(struct db *db, const struct scope *sc, const char *what);

/* Why the caller may or may not do this to a row, as a sentence in the arena; *yes is the verdict. NULL: fault set. */
char *scope_why(struct db *db, const struct scope *sc, const struct collection *c, struct str id, enum verb v,
		struct arena *a, bool *yes);

#endif
