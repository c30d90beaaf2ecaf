/* errand — what the kernel does by itself and outside of any request: a run (store/run) whose handler is a row of errand.def.
 *
 * It may be done twice, when a worker is lost between the deed and its row, so whoever is asked for it gets the run's id to
 * know it by. An error is tried again after a growing pause; one that no later try would mend is said with errand_final.
 */
#ifndef KERNEL_ERRAND_H
#define KERNEL_ERRAND_H

#include "kernel/journal.h"

enum errand_kind {
#define ERRAND(name, handler, fn, lost) ERRAND_##name,
#include "kernel/errand.def"
#undef ERRAND
	ERRAND_COUNT
};

#define ERRAND_APP "kernel" /* whose a run is that is no app's */
#define ERRAND_MS 30000     /* one try */

/* r->journal->run is what is to be done; r->app whose it is, or NULL. A result may be left in r->res.body, as JSON. */
typedef int errand_fn(struct req *r);
typedef int errand_lost_fn(struct req *r, struct db *db);

const char *errand_handler(enum errand_kind k);
bool errand_is(const struct run *run);
/* One to do at run->due, in a transaction: app_id, input and retries are said, and backoff (ms); *id is its run's. */
int errand_add(struct db *db, const struct scope *sc, enum errand_kind k, const struct run *run, int64_t most, char id[ID_LEN + 1]);

int errand_run(struct req *r);
void errand_lost(struct req *r);
/* The error of r is for good. */
int errand_final(struct req *r, int err);
/* Whatever else is to be done in that way waits as long: its server does not answer. */
void errand_wait(struct req *r, enum errand_kind k, int64_t until);

#endif
