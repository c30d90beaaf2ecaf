/* decision — everything that waits for the owner's word, as rows: what apps ask (fazt.halt), and packages that may become
 * a version of an app, whoever fetched or proposed them.
 *
 * pending → approved → applied | denied | expired | stale, once: the first decision counts. What was shown is bound to it by
 * decision_shown, and a package to the version it was compared with: when another one serves, it is stale. A decision on a
 * package has the id of its candidate (store/apps), which goes with a decision that comes to nothing. Runs that wait await the id;
 * those of an app that ask the very same share one. More of them do not make it another question, but a yes is for at most as
 * many as were shown: who came after those asks again (decision_rest).
 */
#ifndef STORE_DECISION_H
#define STORE_DECISION_H

#include "base/crypt.h"
#include "base/id.h"
#include "store/db.h"

#define DECISIONS_APP 20 /* of one app that wait at once, */
#define PROPOSALS_APP 5  /* and of these, packages */
#define DECISION_HASH (2 * HASH_LEN)
#define DECISION_SHOWN (DECISION_HASH + 21)

struct decision {
	const char *id, *kind, *app_id, *run_id, *about, *reason, *state, *by, *note, *what;
	struct str data, answer; /* JSON */
	int64_t version, base, asked, expires, decided; /* expires 0: never */
	int64_t count; /* runs that wait for it */
};

/* A question: reason, data, version, app_id, run_id and expires are asked; *id is the decision's. ERR_RATE_LIMITED: too many
 * wait. */
int decision_ask(struct db *db, const struct decision *d, char id[ID_LEN + 1]);
/* May this app ask one thing more? ERR_RATE_LIMITED. package: it is one. */
int decision_room(struct db *db, const char *app_id, bool package);
/* A candidate that is ready: reason, unless whoever proposes it gave one. */
int decision_package(struct db *db, const char *id, const char *reason);

bool decision_get(struct db *db, struct arena *a, struct str id, struct decision *d); /* false: look at the fault when that matters */
int decision_rows(struct db *db, struct arena *a, bool pending, struct decision **list); /* number, or -ERR_*; at most 500, youngest first, without data and answer */
/* What a decision on it has to say: the hash of a package, or of a question and how many ask it, HASH.COUNT. */
void decision_shown(const struct decision *d, char out[DECISION_SHOWN + 1]);
/* That is what was shown; then d->count is how many were. Or it was another. */
bool decision_seen(struct decision *d, struct str shown);

bool decision_pending(struct db *db, const char *id);

/* The first one counts: ERR_CONFLICT for a later one. Whoever waits is woken. */
int decision_end(struct db *db, const char *id, const char *state, const char *by, struct str note, struct str answer);
/* Before a yes for so many of those that ask, the first that did: the others ask anew, under another id. */
int decision_rest(struct db *db, const char *id, int64_t count);
/* An approval was acted upon. answer: what came of it, or NULL: as it was. */
int decision_applied(struct db *db, const char *id, const char *answer);
/* That run waits no more. It was the last: then it has ended in that state (stale, expired). */
int decision_leave(struct db *db, const char *run_id, const char *state);
/* The app is at that version now. */
int decision_moved(struct db *db, const char *app_id, int64_t version);
/* The app is gone: what it asked, and what is about it; and that it asks. */
int decision_void_app(struct db *db, const char *app_id);
/* After a restore: what was pending is asked anew, and what was decided and not acted upon yet as well. */
int decision_anew(struct db *db);
int decision_prune(struct db *db, int64_t before); /* decided before then, with no run that is still there */
int decision_forget(struct db *db, const char *app_id, const char *run_id); /* what that run asked first, unless somebody waits for it yet */

#endif
