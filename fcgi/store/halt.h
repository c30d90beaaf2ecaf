/* halt — what apps ask the owner, and the answers, as rows.
 *
 * pending → approved | denied | expired | void, once. Runs of an app that ask the very same join the question that is there,
 * and its one answer is for all of them; what the owner saw is bound to the answer by halt_shown.
 */
#ifndef STORE_HALT_H
#define STORE_HALT_H

#include "base/crypt.h"
#include "base/id.h"
#include "store/db.h"

#define HALTS_APP 20 /* questions of one app that wait at once */
#define HALT_HASH (2 * HASH_LEN)

struct halt {
	const char *id, *app_id, *run_id, *reason, *state, *by, *note, *what;
	struct str data, answer; /* JSON */
	int64_t version, asked, count, expires, decided; /* expires 0: never */
};

/* reason, data, version, app_id, run_id and expires are asked; *id is the question's. ERR_RATE_LIMITED: too many wait. */
int halt_ask(struct db *db, const struct halt *h, char id[ID_LEN + 1]);
bool halt_get(struct db *db, struct arena *a, struct str id, struct halt *h);
int halt_rows(struct db *db, struct arena *a, bool pending, struct halt **list); /* number, or -ERR_*; at most 500, youngest first */
/* The hash of a question as it stands: another asking the same makes it another. */
void halt_shown(const struct halt *h, char out[HALT_HASH + 1]);

/* The first one counts: ERR_CONFLICT for a later one. Whoever waits is woken. */
int halt_decide(struct db *db, const char *id, const char *state, const char *by, struct str note, struct str answer);
/* That run waits no more. It was the last: then the question is that (void, expired). */
int halt_leave(struct db *db, const char *run_id, const char *state);
int halt_void_app(struct db *db, const char *app_id);
/* After a restore: what was pending is asked anew, and what was decided and not acted upon yet as well. */
int halt_anew(struct db *db);

#endif
