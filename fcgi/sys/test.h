/* test — what an app's own tests may do to the throw-away Fazt they run in. Nobody can be granted the permission; gate/tests
 * gives it to the cells it starts. */
#ifndef SYS_TEST_H
#define SYS_TEST_H

#include "sys/sys.h"

/* Makes the request of a test.request; set by gate/tests, which knows the pipeline. */
extern sys_fn *test_pipeline;
/* Takes up one run that is due: false when there is none; likewise. */
extern bool (*test_run)(struct node *n);
extern int64_t (*test_next)(struct node *n); /* when there is one, or a job */

#endif
