/* errand — what the kernel does by itself and outside of any request: a run (store/run) whose handler is a row of errand.def.
 *
 * It may be done twice, when a worker is lost between the deed and its row, so whoever is asked for it gets the run's id to
 * know it by. An error is tried again after a growing pause; one that no later try would mend is said with errand_final. They
 * begin with run_errand.
 */
#ifndef KERNEL_ERRAND_H
#define KERNEL_ERRAND_H

#include "kernel/journal.h"
#include "store/notice.h"

enum errand_kind {
#define ERRAND(name, handler, fn, lost) ERRAND_##name,
#include "kernel/errand.def"
#undef ERRAND
	ERRAND_COUNT
};

#define ERRAND_MS 30000     /* one try */

/* r->journal->run is what is to be done; r->app whose it is, or NULL. A result may be left in r->res.body, as JSON. */
typedef int errand_fn(struct req *r);
typedef int errand_lost_fn(struct req *r, struct db *db);

bool errand_is(const struct run *run);

int errand_run(struct req *r);
void errand_lost(struct req *r);
/* The error of r is for good. */
int errand_final(struct req *r, int err);
/* Its server does not answer: whatever else of the kind is to be done, for this app or for everybody (NULL), waits until then, and the
 * owner hears of it while there is time to do something about it. */
void errand_stalled(struct req *r, enum errand_kind k, const char *app_id, int64_t until, enum notice_kind notice, const char *title, const char *body);

#endif
