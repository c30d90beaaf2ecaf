/* suspend — an app that had to be ended at its deadline again and again is let alone for a while.
 *
 * Five requests that ran into the deadline within a minute suspend the app for a minute; each time it happens again
 * soon, for twice as long. A worker counts for itself and in memory: this keeps cells free for other apps, it is no
 * verdict. It is about one revision of the app, so an upgrade, a changed grant or `fazt-admin app enable` starts afresh.
 * The dashboard is never suspended.
 */
#ifndef GATE_SUSPEND_H
#define GATE_SUSPEND_H

#include "kernel/req.h"

/* 0, or ERR_APP_SUSPENDED with the time that is left in r->retry_after. */
int suspend_check(struct req *r);
/* This request's app has been ended at its deadline. */
void suspend_count(struct req *r);

#endif
