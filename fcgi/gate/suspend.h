/* suspend — an app that had to be ended at its deadline, or for its processor time, again and again is let alone for a while.
 *
 * Five such ends within a minute suspend the app for a minute; each time it happens again soon, for twice as long. All
 * workers count together (kernel/meter); the suspension is a fact of the database (store/apps), which a restart does not
 * undo, and the owner gets a notice with it. An upgrade, or switching the app on (`app enable`), ends it. The dashboard
 * is never suspended.
 */
#ifndef GATE_SUSPEND_H
#define GATE_SUSPEND_H

#include "kernel/req.h"

/* 0, or ERR_APP_SUSPENDED with the time that is left in r->retry_after. */
int suspend_check(struct req *r);
/* This request's app had to be ended. */
void suspend_count(struct req *r);

#endif
